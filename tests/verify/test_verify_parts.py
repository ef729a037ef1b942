"""Verify: what is wrong inside of parts, and across them, is found where digests hide it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from verify_datasets import (
    changed_manifest,
    hashed_again,
    lines_of,
    made,
    proof,
    put,
    swapped,
    told,
    with_cell,
)

from tradegen.verify import VerifyError, open_dataset

# Damages that new digests hide: the truth alone tells


def without_a_truth_row(folder: Path) -> None:
    path = folder / "truth/part-00001.csv"
    lines = lines_of(path)
    put(path, lines[:1] + lines[2:])


@pytest.mark.slow
def test_a_truth_row_that_is_taken_away_is_missed(copied: Callable[[str], Path]) -> None:
    folder = copied("csv")
    row = lines_of(folder / "truth/part-00001.csv")[1]
    without_a_truth_row(folder)
    hashed_again(folder, truth=-1)
    report = proof(folder)
    assert "digest" not in report.findings
    assert row[0] in "".join(told(report, kind) for kind in report.findings if kind != "manifest")
    assert "counts.truth_rows is" in told(report, "manifest")


@pytest.mark.slow
def test_rows_of_a_file_are_counted(copied: Callable[[str], Path]) -> None:
    folder = copied("csv")
    hashed_again(folder, trades=1, truth=-1)
    trades, truth = (len(lines_of(folder / f"{name}/part-00001.csv")) - 1 for name in ("trades", "truth"))
    assert told(proof(folder), "manifest").splitlines() == [
        f"trades/part-00001.csv has {trades + 1:,} rows in the manifest; it holds {trades:,}",
        f"truth/part-00001.csv has {truth - 1:,} rows in the manifest; it holds {truth:,}",
    ]


def test_values_of_parquet_that_are_changed_are_found_each_of_them(
    tmp_path: Path, every_example: None
) -> None:
    folder = made(tmp_path / "d", "parquet", pairs=300)
    path = folder / "trades/part-00000.parquet"
    table = pq.read_table(path)
    names = table["trade_id"].to_pylist()
    altered = set(pq.read_table(folder / "truth/part-00000.parquet")["trade_id"].to_pylist())
    rows = [row for row, name in enumerate(names) if name not in altered | set(names[:row])]
    columns = ("price", "quantity", "date", "trade_timestamp", "ticker", "broker_id")
    for column, row in zip(columns, rows, strict=False):
        values = table[column].to_pylist()
        other = next(value for value in reversed(values) if value != values[row])
        if column == "date":
            other = values[row].replace(day=1)
        table = with_cell(table, column, row, other)
    pq.write_table(table, path)
    hashed_again(folder)
    report = proof(folder)
    assert report.findings["unlabelled"].count == len(columns)
    lines = {line.split()[0]: line for line in told(report, "unlabelled").splitlines()}
    for column, row in zip(columns, rows, strict=False):
        line = lines[names[row]]
        assert f"{column} in trades/part-00000.parquet" in line or (
            column == "broker_id" and "contra" in line
        )


TRUTH_CHANGES: list[tuple[str, Callable[[Any], Any], str]] = [
    ("delta", lambda value: value + 1, "delta"),
    ("notional", lambda value: value + 1, "notional"),
    ("benign", lambda value: not value, "benign"),
    ("altered", lambda value: None, "invalid"),
    ("notional", lambda value: None, "invalid"),
    ("mechanism", lambda value: "quantity.nudge", "invalid"),
]


def test_values_of_a_truth_in_parquet_are_checked_each_of_them(tmp_path: Path, every_example: None) -> None:
    folder = made(tmp_path / "d", "parquet", pairs=300)
    path = folder / "truth/part-00000.parquet"
    table = pq.read_table(path)
    rows = [row for row, field in enumerate(table["field"].to_pylist()) if field == "price"]
    assert len(rows) >= len(TRUTH_CHANGES)
    for (column, change, _), row in zip(TRUTH_CHANGES, rows, strict=False):
        table = with_cell(table, column, row, change(table[column][row].as_py()))
    pq.write_table(table, path)
    hashed_again(folder)
    report = proof(folder)
    for (column, _, kind), row in zip(TRUTH_CHANGES, rows, strict=False):
        name = table["trade_id"][row].as_py()
        assert any(line.startswith(name) for line in told(report, kind).splitlines()), (column, kind)


def test_a_part_in_another_form_than_the_manifest_says_is_found(tmp_path: Path) -> None:
    folder = made(tmp_path / "d", "csv", pairs=300)
    (folder / "trades/part-00000.csv").write_text('{"trade_id": "tid00000021"}\n', "utf-8")
    hashed_again(folder)
    assert told(proof(folder), "invalid") == "trades/part-00000.csv is not csv, which the manifest says it is"


@pytest.mark.slow
def test_parts_in_each_others_place_are_found_by_their_ids(copied: Callable[[str], Path]) -> None:
    folder = copied("csv")
    swapped(folder, "csv")
    hashed_again(folder)
    example = told(proof(folder), "manifest")
    assert "tid00000021 is an id of part-00000.csv; it has no records" in example


@pytest.mark.slow
def test_a_pair_in_another_part_is_found(copied: Callable[[str], Path]) -> None:
    folder = copied("csv")
    first, second = (folder / f"trades/part-0000{number}.csv" for number in (0, 1))
    lines, others = lines_of(first), lines_of(second)
    altered = {line[0] for line in lines_of(folder / "truth/part-00000.csv")}
    name = next(line[0] for line in lines[1:] if line[0] not in altered)
    put(first, [line for line in lines if line[0] != name])
    put(second, others + [line for line in lines if line[0] == name])
    hashed_again(folder)
    example = told(proof(folder), "manifest")
    assert f"{name} is an id of part-00000.csv; it has no records" in example
    assert f"{name} has records, and is no id of part-00001.csv" in example


@pytest.mark.slow
def test_a_record_id_in_two_parts_is_found(copied: Callable[[str], Path]) -> None:
    folder = copied("csv")
    first, second = (folder / f"trades/part-0000{number}.csv" for number in (0, 1))
    known = {line[-1] for line in lines_of(folder / "truth/part-00001.csv")}
    lines = lines_of(second)
    row = next(row for row, line in enumerate(lines) if row and line[-1] not in known)
    lines[row][-1] = lines_of(first)[5][-1]
    put(second, lines)
    hashed_again(folder)
    report = proof(folder)
    assert list(report.findings) == ["record_id"]
    assert told(report, "record_id") == f"record_id {lines[row][-1]} stands twice or more"


@pytest.mark.slow
def test_record_ids_in_one_part_alone_are_found(copied: Callable[[str], Path]) -> None:
    folder = copied("csv")
    for table in ("trades", "truth"):
        path = folder / f"{table}/part-00001.csv"
        put(path, [line[:-1] for line in lines_of(path)])
    hashed_again(folder)
    assert "some parts have the column record_id, others have none" in told(proof(folder), "record_id")


def mistyped_as(folder: Path, other: Callable[[str], str]) -> str:
    """Give the first mistyped id of the second part another value, in its truth and on its record."""
    truth, trades = (folder / f"{table}/part-00001.csv" for table in ("truth", "trades"))
    row = next(line for line in lines_of(truth) if line[2] == "trade_id")
    new = other(row[5])
    for path in (truth, trades):
        path.write_text(path.read_text("utf-8").replace(row[5], new), "utf-8")
    hashed_again(folder)
    return new


@pytest.mark.slow
def test_a_mistyped_id_that_another_part_has_is_a_collision(copied: Callable[[str], Path]) -> None:
    folder = copied("csv")
    mistyped_as(folder, lambda _: "tid00000033")
    assert "tid00000033 is an id of the run" in told(proof(folder), "collision")


@pytest.mark.slow
def test_one_mistyped_id_in_two_parts_is_a_collision(copied: Callable[[str], Path]) -> None:
    folder = copied("csv")
    row = next(line for line in lines_of(folder / "truth/part-00000.csv") if line[2] == "trade_id")
    new = mistyped_as(folder, lambda _: row[5])
    report = proof(folder)
    assert list(report.findings) == ["collision"]
    assert told(report, "collision") == f"{new} is the mistyped id of pairs in two parts or more"


# A report gives three examples of a kind.
@pytest.mark.slow
@pytest.mark.parametrize("names", [("pairs", "benign_pairs"), ("trades", "truth_rows", "mismatched_pairs")])
def test_counts_of_the_manifest_are_those_of_all_parts(
    copied: Callable[[str], Path], names: tuple[str, ...]
) -> None:
    folder = copied("csv")
    changed_manifest(folder, lambda found: found["counts"].update(dict.fromkeys(names, 7)))
    examples = told(proof(folder), "manifest")
    for name in names:
        assert f"counts.{name} is 7 in the manifest; the files hold " in examples


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda found: found["dataset"].update(format="xml"), "dataset.format is 'xml' in the manifest"),
        (lambda found: found["dataset"].update(blocks_per_part=0), "dataset.blocks_per_part is '0'"),
        (lambda found: found["dataset"].update(files={"trades/part-00000.csv": 7}), "dataset.files"),
        (lambda found: found.pop("dataset"), "is not that of a dataset; expected the files of its run"),
        (lambda found: found.pop("replay"), "the manifest does not say what was run"),
        (lambda found: found["replay"]["scenario"].update(view="round"), "view is 'round' in the manifest"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused(
    copied: Callable[[str], Path], change: Callable[[dict[str, Any]], Any], sentence: str
) -> None:
    folder = copied("fix")
    changed_manifest(folder, change)
    with pytest.raises(VerifyError) as error:
        open_dataset(str(folder))
    assert sentence in str(error.value)


@pytest.mark.slow
def test_a_manifest_of_far_too_many_pairs_takes_no_longer(copied: Callable[[str], Path]) -> None:
    folder = copied("csv")
    changed_manifest(folder, lambda found: found["replay"]["scenario"].update(pairs=10**15))
    assert "is not in the manifest, and should be" in told(proof(folder), "digest")
