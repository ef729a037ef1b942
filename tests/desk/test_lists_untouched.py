"""A list written with edits: every byte that is no altered cell is the input's."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foreign_lists import BROKER_EXPORTS, ForeignList, random_list
from sizes import size

from tradegen.core.databases import temporary_database
from tradegen.desk.injecting.held_list import hold
from tradegen.desk.lists.columns_toml import columns_of
from tradegen.desk.lists.csv_chunks import csv_chunks
from tradegen.desk.lists.edits import Edits
from tradegen.desk.lists.list_form import load_forms
from tradegen.desk.lists.list_reading import open_list
from tradegen.desk.lists.list_writing import write_list
from tradegen.errors import ListError
from tradegen.output.files import OutputFile
from tradegen.scoring.relations import Reader


@pytest.fixture(scope="module")
def database() -> Iterator[tuple[Any, Reader]]:
    with temporary_database("test", "200MB") as (connection, folder):
        yield connection, Reader(connection, folder)


def edits_of(*cells: tuple[int, int, int, str | None], repeated: dict[int, int] | None = None) -> Edits:
    rows, copies, columns, texts = zip(*sorted(cells), strict=True) if cells else ((), (), (), ())
    whole = [np.array(part, np.int64) for part in (rows, copies, columns)]
    times = sorted((repeated or {}).items())
    return Edits(
        *whole,
        texts=texts,
        repeated=np.array([row for row, _ in times], np.int64),
        times=np.array([count for _, count in times], np.int64),
    )


def written(database: tuple[Any, Reader], path: Path, described: object, *parts: Edits) -> bytes:
    connection, reader = database
    one = open_list(reader, path, load_forms(described).ours)
    out = io.BytesIO()
    write_list(connection, one, parts, out)
    return out.getvalue()


@pytest.mark.sized
def test_without_edits_lists_of_any_dialect_come_out_as_they_went_in(
    database: tuple[Any, Reader], tmp_path: Path
) -> None:
    rng = np.random.default_rng(17)
    for number in range(size(25, 200)):
        given = random_list(rng)
        path = given.write(tmp_path / f"{number}.csv")
        content = path.read_bytes()
        made = written(database, path, given.described())
        assert given.decoded(made) == given.decoded(content), given.file
        if given.file["compression"] == "none":
            assert made == content
        assert path.read_bytes() == content


@pytest.mark.sized
def test_only_the_edited_cells_of_a_list_of_any_dialect_differ(
    database: tuple[Any, Reader], tmp_path: Path
) -> None:
    rng = np.random.default_rng(18)
    for number in range(size(25, 200)):
        given = random_list(rng)
        if not given.raw:
            continue
        path = given.write(tmp_path / f"{number}.csv")
        rows, width = len(given.raw), len(given.names)
        cells = {
            (int(rng.integers(rows)), int(rng.integers(width))): f"new{n}"
            for n in range(int(rng.integers(1, 9)))
        }
        made = written(
            database,
            path,
            given.described(),
            edits_of(*((row, 0, at, text) for (row, at), text in cells.items())),
        )
        before, after = given.read(given.text()), given.read(given.decoded(made))
        expected = [list(row) for row in before]
        raw = [list(row) for row in given.raw]
        for (row, at), text in cells.items():
            blanks = before[row][at].strip(" ")
            lead, _, trail = before[row][at].partition(blanks) if blanks else ("", "", "")
            expected[row][at] = lead + text + trail
            raw[row][at] = given.requoted(row, at, lead + text + trail)
        assert after == expected, given.file
        assert given.decoded(made) == given.text(raw), given.file


@pytest.mark.sized
def test_rows_are_left_out_and_written_again_at_any_place(
    database: tuple[Any, Reader], tmp_path: Path
) -> None:
    rng = np.random.default_rng(19)
    for number in range(size(15, 100)):
        given = random_list(rng)
        path = given.write(tmp_path / f"{number}.csv")
        repeated = {row: int(rng.integers(4)) for row in range(len(given.raw)) if rng.random() < 0.3}
        cells = [(row, copy, 0, f"{row}-{copy}") for row, times in repeated.items() for copy in range(times)
                 if rng.random() < 0.5]  # fmt: skip
        made = given.decoded(written(database, path, given.described(), edits_of(*cells, repeated=repeated)))
        expected = []
        for row, values in enumerate(given.read(given.text())):
            for copy in range(repeated.get(row, 1)):
                new = {(r, c): text for r, c, _, text in cells}.get((row, copy))
                expected.append([new, *values[1:]] if new else values)
        assert given.read(made) == expected, given.file
        if expected and given.file["line_end"] != "mixed":
            assert made.endswith(given.line_ends[0]) == given.final_end


@pytest.mark.parametrize("name", BROKER_EXPORTS)
def test_what_is_guessed_of_an_export_reads_it_and_writes_it_as_it_was(
    name: str, database: tuple[Any, Reader], tmp_path: Path
) -> None:
    path, columns = tmp_path / "trades.csv", tmp_path / "columns.toml"
    path.write_bytes(BROKER_EXPORTS[name])
    columns.write_text(columns_of(path), "utf-8")
    assert written(database, path, columns) == BROKER_EXPORTS[name]
    connection, reader = database
    one = open_list(reader, path, load_forms(columns).ours)
    connection.execute("DROP TABLE IF EXISTS held")
    assert hold(connection, one, range(len(one.form.columns))).one is one


@pytest.mark.parametrize("known", [False, True], ids=["compared", "counted"])
@pytest.mark.parametrize("piece", [1, 7, 64])
def test_cells_are_found_in_pieces_of_any_size(
    piece: int, known: bool, database: tuple[Any, Reader], tmp_path: Path
) -> None:
    rng = np.random.default_rng(20)
    connection, reader = database
    for number in range(size(6, 30)):
        given = random_list(rng)
        path = given.write(tmp_path / f"{number}.csv")
        one = open_list(reader, path, load_forms(given.described()).ours)
        read = len(given.raw) if known else None
        chunks = list(csv_chunks(connection, one, read, piece=piece))
        whole = b"".join(chunk.text for chunk in chunks)
        assert whole.decode() == given.text()
        width = len(given.names)
        cells = []
        for chunk in chunks:
            rows = np.arange(len(chunk.rows.afters)).repeat(width)
            spans = chunk.spans(rows, np.tile(np.arange(width), len(chunk.rows.afters)))
            found = [chunk.text[a:b].decode() for a, b in zip(*map(np.ndarray.tolist, spans), strict=True)]
            cells += [found[at : at + width] for at in range(0, len(found), width)]
        assert cells == given.raw, given.file


@pytest.mark.parametrize(
    ("content", "line_end"),
    [
        ("id,qty\nT1,1\nT2,2\nT3,3\n", "\n"),
        ("id,qty\nT1,1\nT2,2\nT3,3", "\n"),
        ("id,qty\r\nT1,1\r\nT2,2\r\nT3,3\r\n", "\r\n"),
        ('id,qty\nT1,1\nT2,2\nT3,"3"\n', "\n"),
    ],
    ids=["lines", "no line end", "CR LF", "quotes at last"],
)
@pytest.mark.parametrize("read", [2, 3, 4])
def test_a_list_of_more_or_fewer_rows_than_were_read_is_refused(
    read: int, content: str, line_end: str, database: tuple[Any, Reader], tmp_path: Path
) -> None:
    path = tmp_path / "trades.csv"
    path.write_text(content, newline="")
    kinds = [{"name": "id", "kind": "reference"}, {"name": "qty", "kind": "text"}]
    described = {"id": ["id"], "file": {"line_end": line_end}, "columns": kinds}
    one = open_list(database[1], path, load_forms(described).ours)
    chunks = csv_chunks(database[0], one, read, piece=8)
    # From the first quotation mark on, all values are compared, and the number of rows is not asked for.
    if read == 3 or '"' in content:
        assert b"".join(chunk.text for chunk in chunks).decode() == content
    else:
        with pytest.raises(ListError, match=r"has 3 rows, and \d were read"):
            list(chunks)


@pytest.mark.parametrize(("before", "after"), [(" 100", " 101"), ('"100"', '"101"')], ids=["bare", "quoted"])
def test_a_cell_that_is_another_than_was_read_is_not_altered(
    before: str, after: str, database: tuple[Any, Reader], tmp_path: Path
) -> None:
    path = tmp_path / "trades.csv"
    path.write_text(f"id,qty\nT1,{before}\n")
    kinds = [{"name": "id", "kind": "reference"}, {"name": "qty", "kind": "integer"}]
    one = open_list(database[1], path, load_forms({"id": ["id"], "columns": kinds}).ours)
    edits = edits_of((0, 0, 1, "101"))
    out = io.BytesIO()
    write_list(database[0], one, [dataclasses.replace(edits, olds=("100",))], out, 1)
    assert out.getvalue().decode() == f"id,qty\nT1,{after}\n"
    with pytest.raises(ListError, match=r"has '100' in row 1 where '10' was read"):
        write_list(database[0], one, [dataclasses.replace(edits, olds=("10",))], io.BytesIO(), 1)


def test_edits_that_come_in_parts_are_the_same_as_all_at_once(
    database: tuple[Any, Reader], tmp_path: Path
) -> None:
    given = random_list(np.random.default_rng(1))
    while len(given.raw) < 20 or given.file["line_end"] == "mixed":
        given = random_list(np.random.default_rng(len(given.raw) + 7 * len(given.names)))
    path = given.write(tmp_path / "trades.csv")
    cells = [(row, 0, 0, f"n{row}") for row in range(0, 20, 3)]
    parts = [
        edits_of(*cells[:2]),
        edits_of(),
        edits_of(*cells[2:3], repeated={6: 2, 7: 0}),
        edits_of(*cells[3:]),
    ]
    at_once = edits_of(*cells, repeated={6: 2, 7: 0})
    made = [written(database, path, given.described(), *edits) for edits in (parts, [at_once])]
    assert made[0] == made[1] != written(database, path, given.described())


def padded_list() -> tuple[bytes, dict[str, object]]:
    column = {"kind": "text", "width": 8}
    names = {"ref": {"kind": "reference", "width": 8}, "name": column, "qty": {**column, "align": "right"}}
    described = {
        "id": ["ref"],
        "file": {"separator": "|"},
        "columns": [{"name": name, **kind} for name, kind in names.items()],
    }
    return b"ref     |name    |     qty\nT1      |ALPHABET|     100\nT2      |IBM     |   10000\n", described


def test_an_altered_cell_is_padded_to_the_width_of_its_column(
    database: tuple[Any, Reader], tmp_path: Path
) -> None:
    content, described = padded_list()
    path = tmp_path / "trades.txt"
    path.write_bytes(content)
    made = written(database, path, described, edits_of((0, 0, 1, "IBM"), (0, 0, 2, "7"), (1, 0, 2, None)))
    assert made == content.replace(b"ALPHABET|     100", b"IBM     |       7").replace(b"   10000", b" " * 8)


def test_a_text_that_needs_quotes_where_a_list_has_none_is_refused(
    database: tuple[Any, Reader], tmp_path: Path
) -> None:
    path = tmp_path / "trades.csv"
    path.write_text("id,name\nT1,IBM\n")
    described = {
        "id": ["id"], "file": {"quote": ""},
        "columns": [{"name": "id", "kind": "reference"}, {"name": "name", "kind": "text"}],
    }  # fmt: skip
    with pytest.raises(ListError, match=r"column 'name' cannot hold 'A,B', since the list has no quotes"):
        written(database, path, described, edits_of((0, 0, 1, "A,B")))


def test_a_list_that_cannot_be_written_leaves_what_was_there(
    database: tuple[Any, Reader], tmp_path: Path
) -> None:
    connection, reader = database
    content, described = padded_list()
    path, out = tmp_path / "trades.txt", tmp_path / "out.txt"
    path.write_bytes(content)
    out.write_text("before")
    one = open_list(reader, path, load_forms(described).ours)
    path.write_bytes(content + b"T3|one cell too few\n")
    with pytest.raises(ListError, match="has 2 cells in row 3; expected 3"), OutputFile(out) as made:
        write_list(connection, one, [], made)
    assert out.read_text() == "before"
    assert {item.name for item in tmp_path.iterdir()} == {"trades.txt", "out.txt"}


REFUSED = {
    "a row of too many cells": (b"id,qty\nT1,1\nT2,2,3\n", {}, r"has 3 cells in row 2; expected 2"),
    "a row of too few cells": (b"id,qty\nT1\n", {}, r"has 1 cells in row 1; expected 2"),
    "a byte that is no UTF-8": (
        b"id,qty\nT1,1\nT2,\xe92\n", {}, r"is not utf-8 throughout: byte 15, in line 3,"
    ),
    "half a letter of UTF-16": (
        "id,qty\nT1,1\n".encode("utf-16-le") + b"\x00\xd8\n\x00", {"encoding": "utf-16-le"},
        r"is not utf-16-le throughout: byte 24, in line 3,",
    ),
    "a letter that CP1252 has not": (
        b"id,qty\nT1,\x81\n", {"encoding": "cp1252"}, r"is not cp1252 throughout: byte 10, in line 2,"
    ),
    "a byte order mark that is not stated": (b"\xef\xbb\xbfid,qty\nT1,1\n", {}, r"has byte order mark"),
    "no byte order mark where one is stated": (b"id,qty\nT1,1\n", {"bom": True}, r"has no byte order mark"),
    "no gzip where it is stated": (b"id,qty\nT1,1\n", {"compression": "gz"}, r"cannot be read as gz"),
    "line ends of two kinds": (b"id,qty\nT1,1\r\nT2,2\n", {}, r"trades.csv (cannot be read|has row)"),
    "a quote that does not end": (b'id,qty\nT1,"1\nT2,2\n', {}, r"trades.csv (cannot be read|has )"),
    "text behind a quoted cell": (b'id,qty\nT1,"1"x\nT2,2\n', {}, r"trades.csv (cannot be read|has )"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_list_that_is_not_as_described_is_refused_with_its_place(
    case: str, database: tuple[Any, Reader], tmp_path: Path
) -> None:
    content, file, message = REFUSED[case]
    path = tmp_path / "trades.csv"
    path.write_bytes(content)
    described = {
        "id": ["id"], "file": file,
        "columns": [{"name": "id", "kind": "reference"}, {"name": "qty", "kind": "text"}],
    }  # fmt: skip
    with pytest.raises(ListError, match=message):
        written(database, path, described)


def test_the_generator_of_lists_writes_what_pythons_csv_module_reads() -> None:
    rng = np.random.default_rng(3)
    read = [random_list(rng) for _ in range(40)]
    for given in read:
        assert [row[0] for row in given.read(given.text())] == [row[0] for row in given.values]
        assert isinstance(given, ForeignList)
    assert csv.field_size_limit() > 0
