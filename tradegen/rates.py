"""Tables that show whether a batch is what was asked for: counts and rates, with Wilson intervals.

Intervals have two widths: 95% for one row alone, which some seven of 150 tickers miss by chance; and 99% for
all rows of a table together (Bonferroni), which one honest table in a hundred misses. Only what misses the
latter is said to stand out.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from tradegen.errors import TradegenError, nearest
from tradegen.generate import Batch
from tradegen.mismatches.catalogue import CATALOGUE
from tradegen.scenario import Scenario
from tradegen.schema import FIELDS, Array

__all__ = [
    "CONFIDENCE",
    "CONFIDENCE_ALL",
    "By",
    "expected_shares",
    "field_counts",
    "mismatch_rates",
    "mismatched_pairs",
    "wilson_interval",
]

By: TypeAlias = Literal["ticker", "broker", "hour"]

CONFIDENCE = 0.95
CONFIDENCE_ALL = 0.99


def wilson_interval(
    hits: npt.ArrayLike, trials: npt.ArrayLike, confidence: float = CONFIDENCE
) -> tuple[Array, Array]:
    """Wilson's score interval for a share.

    Parameters
    ----------
    hits, trials : array_like of int
        `hits` of `trials`; without trials the interval is 0 to 1.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    low, high : ndarray of float64
        Shares from 0 to 1.
    """
    found, among = np.asarray(hits, float), np.asarray(trials, float)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (found + z**2 / 2) / (among + z**2)
    half = z / (among + z**2) * np.sqrt(found * (among - found) / np.maximum(among, 1) + z**2 / 4)
    # Where all or none hit, the interval ends there exactly, whatever the rounding.
    return np.where(found == 0, 0.0, centre - half), np.where(found == among, 1.0, centre + half)


def expected_shares(scenario: Scenario) -> pd.Series[float]:
    """Which share of the mismatched pairs is to have each field altered, by the scenario alone.

    A mismatched pair takes its first mechanism with a chance in proportion to the weights, and each further
    one likewise among the mechanisms of the fields it has not altered yet.

    Returns
    -------
    Series of float64
        By field, for the fields with a weight. Times ``pairs`` and ``mismatch_rate``: how often, on average.
    """
    weights = dict.fromkeys(FIELDS, 0.0)
    for mechanism, weight in scenario.weights.items():
        weights[CATALOGUE[mechanism].field] += weight
    weights = {field: weight for field, weight in weights.items() if weight}
    expected = dict.fromkeys(weights, 0.0)
    # The sets of fields that a mismatched pair may have altered so far, each with its chance.
    reached = {frozenset[str](): 1.0}
    for already in range(min(len(scenario.fields_per_pair), len(weights))):
        goes_on = math.fsum(scenario.fields_per_pair[already:])
        further: dict[frozenset[str], float] = {}
        for taken, chance in reached.items():
            left = {field: weight for field, weight in weights.items() if field not in taken}
            for field, weight in left.items():
                drawn = chance * weight / math.fsum(left.values())
                expected[field] += goes_on * drawn
                further[taken | {field}] = further.get(taken | {field}, 0.0) + drawn
        reached = further
    return pd.Series(expected, dtype=float)


def field_counts(batch: Batch) -> pd.DataFrame:
    """How often each field is altered, and how often it was to be.

    Returns
    -------
    DataFrame
        By field: ``count``, altered fields, and ``asked_count``; then as `mismatch_rates` has them, but for
        ``total``, the mismatched pairs: weights are judged apart from the rate.
    """
    scenario = batch.run.scenario
    asked = expected_shares(scenario)
    count = batch.truth["field"].value_counts().reindex(asked.index, fill_value=0)
    table = _with_intervals(count, pd.Series(mismatched_pairs(batch), index=asked.index), asked)
    table.insert(1, "asked_count", scenario.pairs * scenario.mismatch_rate * asked)
    return table


def mismatch_rates(batch: Batch, by: By) -> pd.DataFrame:
    """How often each ticker, broker or hour is mismatched.

    Parameters
    ----------
    batch : Batch
    by : {"ticker", "broker", "hour"}
        ``ticker``: pairs by ticker. ``hour``: pairs by the hour of their timestamp before any alteration.
        ``broker``: legs by broker, of which half the mismatch rate is to be altered.

    Returns
    -------
    DataFrame
        By group: ``count`` mismatched of ``total``, their ``share``, the share that was ``asked``; the
        share's interval ``low``, ``high``, that for all groups together, ``low_all``, ``high_all``, and
        whether what was asked lies outside the latter, ``stands_out``.

    Raises
    ------
    TradegenError
        Where `by` is something else.
    """
    if by not in get_args(By):
        raise TradegenError(f"by is {by!r}; {nearest(str(by), get_args(By))}")
    scenario = batch.run.scenario
    altered = batch.truth[["trade_id", "leg"]].drop_duplicates()
    legs = batch.trades.merge(
        altered, how="left", left_on=["trade_id", "order_type"], right_on=["trade_id", "leg"], indicator=True
    )
    hit = legs["_merge"] == "both"
    rate = scenario.mismatch_rate
    if by == "broker":
        group, rate = legs["broker_id"].astype(object), rate / 2
    else:
        # A leg that was left alone holds the pair as it was.
        clean = legs[~hit].drop_duplicates("trade_id")
        hit = clean["trade_id"].isin(altered["trade_id"])
        group = clean["ticker"].astype(object) if by == "ticker" else clean["trade_timestamp"].dt.hour
    grouped = hit.astype(int).groupby(group)
    table = _with_intervals(grouped.sum(), grouped.size(), rate)
    if by == "hour":
        # From the start of the window on, which may cross midnight.
        table = table.loc[sorted(table.index, key=lambda hour: (hour - scenario.start.hour) % 24)]
        table.index = pd.Index([f"{hour:02d}:00-{(hour + 1) % 24:02d}:00" for hour in table.index])
    return table.rename_axis(by)


def _with_intervals(
    count: pd.Series[int], total: pd.Series[int], asked: pd.Series[float] | float
) -> pd.DataFrame:
    low, high = wilson_interval(count, total)
    low_all, high_all = wilson_interval(count, total, 1 - (1 - CONFIDENCE_ALL) / max(len(count), 1))
    table = pd.DataFrame({"count": count, "total": total, "share": count / total.clip(lower=1)})
    table = table.assign(asked=asked, low=low, high=high, low_all=low_all, high_all=high_all)
    return table.assign(stands_out=(table["asked"] < low_all) | (table["asked"] > high_all))


def mismatched_pairs(batch: Batch) -> int:
    """Count the pairs with at least one altered field."""
    return sum(block.mismatched for block in batch.blocks)
