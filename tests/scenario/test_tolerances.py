"""Tolerances: what is benign, by exact arithmetic; how close to the boundary differences come."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegen import generate
from tradegen.mechanisms.allowed_sizes import PARTS, AllowedSizes, Tolerance

DAY = "2025-07-21"


@given(
    value=st.integers(1, 2 * 10**9),
    parts=st.integers(1, PARTS),
    percent=st.sampled_from([50, 99, 100, 101, 200]),
)
def test_a_relative_tolerance_is_an_exact_fraction_of_the_value(value: int, parts: int, percent: int) -> None:
    exact = Fraction(value * parts, PARTS) * percent / 100
    tolerance = Tolerance(parts=parts)
    assert tolerance.times(np.array([value]), percent)[0] == exact.__floor__()
    assert tolerance.times(np.array([value]), percent, up=True)[0] == exact.__ceil__()


@given(fixed=st.integers(0, 10**11), percent=st.sampled_from([50, 99, 100, 101, 200]))
def test_a_fixed_tolerance_is_the_same_for_every_value(fixed: int, percent: int) -> None:
    exact = Fraction(fixed * percent, 100)
    found = Tolerance(fixed=fixed)
    assert found.times(np.array([7, 8]), percent).tolist() == [exact.__floor__()] * 2
    assert found.times(np.array([7, 8]), percent, up=True).tolist() == [exact.__ceil__()] * 2


@pytest.mark.parametrize(
    ("tolerance", "half", "twice"),
    [
        (Tolerance(fixed=1_000), 500, 2_000),
        (Tolerance(fixed=3), 1, 6),
        (Tolerance(parts=PARTS // 1_000), 500, 2_000),  # of 1,000,000, a tenth of a percent
        (
            Tolerance(parts=PARTS // 1_000 + 100),
            500,
            2_002,
        ),  # 1,001: half and twice of it are 500.5 and 2,002
    ],
    ids=["a thousand", "three", "a share", "a share that is odd"],
)
def test_sizes_are_allowed_up_to_half_the_tolerance_and_from_twice_on(
    tolerance: Tolerance, half: int, twice: int
) -> None:
    value, raw = np.array([1_000_000]), np.zeros(1, np.uint64)
    least, most = np.array([1]), np.array([9_000])
    for benign, first, last in ((True, 1, half), (False, twice, 9_000)):
        allowed = AllowedSizes(tolerance, benign=benign)
        found = [size for size in range(3_000) if allowed.clear(value, value + size)[0]]
        assert found == list(range(first, min(last + 1, 3_000)))
        assert found == [size for size in range(3_000) if allowed.clear(value, value - size)[0]]
        assert [bound.tolist() for bound in allowed.bounds(least, most, value, raw)] == [[first], [last]]


def truth(**arguments: Any) -> Any:
    arguments = {"pairs": 20_000, "seed": 3, "date": DAY, "fields_per_pair": [1]} | arguments
    return generate(**arguments).truth


CASES: list[tuple[str, dict[str, Any], Any]] = [
    ("quantity.nudge", {"quantity": 2}, lambda _: Decimal(2)),
    ("price.tick", {"price": {"ticks": 2}}, lambda _: Decimal("0.02")),
    ("price.nudge", {"price": {"absolute": 0.07}}, lambda _: Decimal("0.07")),
    ("price.nudge", {"price": {"bps": 7.25}}, lambda original: Decimal(original) * Decimal("0.000725")),
    ("trade_timestamp.delay", {"trade_timestamp": 45}, lambda _: Decimal(45)),
    ("trade_timestamp.clock_skew", {"trade_timestamp": 1.5}, lambda _: Decimal("1.5")),
    ("date.next_session", {}, lambda _: Decimal(0)),
]


@pytest.mark.parametrize(
    ("mechanism", "tolerances", "limit"), CASES, ids=[f"{name}-{given}" for name, given, _ in CASES]
)
def test_benign_differences_are_at_most_half_the_tolerance_and_mismatches_at_least_twice(
    mechanism: str, tolerances: dict[str, Any], limit: Any
) -> None:
    share = 0.3 if tolerances else 0
    found = truth(
        mechanisms={mechanism: 1},
        tolerances=tolerances,
        benign_rate=share,
        timestamp_precision="ms",
        quantity_min=100,
    )
    assert len(found) == 20_000 * (0.3 + share)
    for row in found.itertuples():
        size, at = abs(Decimal(str(row.delta))), limit(row.original)
        if mechanism == "price.nudge":
            size = abs(Decimal(row.altered) - Decimal(row.original))
        assert row.benign == (size <= at)
        assert size <= at / 2 if row.benign else size >= 2 * at


def test_at_the_boundary_sizes_are_just_inside_just_at_and_just_beyond() -> None:
    common = {"boundary": True, "benign_rate": 0.3, "timestamp_precision": "ms"}
    quantity = truth(
        mechanisms={"quantity.nudge": 1}, tolerances={"quantity": 200}, quantity_min=300, **common
    )
    # 0.99 x 200, 200, 1.01 x 200.
    assert set(quantity.loc[quantity["benign"], "delta"].abs()) == {198, 200}
    assert set(quantity.loc[~quantity["benign"], "delta"].abs()) == {202}
    ticks = truth(mechanisms={"price.tick": 1}, tolerances={"price": {"ticks": 3}}, **common)
    assert set(ticks.loc[ticks["benign"], "delta"].abs().round(2)) == {0.02, 0.03}
    assert set(ticks.loc[~ticks["benign"], "delta"].abs().round(2)) == {0.04}
    skew = truth(mechanisms={"trade_timestamp.clock_skew": 1}, tolerances={"trade_timestamp": 0.5}, **common)
    assert set(skew.loc[skew["benign"], "delta"].abs().round(3)) == {0.495, 0.5}
    assert set(skew.loc[~skew["benign"], "delta"].abs().round(3)) == {0.505}


def test_benign_differences_keep_their_share_and_move_no_mismatch() -> None:
    tolerances = {"quantity": 4}
    without = truth(tolerances=tolerances)
    with_them = truth(tolerances=tolerances, benign_rate=0.25)
    assert int(with_them["benign"].sum()) == 5_000
    mismatches = with_them[~with_them["benign"]].drop(columns="benign").reset_index(drop=True)
    assert mismatches.equals(without.drop(columns="benign"))
    assert not with_them["trade_id"].duplicated().any()
    fewer = truth(tolerances=tolerances, benign_rate=0.1)
    assert set(fewer["trade_id"]) <= set(with_them["trade_id"])


def test_all_pairs_may_be_mismatched_or_benign() -> None:
    found = truth(tolerances={"quantity": 4}, mismatch_rate=0.75, benign_rate=0.25, pairs=10_001)
    assert found["trade_id"].nunique() == 10_001


def test_without_a_tolerance_nothing_is_benign() -> None:
    assert not truth(mismatch_rate=1)["benign"].any()


def test_mechanisms_of_fixed_size_keep_clear_of_the_boundary_too() -> None:
    found = truth(
        pairs=50_000,
        mismatch_rate=0.5,
        benign_rate=0.3,
        mechanisms={"price.rounding": 1, "price.digit_swap": 1, "price.stale": 1},
        tolerances={"price": {"ticks": 10}},
    )
    size = (found["altered"].astype(float) - found["original"].astype(float)).abs().round(2)
    assert size[found["benign"]].between(0.01, 0.05).all()
    assert (size[~found["benign"]] >= 0.20).all()
    # Two digits that change places move a price by nine ticks at least.
    assert set(found.loc[found["benign"], "mechanism"]) == {"price.rounding", "price.stale"}
