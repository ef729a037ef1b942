"""A layout that says which columns are written, and in which order, and all that reads such lists."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from shell import run
from written import written_lists

from tradegen import OutputError, Scenario, ScenarioError, fit, generate, score
from tradegen.scoring.evaluation import explain
from tradegen.verify import verify

OURS = ["quantity", "trade_id", "broker_id", "ticker"]
THEIRS = ["record_id", "ticker", "price", "trade_id", "quantity", "order_type"]
ASKED: dict[str, Any] = {
    "view": "two_system",
    "pairs": 600,
    "mismatch_rate": 0.4,
    "seed": 5,
    "date": "2025-07-21",
    "mechanisms": {
        "quantity.nudge": 1,
        "ticker.other": 1,
        "trade_id.mistyped": 1,
        "record.missing": 1,
        "record.duplicate": 1,
        "record.split": 1,
    },
}
LEFT_OUT = {"ours": {"include": OURS}, "theirs": {"include": THEIRS, "columns": {"quantity": "Qty"}}}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write(folder: Path, form: str = "csv", **more: Any) -> list[Path]:
    generate(**ASKED, **{**LEFT_OUT, **more}).write(
        folder / f"t.{form}", truth=folder / f"key.{form}", manifest=folder / "m.json"
    )
    return [folder / name for name in (f"t.ours.{form}", f"t.theirs.{form}", f"key.{form}", "m.json")]


def test_lists_hold_the_columns_that_are_included_in_that_order_and_the_values_that_they_had() -> None:
    plain, truth = written_lists(**ASKED)
    chosen, same = written_lists(**ASKED, **LEFT_OUT)
    assert same == truth
    for name, include in (("ours", OURS), ("theirs", THEIRS)):
        before = list(csv.DictReader(plain[name].splitlines()))
        head, *lines = csv.reader(chosen[name].splitlines())
        assert head == ["Qty" if (name, c) == ("theirs", "quantity") else c for c in include]
        assert lines == [[row[column] for column in include] for row in before]


@pytest.mark.parametrize("form", ["json", "ndjson", "parquet"])
def test_every_format_with_names_leaves_the_same_columns_out(tmp_path: Path, form: str) -> None:
    expected = [rows(path) for path in write(tmp_path)[:2]]
    for path, wanted in zip(write(tmp_path, form)[:2], expected, strict=True):
        if form == "parquet":
            found = pq.read_table(path).to_pylist()
        else:
            text = path.read_text()
            found = json.loads(text) if form == "json" else [json.loads(line) for line in text.splitlines()]
        assert [list(row) for row in found] == [list(row) for row in wanted]
        assert [row["trade_id"] for row in found] == [row["trade_id"] for row in wanted]


def test_frames_and_arrow_tables_have_the_columns_of_the_files() -> None:
    batch = generate(**ASKED, **LEFT_OUT)
    arrow = batch.to_arrow()
    theirs = ["Qty" if column == "quantity" else column for column in THEIRS]
    for name, columns in (("ours", OURS), ("theirs", theirs)):
        assert list(batch.lists[name]) == columns
        assert arrow[name].column_names == columns
    assert "trade_timestamp" in batch.trades


def test_leaving_columns_out_changes_no_digest() -> None:
    assert generate(**ASKED).manifest["digests"] == generate(**ASKED, **LEFT_OUT).manifest["digests"]


@pytest.mark.parametrize("form", ["csv", "json", "ndjson", "parquet"])
def test_verify_proves_what_is_there_and_says_what_is_not(tmp_path: Path, form: str) -> None:
    report = verify(write(tmp_path, form))
    assert report.ok, str(report)
    assert report.left_out == {
        "ours": ("contra_broker_id", "price", "order_type", "date", "trade_timestamp"),
        "theirs": ("broker_id", "contra_broker_id", "date", "trade_timestamp"),
    }
    assert "not checked: broker_id, contra_broker_id, date, trade_timestamp, which theirs leaves out" in str(
        report
    )


@pytest.mark.slow
def test_verify_finds_an_edit_of_any_column_that_both_lists_have(tmp_path: Path) -> None:
    ours, *others = write(tmp_path)
    [header, *lines] = ours.read_text().splitlines()
    for column, value in (("quantity", "777777"), ("ticker", "ZZZ"), ("trade_id", "tid00999999")):
        cells = lines[0].split(",")
        cells[OURS.index(column)] = value
        ours.write_text("\n".join([header, ",".join(cells), *lines[1:], ""]))
        assert not verify([ours, *others]).ok, column


@pytest.mark.slow
def test_verify_refutes_a_truth_row_about_a_column_that_a_list_leaves_out(tmp_path: Path) -> None:
    *lists, truth, manifest = write(tmp_path)
    text = truth.read_text()
    row = next(row for row in rows(truth) if row["mechanism"] == "quantity.nudge")
    for leg in ("OURS", "THEIRS"):
        # On theirs there is a price, and on ours none to compare it with.
        told = f"{row['trade_id']},{leg},price,price.nudge,1.00,2.00,1.00,false,{row['notional']},,\n"
        truth.write_text(text + told)
        found = verify([*lists, truth, manifest]).findings["vanished"].examples
        assert any("price" in line and "a list leaves out the column" in line for line in found)


def test_verify_refuses_lists_with_columns_that_the_manifest_leaves_out(tmp_path: Path) -> None:
    _, theirs, truth, manifest = write(tmp_path)
    whole = tmp_path / "whole.ours.csv"
    whole.write_text(written_lists(**ASKED)[0]["ours"])
    done = run("verify", str(whole), str(theirs), str(truth), str(manifest), cwd=tmp_path)
    assert done.code == 2
    assert "expected quantity, trade_id, broker_id, ticker" in done.err


def test_a_dataset_is_proved_and_replayed_with_its_columns(tmp_path: Path) -> None:
    batch = generate(**ASKED, **LEFT_OUT)
    (tmp_path / "s.toml").write_text(batch.run.scenario.to_toml())
    asked = ("--scenario", str(tmp_path / "s.toml"), "--seed", "5", "--first-id", "1")
    done = run("generate", *asked, "--out", "d/", cwd=tmp_path)
    assert done.code == 0, done.err
    assert pq.read_schema(tmp_path / "d" / "ours" / "part-00000.parquet").names == OURS
    proved = run("verify", "d/", cwd=tmp_path)
    assert proved.code == 0
    assert "which ours leaves out" in proved.out
    assert "files of the same bytes" in run("replay", "d/", "--out", "e/", cwd=tmp_path).err


@pytest.mark.slow
def test_a_matcher_has_the_score_that_it_has_with_all_columns(tmp_path: Path) -> None:
    whole, chosen = generate(**ASKED), generate(**ASKED, **LEFT_OUT)
    found = whole.truth[["trade_id", "field"]].head(150)
    assert score(chosen, found).pairs == score(whole, found).pairs
    assert score(chosen, found).by["notional"] == score(whole, found).by["notional"]
    *lists, truth, manifest = write(tmp_path)
    from_files = score(truth, found, trades=lists, manifest=manifest)
    assert from_files.notional == score(whole, found).notional
    assert explain(chosen, found) == explain(whole, found)


def test_without_prices_a_score_has_the_notional_of_the_truth_alone() -> None:
    quantities = {"include": ["trade_id", "quantity", "ticker"]}
    chosen = generate(**ASKED, ours=quantities, theirs=quantities)
    found = chosen.truth[["trade_id"]]
    assert score(chosen, found).notional == score(chosen.truth, found).notional
    # Links among lists of ids alone, too.
    linked = pd.DataFrame({"trade_id": ["tid00000001"], "linked_trade_id": ["tid00000002"]})
    ids = {"include": ["trade_id"]}
    records = {**ASKED, "mechanisms": {"record.missing": 1}, "ours": ids, "theirs": ids}
    assert score(generate(**records), linked).links is not None


def test_show_marks_the_altered_cell_in_lists_without_sides(tmp_path: Path) -> None:
    ours, theirs, truth, manifest = map(str, write(tmp_path))
    row = next(row for row in rows(Path(truth)) if (row["field"], row["leg"]) == ("quantity", "OURS"))
    done = run("show", ours, truth, row["trade_id"], "--and", theirs, "--manifest", manifest, cwd=tmp_path)
    assert done.code == 0, done.err
    assert f"[{row['altered']}]" in done.out
    assert done.out.count("[") == 1


@pytest.mark.slow
def test_fit_reads_the_columns_that_a_layout_includes(tmp_path: Path) -> None:
    asked = {**ASKED, "pairs": 4_000, "mechanisms": {"quantity.nudge": 1, "price.nudge": 1}}
    ours, theirs = generate(**asked).lists.values()
    found = fit(ours, theirs, layouts={"ours": {"include": ["trade_id", "quantity", "ticker"]}})
    assert {name.partition(".")[0] for name in found.scenario.weights} == {"quantity"}


def test_fix_has_tags_for_all_columns_and_takes_another_order_of_them(tmp_path: Path) -> None:
    batch = generate(**ASKED, **LEFT_OUT)
    with pytest.raises(OutputError, match=r"ours.include leaves out contra_broker_id, and a message of FIX"):
        batch.write(tmp_path / "t.fix")
    assert not list(tmp_path.iterdir())
    columns = list(generate(**ASKED).trades)[::-1]
    other = generate(**ASKED, ours={"include": columns})
    other.write(tmp_path / "a.fix", truth=tmp_path / "key.csv", manifest=tmp_path / "m.json")
    generate(**ASKED).write(tmp_path / "b.fix")
    assert (tmp_path / "a.ours.fix").read_bytes() == (tmp_path / "b.ours.fix").read_bytes()
    lists = [tmp_path / f"a.{name}.fix" for name in ("ours", "theirs")]
    assert verify([*lists, tmp_path / "key.csv", tmp_path / "m.json"]).ok


@pytest.mark.parametrize("name", ["single", "counterparty", "two_system"])
def test_a_broker_needs_the_other_broker_where_the_legs_face_each_other(name: str) -> None:
    columns = ["trade_id", "order_type", "broker_id"]
    lists = {"single": ["trades"], "counterparty": ["buy", "sell"], "two_system": ["ours", "theirs"]}[name]
    asked: dict[str, Any] = {"view": name, "mechanisms": {"broker_id.other": 1}}
    if name == "two_system":
        assert generate(**asked, **{one: {"include": columns} for one in lists}).run.scenario.lists
        return
    with pytest.raises(
        ScenarioError, match=r"leaves out contra_broker_id, in which broker_id.other would be"
    ):
        Scenario(**asked, **{lists[-1]: {"include": columns}})


def test_a_mechanism_of_a_hot_spot_needs_its_column_as_well() -> None:
    spot = {"name": "x", "where": {"ticker": "AAPL"}, "rate": 0.5, "mechanisms": {"price.tick": 1}}
    with pytest.raises(ScenarioError, match=r"trades.include leaves out price, in which price.tick would be"):
        Scenario(
            mechanisms={"quantity.nudge": 1},
            hot_spots=[spot],
            trades={"include": ["trade_id", "order_type", "quantity"]},
        )
