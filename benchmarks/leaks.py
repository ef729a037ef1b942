"""Whether one record tells that it is altered, beyond what its mechanism itself shows: `make audit`.

An attacker gets a list as it is written, and for part of the pairs the truth. From each record alone and the
list it stands in he computes whatever he can, but he never looks for the pair's other leg: that would be
matching, which is allowed to find mismatches. Gradient-boosted trees learn from these features; on pairs they
have not seen, an AUC of 0.5 is chance. The trees pass over what concerns a few values alone, so every
value of every feature is also counted among altered legs and among clean pairs (`oddest`).

The catalogue names the features that a mechanism gives itself away in, and why (`Mechanism.shows`); they are
left out. The audit says, too, whether it does find the mechanism with them in.
"""

from __future__ import annotations

import argparse
import functools
import re
import sys
import time
import zlib
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from leak_features import VIEWS, Array, Sample, sample
from leak_injected import (
    DIALECTS,
    KINDS_OF_LISTS,
    MARKED,
    TICKS,
    injected_mechanisms,
    injected_sample,
)
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from tradegen import Scenario
from tradegen.mechanisms.by_kind import FOLLOWS
from tradegen.mechanisms.catalogue import CATALOGUE, HOUSE
from tradegen.mechanisms.mechanism import Mechanism, Shown

FALSE_ALARM = 0.01
"""Probability that a table reports anything though nothing leaks: shared by its intervals and tests."""


NOTHING = Shown((), "")
_ALL_SHOW = Shown(
    ("date", "ticker", "price in ticker", "neighbours in ticker"),
    "what date.next_session and ticker.other show",
)
ZOOMS: dict[str, dict[str, dict[str, Any]]] = {
    "quantity.nudge": {
        "1 to 8 shares": {"quantity_max": 8},
        "1 to 499 shares": {"quantity_max": 499},
        "100 to 200 shares": {"quantity_min": 100, "quantity_max": 200},
    },
    "price.nudge": {"at 11.10": {"tickers": {"F": 11.10}}},
    "price.tick": {
        "at 11.10": {"tickers": {"F": 11.10}},
        "at the tolerance": {
            "tickers": {"JNJ": 154.38},
            "tolerances": {"price": {"ticks": 3}},
            "boundary": True,
        },
    },
    "trade_timestamp.delay": {
        "in an hour": {"start": "09:30", "end": "10:30"},
        "across midnight": {"start": "22:00", "end": "02:00"},
    },
    "trade_timestamp.clock_skew": {
        "in a minute": {"start": "09:30", "end": "09:31"},
        "to the microsecond": {"timestamp_precision": "us"},
    },
    "broker_id.other": {
        "of three": {"brokers": 3},
        "and the contra broker": {
            "mechanisms": {"broker_id.other": 1, "contra_broker_id.other": 1},
            "fields_per_pair": [0, 1],
        },
    },
}
"""Scenarios by mechanism in which a leak would show best: nothing of it is to be seen here, either."""
GRIDS: dict[str, dict[str, Any]] = {
    "price": {"tick": 0.05},
    "quantity": {"quantity_step": 100, "quantity_min": 100, "quantity_max": 50_000},
}
"""Coarser grids by field: its mechanisms show there what they always show, and nothing more."""
ADDED: tuple[dict[str, Any], ...] = (
    {"name": "account", "kind": "code", "codes": 50, "prefix": "ACC"},
    {"name": "currency", "kind": "code", "values": ["USD", "EUR", "GBP"], "weights": [45, 35, 20]},
    {"name": "client", "kind": "text", "values": ["Avery Ltd", "Bellamy", "Cole and Sons", "Drake"]},
    {"name": "isin", "kind": "code", "from": "isin"},
    {"name": "lots", "kind": "integer", "min": 100, "max": 5_000},
    {"name": "commission", "kind": "decimal", "places": 2, "min": 5, "max": 900},
    {"name": "gross_amount", "kind": "decimal", "places": 2, "product": ["quantity", "price"]},
    {"name": "settlement_date", "kind": "date", "sessions_after": "date", "by": 2},
    {"name": "booked_at", "kind": "timestamp", "after": "trade_timestamp", "min": 1, "max": 600},
    {"name": "order_ref", "kind": "reference"},
    {"name": "own_ref", "kind": "reference", "own": True},
)
"""A column of each kind, as a scenario may add it; of what is drawn and of what is worked out from others."""
UNIVERSE = {f"T{number}": {"price": 5 + 43 * number, "isin": f"US{number:04}"} for number in range(12)}
"""Tickers that have what `isin` is taken from."""
_PRICES = ("price", "notional", "price in ticker", "neighbours in ticker")
_TIMES = ("neighbours", "neighbours in ticker", "price in ticker")
_SEEN_IN: dict[str, tuple[str, ...]] = {
    # Tickers of one letter have no typos, and prices of their own.
    "ticker": ("ticker", *_PRICES),
    "broker_id": ("brokers",),
    "contra_broker_id": ("brokers",),
    "quantity": ("quantity", "notional"),
    "price": _PRICES,
    "order_type": ("order_type", *_TIMES),
    "date": ("date",),
    "trade_timestamp": ("time", "date", *_TIMES),
}
"""By column, the groups of features that it goes into."""
_ALL = {"mechanisms": Scenario.load("us_equity_t1").mechanisms, "fields_per_pair": [0.9, 0.1]}


@dataclass(frozen=True, slots=True)
class Area:
    """The area under the curve on pairs that were not learnt from, with its standard error."""

    auc: float
    error: float

    def interval(self, alarm: float) -> tuple[float, float]:
        """Where the area lies, but for a probability of `alarm`."""
        reach = float(stats.norm.isf(alarm / 2)) * self.error
        return self.auc - reach, self.auc + reach


def attack(seen: Sample, groups: Collection[str]) -> Area:
    """Learn from some groups of features on half of the pairs, and score the other half.

    Not cross-validated: folds that learn from each other's labels err together, and intervals come out too
    narrow. The error is that of DeLong, with pairs as clusters (Obuchowski, Biometrics 53, 1997).
    """
    # Trees cannot split by what is the same of all records; to sort it into bins takes its time.
    columns = [
        column
        for (group, _), column in seen.features.items()
        if group in groups and (column != column[0]).any()
    ]
    table = np.stack(columns, axis=1)
    test = np.random.default_rng(0).permutation(int(seen.pair.max()) + 1)[seen.pair] % 2 == 1
    trees = HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=8, min_samples_leaf=50, early_stopping=False, random_state=0
    )
    # On a busy machine, threads that wait for each other take ten times as long as one.
    with threadpool_limits(1):
        trees.fit(table[~test], seen.altered[~test])
        score = trees.predict_proba(table[test])[:, 1]
    return area_under_curve(score, seen.altered[test], seen.pair[test])


def area_under_curve(score: Array, altered: Array, pair: Array) -> Area:
    """The share of (altered, unaltered) records in the right order, a tie being half right."""
    ranks, yes = stats.rankdata(score), int(altered.sum())
    no = len(score) - yes
    own = np.empty(len(score))
    own[altered], own[~altered] = stats.rankdata(score[altered]), stats.rankdata(score[~altered])
    # Of each record: the share of records of the other kind that it is in the right order with.
    right = np.where(altered, (ranks - own) / no, 1 - (ranks - own) / yes)
    auc = float(right[altered].mean())
    of_pair = np.bincount(pair, (right - auc) / np.where(altered, yes, no))
    return Area(auc, float(np.sqrt((of_pair**2).sum())))


def oddest(seen: Sample, groups: Collection[str]) -> tuple[float, str]:
    """What differs most between altered legs and clean pairs, and how probable that is by chance.

    Of each feature, every value, every stretch from the least value on, and every one up to the most. One
    record of a pair is counted, so that all are independent; each count meets an exact binomial test, whose
    result is multiplied by the number of tests (Bonferroni).
    """
    order = np.random.default_rng(0).permutation(len(seen.pair))
    # The altered record of a pair where there is one, else any.
    order = order[np.argsort(~seen.altered[order], kind="stable")]
    one = order[np.unique(seen.pair[order], return_index=True)[1]]
    altered = seen.altered[one]
    share, tests, chance, where = altered.mean(), 0, 1.0, ""
    for (group, name), column in seen.features.items():
        if group not in groups:
            continue
        values, codes = np.unique(column[one], return_inverse=True)
        if len(values) > 2_000:
            values = np.quantile(column[one], np.linspace(0, 1, 201)[:-1])
            codes = np.searchsorted(values, column[one], side="right") - 1
        every, hits = (
            _stretches(np.bincount(codes[which], minlength=len(values))) for which in (..., altered)
        )
        tails = stats.binom.cdf(hits, every, share), stats.binom.sf(hits - 1, every, share)
        both = 2 * np.minimum(*tails)
        tests += len(both)
        rarest = int(both.argmin())
        if both[rarest] < chance:
            chance = float(both[rarest])
            kind = ("", "up to ", "from ")[rarest // len(values)]
            value = values[rarest % len(values)]
            where = (
                f"{group}: {name} {kind}{value:g}, {hits[rarest]} of {every[rarest]}, {share:.0%} expected"
            )
    return min(chance * tests, 1.0), where


def _stretches(counts: Array) -> Array:
    return np.concatenate([counts, counts.cumsum(), counts[::-1].cumsum()[::-1]])


def order_tests(seen: Sample) -> tuple[float, float]:
    """Whether altered records stand anywhere in a list: p-values of a runs test and of a rank test.

    The smaller one of a list, times the lists. For shuffled rows, of one block.
    """
    runs, ranks = [], []
    number = seen.features["position", "list"]
    for one in np.unique(number):
        flags = seen.altered[number == one]
        yes, count = int(flags.sum()), len(flags)
        expected = 1 + 2 * yes * (count - yes) / count
        deviation = np.sqrt((expected - 1) * (expected - 2) / (count - 1))
        z = (1 + np.count_nonzero(flags[1:] != flags[:-1]) - expected) / deviation
        runs.append(2 * stats.norm.sf(abs(z)))
        ranks.append(stats.mannwhitneyu(np.flatnonzero(flags), np.flatnonzero(~flags)).pvalue)
    return min(1.0, len(runs) * min(runs)), min(1.0, len(ranks) * min(ranks))


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the table: what was audited, and what became of it."""

    title: str
    area: Area
    chance: float  # that something is as odd as the oddest
    oddest: str
    shown: float  # the AUC of what the mechanism itself shows; NaN where that is nothing
    why: str

    def leaks(self, alarm: float) -> bool:
        """Whether anything was found that would come about by chance with a probability below `alarm`."""
        low, high = self.area.interval(alarm)
        return not low <= 0.5 <= high or self.chance < alarm

    def line(self, alarm: float) -> str:
        """The row as text."""
        low, high = self.area.interval(alarm)
        # What would have been found, but for one time in a hundred.
        finds = 0.5 + (float(stats.norm.isf(alarm / 2)) + float(stats.norm.isf(0.01))) * self.area.error
        shown = f"{self.shown:.4f}  {self.why}" if self.why else ""
        figures = f"{self.area.auc:.4f}  {low:.4f} to {high:.4f}  {finds:.4f}  {self.chance:8.2g}  {shown}"
        leak = f"\n    LEAK: {self.oddest}" if self.leaks(alarm) else ""
        return f"{self.title:<48} {figures}".rstrip() + leak


def examine(title: str, seen: Sample, shown: Shown = NOTHING, *, also_shown: bool = True) -> Finding:
    """Look for altered records without what the mechanism itself shows, and if asked to, by that alone."""
    hidden = seen.groups - set(shown.groups)
    chance, where = oddest(seen, hidden)
    found = attack(seen, shown.groups).auc if also_shown and shown.groups else float("nan")
    return Finding(title, attack(seen, hidden), chance, where, found, shown.why)


def examine_position(title: str, seen: Sample) -> Finding:
    """Look for altered records by where they stand."""
    chances = {"position: runs": order_tests(seen)[0], "position: ranks": order_tests(seen)[1]}
    value, where = oddest(seen, ["position"])
    chances[where] = value
    worst = min(chances, key=lambda name: chances[name])
    chance = min(1.0, len(chances) * chances[worst])
    return Finding(title, attack(seen, ["position"]), chance, worst, float("nan"), "")


def catalogue_of_added() -> Mapping[str, Mechanism]:
    """The catalogue of a scenario with columns of its own."""
    return Scenario.load("us_equity_t1").replace(columns=ADDED).catalogue


def added_mechanisms() -> list[Mechanism]:
    """The mechanisms of the columns that a scenario adds, without those that follow and are never drawn."""
    entries = catalogue_of_added().values()
    return [entry for entry in entries if entry.name not in HOUSE and not entry.name.endswith(f".{FOLLOWS}")]


def dirty_mechanisms() -> list[tuple[Mechanism, Shown]]:
    """What misspells or leaves out values of the nine columns; such a value shows, and no other may."""
    return [
        (entry, Shown(_SEEN_IN[entry.field], entry.shows[0].why))
        for entry in HOUSE.values()
        if entry.name not in CATALOGUE
    ]


def audits(pairs: int, *, also_shown: bool = True) -> dict[str, Callable[[], Finding]]:
    """The rows of the table by title; each is made when called.

    Without `also_shown`, they do not say how well the attacker does by what a mechanism itself shows.
    """
    # Each has a seed of its own: with one for all, chance would meet all rows alike.
    found: dict[str, Callable[[], Finding]] = {}

    def add_sample(title: str, shown: Shown | None, make: Callable[..., Sample], *given: Any) -> None:
        def audit() -> Finding:
            seen = make(given[0], pairs, zlib.crc32(title.encode()), *given[1:])
            if shown is None:
                return examine_position(title, seen)
            return examine(title, seen, shown, also_shown=also_shown)

        found[title] = audit

    def add(title: str, shown: Shown | None, mechanism: str = "", **overrides: Any) -> None:
        add_sample(title, shown, functools.partial(sample, **overrides), mechanism)

    def add_entry(entry: Mechanism, condition: str = "", **overrides: Any) -> None:
        ways = entry.shows or (NOTHING,)
        for way in ways:
            without = "" if len(ways) == 1 else f", without {way.groups[0]}"
            add(f"{entry.name}{condition}{without}", way, entry.name, **overrides)

    for entry in CATALOGUE.values():
        add_entry(entry)
    for field, grid in GRIDS.items():
        (step, size), *_ = grid.items()
        for entry in CATALOGUE.values():
            if entry.field == field or (field, entry.name) == ("quantity", "record.split"):
                add_entry(entry, f", {step} {size}", **grid)
    for entry in CATALOGUE.values():
        if entry.field == "price":
            add_entry(entry, ", ticks by ticker", tickers=TICKS)
    for entry in added_mechanisms():
        add_entry(entry, columns=ADDED, tickers=UNIVERSE)
    for name, entry in catalogue_of_added().items():
        if name in CATALOGUE and name != "ticker.share_class":
            add_entry(entry, ", columns added", columns=ADDED, tickers=UNIVERSE)
    for entry, way in dirty_mechanisms():
        # A list for each side says whose record it is, though the side may be misspelled.
        add(entry.name, way, entry.name, view="two_system")
    first, *_ = DIALECTS
    ways = {entry.name: way for entry, way in injected_mechanisms()}
    for name, way in ways.items():
        for dialect in DIALECTS if name.rpartition(".")[0] in MARKED else [first]:
            add_sample(f"injected {name}, {dialect}", way, injected_sample, name, dialect)
    for kind, (_, names) in KINDS_OF_LISTS.items():
        for name in names:
            add_sample(f"injected {name}, {kind}", ways[name], injected_sample, name, first, kind)
    add_sample("injected, position alone", None, injected_sample, "Acct.other", first)
    for name, zooms in ZOOMS.items():
        for zoom, overrides in zooms.items():
            add(f"{name}, {zoom}", NOTHING, name, **overrides)
    for view in VIEWS:
        add(f"us_equity_t1, {view}", _ALL_SHOW, view=view, **_ALL)
        add(f"position alone, {view}", None, view=view, **_ALL)
    return found


def _row(title: str, pairs: int) -> Finding:
    return audits(pairs)[title]()


def main() -> int:
    """Print the table; 1 where something leaks."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--pairs", type=int, default=100_000, help="of each row")
    parser.add_argument("--only", default="", help="rows whose titles this regular expression finds")
    given = parser.parse_args()
    pairs = given.pairs
    rows = [title for title in audits(pairs) if re.search(given.only, title)]
    alarm = FALSE_ALARM / (2 * len(rows))  # an interval and a test each
    print(
        f"{len(rows)} rows of {pairs} pairs. Columns: AUC; its interval, of {1 - alarm:.4%}; the AUC\n"
        "that is found 99 times in 100; chance of the oddest value; AUC of what the mechanism itself shows.\n"
        f"If nothing leaks, the table reports nothing with a probability of {1 - FALSE_ALARM:.0%}.\n"
    )
    start, leaks = time.perf_counter(), 0
    with ProcessPoolExecutor() as workers:
        for finding in workers.map(_row, rows, [pairs] * len(rows)):
            print(finding.line(alarm), flush=True)
            leaks += finding.leaks(alarm)
    print(f"\n{leaks} rows leak; {time.perf_counter() - start:.0f} s")
    return int(leaks > 0)


if __name__ == "__main__":
    sys.exit(main())
