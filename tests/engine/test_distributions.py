"""Rates and spreads against what was asked, by exact tests.

Seeds are fixed, so a test that passes goes on passing; a change of the random numbers meets each test anew,
and then each has a false-alarm probability of 1e-6 (`ALARM`) if all is well.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy import stats
from sizes import size

from tradegen import generate

ALARM = 1e-6
PAIRS = 300_000
DAY = dt.date(2025, 7, 21)


def even(counts: np.ndarray) -> float:
    return float(stats.chisquare(counts).pvalue)


def share(successes: int, of: int, expected: float) -> float:
    return float(stats.binomtest(successes, of, expected).pvalue)


@pytest.fixture(scope="module")
def batch():
    return generate(pairs=PAIRS, mismatch_rate=0.3, seed=20, date=DAY)


@pytest.fixture(scope="module")
def clean():
    trades = generate(pairs=PAIRS, mismatch_rate=0, seed=21, date=DAY, order="paired").trades
    return trades.iloc[::2]


def test_tickers_brokers_and_quantities_are_even(clean) -> None:
    assert even(clean["ticker"].value_counts().to_numpy()) > ALARM
    assert even(clean["broker_id"].value_counts().to_numpy()) > ALARM
    assert even(clean["quantity"].value_counts().to_numpy()) > ALARM
    assert len(clean["quantity"].unique()) == 500
    both = clean.groupby(["broker_id", "contra_broker_id"], observed=True).size()
    assert len(both) == 15 * 14
    assert even(both.to_numpy()) > ALARM


def test_times_are_even_over_the_seconds_of_the_session(clean) -> None:
    seconds = (clean["trade_timestamp"] - clean["trade_timestamp"].dt.normalize()).dt.total_seconds()
    counts, _ = np.histogram(seconds, bins=390, range=(9.5 * 3600, 16 * 3600))
    assert even(counts) > ALARM


def test_prices_are_even_over_the_ticks_of_the_band(clean) -> None:
    counts = clean.loc[clean["ticker"] == "VZ", "price"].value_counts()
    # 43.31 +- 1%: 42.88 to 43.74, 87 ticks.
    assert (counts.index.min(), counts.index.max(), len(counts)) == (42.88, 43.74, 87)
    assert even(counts.to_numpy()) > ALARM


def test_columns_do_not_depend_on_each_other(clean) -> None:
    ticker = clean["ticker"].cat.codes
    for other in ("quantity", "price", "trade_timestamp"):
        if other != "price":
            ranks = stats.spearmanr(ticker, clean[other].astype("int64"))
            assert ranks.pvalue > ALARM
    assert stats.spearmanr(clean["quantity"], clean["trade_timestamp"].astype("int64")).pvalue > ALARM


def test_one_mismatched_pair_in_five_has_two_different_fields(batch) -> None:
    fields = batch.truth.groupby("trade_id")["field"].agg(["size", "nunique"])
    assert (fields["size"] == fields["nunique"]).all()
    assert set(fields["size"]) == {1, 2}
    assert share(int((fields["size"] == 2).sum()), len(fields), 0.2) > ALARM


def test_fields_are_equally_likely_and_date_goes_either_way_alike(batch) -> None:
    # Only the first of two fields is drawn freely: with one field a pair, counts are plain.
    truth = generate(pairs=PAIRS, seed=22, date=DAY, fields_per_pair=[1]).truth
    assert even(truth["field"].astype(str).value_counts().to_numpy()) > ALARM
    dates = truth.loc[truth["field"] == "date", "mechanism"].astype(str).value_counts()
    assert even(dates.to_numpy()) > ALARM
    # By symmetry the second field leaves all four equally likely; within a pair they exclude each other,
    # which makes counts more even than independent ones: this test only errs towards silence.
    assert even(batch.truth["field"].astype(str).value_counts().to_numpy()) > ALARM


def test_weights_are_kept() -> None:
    weights = {"quantity.nudge": 1, "price.nudge": 2, "date.next_session": 5}
    truth = generate(pairs=PAIRS, seed=23, date=DAY, fields_per_pair=[1], mechanisms=weights).truth
    counts = truth["mechanism"].astype(str).value_counts()
    expected = np.array([weights[name] for name in counts.index]) / 8 * len(truth)
    assert stats.chisquare(counts, expected).pvalue > ALARM


@pytest.mark.parametrize("asked", [0.5, 0.9])
def test_legs_are_altered_in_the_share_asked(asked: float) -> None:
    truth = generate(pairs=PAIRS, seed=24, date=DAY, buy_share=asked).truth.drop_duplicates("trade_id")
    assert share(int((truth["leg"] == "BUY").sum()), len(truth), asked) > ALARM


@pytest.mark.slow
def test_bernoulli_mode_flips_a_coin_a_pair() -> None:
    seeds = size(300, 1_000)
    found = [generate(pairs=100, seed=seed, date=DAY, rate_mode="bernoulli") for seed in range(seeds)]
    counts = np.array([one.blocks[0].mismatched for one in found])
    assert share(int(counts.sum()), 100 * seeds, 0.3) > ALARM
    # The spread is the binomial's: (seeds - 1) * variance / 21 is chi-square distributed, nearly.
    ratio = (seeds - 1) * counts.var(ddof=1) / (100 * 0.3 * 0.7)
    assert ALARM < stats.chi2.cdf(ratio, seeds - 1) < 1 - ALARM


def test_up_and_down_late_and_early_are_alike(batch) -> None:
    for field in ("quantity", "price", "trade_timestamp"):
        delta = batch.truth.loc[batch.truth["field"] == field, "delta"]
        if field == "quantity":
            # A single share can only go up.
            delta = delta[batch.truth.loc[delta.index, "original"].astype(int) > 1]
        assert share(int((delta > 0).sum()), len(delta), 0.5) > ALARM


def test_delays_spread_over_one_to_thirty_minutes(batch) -> None:
    delays = batch.truth.loc[batch.truth["field"] == "trade_timestamp", "delta"].abs()
    assert (delays.min(), delays.max()) == (60, 1800)
    # Moves that are to give nothing away cannot be quite even; no tenth of the range has less than half, or
    # more than twice, its share.
    counts, _ = np.histogram(delays, bins=np.linspace(60, 1800, 11))
    assert (counts > 0.05 * len(delays)).all()
    assert (counts < 0.20 * len(delays)).all()


@pytest.mark.slow
def test_position_and_order_tell_nothing_of_what_is_altered(batch) -> None:
    trades = batch.trades.reset_index()
    key = batch.truth[["trade_id", "leg"]].astype(str).drop_duplicates()
    altered = set(zip(key["trade_id"], key["leg"], strict=True))
    legs = zip(trades["trade_id"], trades["order_type"].astype(str), strict=True)
    flags = np.array([leg in altered for leg in legs])
    first_block = flags[: 2 * 65_536]
    halves = [int(part.sum()) for part in np.array_split(first_block, 16)]
    assert even(np.array(halves)) > ALARM
    ids = np.array([int(text[3:]) for text in key["trade_id"]])
    assert even(np.histogram(ids, bins=100, range=(0.5, PAIRS + 0.5))[0]) > ALARM
