"""Columns that a scenario adds, in the tables and figures that show what was made of the nine."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
from asked_shares import expected_shares
from matplotlib.figure import Figure
from shell import run

from tradegen import Batch, Scenario, compare, generate
from tradegen.analysis.altered_trades import Alteration
from tradegen.analysis.difference_sizes import magnitudes
from tradegen.analysis.rates import field_counts
from tradegen.analysis.tuning import Tuning
from tradegen.analysis.tuning_figure import draw_bench
from tradegen.cli.summary import marks

OWN: dict[str, Any] = {
    "columns": [
        {"name": "settlement_date", "kind": "date", "sessions_after": "date", "by": 1},
        {"name": "account", "kind": "code", "codes": 200, "prefix": "ACC"},
        {"name": "gross_amount", "kind": "decimal", "places": 2, "product": ["quantity", "price"]},
        {"name": "lots", "kind": "integer", "min": 10, "max": 500},
        {"name": "booked_at", "kind": "timestamp", "after": "trade_timestamp", "max": 600},
        {"name": "our_ref", "kind": "reference", "own": True, "prefix": "R-"},
    ],
    "mechanisms": {
        "quantity.nudge": 1,
        "date.next_session": 1,
        "settlement_date.blank": 1,
        "account.padded": 1,
        "account.other": 1,
        "gross_amount.sign": 1,
        "gross_amount.blank": 1,
        "lots.nudge": 1,
        "lots.blank": 1,
        "booked_at.delay": 1,
    },
    "date": "2025-07-18",
    "mismatch_rate": 0.5,
    "fields_per_pair": [1.0],
}


@pytest.fixture(scope="module")
def batch() -> Batch:
    return generate(OWN, pairs=2_000, seed=7, first_id=1)


# --- counts ------------------------------------------------------------------------------------------------


def test_each_own_column_is_counted_as_often_as_the_truth_names_it(batch: Batch) -> None:
    counts = field_counts(batch)["count"]
    assert counts.to_dict() == batch.truth["field"].value_counts().loc[counts.index].to_dict()
    assert list(counts.index)[-5:] == ["settlement_date", "account", "gross_amount", "lots", "booked_at"]


def test_each_mechanism_of_an_own_column_has_its_share_of_the_weights(batch: Batch) -> None:
    table = field_counts(batch, "mechanism")
    drawn = table.drop(["gross_amount.follows", "settlement_date.follows"])
    assert drawn["asked"].to_list() == pytest.approx([0.1] * 10)
    # At 99% for all rows together, one honest table in a hundred would stand out; this seed does not.
    assert not table["stands_out"].any()


def test_what_follows_was_not_asked_for_so_often_and_never_stands_out(batch: Batch) -> None:
    table = field_counts(batch, "mechanism")
    follows = table.loc["gross_amount.follows"]
    assert follows["count"] == table.loc["quantity.nudge", "count"]
    assert math.isnan(follows["asked"])
    assert field_counts(batch).loc["settlement_date", "asked"] != field_counts(batch).loc["lots", "asked"]


def test_expected_shares_know_own_columns_and_leave_open_those_that_follow() -> None:
    shares = expected_shares(Scenario.load(OWN))
    assert shares["account"] == pytest.approx(0.2)
    assert math.isnan(shares["gross_amount"])
    assert math.isnan(shares["settlement_date"])


# --- sizes -------------------------------------------------------------------------------------------------


def test_sizes_of_own_columns_are_those_of_the_truth_without_missing_values(batch: Batch) -> None:
    panels = {(one.field, one.unit): one for one in magnitudes(batch)}
    deltas = batch.truth.assign(delta=batch.truth["delta"].astype(float)).dropna(subset="delta")
    for field, unit in (
        ("gross_amount", "units"),
        ("lots", "units"),
        ("booked_at", "seconds"),
        ("settlement_date", "calendar days"),
    ):
        assert sorted(panels[field, unit].all) == pytest.approx(
            sorted(deltas.loc[deltas["field"] == field, "delta"])
        )
        assert panels[field, unit].bins().edges.size
    assert set(panels["gross_amount", "% of the gross_amount"].all) >= {-200.0}


def test_the_bench_draws_own_columns() -> None:
    tuning = Tuning(OWN, pairs=500)
    assert {field for field, _ in tuning.outcome.measures} >= {"gross_amount", "lots", "booked_at"}
    assert tuning.outcome.notional["account"] > 0
    for measure in tuning.outcome.measures:
        assert len(tuning.outcome.sizes(*measure)) > 0
    figure = draw_bench(tuning.outcome, measure=("gross_amount", "units"))
    assert isinstance(figure, Figure)
    assert "How far, in the gross_amount" in {axes.get_title(loc="left") for axes in figure.axes}


@pytest.mark.parametrize(
    ("original", "altered", "delta", "told", "size"),
    [
        ("ACC017", "", "", "ACC017 -> (blank)", ""),
        ("ACC017", "ACC017 ", "", 'ACC017 -> "ACC017 "', ""),
        ("1000.00", "1005.00", "5.00", "1000.00 -> 1005.00", "+5 (+50.0 bps)"),
        ("154.00", "-154.00", "-308.00", "154.00 -> -154.00", "-308 (-200.0%)"),
        ("2025-07-21", "2025-07-22", "1", "2025-07-21 -> 2025-07-22", "+1 day"),
        (
            "2025-07-21 10:00:00",
            "2025-07-21 10:01:30",
            "90",
            "2025-07-21 10:00:00 -> 2025-07-21 10:01:30",
            "+90 seconds",
        ),
    ],
)
def test_an_alteration_of_an_own_column_reads_plainly(
    original: str, altered: str, delta: str, told: str, size: str
) -> None:
    row = Alteration("tid00000001", "BUY", "own", "own.way", original, altered, delta, False)
    assert (row.change, row.size) == (told, size)


# --- side by side ------------------------------------------------------------------------------------------


def head(text: str) -> list[str]:
    return text.splitlines()[0].split()


def test_own_columns_stand_beside_the_nine_in_the_order_of_the_list(batch: Batch) -> None:
    assert head(repr(batch.compare(limit=1)))[10:] == [column["name"] for column in OWN["columns"]]


def test_without_a_manifest_the_columns_that_the_truth_names_are_shown(batch: Batch, tmp_path: Path) -> None:
    batch.write(tmp_path / "t.csv", truth=tmp_path / "truth.csv")
    found = compare(tmp_path / "truth.csv", tmp_path / "t.csv", limit=1)
    assert head(repr(found))[10:] == ["settlement_date", "account", "gross_amount", "lots", "booked_at"]


def test_altered_cells_of_own_columns_are_marked(batch: Batch) -> None:
    truth = batch.truth
    for mechanism, cell in (
        ("lots.blank", "[]"),
        ("gross_amount.follows", "[$"),
        ("gross_amount.sign", "[-"),
    ):
        row = truth[truth["mechanism"] == mechanism].iloc[0]
        assert cell.replace("$", str(row["altered"])) in repr(batch.compare([row["trade_id"]]))


def test_show_prints_own_columns(tmp_path: Path) -> None:
    made = generate(OWN, pairs=20, seed=7, first_id=1)
    made.write(tmp_path / "t.csv", truth=tmp_path / "truth.csv", manifest=tmp_path / "m.json")
    done = run("show", tmp_path / "t.csv", tmp_path / "truth.csv", "--manifest", tmp_path / "m.json",
               cwd=tmp_path)  # fmt: skip
    assert done.code == 0
    assert head(done.out)[-1] == "our_ref"


# --- pages and terminals -----------------------------------------------------------------------------------


def test_a_notebook_counts_own_columns_among_what_was_altered(batch: Batch) -> None:
    counts = batch.truth["field"].value_counts()
    assert f"gross_amount {counts['gross_amount']}" in batch._repr_html_()


def test_a_notebook_shows_each_own_column_of_a_scenario_as_one_writes_it() -> None:
    page = re.sub(r"\s*<[^>]+>\s*", "|", Scenario.load(OWN)._repr_html_())
    assert "column gross_amount||kind = decimal, places = 2, product = quantity, price||" in page
    assert "column our_ref||kind = reference, own = true, prefix = R-||" in page


@pytest.mark.slow
def test_a_report_tells_what_mechanisms_of_own_columns_do(batch: Batch) -> None:
    page = re.sub(r"<[^>]+>", " ", batch.to_html())
    assert "`account` has a blank before it or after it." in page
    assert "`gross_amount` was worked out from an altered quantity or price." in page


def test_a_terminal_is_told_of_missing_values_and_of_what_follows() -> None:
    made = generate(OWN, pairs=60, seed=7, first_id=1)
    lines = "\n".join(marks(made.run, made.manifest))
    assert "-> (blank)" in lines
