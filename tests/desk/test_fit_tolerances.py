"""Differences within the tolerance are benign; a scenario has no tolerance that it cannot work with."""

from __future__ import annotations

import functools
from typing import Any

import pandas as pd
import pytest
from analyst_desk import DESK
from break_lists import break_rows

from tradegen import Batch, Fit, FitError, fit, generate
from tradegen.desk.calibration import calibrated

PAIRS = 5_000


@functools.cache
def batch() -> Batch:
    return generate(**DESK, pairs=PAIRS)


def rates(found: Fit) -> list[Any]:
    return [(one.kind, one.name, one.count) for one in found.numbers if one.kind in ("rate", "field")]


@pytest.mark.slow
@pytest.mark.parametrize(
    "tolerances",
    [
        {"price": {"bps": 1.5}, "date": 1},
        {"price": {"ticks": 2}, "quantity": 4},
        {"price": {"absolute": 0.03}, "trade_timestamp": 400.0},
    ],
    ids=str,
)
def test_a_tolerance_on_a_file_of_breaks_counts_what_it_counts_on_lists(tolerances: dict[str, Any]) -> None:
    found = rates(fit(breaks=break_rows(batch().truth), trades=PAIRS, tolerances=tolerances))
    assert found == rates(fit(*batch().lists.values(), tolerances=tolerances))
    assert found[1][1] == "benign"
    assert found[0][2] + found[1][2] == len(break_rows(batch().truth))


def test_a_trade_that_also_breaks_beyond_the_tolerance_is_broken_and_not_benign() -> None:
    rows = [("a", "price", "10.00", "10.01"), ("a", "quantity", "100", "150"), ("b", "price", "9", "9.01")]
    found = fit(
        breaks=pd.DataFrame(rows, columns=["trade_id", "field", "ours", "theirs"]),
        trades=10,
        tolerances={"price": {"ticks": 1}},
    )
    assert rates(found) == [("rate", "overall", 1), ("rate", "benign", 1), ("field", "quantity", 1)]


def test_breaks_that_are_all_within_the_tolerance_are_refused() -> None:
    with pytest.raises(FitError, match=r"all breaks of .* are within the tolerance"):
        fit(breaks=break_rows(batch().truth).query("field == 'date'"), trades=PAIRS, tolerances={"date": 60})


@pytest.mark.slow
@pytest.mark.parametrize("of_breaks", [False, True])
def test_where_a_field_differs_within_the_tolerance_alone_the_others_keep_their_shares(
    of_breaks: bool,
) -> None:
    tolerances = {"price": {"absolute": 500.0}}
    found = (
        fit(breaks=break_rows(batch().truth), trades=PAIRS, tolerances=tolerances)
        if of_breaks
        else fit(*batch().lists.values(), tolerances=tolerances)
    )
    shares = {one.name: one.value for one in found.numbers if one.kind == "mechanism"}
    assert "price.nudge" not in shares
    assert found.scenario.mechanisms == pytest.approx(shares, abs=0.02)
    assert found.scenario.tolerances.price is None
    assert found.notes["rate benign"] == (
        "all price differences are within the tolerance; none are generated"
    )


def test_a_mechanism_that_hardly_any_trade_can_have_is_left_out_of_the_weights() -> None:
    # Seventy basis points are twice the tolerance only of a price of 571 dollars or more: one ticker in 50.
    prices = {f"T{number}": "100.00" for number in range(49)} | {"DEAR": "900.00"}
    weights, fields = calibrated(
        {"quantity.nudge": 0.6, "price.nudge": 0.2, "date.next_session": 0.2},
        [1.0],
        settings={"price.nudge": {"unit": "bps", "min": 1.0, "max": 70.0}},
        tolerances={"price": {"absolute": 2.0}},
        view="two_system",
        tickers=prices,
    )
    assert weights == pytest.approx({"quantity.nudge": 0.75, "date.next_session": 0.25}, abs=0.02)
    assert fields == [1.0]


def test_calibrated_weights_make_the_shares_and_the_numbers_of_fields_that_were_measured() -> None:
    # In sum 1.5 mechanisms a pair, as 60% with one, 30% with two and 10% with three have.
    shares = {"quantity.nudge": 0.7, "price.nudge": 0.45, "date.next_session": 0.25, "ticker.other": 0.1}
    asked = [0.6, 0.3, 0.1]
    weights, fields = calibrated(shares, asked, view="two_system")
    fields = [round(1 - sum(round(one, 6) for one in fields[1:]), 6), *(round(one, 6) for one in fields[1:])]
    truth = generate(
        pairs=20_000, mismatch_rate=0.5, view="two_system", seed=5, date="2025-07-08",
        mechanisms=weights, fields_per_pair=fields,
    ).truth  # fmt: skip
    # Of 10,000 pairs; four standard deviations are 2 points.
    made = truth["mechanism"].astype(str).value_counts() / 10_000
    assert made.to_dict() == pytest.approx(shares, abs=0.02)
    by_count = truth["trade_id"].value_counts().value_counts() / 10_000
    assert [by_count.get(number, 0.0) for number in (1, 2, 3)] == pytest.approx(asked, abs=0.02)


def test_a_tolerance_that_few_of_the_generated_trades_could_break_is_left_out() -> None:
    # A cent is no tolerance for shares of 2,000 dollars, and a large one for those of three.
    rows = [
        (f"t{number}", "price", f"{2_000 + number}.31", f"{2_000 + number}.{52 + number}")
        for number in range(40)
    ]
    prices = {f"T{number}": "3.00" for number in range(49)} | {"DEAR": "2000.00"}
    found = fit(
        breaks=pd.DataFrame(
            [*rows, ("u", "price", "3.00", "3.01")], columns=["trade_id", "field", "ours", "theirs"]
        ),
        trades=1_000,
        tolerances={"price": {"ticks": 1}},
        tickers=prices,
    )
    assert found.scenario.tolerances.price is None
    assert found.notes["rate benign"].startswith("your breaks are less than twice the tolerance")
