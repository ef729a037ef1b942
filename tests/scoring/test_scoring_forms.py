"""Findings as tools write them: every form that says the same is read the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scoring_files import said, scored, tid

from tradegen import ScoringError
from tradegen.scoring import Outcome
from tradegen.scoring.score_counts import Input


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("f.csv", "trade_id\n", 0),
        ("f.json", "[]", 0),
        ("f.ndjson", "", 0),
        ("f.jsonl", "", 0),
        ("f.csv", "trade_id\r\ntid00000001\r\n", 1),
        ("f.csv", "\ufefftrade_id,field\ntid00000001,price\n", 1),
        ("f.csv", "trade_id\ntid00000001\n\n", 1),
        ("f.csv", 'note,"trade_id"\n"a, ""b""\nc",tid00000001\n', 1),
        ("f.csv", "trade_id;field\ntid00000001;price\n", 1),
        ("f.csv", "trade_id, field\ntid00000001, price\n", 1),
        ("f.CSV", "trade_id\ntid00000001\n", 1),
        ("f.csv", "trade_id\ntid00000001", 1),
        ("f.csv", "trade_id,field\rtid00000001,price\r", 1),
        ("f.csv", "trade_id,field\rtid00000001,price", 1),
        ("f.csv", "trade_id,field\r\ntid00000001,price\ntid00000001,\r\n", 2),
        ("f.csv", "trade_id,field\ntid00000001,price\r\n", 1),
        ("f.csv", "trade_id,field\ntid00000001,price\rtid00000001,\n", 2),
        ("f.csv", 'trade_id,note\r\ntid00000001,"a\nb"\r\n', 1),
        ("f.csv", "\ufefftrade_id\rtid00000001\r", 1),
        ("f.json", '\ufeff[{"trade_id": "tid00000001"}]', 1),
        ("f.ndjson", '\ufeff{"trade_id": "tid00000001"}\n', 1),
        ("f.json", '[{"trade_id": "tid00000001", "score": NaN}]', 1),
        ("f.json", '[{"trade_id": "tid00000001", "field": null}, {"trade_id": "tid00000001", "x": [1]}]', 2),
        ("f.json", '{"trade_id": "tid00000001"}\n{"trade_id": "tid00000001", "field": "price"}\n', 2),
        ("f.ndjson", '{"note": {}, "trade_id": "tid00000001"}\n', 1),
    ],
)
def test_forms_that_say_the_same_are_read(tmp_path: Path, name: str, content: str, rows: int) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode())
    found = scored(path)
    assert found.pairs == Outcome(7, min(rows, 1), 0, 0, 3)
    assert found.input.rows == rows


def test_a_line_end_across_two_chunks_of_a_file_is_one(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    # The CR of the first line of 2**20 bytes is the last byte of a chunk.
    head = "trade_id,note\r\n"
    path.write_bytes(
        f"{head}{tid(1)},".encode().ljust((1 << 20) - 1, b"x") + b"\r\n" + tid(2).encode() + b",y\r\n"
    )
    assert scored(path).pairs == Outcome(7, 2, 0, 0, 3)


NOTHING = ["", "NaN", "nan", "NULL", "null", "None", "<NA>", "NaT", "NA", "N/A", "n/a"]


@pytest.mark.parametrize("form", ["csv", "json", "parquet", "frame", "arrow"])
def test_a_word_for_nothing_says_nothing_in_files_as_in_frames(tmp_path: Path, form: str) -> None:
    # A row for each word: one that said something would be a field, a leg, a link or a score, or refused.
    table = pd.DataFrame(
        {"trade_id": tid(1), "field": NOTHING, "leg": NOTHING, "linked_trade_id": NOTHING, "score": NOTHING}
    )
    path = tmp_path / f"f.{form}"
    if form == "csv":
        table.to_csv(path, index=False)
    elif form == "json":
        table.to_json(path, orient="records")
    elif form == "parquet":
        table.to_parquet(path)
    findings = {"frame": table, "arrow": pa.Table.from_pandas(table)}.get(form, path)
    found = scored(findings)
    assert (found.pairs, found.fields, found.links) == (Outcome(7, 1, 0, 0, 3), None, None)
    assert found.input == Input(rows=len(NOTHING), unnamed=len(NOTHING), repeated=len(NOTHING) - 1)


def test_an_empty_id_by_any_word_is_refused() -> None:
    with pytest.raises(ScoringError, match="trade_id is empty in 2 rows of the findings frame"):
        scored(pd.DataFrame({"trade_id": [tid(1), "nan", "<NA>"], "field": "price"}))


@pytest.mark.parametrize("form", ["csv", "parquet", "frame"])
def test_infinite_scores_are_the_surest_and_the_least_sure(tmp_path: Path, form: str) -> None:
    table = pd.DataFrame({"trade_id": [tid(1), tid(9), tid(2)], "score": [np.inf, -np.inf, 0.5]})
    path = tmp_path / f"f.{form}"
    if form == "csv":
        table.to_csv(path, index=False)
    elif form == "parquet":
        table.to_parquet(path)
    found = scored(table if form == "frame" else path)
    assert found.thresholds is not None
    # Pair 1 at infinity; 2 from 0.5 on; the false alarm 9 only where everything counts.
    assert found.thresholds.points == {
        -np.inf: Outcome(7, 2, 1, 0, 3),
        0.5: Outcome(7, 2, 0, 0, 3),
        np.inf: Outcome(7, 1, 0, 0, 3),
    }
    points = json.loads(found.to_json())["thresholds"]["points"]
    assert [point["score"] for point in points] == ["-inf", 0.5, "inf"]


@pytest.mark.slow
def test_a_column_of_ids_is_findings_without_fields() -> None:
    expected = scored(said(1, 9))
    ids = [tid(1), tid(9)]
    for findings in (
        pd.Series(ids),
        pd.Series(ids, name="Ref"),
        pa.array(ids),
        pa.chunked_array([ids[:1], ids[1:]]),
    ):
        assert scored(findings) == expected
    assert scored(pd.Series(ids), columns={"trade_id": "Ref"}) == expected


def test_a_field_that_only_later_objects_have_is_read(tmp_path: Path) -> None:
    path = tmp_path / "f.ndjson"
    lines = ['{"trade_id": "tid00000001"}\n'] * 3_000 + ['{"trade_id": "tid00000002", "field": "quantity"}\n']
    path.write_text("".join(lines))
    found = scored(path)
    assert found.input == Input(rows=3_001, repeated=2_999, unnamed=3_000)
    assert found.fields == Outcome(expected=8, found=1)


@pytest.mark.slow
def test_names_of_columns_that_differ_in_case_alone_are_told_apart(tmp_path: Path) -> None:
    table = pd.DataFrame({"Field": ["x"], "trade_id": [tid(1)], "field": ["price"], "Trade_ID": ["y"]})
    table.to_csv(tmp_path / "f.csv", index=False)
    table.to_parquet(tmp_path / "f.parquet")
    for findings in (table, pa.Table.from_pandas(table), tmp_path / "f.csv", tmp_path / "f.parquet"):
        assert scored(findings).fields == Outcome(expected=8, found=1)


def test_text_of_users_is_no_sql() -> None:
    nasty = "'; DROP TABLE truth; --"
    table = pd.DataFrame({'a"b': [tid(1), nasty], nasty: ["x'y", ""]})
    found = scored(table, columns={"trade_id": 'a"b', "field": nasty}, fields={"price": "x'y"})
    assert found.fields == Outcome(expected=8, found=1)
    assert found.input.examples == (nasty,)


def test_a_folder_of_findings_is_read(tmp_path: Path) -> None:
    for number in (1, 2):
        said(number).to_parquet(tmp_path / f"part-{number}.parquet")
    assert scored(tmp_path).pairs == Outcome(7, 2, 0, 0, 3)
