"""Rates that are achieved against rates that were asked for: every mechanism, every hot spot."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from decimal import Decimal

import pytest
from plausible import (
    ALARM,
    BY_OTHER_TRADES,
    CERTAIN,
    DAY,
    EVERYTHING,
    LARGE,
    SPOTS,
    VIEWS,
    binomial,
    both,
    possible,
    prices_before,
    spot_of,
    spots,
)
from reference import LEGS, clean
from scipy import stats
from sizes import size
from written import written_truth

from tradegen.mechanisms.catalogue import CATALOGUE

# Shares ----------------------------------------------------------------------------------------------------


def test_mechanisms_of_equal_weight_that_are_always_possible_are_equally_frequent() -> None:
    truth = written_truth(
        pairs=LARGE,
        seed=41,
        date=DAY,
        mismatch_rate=0.5,
        fields_per_pair=[1],
        mechanisms=dict.fromkeys(CERTAIN, 1),
    )
    # A swap has two rows.
    counts = Counter(row["mechanism"] for row in truth if row["field"] == row["mechanism"].partition(".")[0])
    assert set(counts) == set(CERTAIN)
    assert stats.chisquare(list(counts.values())).pvalue > ALARM


@pytest.mark.slow
def test_a_pair_shares_its_chances_among_the_mechanisms_that_are_possible_for_it() -> None:
    lists, truth = both(
        pairs=LARGE, seed=42, mismatch_rate=0.5, fields_per_pair=[1], mechanisms=dict.fromkeys(CATALOGUE, 1)
    )
    pairs = clean(lists, truth)
    before = prices_before(pairs)
    expected = dict.fromkeys(CATALOGUE, 0.0)
    altered = {row["trade_id"] for row in truth}
    for trade_id in altered:
        leg = pairs[trade_id][0]
        chances = {name: possible(name, leg) for name in CATALOGUE if name not in BY_OTHER_TRADES}
        # At one time, several prices may be the one before: an even guess, of a few pairs.
        previous = before[trade_id]
        chances["price.stale"] = sum(price != leg["price"] for price in previous) / len(previous)
        sure = [name for name, chance in chances.items() if chance == 1]
        open_ones = {name: chance for name, chance in chances.items() if 0 < chance < 1}
        # Those that go by the draw, such as a rounding by its increment, among the others or not.
        for chosen in itertools.product((True, False), repeat=len(open_ones)):
            among = [name for name, possible_here in zip(open_ones, chosen, strict=True) if possible_here]
            chance = math.prod(
                open_ones[name] if name in among else 1 - open_ones[name] for name in open_ones
            )
            for name in (*sure, *among):
                expected[name] += chance / (len(sure) + len(among))
    counts = Counter(row["mechanism"] for row in truth if row["field"] == row["mechanism"].partition(".")[0])
    # The sum of unequal chances varies less than equal ones: this test only errs towards silence.
    found = [counts[name] for name in expected]
    assert stats.chisquare(found, list(expected.values())).pvalue > ALARM


@pytest.mark.parametrize("view", VIEWS)
def test_legs_and_numbers_of_fields_are_in_the_shares_asked(view: str) -> None:
    certain = {name: 1.0 for name in CERTAIN if name not in ("record.missing", "broker_id.swapped")}
    truth = written_truth(
        pairs=LARGE,
        seed=43,
        date=DAY,
        view=view,
        mechanisms=certain,
        fields_per_pair=[0.6, 0.3, 0.1],
        buy_share=0.7,
    )
    fields = Counter(row["trade_id"] for row in truth)
    legs = {row["trade_id"]: row["leg"] for row in truth}
    assert binomial(sum(leg == LEGS[view][0] for leg in legs.values()), len(legs), 0.7) > ALARM
    counts = Counter(fields.values())
    assert set(counts) == {1, 2, 3}
    expected = [share * len(fields) for share in (0.6, 0.3, 0.1)]
    assert stats.chisquare([counts[1], counts[2], counts[3]], expected).pvalue > ALARM


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS)
def test_bernoulli_rates_are_those_asked_in_every_hot_spot(view: str) -> None:
    lists, truth = both(
        pairs=size(20_000, 40_000),
        seed=44,
        view=view,
        hot_spots=spots(view),
        rate_mode="bernoulli",
        **EVERYTHING,
    )
    belongs = {trade_id: spot_of(pair, view)[0] for trade_id, pair in clean(lists, truth, view).items()}
    sizes = Counter(belongs.values())
    hit = Counter(belongs[trade_id] for trade_id in {row["trade_id"] for row in truth})
    for cause, rate in {"": 0.3, **{spot["name"]: spot["rate"] for spot in SPOTS}}.items():
        assert binomial(hit[cause], sizes[cause], rate) > ALARM


def test_fills_ticks_and_increments_are_evenly_drawn() -> None:
    names = ["record.split", "price.tick", "quantity.lot_scale"]
    truth = written_truth(
        pairs=LARGE,
        seed=45,
        date=DAY,
        mechanisms=dict.fromkeys(names, 1),
        fields_per_pair=[1],
        quantity_min=100,
    )
    fills = Counter(row["altered"] for row in truth if row["field"] == "record")
    assert set(fills) == set("2345")
    assert stats.chisquare(list(fills.values())).pvalue > ALARM
    moved = Counter(Decimal(row["delta"]) > 0 for row in truth if row["mechanism"] == "price.tick")
    assert binomial(moved[True], moved.total(), 0.5) > ALARM
