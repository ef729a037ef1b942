"""Tables that show whether a batch is what was asked for: counts and rates, with Wilson intervals.

Intervals have two widths: 95% for one row alone, which some seven of 150 tickers miss by chance; and 99% for
all rows of a table together (Bonferroni), which one honest table in a hundred misses. Only what misses the
latter is said to stand out. Benign differences are no mismatches, and in no rate.

What was asked is stated where the scenario settles it. Some mechanisms are not possible for every pair, such
as another share class; what takes their place depends on the data, and there `asked` is NaN.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator
from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd

from tradegen.analysis.expectations import asked_by_leg, asked_mechanisms, per_item
from tradegen.core.blocks import Counts
from tradegen.core.columns import MICROSECONDS, MICROSECONDS_A_DAY, Array
from tradegen.core.formatting import broker_names
from tradegen.core.statistics import wilson_interval
from tradegen.engine.context import BlockContext
from tradegen.engine.demands import demand
from tradegen.engine.generator import GeneratedBlocks
from tradegen.engine.pairs import make_pairs
from tradegen.errors import TradegenError, nearest

By: TypeAlias = Literal["ticker", "broker", "hour", "cause"]
Per: TypeAlias = Literal["field", "mechanism"]

CONFIDENCE_ALL = 0.99


def field_counts(batch: GeneratedBlocks, by: Per = "field") -> pd.DataFrame:
    """How often each field is altered, or each mechanism acts, and how often it was to.

    Parameters
    ----------
    batch : Batch
    by : {"field", "mechanism"}

    Returns
    -------
    DataFrame
        By field or mechanism that is on: ``count``, the mismatched pairs with it; ``asked_count``;
        ``benign``, the pairs with it as a benign difference. Then as `mismatch_rates` has them, but for
        ``total``, all mismatched pairs: weights are judged apart from the rate. By mechanism also
        ``requested``, the pairs that drew it, benign ones among them: those beyond ``count`` and ``benign``
        met another, as it was not possible for them. Where there are such pairs, what was asked depends on
        the data, and is NaN. So it does for a column that follows on others.

    Raises
    ------
    TradegenError
        Where `by` is something else.
    """
    _check(by, get_args(Per))
    scenario, counts = batch.run.scenario, _counts(batch)
    codes = {name: code for code, name in enumerate(scenario.fields if by == "field" else scenario.active)}
    # Of the rows of one alteration, only that of the mechanism's own field counts for the mechanism.
    entries = [scenario.catalogue[name] for name in scenario.active]
    own = np.array([scenario.fields.index(entry.field) for entry in entries], np.int8)
    found = np.zeros((2, len(codes)), np.int64)
    for block in batch.blocks:
        truth = block.truth
        code = truth.field if by == "field" else truth.mechanism
        counted = (by == "field") | (truth.field == own[truth.mechanism])
        for benign in (False, True):
            rows = np.flatnonzero(counted & (truth.benign == benign))
            found[int(benign)] += np.bincount(code[rows], minlength=len(codes))

    asked, pairs = asked_mechanisms(scenario, counts)
    shares = per_item(scenario, asked, by)
    chosen = [codes[name] for name in shares.index]
    count = pd.Series(found[0, chosen], index=shares.index)
    table = _with_intervals(count, pd.Series(mismatched_pairs(batch), index=count.index), shares)
    table.insert(1, "asked_count", pairs * shares)
    table.insert(2, "benign", found[1, chosen])
    if by == "mechanism":
        table.insert(3, "requested", counts.drawn[chosen])
    return table.rename_axis(by)


def mismatch_rates(batch: GeneratedBlocks, by: By) -> pd.DataFrame:
    """How often each ticker, broker or hour is mismatched, or what each cause is about.

    Parameters
    ----------
    batch : Batch
    by : {"ticker", "broker", "hour", "cause"}
        ``ticker``: pairs by ticker. ``hour``: pairs by the hour of their timestamp. ``broker``: legs by the
        broker who reports them, of which half the mismatch rate is to be altered. All before any alteration.
        ``cause``: pairs by the hot spot that they belong to, and last those in none, "".

    Returns
    -------
    DataFrame
        By group: ``count`` mismatched of ``total``, their ``share``, the share that was ``asked``; the
        share's interval ``low``, ``high``, that for all groups together, ``low_all``, ``high_all``, and
        whether what was asked lies outside the latter, ``stands_out``. By cause, ``applied`` of ``eligible``
        pairs in place of count and total, and how many were ``requested``.

        What was asked of a group takes in the rates of the hot spots that its pairs belong to. It is NaN
        where it depends on the data: where pairs may have been passed over, as nothing was possible for them.

    Raises
    ------
    TradegenError
        Where `by` is something else.
    """
    _check(by, get_args(By))
    if by == "cause":
        return _by_cause(batch)
    names, (count, total, asked) = _grouped(batch, by)
    shown = np.flatnonzero(total)
    if by == "hour":
        # From the start of the window on, which may cross midnight.
        shown = shown[np.argsort((shown - batch.run.scenario.start.hour) % 24)]
    else:
        shown = shown[np.argsort(np.array(names)[shown])]
    index = pd.Index([names[code] for code in shown], name=by)
    return _with_intervals(
        pd.Series(count[shown].astype(np.int64), index=index),
        pd.Series(total[shown].astype(np.int64), index=index),
        pd.Series(asked[shown] / total[shown], index=index),
    )


def _by_cause(batch: GeneratedBlocks) -> pd.DataFrame:
    scenario, counts = batch.run.scenario, _counts(batch)
    # The last of the counts is about benign differences.
    eligible, requested, applied = (
        pd.Series(
            np.roll(numbers[:-1], -1).astype(int), index=pd.Index([*scenario.causes[1:], ""], name="cause")
        )
        for numbers in (counts.eligible, counts.requested, counts.applied)
    )
    rates = np.roll(demand(scenario).rates(counts.eligible[:-1]), -1)
    table = _with_intervals(applied, eligible, pd.Series(rates, index=eligible.index))
    table = table.rename(columns={"count": "applied", "total": "eligible"})
    table.insert(0, "requested", requested)
    return table[["eligible", "requested", "applied", *table.columns[3:]]]


def hour_name(hour: int) -> str:
    """What an hour of the day is called, from 0 to 23."""
    return f"{hour:02d}:00-{(hour + 1) % 24:02d}:00"


def _grouped(batch: GeneratedBlocks, by: By) -> tuple[list[str], Array]:
    """The names of all groups, and by group: mismatched, all, and the sum of what was asked (3, groups)."""
    run = batch.run
    names = {
        "ticker": list(run.market.tickers),
        "broker": [str(name) for name in broker_names(run.scenario.brokers)],
        "hour": [hour_name(hour) for hour in range(24)],
    }[by]
    sums = np.zeros((3, len(names)))
    for context, hit, asked in legs_hit(batch):
        pairs = context.pairs
        if by == "broker":
            positions = np.arange(len(pairs))
            code = np.stack(
                [context.on_leg("broker_id", positions, np.full_like(positions, leg)) for leg in (0, 1)]
            )
        else:
            hit, asked = np.any(hit, axis=0, keepdims=True), asked.sum(axis=0)
            hour = pairs.trade_timestamp % MICROSECONDS_A_DAY // (3600 * MICROSECONDS)
            code = pairs.ticker if by == "ticker" else hour
        for row, weights in enumerate((hit, np.ones(hit.shape), asked)):
            sums[row] += np.bincount(code.ravel(), weights.ravel(), len(names))
    return names, sums


def legs_hit(batch: GeneratedBlocks) -> Iterator[tuple[BlockContext, Array, Array]]:
    """Block by block: its clean pairs, which legs are mismatched, and the chance that each was to be.

    Yields
    ------
    context : BlockContext
    hit : ndarray of bool, shape (2, pairs)
        By leg and pair; there are mismatches on one leg of a pair alone.
    asked : ndarray of float64, shape (2, pairs)
        As `expectations.asked_by_leg` has it.
    """
    run, counts = batch.run, _counts(batch)
    for block in batch.blocks:
        pairs = make_pairs(run.scenario, run.market, run.seed, block.number, block.pairs)
        first_id = run.first_id_of(block.number)
        context = BlockContext(run.scenario, run.market, pairs, run.first_id, first_id)
        mismatches = block.truth.take(~block.truth.benign)
        hit = np.zeros((2, block.pairs), bool)
        hit[mismatches.leg, mismatches.trade_id - first_id] = True
        yield context, hit, asked_by_leg(context, counts)


def expected_rate(batch: GeneratedBlocks) -> float:
    """The share of all pairs that were to be mismatched, hot spots included."""
    counts = _counts(batch)
    expected = demand(batch.run.scenario).expected(counts.eligible[:-1])
    return float(expected.sum() / counts.eligible[:-1].sum())


def _with_intervals(count: pd.Series[int], total: pd.Series[int], asked: pd.Series[float]) -> pd.DataFrame:
    low, high = wilson_interval(count, total)
    low_all, high_all = wilson_interval(count, total, 1 - (1 - CONFIDENCE_ALL) / max(len(count), 1))
    table = pd.DataFrame({"count": count, "total": total, "share": count / total.clip(lower=1)})
    table = table.assign(asked=asked, low=low, high=high, low_all=low_all, high_all=high_all)
    # A hair: rates are summed over pairs, and 0.3 a million times is not 300,000 to the last bit.
    return table.assign(stands_out=(asked < low_all - 1e-9) | (asked > high_all + 1e-9))


def _counts(batch: GeneratedBlocks) -> Counts:
    return functools.reduce(operator.add, (block.counts for block in batch.blocks))


def _check(by: str, allowed: tuple[str, ...]) -> None:
    if by not in allowed:
        raise TradegenError(f"by is {by!r}; {nearest(str(by), allowed)}")


def mismatched_pairs(batch: GeneratedBlocks) -> int:
    """Count the pairs with at least one mismatch."""
    return sum(block.mismatched for block in batch.blocks)
