"""Edits of JSON lines, Parquet files and frames: values, types, keys and spacing that are not named stay."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tradegen.core.databases import temporary_database
from tradegen.desk.lists.columns_toml import columns_of
from tradegen.desk.lists.edits import Edits
from tradegen.desk.lists.json_splicing import value_spans
from tradegen.desk.lists.list_form import load_forms
from tradegen.desk.lists.list_reading import open_list
from tradegen.desk.lists.list_writing import write_list
from tradegen.desk.lists.table_edits import edited_frame
from tradegen.errors import ListError
from tradegen.scoring.relations import Reader


@pytest.fixture(scope="module")
def database() -> Iterator[tuple[Any, Reader]]:
    with temporary_database("test", "200MB") as (connection, folder):
        yield connection, Reader(connection, folder)


def edits(*cells: tuple[int, int, int, str | None], repeated: dict[int, int] | None = None) -> Edits:
    parts = [np.array([cell[at] for cell in cells], np.int64) for at in range(3)]
    times = repeated or {}
    return Edits(
        *parts,
        texts=[cell[3] for cell in cells],
        repeated=np.array(list(times), np.int64),
        times=np.array(list(times.values()), np.int64),
    )


def written(database: tuple[Any, Reader], path: Path, some: Edits) -> bytes:
    connection, reader = database
    columns = path.with_suffix(".toml")
    columns.write_text(columns_of(path), "utf-8")
    one = open_list(reader, path, load_forms(columns).ours)
    out = io.BytesIO()
    write_list(connection, one, [some], out)
    return out.getvalue()


LINES = (
    '{"trade_id": "T1",  "qty":100, "px" : 154.50, "note":"a \\"quoted\\" word", "legs": [1, {"x": 2}]}\n'
    '  {"px":1.0e2,"trade_id":"T2","qty":null,"note":"Z\u00fcrich \\u00e9", "legs":[]}  \n'
    "\n"
    '{"trade_id":"T3","qty":75,"px":201.10,"note":null, "legs":null}'
)


def test_json_lines_keep_keys_order_and_spacing(database: tuple[Any, Reader], tmp_path: Path) -> None:
    path = tmp_path / "trades.jsonl"
    path.write_text(LINES, "utf-8")
    assert written(database, path, edits()) == LINES.encode()
    made = written(
        database, path, edits((0, 0, 2, "154.75"), (0, 0, 3, 'say "hi"'), (1, 0, 1, "5"), (2, 0, 1, None))
    )
    assert made.decode() == (
        LINES.replace("154.50", "154.75")
        .replace('"a \\"quoted\\" word"', '"say \\"hi\\""')
        .replace('"qty":null', '"qty":5')
        .replace('"qty":75', '"qty":null')
    )


def test_lines_of_json_are_left_out_and_written_again(database: tuple[Any, Reader], tmp_path: Path) -> None:
    path = tmp_path / "trades.ndjson"
    path.write_text(LINES, "utf-8")
    some = edits((2, 1, 1, "7"), repeated={0: 0, 2: 2})
    made = written(database, path, some).decode()
    assert [json.loads(line)["qty"] for line in made.split("\n") if line] == [None, 75, 7]
    assert not made.endswith("\n")


def test_a_row_of_json_without_the_key_that_is_altered_is_refused(
    database: tuple[Any, Reader], tmp_path: Path
) -> None:
    path = tmp_path / "trades.ndjson"
    path.write_text('{"trade_id":"T1","qty":1}\n{"trade_id":"T2"}\n')
    with pytest.raises(ListError, match="has no 'qty' in row 2; expected a value where one is altered"):
        written(database, path, edits((1, 0, 1, "2")))


@pytest.mark.parametrize("line", LINES.split("\n"))
def test_values_are_found_where_python_reads_them(line: str) -> None:
    if line:
        spans = value_spans(line.encode())
        found = {key: json.loads(line.encode()[a:b]) for key, (a, b) in spans.items()}
        assert found == json.loads(line)


def sample() -> pa.Table:
    return pa.table(
        {
            "trade_id": ["T1", "T2", "T3", "T4"],
            "side": pa.array(["B", "S", None, "B"]).dictionary_encode(),
            "qty": pa.array([100, 250, 75, None], pa.int32()),
            "px": pa.array(
                [Decimal("154.50"), Decimal("401.25"), None, Decimal("9.10")], pa.decimal128(12, 2)
            ),
            "rate": [1.5, 2.25, 3.0, None],
            "day": pa.array([20_000, 20_001, None, 20_003], pa.date32()),
            "moment": pa.array([1, 2, 3, None], pa.timestamp("ms", "America/New_York")),
            "seen": pa.array([1, 2, 3, None], pa.timestamp("us")),
            "parts": [[1, 2], [], None, [3]],
        },
        metadata={"made by": "us"},
    )


CHANGED = {
    (1, 1): ("B", "B"),
    (0, 2): ("101", 101),
    (1, 3): ("401.26", Decimal("401.26")),
    (2, 4): ("3.125", 3.125),
    (0, 5): ("2025-07-21", pd.Timestamp("2025-07-21").date()),
    (1, 6): ("2025-07-21 10:33:00", pd.Timestamp("2025-07-21 10:33:00", tz="UTC")),
    (2, 7): (None, None),
}


def expected_rows() -> list[dict[str, Any]]:
    rows = sample().to_pylist()
    for (row, column), (_, value) in CHANGED.items():
        rows[row][sample().column_names[column]] = value
    return rows


@pytest.mark.parametrize("options", [
    {"compression": "zstd", "row_group_size": 2},
    {"compression": "none", "use_dictionary": False, "store_schema": False, "version": "2.4"},
    {"compression": {"trade_id": "gzip", "qty": "snappy"}, "write_statistics": ["qty"]},
], ids=["zstd in groups", "plain", "codecs by column"])  # fmt: skip
def test_parquet_is_equal_in_value_schema_metadata_and_codecs(
    options: dict[str, Any], database: tuple[Any, Reader], tmp_path: Path
) -> None:
    path, made_path = tmp_path / "trades.parquet", tmp_path / "made.parquet"
    pq.write_table(sample(), path, **options)
    cells = sorted((row, 0, column, text) for (row, column), (text, _) in CHANGED.items())
    made_path.write_bytes(written(database, path, edits(*cells)))
    before, after = pq.ParquetFile(path), pq.ParquetFile(made_path)
    assert after.read().to_pylist() == expected_rows()
    assert after.schema_arrow.equals(before.schema_arrow, check_metadata=True)
    assert after.schema.equals(before.schema)
    # How Arrow puts its own schema into bytes is not for us to say; that it is the same was asked above.
    kept = [
        {key: value for key, value in (file.metadata.metadata or {}).items() if key != b"ARROW:schema"}
        for file in (before, after)
    ]
    assert kept[0] == kept[1]
    assert ("store_schema" in options) == (b"ARROW:schema" not in (after.metadata.metadata or {}))
    assert after.metadata.num_row_groups == before.metadata.num_row_groups
    codecs = [
        [file.metadata.row_group(0).column(at).compression for at in range(file.metadata.num_columns)]
        for file in (before, after)
    ]
    assert codecs[0] == codecs[1]


def test_rows_of_parquet_are_left_out_and_written_again(database: tuple[Any, Reader], tmp_path: Path) -> None:
    path, made_path = tmp_path / "trades.parquet", tmp_path / "made.parquet"
    pq.write_table(sample(), path, row_group_size=2)
    made_path.write_bytes(written(database, path, edits((3, 1, 2, "8"), repeated={1: 0, 3: 2})))
    made = pq.read_table(made_path).to_pylist()
    assert [row["trade_id"] for row in made] == ["T1", "T3", "T4", "T4"]
    assert [row["qty"] for row in made] == [100, 75, None, 8]


def test_a_polars_frame_and_an_arrow_table_keep_their_types() -> None:
    some = edits(*sorted((row, 0, column, text) for (row, column), (text, _) in CHANGED.items()))
    table = edited_frame(sample(), some)
    assert table.to_pylist() == expected_rows()
    assert table.schema.equals(sample().schema, check_metadata=True)
    frame = pl.from_arrow(sample())
    made = edited_frame(frame, some)
    assert made.schema == frame.schema
    assert made["qty"].to_list() == [101, 250, 75, None]
    assert made["side"].to_list() == ["B", "B", None, "B"]


def test_a_pandas_frame_keeps_its_types_and_the_given_one_is_not_changed() -> None:
    frame = pd.DataFrame(
        {
            "ref": ["T1", "T2", "T3"],
            "side": pd.Categorical(["B", "S", "B"]),
            "qty": np.array([1, 2, 3], np.int32),
            "px": [1.5, 2.5, np.nan],
            "day": pd.to_datetime(["2025-07-21", None, "2025-07-22"]),
            "lots": pd.array([1, None, 3], "Int64"),
            "exact": [Decimal("1.10"), Decimal("2.20"), None],
        }
    )
    before = frame.copy(deep=True)
    some = edits(
        (0, 0, 1, "X"), (0, 0, 3, None), (0, 0, 6, "1.11"), (1, 0, 4, "2025-07-23"), (1, 0, 5, "9"),
        (2, 1, 2, "4"),
        repeated={0: 1, 2: 2},
    )  # fmt: skip
    made = edited_frame(frame, some)
    pd.testing.assert_frame_equal(frame, before)
    assert made.dtypes.drop("side").equals(frame.dtypes.drop("side"))
    assert made["side"].tolist() == ["X", "S", "B", "B"]
    assert made["qty"].tolist() == [1, 2, 3, 4]
    assert made["exact"].tolist()[:2] == [Decimal("1.11"), Decimal("2.20")]
    assert made["day"].tolist()[1] == pd.Timestamp("2025-07-23")
    assert made["lots"].tolist()[1] == 9
    assert np.isnan(made["px"][0])
    assert list(made.index) == [0, 1, 2, 3]


def test_a_type_without_blanks_cannot_hold_one() -> None:
    frame = pd.DataFrame({"qty": [1, 2]})
    with pytest.raises(ListError, match="column 'qty' of the frame, of type int64, cannot hold a blank"):
        edited_frame(frame, edits((0, 0, 0, None)))


@pytest.mark.parametrize("kind", ["pandas", "arrow", "polars"])
def test_the_columns_of_a_frame_are_guessed_by_its_values(kind: str) -> None:
    table = sample().drop_columns("parts")
    frame = {"pandas": table.to_pandas, "polars": lambda: pl.from_arrow(table), "arrow": lambda: table}[
        kind
    ]()
    guessed = columns_of(frame)
    assert '{ name = "trade_id", kind = "reference", role = "trade_id" }' in guessed
    assert '{ name = "day", kind = "date", format = "%Y-%m-%d' in guessed
    assert 'name = "seen", kind = "timestamp"' in guessed
