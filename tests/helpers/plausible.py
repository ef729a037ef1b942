"""What the tests of the catalogue share: what alterations look like, hot spots, layouts, tolerances."""

from __future__ import annotations

import functools
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from conftest import ROOT
from reading import Lists, Row, rows
from reference import LEGS, LISTS, Pair, difference, tolerance
from scipy import stats
from sizes import size
from written import written_lists

from tradegen.mechanisms.catalogue import CATALOGUE, HOUSE
from tradegen.mechanisms.difference import Difference

ALARM = 1e-6
BLOCK = 65_536
SMALL, LARGE = size(5_000, 10_000), size(70_000, 100_000)  # pairs; the large ones fill a block and more
DAY = "2025-07-08"  # a Tuesday; with day and month exchanged, 7 August
VIEWS = tuple(LISTS)
FORMS = ("csv", "json", "ndjson")
BROKERS = {f"BKR{number:03d}" for number in range(1, 16)}
EVERYTHING: dict[str, Any] = {
    "date": DAY,
    "mechanisms": dict.fromkeys(CATALOGUE, 1.0),
    "fields_per_pair": [0.6, 0.3, 0.1],
}
OTHER_CLASS = {"GOOGL": "GOOG", "GOOG": "GOOGL", "BRK.A": "BRK.B", "BRK.B": "BRK.A"}


@functools.cache
def universe() -> dict[str, str]:
    text = (ROOT / "tickers.csv").read_text("utf-8")
    return {row["ticker"]: row["price"] for row in rows(text)}


def both(form: str = "csv", **arguments: Any) -> tuple[Lists, list[Row]]:
    """A run's lists, with their layouts undone, and its truth."""
    texts, truth = written_lists(form, **({"date": DAY} | arguments))
    precision = arguments.get("timestamp_precision", "s")
    lists = {name: rows(text, form, arguments.get(name), precision) for name, text in texts.items()}
    return lists, rows(truth, form)


# What each mechanism makes of a value, and which legs it can alter -----------------------------------------
#
# The entries of the catalogue say so themselves, from the written values; `test_mechanism_entries` holds what
# they say against values worked out by hand.


def ticks(text: str) -> int:
    return int(Decimal(text) * 100)


def seconds_off(row: Row, least: str, most: str) -> bool:
    size = difference("trade_timestamp", row["original"], row["altered"])
    assert size is not None
    return row["original"][:10] == row["altered"][:10] and Decimal(least) <= abs(size) <= Decimal(most)


def default_settings(mechanism: str) -> dict[str, Any]:
    return {setting.name: setting.default for setting in HOUSE[mechanism].settings}


def recognised(row: Row, leg: Row, prices: Collection[str] = ()) -> bool:
    """Whether a row of the truth looks like what its mechanism, at its default settings, makes of a leg."""
    mechanism = row["mechanism"]
    seen = Difference(
        row["original"], row["altered"], leg, default_settings(mechanism), universe(), BROKERS, prices
    )
    return HOUSE[mechanism].recognises(seen)


def possible(mechanism: str, leg: Row) -> float:
    """The chance that a mechanism can alter a leg, where the leg alone decides."""
    needs = HOUSE[mechanism].needs
    assert needs is None or needs.chance is not None
    if mechanism == "ticker.share_class":
        return leg["ticker"] in OTHER_CLASS  # of those in the universe
    return float(needs.chance(leg, default_settings(mechanism))) if needs and needs.chance else 1.0


# Any leg will do, or any leg of `DAY`.
CERTAIN = [name for name, entry in CATALOGUE.items() if entry.needs is None or name == "date.day_month_swap"]
# More than the leg decides.
BY_OTHER_TRADES = [name for name, entry in CATALOGUE.items() if entry.needs and entry.needs.chance is None]


def prices_before(pairs: dict[str, Pair]) -> dict[str, set[str]]:
    """By id, the price before: of the ticker's pair before by time in the block, at first the universe's.

    Of several pairs at one moment, any may be the one before.
    """
    by_ticker: dict[tuple[int, str], list[tuple[str, str, str]]] = defaultdict(list)
    first = min(int(trade_id[3:]) for trade_id in pairs)
    for trade_id, (leg, _) in pairs.items():
        key = (int(trade_id[3:]) - first) // BLOCK, leg["ticker"]
        by_ticker[key].append((leg["trade_timestamp"], leg["price"], trade_id))
    before: dict[str, set[str]] = {}
    for (_, ticker), listed in by_ticker.items():
        last = {f"{Decimal(universe()[ticker]):.2f}"}
        for _, group in itertools.groupby(sorted(listed), key=lambda item: item[0]):
            together = list(group)
            for _, _, trade_id in together:
                others = {price for _, price, other in together if other != trade_id}
                before[trade_id] = last | others
            last = {price for _, price, _ in together}
    return before


def check_plausible(truth: list[Row], pairs: dict[str, Pair], view: str) -> None:
    stale = prices_before(pairs) if any(row["mechanism"] == "price.stale" for row in truth) else {}
    for row in truth:
        mechanism, trade_id = row["mechanism"], row["trade_id"]
        leg = pairs[trade_id][LEGS[view].index(row["leg"])]
        assert recognised(row, leg, stale.get(trade_id, ())), (
            f"{trade_id}: {mechanism} made {row['altered']} of {row['original']}"
        )


def block_counts(truth: list[Row], pairs: int) -> list[tuple[int, int]]:
    """Altered pairs and pairs of each block, of a run whose first id is 1."""
    altered = Counter((int(trade_id[3:]) - 1) // BLOCK for trade_id in {row["trade_id"] for row in truth})
    return [(altered[start // BLOCK], min(BLOCK, pairs - start)) for start in range(0, pairs, BLOCK)]


def check_exact(truth: list[Row], pairs: int, rate: float) -> list[tuple[int, int]]:
    """Check that the rate is right to one in every block; gives back `block_counts`."""
    counts = block_counts(truth, pairs)
    for altered, of in counts:
        assert altered in (math.floor(rate * of), math.ceil(rate * of)), f"{altered} of {of}"
    return counts


# All together ----------------------------------------------------------------------------------------------

TOLERANCES = {"price": {"ticks": 2}, "quantity": 2, "trade_timestamp": 0.25}
SPOTS: list[dict[str, Any]] = [
    {
        "name": "late desk",
        "where": {"broker_id": "BKR007", "hours": ["09:30-12:00", "15:00-16:00"]},
        "rate": 0.8,
        "mechanisms": {"trade_timestamp.clock_skew": 1},
        "settings": {"trade_timestamp.clock_skew": {"min": 2.0, "max": 3.0}},
    },
    {
        "name": "bad feed",
        "where": {"ticker": ["AAPL", "NVDA", "TSLA"]},
        "rate": 0.7,
        "mechanisms": {"price.decimal_shift": 1, "ticker.suffix": 3},
    },
    {"name": "big ones are looked at", "where": {"min_notional": 300_000}, "rate": 0.0},
    {"name": "half an hour", "where": {"hours": "10:00-10:30", "max_notional": 20_000}, "rate": 0.6},
    {"name": "told by one", "where": {"contra_broker_id": ["BKR001", "BKR002"]}, "rate": 0.5, "leg": 1},
]
LAYOUTS: dict[str, dict[str, Any]] = {
    "buy": {
        "columns": {"trade_id": "TradeRef", "price": "Px", "record_id": "Row"},
        "date_format": "%m/%d/%Y",
        "timestamp_format": "%d.%m.%Y %H:%M:%S.%f",
    },
    "theirs": {
        "columns": {"ticker": "Sym bol"},
        "timestamp_format": "%Y%m%d %I:%M:%S.%f %p",
        "date_format": "%j %Y",
    },
}


def spots(view: str) -> list[dict[str, Any]]:
    """The hot spots, with the name of their leg in this view."""
    return [spot | ({"leg": LEGS[view][spot["leg"]]} if "leg" in spot else {}) for spot in SPOTS]


def fits(where: dict[str, Any], leg: Row) -> bool:
    notional = int(leg["quantity"]) * Decimal(leg["price"])
    clock = leg["trade_timestamp"][11:]
    for key, given in where.items():
        several = [given] if isinstance(given, str) else given
        if key == "hours":
            fine = any(start <= clock < end for start, _, end in (text.partition("-") for text in several))
        elif key == "min_notional":
            fine = notional >= given
        elif key == "max_notional":
            fine = notional <= given
        else:
            fine = leg[key] in several
        if not fine:
            return False
    return True


def spot_of(pair: Pair, view: str) -> tuple[str, list[str]]:
    """The hot spot a pair belongs to, and the legs it is about; "" and both where it belongs to none."""
    for spot in SPOTS:
        legs = [
            name
            for number, name in enumerate(LEGS[view])
            if spot.get("leg", number) == number and fits(spot["where"], pair[number])
        ]
        if legs:
            return spot["name"], legs
    return "", list(LEGS[view])


def clear_of_the_tolerance(row: Row, tolerances: dict[str, Any] = TOLERANCES) -> bool:
    """Whether a benign difference is at most half of its tolerance, a mismatch at least twice."""
    limit = tolerance(row["field"], row["original"], tolerances)
    size = difference(row["field"], row["original"], row["altered"])
    if limit is None or size is None:
        return row["benign"] == "false"
    return abs(size) <= limit / 2 if row["benign"] == "true" else abs(size) >= limit * 2


def binomial(successes: int, of: int, share: float) -> float:
    return float(stats.binomtest(successes, of, share).pvalue)
