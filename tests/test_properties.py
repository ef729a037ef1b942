"""What is always true (DESIGN.md, section 6), on large runs and on the smallest."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import itertools
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import Row, rows
from reference import check_truth, check_values, clean, legs_by_id
from written import written

from tradegen import generate, generate_block, prepare
from tradegen.mechanisms.catalogue import CATALOGUE

LARGE = 100_000
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


def test_the_original_mix_is_effective_and_complete_and_rebuilds_the_clean_pairs() -> None:
    trades, truth = both(pairs=LARGE, seed=3)
    check_truth(trades, truth)
    check_values(trades)
    assert all(map(within, truth))
    without, nothing = both(pairs=LARGE, seed=3, mismatch_rate=0)
    assert nothing == []
    assert clean(trades, truth) == legs_by_id(without)


def test_delta_is_altered_less_original_in_the_fields_unit() -> None:
    _, truth = both(pairs=20_000, mismatch_rate=1, seed=5)
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


TINY: list[dict[str, Any]] = [
    {"pairs": pairs, "mismatch_rate": rate, **more}
    for pairs, rate, more in itertools.product(
        (1, 2, 15),
        (0, 0.3, 1),
        (
            {},
            {"quantity_min": 1, "quantity_max": 1},
            {"tickers": {"PENNY": "0.01"}, "price_band": 0},
            {"brokers": 2},
            {"fields_per_pair": [0, 0, 0, 1]},
            {"start": "23:59:00", "end": "00:01:00"},
            {"start": "00:00:00", "end": "00:00:01", "order": "paired"},
            {"date": "2025-07-19", "rate_mode": "bernoulli"},
        ),
    )
]


@pytest.mark.parametrize("arguments", TINY, ids=str)
def test_the_smallest_batches_keep_the_properties(arguments: dict[str, Any]) -> None:
    for seed in range(20):
        trades, truth = both(**arguments, seed=seed)
        assert len(trades) == 2 * arguments["pairs"]
        check_truth(trades, truth)
        check_values(trades)
        clean(trades, truth)
        if arguments["mismatch_rate"] in (0, 1):
            mismatched = {row["trade_id"] for row in truth}
            assert len(mismatched) == arguments["pairs"] * arguments["mismatch_rate"]
        if arguments.get("quantity_max") == 1:
            # A single share can only become two.
            assert {row["altered"] for row in truth if row["field"] == "quantity"} <= {"2"}
        if "tickers" in arguments:
            assert {row["altered"] for row in truth if row["field"] == "price"} <= {"0.02"}


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


def test_blocks_made_alone_in_any_order_and_by_threads_are_those_of_the_whole_run() -> None:
    run = prepare(pairs=2 * BLOCK + 777, seed=9, date=DAY)
    whole = generate(run.scenario, seed=9)

    def make(number: int) -> Any:
        return generate_block(run.scenario, run.market, run.seed, number, run.first_id)

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        made = dict(zip((2, 0, 1), pool.map(make, (2, 0, 1)), strict=True))
    for number, block in enumerate(whole.blocks):
        for name, values in block.trades.arrays().items():
            np.testing.assert_array_equal(values, made[number].trades.arrays()[name])
        for name, values in block.truth.arrays().items():
            np.testing.assert_array_equal(values, made[number].truth.arrays()[name])
    assert [block.pairs for block in whole.blocks] == [BLOCK, BLOCK, 777]


def test_more_pairs_leave_full_blocks_as_they_were() -> None:
    short, long = (generate(pairs=pairs, seed=4, date=DAY) for pairs in (BLOCK, BLOCK + 5))
    np.testing.assert_array_equal(
        short.blocks[0].trades.trade_timestamp, long.blocks[0].trades.trade_timestamp
    )
    np.testing.assert_array_equal(short.blocks[0].truth.altered, long.blocks[0].truth.altered)


@pytest.mark.parametrize("mode", ["exact", "bernoulli"])
def test_raising_the_rate_keeps_every_mismatch_and_adds_to_them(mode: str) -> None:
    before: set[tuple[str, ...]] = set()
    for rate in (0, 0.001, 0.1, 0.3, 0.31, 0.9, 1):
        _, truth = both(pairs=70_000, mismatch_rate=rate, seed=2, rate_mode=mode)
        now = {tuple(row.values()) for row in truth}
        assert before <= now
        before = now
    assert len({row[0] for row in before}) == 70_000


def test_mismatch_settings_move_no_clean_value() -> None:
    trades, truth = both(pairs=30_000, seed=6)
    expected = clean(trades, truth)
    others: list[dict[str, Any]] = [
        {"mismatch_rate": 1, "rate_mode": "bernoulli"},
        {"buy_share": 0.9, "fields_per_pair": [0.5, 0.3, 0.2]},
        {"mechanisms": {"price.nudge": 3}, "settings": {"price.nudge": {"min": 0.5, "max": 1.0}}},
    ]
    for other in others:
        assert clean(*both(pairs=30_000, seed=6, **other)) == expected


def test_changing_one_mechanism_moves_no_other() -> None:
    weights = dict.fromkeys(CATALOGUE, 1.0)
    one_field = {"fields_per_pair": [1], "pairs": 10_000, "seed": 8}
    _, truth = both(**one_field, mechanisms=weights)
    for name in CATALOGUE:
        kept = {tuple(row.values()) for row in truth if row["mechanism"] != name}
        _, off = both(**one_field, mechanisms=weights | {name: 0})
        assert kept <= {tuple(row.values()) for row in off}
        _, heavier = both(**one_field, mechanisms=weights | {name: 5})
        others = {tuple(row.values()) for row in heavier if row["mechanism"] != name}
        assert others <= kept


def test_the_settings_of_one_mechanism_change_its_rows_alone() -> None:
    _, before = both(pairs=30_000, seed=8)
    _, after = both(pairs=30_000, seed=8, settings={"quantity.nudge": {"min": 0.5, "max": 0.6}})

    def others(truth: list[Row]) -> list[Row]:
        return [row for row in truth if row["mechanism"] != "quantity.nudge"]

    assert others(before) == others(after)
    assert before != after


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


@pytest.mark.parametrize("pairs", [1, 2, 3, 15, 100, 70_000])
@pytest.mark.parametrize("rate", [0, 0.05, 0.3, 0.5, 0.999, 1])
def test_exact_mode_is_right_to_one_in_every_block(pairs: int, rate: float) -> None:
    for seed in range(3):
        for block in generate(pairs=pairs, mismatch_rate=rate, seed=seed, date=DAY).blocks:
            assert block.mismatched in (math.floor(rate * block.pairs), math.ceil(rate * block.pairs))


def test_fifteen_pairs_at_thirty_percent_are_four_or_five_half_and_half() -> None:
    found = [generate(seed=seed, date=DAY).blocks[0].mismatched for seed in range(2_000)]
    assert set(found) == {4, 5}
    # Binomial(2000, 1/2): 5 standard deviations are 112 (a false alarm in 1.7 million).
    assert abs(found.count(5) - 1_000) < 112
