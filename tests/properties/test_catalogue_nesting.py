"""Nested, orthogonal and partition-invariant: for every mechanism, in every view."""

from __future__ import annotations

import concurrent.futures
import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from plausible import ALARM, BLOCK, DAY, EVERYTHING, TOLERANCES, VIEWS, binomial, both, check_exact, spots
from reading import COLUMNS, rows
from reference import check_order, check_truth, check_values, clean
from sizes import chosen, size
from written import written_lists, written_truth

from tradegen import Scenario, generate, generate_block, prepare
from tradegen.mechanisms.catalogue import CATALOGUE
from tradegen.mechanisms.mechanism import Zone
from tradegen.scenario.model import scenario_names

# Nested and orthogonal -------------------------------------------------------------------------------------


def truth_rows(**arguments: Any) -> set[tuple[str, ...]]:
    """The rows of the truth."""
    return {tuple(row.values()) for row in written_truth(**({"date": DAY} | arguments))}


@pytest.mark.parametrize(
    ("view", "mode"),
    chosen(
        itertools.product(VIEWS, ["exact", "bernoulli"]),
        [("single", "exact"), ("counterparty", "bernoulli"), ("two_system", "exact")],
    ),
)
def test_raising_the_rate_keeps_every_row_of_the_truth_and_adds_to_them(view: str, mode: str) -> None:
    pairs = 70_000 if (view, mode) == ("single", "exact") else 10_000  # once with a second block
    arguments = EVERYTHING | {"pairs": pairs, "seed": 2, "view": view, "rate_mode": mode}
    before: set[tuple[str, ...]] = set()
    for rate in (0, 0.001, 0.1, 0.3, 0.31, 0.9, 1) if pairs == 10_000 else (0.1, 0.31, 1):
        now = truth_rows(**arguments, mismatch_rate=rate)
        assert before <= now, f"{len(before - now)} rows are gone at {rate}"
        before = now
    assert len({row[0] for row in before}) == pairs


def test_raising_a_rate_keeps_the_rows_of_hot_spots_and_benign_differences() -> None:
    arguments = EVERYTHING | {"pairs": 10_000, "seed": 2, "tolerances": TOLERANCES, "benign_rate": 0.1}
    for benign in ("false", "true"):
        before: set[tuple[str, ...]] = set()
        for rate, spot_rate in ((0.1, 0.1), (0.3, 0.1), (0.3, 0.5), (0.5, 0.9)):
            spot = {"name": "spot", "where": {"broker_id": "BKR003"}, "rate": spot_rate}
            now = {
                row
                for row in truth_rows(**arguments, mismatch_rate=rate, hot_spots=[spot])
                if row[7] == benign
            }
            assert before <= now, f"benign {benign}: {len(before - now)} rows are gone at {rate}, {spot_rate}"
            before = now


def test_raising_the_benign_rate_keeps_every_row_of_the_truth() -> None:
    arguments = EVERYTHING | {"pairs": 10_000, "seed": 2, "tolerances": TOLERANCES}
    before: set[tuple[str, ...]] = set()
    for rate in (0.0, 0.1, 0.3, 0.7):
        now = truth_rows(**arguments, benign_rate=rate)
        assert before <= now, f"{len(before - now)} rows are gone at {rate}"
        before = now


def other_settings(mechanism: str) -> dict[str, Any]:
    """Other values than the defaults: sizes from the largest up to twice it, another zone."""
    given = {setting.name: setting for setting in CATALOGUE[mechanism].settings}
    if isinstance(given.get("other_zone"), Zone):
        return {"other_zone": "Asia/Tokyo"}
    assert {"min", "max"} == set(given), f"say here how the settings of {mechanism} are to be changed"
    most = given["max"].default
    return {"min": most, "max": min(2 * most, given["max"].most)}


def test_settings_are_changed_to_others_than_the_defaults() -> None:
    assert other_settings("price.tick") == {"min": 5, "max": 10}
    assert other_settings("record.split") == {"min": 5, "max": 5}
    assert other_settings("trade_timestamp.timezone") == {"other_zone": "Asia/Tokyo"}


@pytest.mark.parametrize("mechanism", [name for name, entry in CATALOGUE.items() if entry.settings])
def test_the_settings_of_one_mechanism_change_its_rows_alone(mechanism: str) -> None:
    arguments = EVERYTHING | {"pairs": 10_000, "seed": 8}

    def apart(found: set[tuple[str, ...]]) -> tuple[set[tuple[str, ...]], set[tuple[str, ...]]]:
        own = {row for row in found if row[3] == mechanism}
        return own, found - own

    own, others = apart(truth_rows(**arguments))
    changed, same = apart(truth_rows(**arguments, settings={mechanism: other_settings(mechanism)}))
    assert others == same
    # Which legs it meets stays; what it does there changes.
    assert {row[:3] for row in own} == {row[:3] for row in changed}
    assert own != changed


@pytest.mark.parametrize("view", chosen(VIEWS, ["single"]))
def test_the_weight_of_one_mechanism_moves_no_row_between_two_others(view: str) -> None:
    weights = dict.fromkeys(CATALOGUE, 1.0)
    arguments = {"pairs": 3_000, "seed": 8, "view": view, "mismatch_rate": 0.5, "fields_per_pair": [1]}
    everything = truth_rows(**arguments, mechanisms=weights)
    for name in CATALOGUE:
        kept = {row[:10] for row in everything if row[3] != name}
        # The record ids stand only where a mechanism that alters records has a weight.
        off = {row[:10] for row in truth_rows(**arguments, mechanisms=weights | {name: 0})}
        assert kept <= off, f"without {name}, {len(kept - off)} rows of others are gone"
        heavier = {
            row[:10] for row in truth_rows(**arguments, mechanisms=weights | {name: 5}) if row[3] != name
        }
        assert heavier <= kept, f"with more {name}, {len(heavier - kept)} rows of others are new"


MISMATCH_SETTINGS: list[dict[str, Any]] = [
    {"mismatch_rate": 1.0, "rate_mode": "bernoulli"},
    {"mismatch_rate": 0.9, "buy_share": 0.9, "fields_per_pair": [0.2, 0.3, 0.3, 0.1, 0.1]},
    {"mechanisms": {"price.nudge": 1, "date.next_session": 1}, "fields_per_pair": [0.5, 0.5]},
    {"mechanisms": {"price.nudge": 3}, "settings": {"price.nudge": {"min": 0.5, "max": 1.0}}},
    {"tolerances": TOLERANCES, "benign_rate": 0.4},
    {"tolerances": TOLERANCES, "benign_rate": 0.4, "boundary": True},
    {"hot_spots": [{"name": "spot", "where": {"broker_id": "BKR003"}, "rate": 1.0}]},
    {"mechanisms": {"record.missing": 1}, "mismatch_rate": 1.0},
]


@pytest.mark.slow
@pytest.mark.parametrize("view", chosen(VIEWS, ["single", "two_system"]))
def test_mismatch_settings_move_no_clean_value(view: str) -> None:
    arguments = EVERYTHING | {"pairs": size(3_000, 10_000), "seed": 6, "view": view}
    lists, nothing = both(**arguments, mismatch_rate=0)
    assert nothing == []
    expected = clean(lists, [], view)
    for other in ({}, *MISMATCH_SETTINGS):
        assert clean(*both(**(arguments | other)), view) == expected, f"{other} moves clean values"


@pytest.mark.parametrize("order", ["shuffled", "paired"])
def test_a_mismatch_leaves_the_other_records_as_they_were_to_the_record_id(order: str) -> None:
    arguments = EVERYTHING | {"pairs": 5_000, "seed": 6, "order": order}
    names = itertools.chain.from_iterable
    without = {tuple(row.values()) for row in names(both(**arguments, mismatch_rate=0)[0].values())}
    lists, truth = both(**arguments)
    touched = {(row["trade_id"], row["leg"]) for row in truth}
    for row in without:
        assert len(row) == len(COLUMNS) + 1
    kept = {row for row in without if (row[0], row[6]) not in touched}
    assert kept <= {tuple(row.values()) for row in names(lists.values())}


def test_the_views_hold_the_same_trades() -> None:
    single, counterparty, systems = (
        clean(both(pairs=5_000, seed=6, view=view, mismatch_rate=0)[0], [], view) for view in VIEWS
    )
    assert single == counterparty
    for trade_id, (ours, theirs) in systems.items():
        assert ours == theirs
        assert ours in single[trade_id]
    sides = Counter(ours["order_type"] for ours, _ in systems.values())
    assert binomial(sides["BUY"], 5_000, 0.5) > ALARM


# Blocks ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("view", "order"),
    chosen(
        itertools.product(VIEWS, ["shuffled", "paired"]),
        [("single", "paired"), ("counterparty", "shuffled"), ("two_system", "paired")],
    ),
)
def test_rows_stand_block_by_block_and_paired_ones_by_id_and_leg(view: str, order: str) -> None:
    lists, truth = both(**EVERYTHING, pairs=70_000, seed=7, view=view, order=order)
    true = {row["altered"]: row["trade_id"] for row in truth if row["field"] == "trade_id"}
    altered = {row["trade_id"] for row in truth}
    for listed in lists.values():
        ids = [int(true.get(row["trade_id"], row["trade_id"])[3:]) for row in listed]
        places = [(number - 1) // BLOCK for number in ids]
        assert places == sorted(places)
        if order == "paired":
            assert ids == sorted(ids)
        else:
            first = ids[: places.index(1)]
            assert first != sorted(first)
    if order == "paired" and view == "single":
        unaltered = [
            row["order_type"]
            for row in lists["trades"]
            if true.get(row["trade_id"], row["trade_id"]) not in altered
        ]
        assert unaltered == ["BUY", "SELL"] * (len(unaltered) // 2)


@pytest.mark.parametrize("view", VIEWS)
def test_blocks_made_alone_in_any_order_and_by_threads_are_those_of_the_whole_run(view: str) -> None:
    arguments = EVERYTHING | {
        "view": view,
        "tolerances": TOLERANCES,
        "benign_rate": 0.05,
        "hot_spots": spots(view),
        "timestamp_precision": "ms",
    }
    run = prepare(pairs=2 * BLOCK + 777, seed=9, first_id=50, **arguments)
    whole = generate(run.scenario, seed=9, first_id=50)

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


@pytest.mark.parametrize(
    ("view", "pairs"),
    [
        *itertools.product(VIEWS, [1, 2, 3, 15, 100]),
        *chosen(itertools.product(VIEWS, [70_000]), [("single", 70_000)]),
    ],
)
def test_exact_mode_is_right_to_one_in_every_block(view: str, pairs: int) -> None:
    for seed, rate in itertools.product(range(3 if pairs < 1_000 else 1), (0, 0.05, 0.3, 0.5, 0.999, 1)):
        run = EVERYTHING | {"pairs": pairs, "mismatch_rate": rate, "seed": seed, "view": view}
        batch = generate(**run)
        counted = [(block.mismatched, block.pairs) for block in batch.blocks]
        if pairs < 1_000 or rate == 0.3:
            assert check_exact(written_truth(**run), pairs, rate) == counted
        for mismatched, of in counted:
            assert mismatched in (math.floor(rate * of), math.ceil(rate * of))


TINY: list[dict[str, Any]] = [
    {"quantity_min": 1, "quantity_max": 1},
    {"tickers": {"PENNY": "0.01"}, "price_band": 0},
    {"brokers": 2},
    {"brokers": 3, "first_id": 99_999_990},
    {"start": "23:59:00", "end": "00:01:00", "date": "2025-12-31"},
    {"start": "00:00:00", "end": "00:00:01", "order": "paired"},
    {"date": "2025-07-19", "rate_mode": "bernoulli"},
    {"fields_per_pair": [0, 0, 0, 0, 1], "timestamp_precision": "us"},
]


@pytest.mark.parametrize("more", TINY, ids=str)
@pytest.mark.parametrize(
    ("mix", "view"),
    chosen(
        itertools.product(["the default mix", "everything"], VIEWS),
        [("the default mix", "single"), *itertools.product(["everything"], VIEWS)],
    ),
)
def test_the_smallest_batches_keep_the_properties(mix: str, view: str, more: dict[str, Any]) -> None:
    arguments = (EVERYTHING if mix == "everything" else {}) | {"view": view} | more
    precision = more.get("timestamp_precision", "s")
    for pairs, rate, seed in itertools.product((1, 2, 15), (0, 0.3, 1), range(size(2, 4))):
        lists, truth = both(**(arguments | {"pairs": pairs, "mismatch_rate": rate, "seed": seed}))
        before = check_truth(lists, truth, view)
        assert len(before) == pairs
        check_order(truth)
        if more.get("brokers") != 2 or mix != "everything":
            check_values(lists, precision)
        if rate in (0, 1):
            assert len({row["trade_id"] for row in truth}) == pairs * rate


# The reference knows the nine columns; `test_own_columns` is about scenarios that add others.
@pytest.mark.parametrize("name", [name for name in scenario_names() if not Scenario.load(name).columns])
def test_every_named_scenario_is_effective_and_complete(name: str) -> None:
    scenario = Scenario.load(name).replace(pairs=3_000, date=DAY)
    precision = scenario.timestamp_precision
    texts, truth_text = written_lists(scenario=scenario, seed=3)
    lists = {
        listed: rows(text, "csv", scenario.lists[listed].model_dump(exclude_unset=True), precision)
        for listed, text in texts.items()
    }
    truth = rows(truth_text)
    before = check_truth(lists, truth, scenario.view, scenario.to_dict()["tolerances"])
    check_values(lists, precision)
    check_order(truth)
    assert len(before) == 3_000
