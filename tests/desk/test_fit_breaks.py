"""What a file of breaks says of the trades: the range of quantities; rows that say nothing are skipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tradegen import Scenario, fit, generate


def quantity_breaks(count: int) -> pd.DataFrame:
    """Quantities from 4,000 to 80,000, a few percent apart."""
    random = np.random.default_rng(4)
    ours = np.round(np.linspace(4_000, 80_000, count)).astype(int)
    theirs = np.round(ours * np.exp(random.lognormal(np.log(0.03), 0.5, count))).astype(int)
    ids = [f"t{number}" for number in range(count)]
    return pd.DataFrame({"trade_id": ids, "field": "quantity", "ours": ours, "theirs": theirs}).astype(str)


def test_the_range_of_quantities_is_that_of_the_breaks() -> None:
    found = fit(breaks=quantity_breaks(200), trades=5_000).scenario
    assert (found.quantity_min, found.quantity_max) == (4_000, 80_000)


def test_a_quantity_ten_times_too_large_is_not_in_the_range() -> None:
    rows = quantity_breaks(200)
    tenfold = rows.iloc[-5:].assign(ours=lambda one: one["theirs"].astype(int) * 10).astype(str)
    found = fit(breaks=pd.concat([rows.iloc[:-5], tenfold]), trades=5_000).scenario
    assert found.quantity_max < 82_000


@pytest.mark.parametrize("rows", [1, 19])
def test_a_few_quantities_tell_no_range(rows: int) -> None:
    found = fit(breaks=quantity_breaks(rows), trades=5_000).scenario
    assert "quantity_min" not in found.model_fields_set


@pytest.mark.slow
def test_sizes_that_the_range_limits_are_told_by_check() -> None:
    found = fit(breaks=quantity_breaks(200), trades=20_000)
    sizes = [one for one in found.checks() if one.target.kind == "size"]
    outside = [one for one in sizes if one.made and not one.target.low <= one.made.value <= one.target.high]
    assert outside
    assert all("the range of clean values limits" in one.why_not for one in outside)
    assert all("keep_in_range = false" in one.why_not for one in outside)


@pytest.mark.slow
def test_what_check_advises_gives_the_sizes_as_measured() -> None:
    found = fit(breaks=quantity_breaks(200), trades=20_000)
    free = fit(**_lists(found.scenario.replace(keep_in_range=False)))
    made = {one.name: one for one in free.numbers if one.kind == "size"}
    for one in (one for one in found.numbers if one.kind == "size"):
        assert made[one.name].low <= one.high
        assert one.low <= made[one.name].high
    median = "quantity.nudge 50%"
    target = next(one for one in found.numbers if one.name == median)
    assert target.low <= made[median].value <= target.high


def _lists(scenario: Scenario) -> dict[str, pd.DataFrame]:
    return dict(generate(scenario, pairs=40_000, seed=3, date="2025-07-21").lists)


@pytest.mark.slow
def test_empty_rows_are_skipped(tmp_path: Path) -> None:
    quantity_breaks(30).to_csv(tmp_path / "plain.csv", index=False)
    text = (tmp_path / "plain.csv").read_text()
    (tmp_path / "rows.csv").write_text(f"{text},,,\n , ,,\n")
    plain, found = (fit(breaks=tmp_path / name, trades=500) for name in ("plain.csv", "rows.csv"))
    assert found.numbers == plain.numbers
