"""Benign differences and mismatches keep to their side of the tolerance, in every unit, at every distance."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import pytest
from plausible import EVERYTHING, VIEWS, both, clear_of_the_tolerance, ticks
from reference import check_truth, check_values, difference
from sizes import chosen

RATES = [(0.3, 0.05), (0.0, 0.4), (0.9, 0.1), (0.5, 0.5)]


@pytest.mark.parametrize(
    ("view", "rate", "benign_rate"),
    chosen(
        [(view, *rates) for view in VIEWS for rates in RATES],
        [(view, *rates) for view, rates in zip((*VIEWS, VIEWS[0]), RATES, strict=True)],
    ),
)
def test_benign_differences_are_the_share_of_pairs_asked_and_no_mismatches(
    view: str, rate: float, benign_rate: float
) -> None:
    lists, truth = both(
        pairs=10_000,
        seed=31,
        view=view,
        mismatch_rate=rate,
        benign_rate=benign_rate,
        tolerances={"price": {"absolute": 0.5}, "quantity": 10, "trade_timestamp": 60},
        mechanisms={"price.tick": 1, "quantity.nudge": 1, "trade_timestamp.delay": 1, "record.missing": 1},
        settings={"price.tick": {"min": 100, "max": 200}},
    )
    check_truth(lists, truth, view, {"price": {"absolute": 0.5}, "quantity": 10, "trade_timestamp": 60})
    counts = Counter(row["benign"] for row in {row["trade_id"]: row for row in truth}.values())
    assert abs(counts["true"] - benign_rate * 10_000) < 1
    assert abs(counts["false"] - rate * 10_000) < 1


@pytest.mark.parametrize("price", [{"absolute": 0.05}, {"bps": 2.5}, {"ticks": 3}], ids=str)
def test_sizes_keep_clear_of_tolerances_of_every_kind(price: dict[str, float]) -> None:
    tolerances = {"price": price, "quantity": 5, "trade_timestamp": 1.5, "date": 1}
    arguments = EVERYTHING | {"pairs": 10_000, "seed": 32, "timestamp_precision": "us"}
    # Further than by default: a mismatch is twice the tolerance at least.
    further = {"price.tick": {"min": 1, "max": 20}}
    few = {"GOOG": "170.49", "GOOGL": "168.95", "KO": "63.92"}
    lists, truth = both(**arguments, tolerances=tolerances, benign_rate=0.2, settings=further, tickers=few)
    check_truth(lists, truth, "single", tolerances)
    check_values(lists, "us")
    assert all(clear_of_the_tolerance(row, tolerances) for row in truth)
    # No date is half a day off, and the neighbouring session is no mismatch but over a weekend.
    benign = {row["field"] for row in truth if row["benign"] == "true"}
    assert benign == {"price", "quantity", "trade_timestamp"}
    assert {row["mechanism"] for row in truth if row["field"] == "date"} == {"date.day_month_swap"}


BOUNDARIES: list[tuple[str, str, Any, list[str], list[str]]] = [
    # Field, mechanism, tolerance; sizes of benign differences, and of mismatches.
    ("quantity", "quantity.nudge", 100, ["99", "100"], ["101"]),
    ("quantity", "quantity.nudge", 5, ["4", "5"], ["6"]),
    # A hundredth below a single step is no difference.
    ("quantity", "quantity.nudge", 1, ["1"], ["2"]),
    ("price", "price.tick", {"ticks": 1}, ["0.01"], ["0.02"]),
    ("trade_timestamp", "trade_timestamp.delay", 1, ["1"], ["2"]),
    ("price", "price.nudge", {"absolute": 1.0}, ["0.99", "1"], ["1.01"]),
    ("price", "price.tick", {"ticks": 3}, ["0.02", "0.03"], ["0.04"]),
    ("trade_timestamp", "trade_timestamp.delay", 100, ["99", "100"], ["101"]),
    ("trade_timestamp", "trade_timestamp.clock_skew", 1.5, ["1.485", "1.5"], ["1.515"]),
    ("trade_timestamp", "trade_timestamp.clock_skew", 0.01, ["0.009", "0.01"], ["0.011"]),
]


@pytest.mark.parametrize(("field", "mechanism", "limit", "benign", "mismatch"), BOUNDARIES, ids=str)
def test_at_the_boundary_sizes_are_a_hundredth_below_at_and_a_hundredth_above_the_tolerance(
    field: str, mechanism: str, limit: Any, benign: list[str], mismatch: list[str]
) -> None:
    precision = "ms" if mechanism.endswith("clock_skew") else "s"
    lists, truth = both(
        pairs=3_000,
        seed=5,
        boundary=True,
        benign_rate=0.5,
        mismatch_rate=0.5,
        quantity_min=1_000,
        quantity_max=2_000,
        tolerances={field: limit},
        mechanisms={mechanism: 1},
        timestamp_precision=precision,
    )
    check_truth(lists, truth, "single", {field: limit})
    check_values(lists, precision)
    found = defaultdict(set)
    for row in truth:
        size = difference(field, row["original"], row["altered"])
        assert size is not None
        found[row["benign"]].add(abs(size))
    assert found == {"true": set(map(Decimal, benign)), "false": set(map(Decimal, mismatch))}


def test_at_the_boundary_a_share_of_the_price_is_rounded_to_the_tick_on_its_own_side() -> None:
    limit = {"price": {"bps": 25}}
    lists, truth = both(
        pairs=3_000,
        seed=5,
        boundary=True,
        benign_rate=0.5,
        mismatch_rate=0.5,
        tickers={"ABC": "100.00", "XYZ": "37.13"},
        tolerances=limit,
        mechanisms={"price.nudge": 1, "price.tick": 1},
    )
    check_truth(lists, truth, "single", limit)
    seen = set()
    for row in truth:
        size = abs(ticks(row["altered"]) - ticks(row["original"]))
        # In ticks; hundredths of the tolerance in whole numbers: 25 of 10,000, times 99, 100 or 101 of 100.
        parts = ticks(row["original"]) * 25
        below, at, above = (parts * 99 // 1_000_000, parts // 10_000, -(-parts * 101 // 1_000_000))
        expected = {below: "below", at: "at"} if row["benign"] == "true" else {above: "above"}
        assert size in expected, f"{row['trade_id']}: {size} ticks; expected {expected}"
        seen.add((row["benign"], expected[size]))
    assert seen == {("true", "below"), ("true", "at"), ("false", "above")}
