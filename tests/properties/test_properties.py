"""What is always true (docs/architecture.md), of the default mix of mechanisms and of any scenario.

`test_catalogue_properties` and `test_catalogue_nesting` have the same of every mechanism, in every view.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import Row, rows
from reference import check_truth, check_values, clean, legs_by_id
from sizes import size
from written import written

from tradegen import generate
from tradegen.mechanisms.catalogue import CATALOGUE

BLOCK = 65_536
DAY = dt.date(2025, 7, 21)  # a Monday


def both(**arguments: Any) -> tuple[list[Row], list[Row]]:
    trades, truth = written(**arguments)
    return rows(trades), rows(truth)


def within(row: Row) -> bool:
    """Whether an alteration has the size its mechanism promises, at default settings, in exact decimals."""
    original, altered = row["original"], row["altered"]
    if row["field"] in ("quantity", "price"):
        step = Decimal(1) if row["field"] == "quantity" else Decimal("0.01")
        least, most = (Decimal("0.01"), Decimal("0.05")) if step == 1 else (Decimal("0.001"), Decimal("0.01"))
        size = abs(Decimal(altered) - Decimal(original))
        # At least one step, however small the value.
        return size == step or least * Decimal(original) <= size <= most * Decimal(original)
    if row["field"] == "date":
        before, after = dt.date.fromisoformat(original), dt.date.fromisoformat(altered)
        forward = row["mechanism"] == "date.next_session"
        first, last = (before, after) if forward else (after, before)
        between = [first + dt.timedelta(days=n) for n in range(1, (last - first).days)]
        return first < last and after.weekday() < 5 and all(day.weekday() >= 5 for day in between)
    before_time, after_time = dt.datetime.fromisoformat(original), dt.datetime.fromisoformat(altered)
    return (
        before_time.date() == after_time.date()
        and 60 <= abs((after_time - before_time).total_seconds()) <= 1800
    )


@pytest.mark.slow
def test_the_original_mix_is_effective_and_complete_and_rebuilds_the_clean_pairs() -> None:
    trades, truth = both(pairs=10_000, seed=3)
    check_truth(trades, truth)
    check_values(trades)
    assert all(map(within, truth))
    without, nothing = both(pairs=10_000, seed=3, mismatch_rate=0)
    assert nothing == []
    assert clean(trades, truth) == legs_by_id(without)


def test_delta_is_altered_less_original_in_the_fields_unit() -> None:
    _, truth = both(pairs=10_000, mismatch_rate=1, seed=5)
    for row in truth:
        if row["field"] in ("quantity", "price"):
            expected = Decimal(row["altered"]) - Decimal(row["original"])
        elif row["field"] == "date":
            days = dt.date.fromisoformat(row["altered"]) - dt.date.fromisoformat(row["original"])
            expected = Decimal(days.days)
        else:
            moved = dt.datetime.fromisoformat(row["altered"]) - dt.datetime.fromisoformat(row["original"])
            expected = Decimal(int(moved.total_seconds()))
        assert Decimal(row["delta"]) == expected
        assert (row["benign"], row["cause"]) == ("false", "")


def test_notional_is_the_clean_pairs_quantity_times_price() -> None:
    trades, truth = both(pairs=5_000, mismatch_rate=1, seed=5)
    pairs = clean(trades, truth)
    for row in truth:
        leg = pairs[row["trade_id"]][0]
        assert Decimal(row["notional"]) == int(leg["quantity"]) * Decimal(leg["price"])


@pytest.mark.parametrize(
    ("smallest", "field", "only"),
    [
        ({"quantity_min": 1, "quantity_max": 1}, "quantity", "2"),
        ({"tickers": {"PENNY": "0.01"}, "price_band": 0}, "price", "0.02"),
    ],
    ids=["a share", "a cent"],
)
def test_the_smallest_value_can_only_become_the_next(smallest: dict[str, Any], field: str, only: str) -> None:
    altered = set()
    for seed in range(20):
        _, truth = both(pairs=15, seed=seed, mismatch_rate=1, **smallest)
        altered |= {row["altered"] for row in truth if row["field"] == field}
    assert altered == {only}


shares = st.floats(0, 1, allow_nan=False)


@settings(max_examples=150, deadline=None)
@given(
    pairs=st.integers(1, 60),
    rate=shares,
    seed=st.integers(0, 2**128 - 1),
    first_id=st.integers(1, 2**63 - 61),
    mode=st.sampled_from(["exact", "bernoulli"]),
    order=st.sampled_from(["shuffled", "paired"]),
    weights=st.dictionaries(st.sampled_from(list(CATALOGUE)), st.floats(0.001, 1000), min_size=1),
    second=shares,
    buy_share=shares,
    quantity=st.integers(1, 10**9),
    price=st.decimals("0.01", "10000000", places=2),
    band=st.floats(0, 0.99),
    day=st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31)),
    clock=st.tuples(st.times(), st.times()).map(
        lambda pair: tuple(time.replace(microsecond=0) for time in pair)
    ),
)
def test_any_valid_scenario_keeps_the_properties(
    pairs: int,
    rate: float,
    seed: int,
    first_id: int,
    mode: str,
    order: str,
    weights: dict[str, float],
    second: float,
    buy_share: float,
    quantity: int,
    price: Decimal,
    band: float,
    day: dt.date,
    clock: tuple[dt.time, dt.time],
) -> None:
    trades, truth = both(
        pairs=pairs,
        mismatch_rate=rate,
        seed=seed,
        first_id=first_id,
        rate_mode=mode,
        order=order,
        mechanisms=weights,
        fields_per_pair=[1 - second, second],
        buy_share=buy_share,
        quantity_min=1,
        quantity_max=quantity,
        tickers={"ONLY": price},
        price_band=band,
        date=day,
        start=clock[0],
        end=clock[1],
    )
    check_truth(trades, truth)
    check_values(trades)
    for row in truth:
        if row["mechanism"] == "trade_timestamp.delay":
            assert row["original"][:10] == row["altered"][:10]
    numbers = sorted(int(trade_id[3:]) for trade_id in clean(trades, truth))
    assert numbers == list(range(first_id, first_id + pairs))


def test_more_pairs_leave_full_blocks_as_they_were() -> None:
    short, long = (generate(pairs=pairs, seed=4, date=DAY) for pairs in (BLOCK, BLOCK + 5))
    np.testing.assert_array_equal(
        short.blocks[0].trades.trade_timestamp, long.blocks[0].trades.trade_timestamp
    )
    np.testing.assert_array_equal(short.blocks[0].truth.altered, long.blocks[0].truth.altered)


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        ({"quantity_max": 900}, {"quantity"}),
        ({"price_band": 0.2}, {"price"}),
        ({"brokers": 40}, {"broker_id", "contra_broker_id"}),
        ({"end": "12:00:00"}, {"trade_timestamp"}),
        ({"date": "2025-07-22"}, {"date", "trade_timestamp"}),
        ({"first_id": 500}, {"trade_id"}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else " ".join(sorted(value)),
)
def test_changing_one_column_moves_no_other(change: dict[str, Any], moved: set[str]) -> None:
    arguments: dict[str, Any] = {"pairs": 2_000, "mismatch_rate": 0, "seed": 1}
    before, after = both(**arguments)[0], both(**(arguments | change))[0]
    changed = {name for old, new in zip(before, after, strict=True) for name in old if old[name] != new[name]}
    assert changed == moved


@pytest.mark.slow
def test_fifteen_pairs_at_thirty_percent_are_four_or_five_half_and_half() -> None:
    seeds = size(200, 2_000)
    found = [generate(seed=seed, date=DAY).blocks[0].mismatched for seed in range(seeds)]
    assert set(found) == {4, 5}
    # Binomial(seeds, 1/2): 5 standard deviations (a false alarm in 1.7 million).
    assert abs(found.count(5) - seeds / 2) < 5 * (seeds / 4) ** 0.5
