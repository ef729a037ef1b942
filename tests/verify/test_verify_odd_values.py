"""Verify: missing values and misspelled names of the nine columns stand where the truth says so alone."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from added_columns import FORMS, VIEWS, Files, Row, write
from sizes import chosen

from tradegen import generate
from tradegen.verify import Report, verify

NAMES = ("ticker", "broker_id", "contra_broker_id", "order_type")
NUMBERS = ("quantity", "price", "date", "trade_timestamp")
WAYS = ("case", "padded", "truncated", "typo")
SPELLED = [f"{name}.{way}" for name in NAMES for way in WAYS]
BLANKS = [f"{name}.blank" for name in (*NAMES, *NUMBERS)]
HOUSE = ["quantity.nudge", "order_type.flip", "broker_id.swapped", "record.split", "record.duplicate"]
ASKED = {"columns": [], "mechanisms": dict.fromkeys([*SPELLED, *BLANKS, *HOUSE], 1)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("view", VIEWS)
def test_a_run_with_all_of_them_is_proved(tmp_path: Path, view: str, form: str) -> None:
    layouts = (
        {"theirs": {"columns": {"price": "Px"}, "date_format": "%d/%m/%y"}} if view == "two_system" else {}
    )
    report = verify(write(tmp_path / "d", form, view=view, pairs=1_000, **ASKED, **layouts))
    assert report.ok, str(report)
    assert report.truth_rows > 600


@pytest.mark.parametrize(
    "mechanism",
    chosen([*SPELLED, *BLANKS], [f"{name}.{way}" for name, way in zip(NAMES, WAYS, strict=True)] + BLANKS),
)
def test_each_of_them_is_proved_without_a_manifest(tmp_path: Path, mechanism: str) -> None:
    paths = write(tmp_path / "d", view="single", pairs=50, columns=[], mechanisms={mechanism: 1})
    report = verify([path for path in paths if path.suffix == ".csv"])
    assert report.ok, str(report)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("odd"), pairs=400, **ASKED)[0].parent


@pytest.fixture
def files(folder: Path) -> Files:
    def rows(name: str) -> list[Row]:
        return list(csv.DictReader(io.StringIO((folder / name).read_text())))

    lists = {name: rows(f"t.{name}.csv") for name in ("ours", "theirs")}
    return Files(lists, rows("key.csv"), json.loads((folder / "m.json").read_text()))


def told(report: Report) -> str:
    return "\n".join(line for found in report.findings.values() for line in found.examples)


ODD = {
    "ticker": [""],
    "broker_id": ["", "BKR0", "bkr001", "BKR099"],
    "contra_broker_id": ["", " BKR001"],
    "order_type": ["", "buy", "SELL ", "UBY"],
    "quantity": [""],
    "price": [""],
    "date": [""],
    "trade_timestamp": [""],
}


EDITS = [(name, value) for name, values in ODD.items() for value in values]


@pytest.mark.parametrize("both", [False, True], ids=["one leg", "both legs"])
def test_odd_values_that_the_truth_does_not_tell_of_are_found(
    files: Files, tmp_path: Path, every_example: None, both: bool
) -> None:
    """One proof finds all of them, each in a trade of its own."""
    expected = set()
    for column, value in EDITS:
        legs = files.clean()
        for leg in legs[: 1 + both]:
            leg[column] = value
        what = f"{column} in t.ours.csv: {value or 'nothing'} is what no clean leg has"
        expected.add(f"{legs[0]['trade_id']} OURS {what}")
    report = files.proof(tmp_path)
    found = report.findings["relation"].examples
    assert {line.partition(", and the truth")[0] for line in found if " OURS " in line} == expected
    if both:
        assert report.findings["relation"].count == 2 * len(EDITS)


def test_an_odd_value_beside_another_mismatch_is_found(files: Files, tmp_path: Path) -> None:
    """The truth tells of another field of the leg, or of the same field of the other leg."""
    price, ticker = (files.told(name) for name in ("price.blank", "ticker.blank"))
    names = (price["trade_id"], ticker["trade_id"])
    for record in (*files.lists["ours"], *files.lists["theirs"]):
        if record["trade_id"] in names:
            record["ticker"] = ""
    found = files.proof(tmp_path).findings["relation"]
    expected = [[names[0], leg, "ticker"] for leg in ("OURS", "THEIRS")]
    expected += [[names[1], {"OURS": "THEIRS", "THEIRS": "OURS"}[ticker["leg"]], "ticker"]]
    assert found.count == 3
    assert sorted(line.split()[:3] for line in found.examples) == sorted(expected)


def test_odd_values_that_were_put_right_are_missed_each_of_them(
    files: Files, tmp_path: Path, every_example: None
) -> None:
    expected = set()
    for name in (*SPELLED, *BLANKS):
        row = files.told(name)
        [record] = [one for one in files.lists[row["leg"].lower()] if one["record_id"] == row["record_id"]]
        record[row["field"]] = row["original"]
        expected.add(f"{row['trade_id']} {row['leg']} {row['field']}")
    found = files.proof(tmp_path).findings["vanished"]
    assert {line.partition(" in ")[0] for line in found.examples} == expected
    assert found.count == len(expected) == len(SPELLED) + len(BLANKS)


WRONG_ROWS: dict[str, tuple[str, Callable[[Row], object], str]] = {
    "a value where nothing is": (
        "price.blank", lambda row: row.update(altered="1.00", delta=""), "expected nothing with price.blank"),
    "another mechanism": (
        "price.blank", lambda row: row.update(mechanism="price.nudge"), "expected a value of the field"),
    "nothing before": (
        "ticker.blank", lambda row: row.update(original=""), "original is ''; expected a value of the field"),
    "a difference to nothing": (
        "quantity.blank", lambda row: row.update(delta="-5"), "expected none, for a missing value"),
    "a flip that is none": (
        "order_type.case", lambda row: row.update(mechanism="order_type.flip"),
        "expected a value of the field"),
    "benign": ("date.blank", lambda row: row.update(benign="true"), "beyond the tolerance"),
}  # fmt: skip


def test_rows_of_the_truth_that_are_wrong_about_them_are_found(
    files: Files, tmp_path: Path, every_example: None
) -> None:
    due = {}
    for name, (mechanism, change, sentence) in WRONG_ROWS.items():
        row = files.told(mechanism)
        change(row)
        due[name] = (row["trade_id"], sentence)
    lines = told(files.proof(tmp_path)).splitlines()
    missed = {
        name: where
        for name, where in due.items()
        if not any(line.startswith(where[0]) and where[1] in line for line in lines)
    }
    assert not missed, lines


@pytest.mark.slow
def test_an_empty_text_is_no_missing_value_where_there_is_null(tmp_path: Path) -> None:
    asked = {"columns": [], "mechanisms": {"ticker.blank": 1}, "view": "single", "pairs": 20}
    paths = write(tmp_path / "d", "ndjson", **asked)
    trades = next(path for path in paths if path.name == "t.ndjson")
    text = trades.read_text()
    trades.write_text(text.replace('"ticker": null', '"ticker": ""', 1))
    assert "vanished" in verify(paths).findings
    paths = write(tmp_path / "p", "parquet", **asked)
    trades = next(path for path in paths if path.name == "t.parquet")
    table = pq.read_table(trades)
    tickers = ["" if value is None else value for value in table["ticker"].to_pylist()]
    pq.write_table(table.set_column(1, "ticker", pa.array(tickers)), trades)
    assert "vanished" in verify(paths).findings


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS)
def test_messages_that_lack_the_tags_of_missing_values_are_proved(tmp_path: Path, view: str) -> None:
    mechanisms = dict.fromkeys([*BLANKS, "ticker.typo", "broker_id.padded", "record.split"], 1)
    batch = generate(pairs=200, seed=1, view=view, mechanisms=mechanisms, mismatch_rate=1, date="2025-07-18")
    batch.write(tmp_path / "t.fix", truth=tmp_path / "key.csv", manifest=tmp_path / "m.json")
    paths = sorted(tmp_path.iterdir())
    report = verify(paths)
    assert report.ok, str(report)
    # A side that is left out although the truth does not say so.
    trades = next(path for path in paths if path.suffix == ".fix")
    wrong = set((tmp_path / "key.csv").read_text().split(","))
    lines = trades.read_text().splitlines(keepends=True)
    at = next(
        number
        for number, line in enumerate(lines)
        if "\x0154=" in line and not any(f"571={name}\x01" in line for name in wrong if len(name) == 16)
    )
    lines[at] = lines[at].replace("\x0154=1\x01", "\x01").replace("\x0154=2\x01", "\x01")
    trades.write_text("".join(lines))
    assert not verify(paths).ok
