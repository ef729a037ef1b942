"""Parquet as tradegen writes it: what other readers find, and its encodings against their specifications."""

from __future__ import annotations

import io
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import parquet_reference as reference
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from arrow_runs import RUNS
from hypothesis import given
from hypothesis import strategies as st
from reading import rows
from written import written_files, written_lists

from tradegen import generate
from tradegen.formats.parquet_encoding import Writer
from tradegen.formats.parquet_encoding.packing import differences, packed, runs, width_of
from tradegen.formats.parquet_encoding.snappy import Snappy, ascending_ids, ids_in_a_row, kept
from tradegen.formats.parquet_encoding.thrift import Long, encoded
from tradegen.formats.typed_columns import Column, Decimals, Ids, Names, Numbers, Printed, Texts

WIDTHS = (1, 2, 4, 8, 16, 24, 32, 40, 48, 56, 64)


def joined(pieces: Any) -> bytes:
    return b"".join(bytes(piece) for piece in pieces)


def file_of(columns: dict[str, Column], count: int) -> pq.ParquetFile:
    """A file of one block of columns."""
    content = io.BytesIO()
    writer = Writer(content.write, lambda _columns: {})
    writer.add(columns, count)
    writer.end()
    return pq.ParquetFile(content)


def read_back(column: Column, count: int) -> list[Any]:
    table = file_of({"it": column}, count).read()
    table.validate(full=True)
    values: list[Any] = table["it"].to_pylist()
    return values


# Whole files


def arguments_of(name: str) -> dict[str, Any]:
    # More than a block, and a last one that is small.
    return {"pairs": 66_000, "seed": 5, "date": "2025-07-08", **RUNS[name]}


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


# In its own form, a date is text already.
@pytest.mark.parametrize("name", [name for name in RUNS if "theirs" not in RUNS[name]])
def test_duckdb_reads_what_the_text_files_print(name: str, tmp_path: Path) -> None:
    """Another reader, and an expectation that has nothing to do with Arrow or with typed columns."""
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


def test_a_file_without_rows_has_the_columns_and_types_of_a_full_one() -> None:
    nothing = written_files("parquet", pairs=20, seed=1, mismatch_rate=0)["truth"]
    found, full = (
        pq.ParquetFile(io.BytesIO(content))
        for content in (nothing, written_files("parquet", pairs=20, seed=1)["truth"])
    )
    assert found.metadata.num_rows == found.metadata.num_row_groups == 0
    assert found.schema_arrow == full.schema_arrow


def test_row_groups_are_blocks_and_say_which_ids_and_times_they_hold() -> None:
    arguments = {"pairs": 70_000, "seed": 3, "first_id": 21}
    batch = generate(**arguments, date="2025-07-21")
    found = pq.ParquetFile(io.BytesIO(written_files("parquet", **arguments)["trades"]))
    about = found.metadata
    assert about.created_by.startswith("tradegen version ")
    assert [about.row_group(group).num_rows for group in range(about.num_row_groups)] == [131_072, 8_928]
    ends = [(21, 65_556), (65_557, 70_020)]
    for group, (first, last) in enumerate(ends):
        ids, times = (about.row_group(group).column(place).statistics for place in (0, 8))
        assert (ids.min, ids.max) == (f"tid{first:08d}", f"tid{last:08d}")
        part = batch.trades[batch.trades["trade_id"].between(ids.min, ids.max)]
        assert (times.min, times.max) == (part["trade_timestamp"].min(), part["trade_timestamp"].max())
        assert ids.null_count == times.null_count == 0
    # Sizes in the footer are those of the file.
    end = about.row_group(1).column(8)
    assert end.dictionary_page_offset is None or end.has_dictionary_page
    sizes = sum(
        about.row_group(group).column(place).total_compressed_size
        for group in range(2)
        for place in range(about.num_columns)
    )
    assert 4 + sizes + about.serialized_size + 8 == len(written_files("parquet", **arguments)["trades"])


def test_ids_of_different_lengths_have_no_least_and_most() -> None:
    """As text, tid100000000 comes before tid99999999."""
    numbers = 99_999_998 + np.arange(4)
    group = file_of({"it": Ids(numbers, range(99_999_998, 100_000_002))}, 4).metadata.row_group(0)
    assert group.column(0).statistics is None or not group.column(0).statistics.has_min_max


# Ids


@pytest.mark.parametrize(
    ("numbers", "usual"),
    [
        ([5], range(5, 6)),
        ([7, 5, 6, 5, 7, 6], range(5, 8)),
        ([9_998, 10_001, 9_999, 10_000, 9_998], range(9_998, 10_002)),
        (
            [100_000_001, 99_999_998, 99_999_999, 100_000_000, 99_999_998, 10**9],
            range(99_999_998, 100_000_002),
        ),
        ([3, 90_000_002, 1, 2, 90_000_002, 1], range(1, 4)),  # mistyped
        ([1, 1, 2, 3, 3, 4_000, 9_999, 10_000, 65_000], range(1, 65_537)),  # the truth's
        ([2**63 - 1, 2**63 - 2], range(2**63 - 2, 2**63)),
        (list(range(1, 500_000, 5_000)), range(1, 500_000)),
        (list(range(1, 1_000_000, 7_777)), range(1, 1_000_000)),  # too many turns to ascend
    ],
    ids=lambda of: f"{len(of)} {of[0]}",
)
def test_ids_are_read_as_they_are(numbers: list[int], usual: range) -> None:
    expected = [f"tid{number:08d}" for number in numbers]
    assert read_back(Ids(np.array(numbers), usual), len(numbers)) == expected


def plain_ids(numbers: Iterable[int]) -> bytes:
    texts = [f"tid{number:08d}".encode() for number in numbers]
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def assert_stands_for(found: Snappy | None, plain: bytes) -> None:
    assert found is not None
    stream = joined(found.content.pieces)
    assert reference.snappy(stream) == plain
    assert pa.Codec("snappy").decompress(stream, len(plain)).to_pybytes() == plain
    assert found.content.size == len(plain)


@given(first=st.integers(1, 2**63 - 70_000), count=st.integers(1, 300), more=st.integers(0, 20_000))
def test_ids_are_the_snappy_of_plain_text(first: int, count: int, more: int) -> None:
    numbers = first + np.unique(np.linspace(0, more, count).astype(np.int64))
    assert_stands_for(ascending_ids(numbers), plain_ids(numbers.tolist()))
    assert_stands_for(ids_in_a_row(range(first, first + count)), plain_ids(range(first, first + count)))


@pytest.mark.parametrize("first", [1, 9_999, 10_000, 10_001, 123_456, 10**8 - 30_000, 10**8 - 1, 10**12])
def test_a_blocks_ids_take_five_bytes_each(first: int) -> None:
    numbers = range(first, first + 65_536)
    found = ids_in_a_row(numbers)
    assert_stands_for(found, plain_ids(numbers))
    assert len(joined(found.content.pieces)) < 5.2 * len(numbers)


def test_ids_in_no_order_do_not_ascend() -> None:
    numbers = np.random.default_rng(1).permutation(10**6)
    assert ascending_ids(numbers) is None


@given(st.lists(st.binary(max_size=300), max_size=4))
def test_what_is_kept_is_snappy_too(pieces: list[bytes]) -> None:
    assert reference.snappy(joined(kept(pieces).content.pieces)) == b"".join(pieces)
    assert reference.snappy(joined((kept(pieces) + kept(pieces)).content.pieces)) == 2 * b"".join(pieces)


# Packing


@pytest.mark.parametrize("width", WIDTHS)
@given(data=st.data())
def test_numbers_are_packed_lowest_bit_first(width: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, 2 ** min(width, 63) - 1), min_size=1, max_size=40))
    found = bytes(packed(np.array(values), width))
    assert len(found) == -(-len(values) // 8) * width
    assert reference.unpacked(found, width, len(values)) == values


@pytest.mark.parametrize("width", WIDTHS)
def test_the_width_is_the_least_there_is(width: int) -> None:
    assert width_of(2**width - 1) == width
    assert width == WIDTHS[-1] or width_of(2**width) == WIDTHS[WIDTHS.index(width) + 1]


@given(st.sampled_from(WIDTHS[:7]), st.data())
def test_runs_are_read_as_the_specification_has_it(width: int, data: st.DataObject) -> None:
    number = st.integers(0, 2**width - 1)
    values = data.draw(
        st.lists(number, min_size=1, max_size=50)
        | st.tuples(number, st.integers(1, 99)).map(lambda of: [of[0]] * of[1])
    )
    found = joined(runs(np.array(values), width))
    assert reference.runs(found, width, len(values)) == values
    assert len(set(values)) > 1 or len(found) <= 6


LARGE = st.integers(-(2**61), 2**61 - 1)


@given(st.lists(LARGE, min_size=1, max_size=10) | st.lists(st.integers(-300, 300), min_size=1, max_size=400))
def test_differences_are_read_as_the_specification_has_it(values: list[int]) -> None:
    assert reference.differences(joined(differences(np.array(values, np.int64)))) == values


@pytest.mark.parametrize("count", [1, 2, 32, 33, 34, 97, 128, 129, 130, 160, 161, 162, 257, 300])
def test_differences_of_any_number_end_where_they_should(count: int) -> None:
    values = np.random.default_rng(count).integers(-(10**10), 10**10, count)
    assert reference.differences(joined(differences(values))) == values.tolist()
    assert read_back(Numbers(values, "whole"), count) == values.tolist()


# Columns


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5))
def test_numbers_however_far_apart_are_read_as_they_are(values: list[int]) -> None:
    assert read_back(Numbers(np.array(values, np.int64), "whole"), len(values)) == values


@pytest.mark.parametrize("step", [1, 1_000, 1_000_000])
@pytest.mark.parametrize("off", [0, 1])
def test_times_are_read_as_they_are_on_any_grid(step: int, off: int) -> None:
    """Also those that are not on the grid that they are said to be on."""
    values = 1_753_090_200_000_000 + step * np.random.default_rng(1).integers(0, 50, 1_000)
    values[-1] += off
    found = read_back(Numbers(values, "moments", step), len(values))
    assert [int(pa.scalar(moment, pa.timestamp("us")).value) for moment in found] == values.tolist()


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), min_size=1, max_size=20), st.integers(-3, 3))
def test_wide_decimals_are_read_as_they_are(values: list[int | None], upper: int) -> None:
    """24 digits: 80 bits and a sign. The upper half is that of Python's own numbers."""
    wide = [None if value is None else value + (upper << 64) for value in values]
    numbers = [value or 0 for value in wide]
    low = np.array([(number + 2**63) % 2**64 - 2**63 for number in numbers])
    column = Decimals(
        low,
        24,
        6,
        upper=np.array([number >> 64 for number in numbers]),
        valid=np.array([value is not None for value in wide]),
    )
    found = read_back(column, len(wide))
    assert [None if value is None else int(value.scaleb(6)) for value in found] == wide


@pytest.mark.parametrize("precision", range(1, 39))
def test_decimals_of_any_precision_hold_their_largest(precision: int) -> None:
    most = 10 ** min(precision, 18) - 1
    assert [int(value) for value in read_back(Decimals(np.array([most, -most]), precision, 0), 2)] == [
        most,
        -most,
    ]


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=30), min_size=1))
def test_texts_are_read_without_their_padding(texts: list[str]) -> None:
    column = np.array([text.encode() for text in texts], f"S{max(max(map(len, map(str.encode, texts))), 1)}")
    assert read_back(Texts(column), len(texts)) == texts


def test_padding_may_stand_anywhere_and_texts_may_be_long() -> None:
    column = np.array([b"\0\0a", b"b\0c", b"d" * 300, b""])
    assert read_back(Texts(column), 4) == ["a", "bc", "d" * 300, ""]


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(-(2**62), 2**62) | st.integers(0, 5)),
        min_size=1,
    )
)
def test_values_of_several_fields_are_read_as_each_prints_them(rows: list[tuple[str, int]]) -> None:
    fields = np.array([field for field, _ in rows])
    forms = {
        field: lambda values, mark=field: np.array([f"{mark}{value}".encode() for value in values.tolist()])
        for field in "abc"
    }
    where = {field: np.flatnonzero(fields == field) for field in sorted(set(fields.tolist()))}
    column = Printed(np.array([value for _, value in rows]), where, forms)
    assert read_back(column, len(rows)) == [f"{field}{value}" for field, value in rows]


@pytest.mark.parametrize("count", [1, 2, 3, 17, 300, 70_000])
def test_names_of_any_number_are_read_as_they_are(count: int) -> None:
    names = [f"name {number}" for number in range(count)]
    codes = np.random.default_rng(1).integers(0, count, 500)
    assert read_back(Names(codes, names), 500) == [names[code] for code in codes]


# The footer's protocol


@pytest.mark.parametrize(
    ("struct", "expected"),
    [
        # Worked out by hand from the protocol: type 5 is i32, 6 i64, 8 binary, 9 list, 12 struct.
        ({}, "00"),
        ({1: 3}, "15 06 00"),
        ({1: -1}, "15 01 00"),
        ({2: Long(150), 3: True, 5: False}, "26 ac02 11 22 00"),
        ({1: None, 4: "ab"}, "48 02 6162 00"),
        ({1: {1: 1}, 2: [1, 2]}, "1c 15 02 00 19 25 02 04 00"),
        ({1: [{1: 1}, {}]}, "19 2c 15 02 00 00 00"),
        ({1: [0] * 15}, "19 f5 0f" + " 00" * 15 + " 00"),
    ],
    ids=str,
)
def test_structs_are_written_as_the_protocol_has_it(struct: Any, expected: str) -> None:
    assert encoded(struct) == bytes.fromhex(expected)
