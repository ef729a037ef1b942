"""Parquet as tradegen writes it: what other libraries read in it, and what it says of itself."""

from __future__ import annotations

import functools
import io
import itertools
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import fastparquet
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from arrow_runs import RUNS
from conftest import GOLDEN
from reading import rows
from sizes import chosen, size
from written import written_files, written_lists

from tradegen import OutputError, generate
from tradegen.formats.parquet_options import COMPRESSIONS, ParquetOptions

EVERYTHING = {"scenario": "everything", "pairs": 5_000, "seed": 5}
SEVERAL_BLOCKS = {"single", "other names and dates", "fat fingers"}


def arguments_of(name: str) -> dict[str, Any]:
    # More than a block, and a last one that is small.
    pairs = 66_000 if name in SEVERAL_BLOCKS else size(5_000, 66_000)
    return {"pairs": pairs, "seed": 5, "date": "2025-07-08", **RUNS[name]}


def small_files(name: str, folder: Path) -> Iterator[tuple[Path, pa.Table]]:
    """The files of a run, of several row groups each, and what they are to hold."""
    arguments = {**arguments_of(name), "pairs": 3_000}
    held = generate(**arguments).to_arrow()
    for table, content in written_files("parquet", options(row_group_rows=1_000), **arguments).items():
        path = folder / f"{table}.parquet"
        path.write_bytes(content)
        yield path, held[table]


def file_of(content: bytes) -> pq.ParquetFile:
    return pq.ParquetFile(io.BytesIO(content))


def options(**given: Any) -> dict[str, Any]:
    return {"options": ParquetOptions(**given)}


# What is read


@pytest.mark.parametrize("name", RUNS)
def test_arrow_reads_what_it_holds_itself(name: str) -> None:
    """Values, types, names and which columns may be null."""
    arguments = arguments_of(name)
    held, files = generate(**arguments).to_arrow(), written_files("parquet", **arguments)
    assert files.keys() == held.keys()
    for table, content in files.items():
        found = pq.read_table(io.BytesIO(content))
        found.validate(full=True)
        assert found.schema == held[table].schema
        assert found.combine_chunks().equals(held[table].unify_dictionaries().combine_chunks())


def by_duckdb(path: Path) -> dict[str, list[Any]]:
    found = duckdb.sql(f"FROM '{path}'")
    return dict(zip(found.columns, map(list, zip(*found.fetchall(), strict=True)), strict=True))


def by_polars(path: Path) -> dict[str, list[Any]]:
    return pl.read_parquet(path).to_dict(as_series=False)


def by_pandas(path: Path) -> dict[str, list[Any]]:
    frame = pd.read_parquet(path)
    return {name: frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame}


READERS = (by_duckdb, by_polars, by_pandas)


@pytest.mark.parametrize(
    ("name", "read"),
    chosen(itertools.product(RUNS, READERS), list(zip(RUNS, itertools.cycle(READERS), strict=False))),
)
def test_other_libraries_read_the_same(
    name: str, read: Callable[[Path], dict[str, list[Any]]], tmp_path: Path
) -> None:
    """As Arrow holds it: exact decimals, dates, times, text."""
    for path, held in small_files(name, tmp_path):
        found = read(path)
        assert list(found) == held.column_names
        for column, values in found.items():
            assert values == held[column].to_pylist(), column


@pytest.mark.parametrize("name", RUNS)
def test_fastparquet_reads_the_same_up_to_its_doubles(name: str, tmp_path: Path) -> None:
    """It has no decimals, and misread every price and time of the files of tradegen 0.1.0."""
    for path, held in small_files(name, tmp_path):
        with path.open("rb") as stream:
            found = fastparquet.ParquetFile(stream).to_pandas()
        assert list(found.columns) == held.column_names
        for column in found:
            expected, values = held[column].to_pylist(), found[column]
            if isinstance(expected[0], Decimal) or column == "delta":
                places = held.schema.field(column).type.scale
                digits = [None if value != value else round(value * 10**places) for value in values.tolist()]
                assert digits == [None if value is None else int(value.scaleb(places)) for value in expected]
            elif pd.api.types.is_datetime64_dtype(values):
                assert values.tolist() == [pd.Timestamp(value) for value in expected]
            else:
                assert values.tolist() == expected, column


# In its own form, a date is text already.
@pytest.mark.parametrize("name", [name for name in RUNS if "theirs" not in RUNS[name]])
def test_duckdb_reads_what_the_text_files_print(name: str, tmp_path: Path) -> None:
    """Another reader, and an expectation that has nothing to do with Arrow or with its types."""
    arguments = {**arguments_of(name), "pairs": 5_000}
    lists, truth = written_lists("csv", **arguments)
    precision = generate(**{**arguments, "pairs": 1}).run.scenario.timestamp_precision
    form = "%Y-%m-%d %H:%M:%S" + {"s": "", "ms": ".%g", "us": ".%f"}[precision]
    for table, content in written_files("parquet", **arguments).items():
        path = tmp_path / f"{table}.parquet"
        path.write_bytes(content)
        expected = rows(truth if table == "truth" else lists[table])
        texts = [
            f"strftime({column}, '{form}')" if column == "trade_timestamp" else f"{column}::VARCHAR"
            for column in expected[0]
        ]
        found = duckdb.sql(f"SELECT {', '.join(texts)} FROM '{path}'").fetchall()
        assert len(found) == len(expected)
        for place, column in enumerate(expected[0]):
            read = [row[place] or "" for row in found]
            printed = [row[column] for row in expected]
            if column == "delta":
                # The file's decimals all have the same scale, where text has the digits of the field.
                read, printed = (["" if one == "" else Decimal(one) for one in of] for of in (read, printed))
            assert read == printed, column


@pytest.mark.parametrize("table", ["trades", "truth"])
def test_the_values_are_those_of_the_golden_text_files(table: str, tmp_path: Path) -> None:
    path = tmp_path / "it.parquet"
    path.write_bytes(written_files("parquet", seed=7, first_id=21)[table])
    found = duckdb.sql(f"SELECT COLUMNS(*)::VARCHAR FROM '{path}'")
    expected = rows((GOLDEN / f"original.{table}.csv").read_text("utf-8"))
    for row, golden in zip(found.fetchall(), expected, strict=True):
        for column, value in zip(found.columns, row, strict=True):
            if column == "delta" and value:
                assert Decimal(value) == Decimal(golden[column])
            else:
                assert (value or "") == golden[column]


def test_a_file_without_rows_has_the_columns_and_types_of_a_full_one() -> None:
    nothing = written_files("parquet", pairs=20, seed=1, mismatch_rate=0)["truth"]
    found, full = file_of(nothing), file_of(written_files("parquet", pairs=20, seed=1)["truth"])
    assert found.metadata.num_rows == found.metadata.num_row_groups == 0
    assert found.schema_arrow == full.schema_arrow


@pytest.mark.parametrize("first_id", [99_990_000, 2**63 - 1 - 70_000])
def test_ids_of_other_lengths_are_read_as_they_are(first_id: int) -> None:
    content = written_files("parquet", pairs=66_000, seed=1, first_id=first_id)["trades"]
    found = set(pq.read_table(io.BytesIO(content))["trade_id"].to_pylist())
    assert found == {f"tid{first_id + offset:08d}" for offset in range(66_000)}


@pytest.mark.parametrize("most", [2_000, 10**9])
def test_quantities_of_any_range_are_read_as_they_are(most: int) -> None:
    """Few different ones are a dictionary; so many that it would not pay, are not."""
    arguments = {"pairs": 66_000, "seed": 1, "quantity_max": most}
    content = written_files("parquet", **arguments)["trades"]
    found = pq.read_table(io.BytesIO(content))["quantity"]
    assert found.to_pylist() == generate(**arguments).trades["quantity"].tolist()
    about = file_of(content).metadata.row_group(0)
    small = {about.column(at).path_in_schema for at in range(9) if about.column(at).has_dictionary_page}
    assert small >= {"ticker", "broker_id", "contra_broker_id", "order_type", "date"}


# What it says of itself


def test_row_groups_are_blocks_and_say_which_ids_and_times_they_hold() -> None:
    arguments = {"pairs": 70_000, "seed": 3, "first_id": 21}
    batch = generate(**arguments, date="2025-07-21")
    about = file_of(written_files("parquet", **arguments)["trades"]).metadata
    assert [about.row_group(group).num_rows for group in range(about.num_row_groups)] == [131_072, 8_928]
    for group, (first, last) in enumerate([(21, 65_556), (65_557, 70_020)]):
        ids, times = (about.row_group(group).column(place).statistics for place in (0, 8))
        assert (ids.min, ids.max) == (f"tid{first:08d}", f"tid{last:08d}")
        part = batch.trades[batch.trades["trade_id"].between(ids.min, ids.max)]
        assert (times.min, times.max) == (part["trade_timestamp"].min(), part["trade_timestamp"].max())


@pytest.mark.parametrize("table", ["trades", "truth"])
def test_every_column_has_statistics_and_a_page_index(table: str) -> None:
    content = written_files("parquet", **EVERYTHING)[table]
    about, held = file_of(content).metadata.row_group(0), pq.read_table(io.BytesIO(content))
    for place in range(about.num_columns):
        column = about.column(place)
        statistics = column.statistics
        values = [value for value in held[column.path_in_schema].to_pylist() if value is not None]
        assert (statistics.min, statistics.max) == (min(values), max(values)), column.path_in_schema
        assert statistics.null_count == len(held) - len(values)
        assert column.has_column_index
        assert column.has_offset_index


@pytest.mark.parametrize("table", ["trades", "truth"])
def test_no_column_is_encoded_by_differences(table: str) -> None:
    """fastparquet misreads columns with these encodings, whichever library wrote them."""
    about = file_of(written_files("parquet", **EVERYTHING)[table]).metadata.row_group(0)
    used = {encoding for place in range(about.num_columns) for encoding in about.column(place).encodings}
    assert used <= {"PLAIN", "RLE", "RLE_DICTIONARY"}


def test_prices_are_decimals_held_as_whole_numbers() -> None:
    column = file_of(written_files("parquet", seed=1)["trades"]).schema.column(5)
    assert (column.name, column.physical_type) == ("price", "INT64")
    assert (column.logical_type.type, column.precision, column.scale) == ("DECIMAL", 18, 2)


def test_the_truth_names_the_mechanisms_of_its_scenario_alone() -> None:
    """Another mechanism in the catalogue changes no file of a scenario that does not have it."""
    mechanisms = {"price.nudge": 1.0, "quantity.nudge": 1.0}
    content = written_files("parquet", pairs=500, seed=1, mechanisms=mechanisms)["truth"]
    [chunk] = pq.read_table(io.BytesIO(content))["mechanism"].chunks
    assert sorted(chunk.dictionary.to_pylist()) == sorted(mechanisms)


# Options


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_the_codec_is_the_one_asked_for_and_the_values_are_the_same(compression: str) -> None:
    plain = written_files("parquet", **EVERYTHING)
    for table, content in written_files("parquet", options(compression=compression), **EVERYTHING).items():
        about = file_of(content).metadata.row_group(0)
        codecs = {about.column(place).compression for place in range(about.num_columns)}
        expected = {"none": {"UNCOMPRESSED"}, "zstd": {"ZSTD"}}.get(
            compression, {compression.upper(), "UNCOMPRESSED"}
        )
        assert codecs == expected
        assert pq.read_table(io.BytesIO(content)).equals(pq.read_table(io.BytesIO(plain[table])))


THREE_BLOCKS = {"scenario": "everything", "pairs": 140_000, "seed": 2}


@functools.cache
def with_default_row_groups() -> dict[str, pa.Table]:
    tables = written_files("parquet", **THREE_BLOCKS).items()
    return {
        name: pq.read_table(io.BytesIO(content)).unify_dictionaries().combine_chunks()
        for name, content in tables
    }


@pytest.mark.slow
@pytest.mark.parametrize("size", chosen([1_000, 65_536, 131_072, 200_000, 10**7], [1_000, 131_072, 200_000]))
def test_row_groups_have_the_rows_asked_for_and_the_values_are_the_same(size: int) -> None:
    for table, content in written_files("parquet", options(row_group_rows=size), **THREE_BLOCKS).items():
        found = file_of(content)
        groups = [found.metadata.row_group(group).num_rows for group in range(found.metadata.num_row_groups)]
        whole, left = divmod(found.metadata.num_rows, size)
        assert groups == [size] * whole + [left] * (left > 0)
        assert found.read().unify_dictionaries().combine_chunks().equals(with_default_row_groups()[table])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"compression": "gzip"}, "compression 'gzip' is unknown; expected one of: snappy, zstd, lz4, none"),
        ({"compression": "snapy"}, "compression 'snapy' is unknown; did you mean snappy?"),
        ({"row_group_rows": 0}, "row_group_rows is 0; expected a whole number from 1 to 67108864"),
        ({"row_group_rows": 1.5}, "row_group_rows is 1.5; expected a whole number from 1 to 67108864"),
    ],
)
def test_options_that_there_are_not_are_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OutputError) as caught:
        ParquetOptions(**given)
    assert str(caught.value) == sentence


def test_names_are_dictionaries_in_arrow_and_text_in_sql(tmp_path: Path) -> None:
    content = written_files("parquet", seed=1)["trades"]
    assert pa.types.is_dictionary(file_of(content).schema_arrow.field("ticker").type)
    (tmp_path / "it.parquet").write_bytes(content)
    found = duckdb.sql(f"FROM '{tmp_path}/it.parquet'")
    assert dict(zip(found.columns, found.types, strict=True))["ticker"] == "VARCHAR"
