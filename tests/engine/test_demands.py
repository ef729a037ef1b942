"""Rates as a desk means them: overall, as factors, and as shares of all mismatches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sizes import size

from tradegen import Scenario, ScenarioError, generate
from tradegen.engine.demands import Demand

PAIRS = size(100_000, 400_000)
BKR004 = {"name": "BKR004", "where": {"broker_id": "BKR004"}, "factor": 3}
BKR007 = {"name": "BKR007", "where": {"broker_id": "BKR007"}, "factor": 2}
LATE = {"name": "last half hour", "where": {"hours": "15:30-16:00"}, "share": 0.5}
LARGE = {"name": "large", "where": {"min_notional": 50_000}, "factor": 1.5}
FIXED = {"name": "AAPL", "where": {"ticker": "AAPL"}, "rate": 0.04}
SOME = {**LATE, "share": 0.2}
ALL = [SOME, BKR004, FIXED, BKR007, LARGE]


def made(pairs: int = PAIRS, **asked: Any) -> Any:
    return generate(**({"pairs": pairs, "seed": 5, "date": "2025-07-21", "mismatch_rate": 0.021} | asked))


def clean(batch: Any) -> pd.DataFrame:
    """The BUY legs, a row a pair."""
    return batch.trades[batch.trades["order_type"] == "BUY"].set_index("trade_id").sort_index()


def rows_of(batch: Any) -> set[tuple[str, str, str, str]]:
    truth = batch.truth
    return set(zip(truth["trade_id"], truth["leg"], truth["field"], truth["altered"], strict=True))


def binomial_sigmas(count: int, total: int, share: float) -> float:
    return abs(count - total * share) / math.sqrt(total * share * (1 - share))


@pytest.mark.parametrize("pairs", [15, 1_000, 65_536 + 15, PAIRS])
@pytest.mark.parametrize("spots", [[], [BKR004], [LATE], ALL], ids=len)
def test_the_overall_rate_is_that_of_all_pairs_to_one_in_each_block(
    pairs: int, spots: list[dict[str, Any]]
) -> None:
    manifest = made(pairs, rate_is="overall", hot_spots=spots).manifest
    blocks = -(-pairs // 65_536)
    assert abs(manifest["counts"]["mismatched_pairs"] - 0.021 * pairs) <= blocks
    assert manifest["rates"]["overall"]["asked"] == 0.021


def test_the_analysts_desk_in_one_scenario() -> None:
    """2.1% of trades break, BKR004 three times as often as others, half of them in the last half hour."""
    batch = made(rate_is="overall", hot_spots=[BKR004, LATE])
    pairs = clean(made(mismatch_rate=0.0))
    broken = pairs.index.isin(set(batch.truth["trade_id"]))
    late = (pairs["trade_timestamp"].dt.time >= pd.Timestamp("15:30").time()).to_numpy()
    by_four = (pairs[["broker_id", "contra_broker_id"]] == "BKR004").any(axis=1).to_numpy()
    assert abs(broken.sum() - 0.021 * PAIRS) <= 2
    # Half of the breaks, to one for each cause in each of the blocks.
    assert abs((broken & late).sum() - broken.sum() / 2) <= 2 * -(-PAIRS // 65_536)
    # Three times as often at either time of the day.
    for when in (late, ~late):
        base = (broken & when & ~by_four).sum() / (when & ~by_four).sum()
        assert (broken & when & by_four).sum() / (when & by_four).sum() == pytest.approx(3 * base, rel=0.02)


@pytest.mark.parametrize("overall", ["base", "overall"])
@pytest.mark.parametrize("mode", ["exact", "bernoulli"])
def test_what_was_asked_for_is_made_and_the_manifest_says_so(mode: str, overall: str) -> None:
    """Within five standard deviations of coins that are tossed for each pair: 1 in 2 million each."""
    batch = made(rate_mode=mode, rate_is=overall, hot_spots=ALL)
    rates, counts = batch.manifest["rates"], batch.manifest["counts"]["by_cause"]
    spots = rates["hot_spots"]
    assert spots["AAPL"]["rate"]["asked"] == 0.04
    assert binomial_sigmas(counts["AAPL"]["applied"], counts["AAPL"]["eligible"], 0.04) < 5
    share = spots["last half hour"]["share"]
    assert share["expected"] == pytest.approx(0.2, abs=1e-6)
    in_share = sum(found["applied"] for name, found in counts.items() if "last half hour" in name)
    assert binomial_sigmas(in_share, sum(found["applied"] for found in counts.values()), 0.2) < 5
    for name, factor in (("BKR004", 3), ("BKR007", 2), ("large", 1.5)):
        told = spots[name]["factor"]
        assert told["asked"] == factor
        assert told["expected"] == pytest.approx(factor, rel=1e-6)
        rate = counts[name]["applied"] / counts[name]["eligible"]
        base = counts[""]["applied"] / counts[""]["eligible"]
        deviation = math.sqrt(1 / counts[name]["applied"] + 1 / counts[""]["applied"])
        assert abs(math.log(rate / base / factor)) < 5 * deviation
    total = rates["overall"]
    assert total["made"] == pytest.approx(batch.manifest["counts"]["mismatched_pairs"] / PAIRS, abs=1e-6)
    if overall == "overall":
        assert (total["asked"], rates["base"]["asked"]) == (0.021, None)
        assert total["expected"] == pytest.approx(0.021, abs=1e-6)
    else:
        assert (total["asked"], rates["base"]["asked"]) == (None, 0.021)
        assert rates["base"]["expected"] == pytest.approx(0.021, abs=1e-6)


def test_the_expected_rate_of_rates_that_add_up_is_worked_out_by_hand() -> None:
    """A base rate of 2.1%, and 20% for a broker in 2 of 15 pairs: 2.1% x 13/15 + 20% x 2/15 = 4.49%."""
    spot = {"name": "BKR004", "where": {"broker_id": "BKR004"}, "rate": 0.2}
    overall = made(hot_spots=[spot]).manifest["rates"]["overall"]
    assert overall["asked"] is None
    assert overall["expected"] == pytest.approx(0.021 * 13 / 15 + 0.2 * 2 / 15, rel=0.03)
    assert overall["made"] == pytest.approx(overall["expected"], abs=4 / PAIRS)


@pytest.mark.parametrize("mode", ["exact", "bernoulli"])
@pytest.mark.parametrize("overall", ["base", "overall"])
def test_raising_the_rate_keeps_every_mismatch_and_adds_to_them(overall: str, mode: str) -> None:
    before: set[tuple[str, str, str, str]] = set()
    for rate in (0.011, 0.0111, 0.0123, 0.02, 0.03, 0.04):
        batch = made(
            3_000, mismatch_rate=rate, rate_is=overall, rate_mode=mode, hot_spots=[SOME, BKR004, BKR007]
        )
        assert before <= rows_of(batch)
        before = rows_of(batch)
    assert len(before) > 100


def test_rates_move_no_clean_value() -> None:
    plain = clean(made(2_000, mismatch_rate=0.0))
    batch = made(2_000, rate_is="overall", hot_spots=ALL)
    untouched = ~plain.index.isin(set(batch.truth["trade_id"]))
    pd.testing.assert_frame_equal(clean(batch)[untouched], plain[untouched])


def test_a_pairs_cause_names_every_hot_spot_with_a_factor_that_is_about_it_in_their_order() -> None:
    spots = [BKR007, LARGE, BKR004, {"name": "morning", "where": {"hours": "09:30-11:00"}, "factor": 1.2}]
    batch = made(20_000, mismatch_rate=0.05, hot_spots=spots)
    pairs = clean(made(20_000, mismatch_rate=0.0))
    about = {
        "BKR007": (pairs[["broker_id", "contra_broker_id"]] == "BKR007").any(axis=1),
        "large": (pairs["price"] * pairs["quantity"]).round(2) >= 50_000,
        "BKR004": (pairs[["broker_id", "contra_broker_id"]] == "BKR004").any(axis=1),
        "morning": pairs["trade_timestamp"].dt.time < pd.Timestamp("11:00").time(),
    }
    causes = pd.Series(
        [" + ".join(name for name in about if about[name][trade]) for trade in pairs.index], index=pairs.index
    )
    truth = batch.truth.drop_duplicates("trade_id").set_index("trade_id")["cause"].astype(str)
    assert truth.to_dict() == causes[truth.index].to_dict()
    eligible = {name: found["eligible"] for name, found in batch.manifest["counts"]["by_cause"].items()}
    assert {name: count for name, count in eligible.items() if count} == causes.value_counts().to_dict()
    assert "BKR007 + large + BKR004 + morning" in eligible


def test_causes_that_no_pair_can_have_are_left_out() -> None:
    spots = [
        {"name": name, "where": where, "factor": 2}
        for name, where in {
            "A": {"ticker": "AAPL"}, "B": {"ticker": "MSFT"}, "C": {"hours": "10:00-11:00"},
            "D": {"hours": ["11:00-12:00", "15:00-16:00"]}, "E": {"broker_id": "BKR001"},
            "F": {"broker_id": "BKR002"}, "G": {"contra_broker_id": "BKR003"},
            "H": {"min_notional": 5}, "I": {"max_notional": 4},
        }.items()
    ]  # fmt: skip
    names = set(Scenario(mismatch_rate=0.01, hot_spots=spots).causes)
    assert {"E + F", "E + G", "A + C + E + F + H", "B + D + G + I"} <= names
    never = {"A + B", "C + D", "E + F + G", "H + I"}
    assert not [name for name in names for one in never if set(one.split(" + ")) <= set(name.split(" + "))]


def test_where_hot_spots_overlap_the_leg_is_one_that_all_are_about_if_there_is_one() -> None:
    spots = [
        {"name": "four", "where": {"broker_id": "BKR004"}, "factor": 2, "leg": "BUY"},
        {**BKR007, "leg": "SELL"},
    ]
    batch = made(20_000, mismatch_rate=0.1, hot_spots=spots, mechanisms={"price.nudge": 1})
    legs = batch.truth.groupby("cause", observed=True)["leg"].agg(lambda leg: sorted(set(leg)))
    assert legs["four"] == ["BUY"]
    assert legs["BKR007"] == ["SELL"]
    assert legs["four + BKR007"] == ["BUY", "SELL"]
    # A ticker is about both legs, and the other hot spot about the seller's.
    both = [
        {"name": "AAPL", "where": {"ticker": "AAPL"}, "factor": 3},
        {"name": "large sales", "where": {"min_notional": 10_000}, "factor": 2, "leg": "SELL"},
    ]
    batch = made(50_000, mismatch_rate=0.1, hot_spots=both, mechanisms={"price.nudge": 1})
    legs = batch.truth.groupby("cause", observed=True)["leg"].agg(lambda leg: sorted(set(leg)))
    assert legs["AAPL"] == ["BUY", "SELL"]
    assert legs["AAPL + large sales"] == ["SELL"]


MANY = [{"name": f"n{number}", "where": {"min_notional": number}, "factor": 1.01} for number in range(11)]
BAD: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "nothing": (
        [{"name": "x", "where": {"ticker": "AAPL"}}],
        "base",
        "rate, factor and share are missing; expected one of rate, factor",
    ),
    "two measures": ([{**BKR004, "rate": 0.1}], "base", "rate and factor are given together; expected one"),
    "factor of nothing": ([{**BKR004, "factor": 0}], "base", "factor is 0; expected a number above 0"),
    "share of all": (
        [{**LATE, "share": 1.0}],
        "base",
        "share is 1.0; expected a share above 0 and below 1, such as 0.5",
    ),
    "shares of more than all": (
        [LATE, {**LATE, "name": "b"}],
        "overall",
        "hot_spots have shares that add up to 1; expected less than 1, since other pairs get the rest",
    ),
    "factor beyond every pair": (
        [{**BKR004, "factor": 50}],
        "base",
        "hot spot BKR004: factor 50 of mismatch_rate 0.021 is 1.05, more than every pair",
    ),
    "factors beyond every pair": (
        [{**BKR004, "factor": 8}, {**BKR007, "factor": 6}],
        "base",
        "BKR004 + BKR007: factor 8 x 6 of mismatch_rate",
    ),
    "share beyond every pair": (
        [{**LATE, "share": 0.9}],
        "base",
        "times as many pairs would be mismatched as there are (7.",
    ),
    "rates above the overall one": (
        [{"name": "x", "where": {"broker_id": "BKR004"}, "rate": 0.5}],
        "overall",
        "the hot spots with a rate come to 6.",
    ),
    "rates and shares above the overall one": (
        [{"name": "x", "where": {"broker_id": "BKR004"}, "rate": 0.1}, {**LATE, "share": 0.4}],
        "overall",
        "of all pairs and those with a share to 0.84%, and mismatch_rate is 2.10% overall; expected a",
    ),
    "a share of pairs that another takes": (
        [LATE, {**LATE, "name": "later", "share": 0.1}],
        "overall",
        "hot spot later matches no pair that no hot spot before it takes, and has a share",
    ),
    "a share that leaves no pair": (
        [{"name": "all day", "where": {"hours": "09:30-16:00"}, "share": 0.5}],
        "overall",
        "match every pair, and the shares add up to 0.5; expected some pairs outside them",
    ),
    "too many ways": (MANY, "base", "overlap in more than 1,000 ways"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_asks_for_more_than_there_is_is_refused_in_a_sentence(name: str) -> None:
    spots, overall, message = BAD[name]
    with pytest.raises(ScenarioError) as error:
        made(15, rate_is=overall, hot_spots=spots)
    assert message in str(error.value)


@given(st.data())
@settings(max_examples=size(50, 500), deadline=None)
def test_demands_add_up_and_never_fall_as_the_rate_rises(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 6))
    # 0: a factor alone; 1: a rate; 2 and 3: within one share or another, with a factor.
    kinds = np.array([0] + [data.draw(st.integers(0, 3)) for _ in range(count - 1)])
    factor = np.array([data.draw(st.floats(0.01, 5.0)) for _ in range(count)]) * (kinds != 1)
    rate = np.array([data.draw(st.floats(0.01, 0.2)) for _ in range(count)]) * (kinds == 1)
    shares = tuple(data.draw(st.floats(0.01, 0.3)) for _ in range(2))
    group = np.where(kinds >= 2, kinds - 2, -1)
    factor[0] = 1.0
    pairs = np.array([data.draw(st.integers(0, 5_000)) for _ in range(count)])
    offsets = np.array([data.draw(st.floats(0, 0.999)) for _ in range(count)])
    overall = data.draw(st.booleans())
    before = np.zeros(count, np.int64)
    for rises in sorted(data.draw(st.lists(st.floats(0, 0.2), min_size=2, max_size=6))):
        demand = Demand(rate, factor, group, shares, rises, overall)
        expected, drawn = demand.expected(pairs), demand.drawn(pairs, offsets, 0.5)
        assert (before <= drawn).all()
        assert (drawn <= pairs).all()
        before = drawn
        target = rises * pairs.sum()
        base = (factor > 0) & (group < 0)
        there = [share for number, share in enumerate(shares) if pairs[group == number].any()]
        fixed = math.fsum(rate * pairs) + math.fsum(shares) * target
        room = pairs[base].sum()
        if overall and fixed < target and room > target + 1 and len(there) == len(shares):
            assert expected.sum() == pytest.approx(target, abs=1e-6)
            assert drawn.sum() == math.floor(target + 0.5)
        if not overall:
            asked = np.minimum(rises * factor * pairs, pairs)
            np.testing.assert_allclose(expected[base], asked[base], atol=1e-9)
            assert (np.abs(drawn - expected) < 1).all()
