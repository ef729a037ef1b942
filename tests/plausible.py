"""What an altered value looks like and which legs can have it, stated by hand, mechanism by mechanism."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import math
import zoneinfo
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from reading import Lists, Row, rows
from reference import LEGS, LISTS, Pair, difference, tolerance
from scipy import stats
from written import written_lists

from tradegen.mechanisms.catalogue import CATALOGUE

ALARM = 1e-6
BLOCK = 65_536
LARGE = 100_000
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
    text = (Path(__file__).resolve().parent.parent / "tickers.csv").read_text("utf-8")
    return {row["ticker"]: row["price"] for row in rows(text)}


def both(form: str = "csv", **arguments: Any) -> tuple[Lists, list[Row]]:
    """A run's lists, with their layouts undone, and its truth."""
    texts, truth = written_lists(form, **({"date": DAY} | arguments))
    precision = arguments.get("timestamp_precision", "s")
    lists = {name: rows(text, form, arguments.get(name), precision) for name, text in texts.items()}
    return lists, rows(truth, form)


# By hand: what each mechanism makes of a value ----------------------------------------------------------


def digits(text: str) -> str:
    """A price or quantity without its point, and without zeros in front of it."""
    return text.replace(".", "").lstrip("0")


def neighbours_exchanged(original: str, altered: str) -> bool:
    one, other = digits(original), digits(altered)
    places = [place for place in range(min(len(one), len(other))) if one[place] != other[place]]
    return (
        len(one) == len(other)
        and len(places) == 2
        and places[1] == places[0] + 1
        and (one[places[0]], one[places[1]]) == (other[places[1]], other[places[0]])
    )


def typed_twice(original: str, altered: str) -> bool:
    found = [
        altered[:at] + altered[at + 1 :] for at in range(1, len(altered)) if altered[at - 1] == altered[at]
    ]
    return original in found


def shares_off(row: Row, step: str, least: str, most: str) -> bool:
    size = abs(Decimal(row["altered"]) - Decimal(row["original"]))
    original = Decimal(row["original"])
    return size == Decimal(step) or original * Decimal(least) <= size <= original * Decimal(most)


def ticks(text: str) -> int:
    return int(Decimal(text) * 100)


def rounded(row: Row) -> bool:
    original, altered = ticks(row["original"]), ticks(row["altered"])
    return any(altered % step == 0 and 2 * abs(altered - original) <= step for step in (5, 10, 100))


def point_moved(row: Row) -> bool:
    original, altered = ticks(row["original"]), ticks(row["altered"])
    return altered == 10 * original or abs(10 * altered - original) <= 5


def next_weekday(original: str, altered: str) -> bool:
    """Whether a date is the next weekday after another."""
    first, last = dt.date.fromisoformat(original), dt.date.fromisoformat(altered)
    between = [first + dt.timedelta(days=number) for number in range(1, (last - first).days)]
    return first < last and last.weekday() < 5 and all(day.weekday() >= 5 for day in between)


def seconds_off(row: Row, least: str, most: str) -> bool:
    size = difference("trade_timestamp", row["original"], row["altered"])
    assert size is not None
    return row["original"][:10] == row["altered"][:10] and Decimal(least) <= abs(size) <= Decimal(most)


def least_skew(row: Row) -> str:
    """50 milliseconds, or one step of the precision."""
    return "0.05" if "." in row["original"] else "1"


def in_london(text: str) -> str:
    moment = dt.datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo("America/New_York"))
    there = moment.astimezone(zoneinfo.ZoneInfo("Europe/London")).replace(tzinfo=None)
    return there.isoformat(" ")[:19] + text[19:]


def third_broker(row: Row, leg: Row) -> bool:
    return row["altered"] in BROKERS - {leg["broker_id"], leg["contra_broker_id"]}


def one_digit_off(original: str, altered: str) -> bool:
    places = [one != other for one, other in zip(original, altered, strict=True)]
    return sum(places) == 1 and altered[:3] == "tid" and altered[3:].isdigit()


Plausible = Callable[[Row, Row], bool]
PLAUSIBLE: dict[str, Plausible] = {
    "quantity.nudge": lambda row, leg: shares_off(row, "1", "0.01", "0.05"),
    "quantity.lot_scale": lambda row, leg: (
        int(row["altered"]) == 100 * int(row["original"]) or 100 * int(row["altered"]) == int(row["original"])
    ),
    "quantity.digit_swap": lambda row, leg: neighbours_exchanged(row["original"], row["altered"]),
    "quantity.extra_digit": lambda row, leg: typed_twice(row["original"], row["altered"]),
    "price.nudge": lambda row, leg: shares_off(row, "0.01", "0.001", "0.01"),
    "price.tick": lambda row, leg: 1 <= abs(ticks(row["altered"]) - ticks(row["original"])) <= 5,
    "price.rounding": lambda row, leg: rounded(row),
    "price.decimal_shift": lambda row, leg: point_moved(row),
    "price.digit_swap": lambda row, leg: neighbours_exchanged(row["original"], row["altered"]),
    # `prices_before` knows exactly which price it is.
    "price.stale": lambda row, leg: abs(float(row["altered"]) / float(universe()[leg["ticker"]]) - 1) < 0.011,
    "date.next_session": lambda row, leg: next_weekday(row["original"], row["altered"]),
    "date.previous_session": lambda row, leg: next_weekday(row["altered"], row["original"]),
    "date.day_month_swap": lambda row, leg: (
        row["altered"] == f"{row['original'][:4]}-{row['original'][8:]}-{row['original'][5:7]}"
    ),
    "trade_timestamp.delay": lambda row, leg: seconds_off(row, "60", "1800"),
    "trade_timestamp.clock_skew": lambda row, leg: seconds_off(row, least_skew(row), "5"),
    "trade_timestamp.timezone": lambda row, leg: row["altered"] == in_london(row["original"]),
    "trade_timestamp.truncated": lambda row, leg: (
        row["altered"][:17] == row["original"][:17] and set(row["altered"][17:]) <= set("0.")
    ),
    "ticker.other": lambda row, leg: row["altered"] in universe(),
    "ticker.suffix": lambda row, leg: row["altered"] == row["original"] + ".O",
    "ticker.share_class": lambda row, leg: row["altered"] == OTHER_CLASS[row["original"]],
    "broker_id.other": third_broker,
    "broker_id.swapped": lambda row, leg: row["altered"] in (leg["broker_id"], leg["contra_broker_id"]),
    "contra_broker_id.other": third_broker,
    "order_type.flip": lambda row, leg: {row["original"], row["altered"]} == {"BUY", "SELL"},
    "trade_id.mistyped": lambda row, leg: one_digit_off(row["original"], row["altered"]),
    "record.missing": lambda row, leg: row["altered"] == "0",
    "record.duplicate": lambda row, leg: row["altered"] == "2",
    "record.split": lambda row, leg: 2 <= int(row["altered"]) <= min(5, int(leg["quantity"])),
}  # fmt: skip


def swappable(text: str) -> bool:
    found = digits(text)
    return any(
        found[at] != found[at + 1] and (at > 0 or found[at + 1] != "0") for at in range(len(found) - 1)
    )


# The chance that a leg can be altered, where that is not certain: a rounding's increment is drawn first.
CHANCE: dict[str, Callable[[Row], float]] = {
    "quantity.digit_swap": lambda leg: swappable(leg["quantity"]),
    "price.rounding": lambda leg: sum(
        ticks(leg["price"]) % step != 0 and ticks(leg["price"]) * 2 >= step for step in (5, 10, 100)
    ) / 3,
    "price.digit_swap": lambda leg: swappable(leg["price"]),
    "trade_timestamp.truncated": lambda leg: bool(set(leg["trade_timestamp"][17:]) - set("0.")),
    "ticker.share_class": lambda leg: leg["ticker"] in OTHER_CLASS,
    "record.split": lambda leg: int(leg["quantity"]) > 1,
}  # fmt: skip
CERTAIN = [name for name in PLAUSIBLE if name not in CHANCE and name != "price.stale"]


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
        assert PLAUSIBLE[mechanism](row, leg), (
            f"{trade_id}: {mechanism} made {row['altered']} of {row['original']}"
        )
        if mechanism == "price.stale":
            assert row["altered"] in stale[trade_id], f"{trade_id}: {row['altered']} is not the price before"


def block_counts(truth: list[Row], pairs: int) -> list[tuple[int, int]]:
    """Altered pairs and pairs of each block, of a run whose first id is 1."""
    altered = Counter((int(trade_id[3:]) - 1) // BLOCK for trade_id in {row["trade_id"] for row in truth})
    return [(altered[start // BLOCK], min(BLOCK, pairs - start)) for start in range(0, pairs, BLOCK)]


def check_exact(truth: list[Row], pairs: int, rate: float) -> None:
    for altered, of in block_counts(truth, pairs):
        assert altered in (math.floor(rate * of), math.ceil(rate * of)), f"{altered} of {of}"


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
