"""Cells are held to what the file of columns states, and values are written as it states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from described_lists import described, held, list_database
from foreign_lists import BROKER_EXPORTS

from tradegen.desk.lists.cell_texts import cell_text
from tradegen.desk.lists.columns_toml import columns_of
from tradegen.desk.lists.list_form import ColumnForm, FileForm, load_forms
from tradegen.desk.lists.list_ids import require_ids
from tradegen.desk.lists.list_reading import open_list
from tradegen.desk.lists.list_values import TradeList
from tradegen.errors import ListError
from tradegen.scoring.relations import Reader


@pytest.fixture(scope="module")
def database() -> Iterator[tuple[Any, Reader]]:
    with list_database() as opened:
        yield opened


MISFITS = {
    "a word for a number": (b"T1,1.50,21/07/2025\nT2,one,21/07/2025\n", "has 'one' in column 'px', row 2"),
    "more places than stated": (b"T1,1.505,21/07/2025\n", "has '1.505' in column 'px', row 1"),
    "a number as computers have it": (b"T1,1e2,21/07/2025\n", "has '1e2' in column 'px', row 1"),
    "a date of another form": (b"T1,1.50,2025-07-21\n", "has '2025-07-21' in column 'day', row 1"),
    "a month that is none": (b"T1,,\nT2,1.50,21/13/2025\n", "has '21/13/2025' in column 'day', row 2"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_a_cell_that_does_not_fit_its_kind_is_refused_with_its_row(
    case: str, database: tuple[Any, Reader], tmp_path: Path
) -> None:
    rows, message = MISFITS[case]
    path = tmp_path / "trades.csv"
    path.write_bytes(b"ref,px,day\n" + rows)
    connection, reader = database
    with pytest.raises(ListError) as caught:
        held(connection, open_list(reader, path, load_forms(described()).ours))
    assert message in str(caught.value)


PX = {"kind": "decimal", "places": 2}
UNLIKE: dict[str, tuple[list[str], dict[str, Any], dict[str, Any], str]] = {
    "a point where a comma is stated": (
        ["154.50"],
        PX,
        {"decimal": ","},
        "has '154.50' in column 'new', row 1, which is no decimal as described; expected one such as '1250,",
    ),
    "a comma where a point is stated": (["154.50", "154,50"], PX, {}, "has '154,50' in column 'new', row 2"),
    "another mark between thousands": (
        ["1,284.50"],
        PX | {"grouped": True},
        {"thousands": "'"},
        'expected one such as "1\'250.50", or another kind, places, fixed, grouped, decimal',
    ),
    "thousands that are not stated": (
        ["1,284"],
        {"kind": "integer"},
        {},
        "has '1,284' in column 'new', row 1",
    ),
    "groups that are none": (
        ["12,84.50"],
        PX | {"grouped": True},
        {"thousands": ","},
        "has '12,84.50' in column 'new', row 1",
    ),
    "no group at all": (
        ["12845", "284", "5"],
        {"kind": "integer", "grouped": True},
        {"thousands": ".", "decimal": ","},
        "has '12845' in column 'new', and no number there that shows grouped = true; expected grouped",
    ),
    "a year of five digits": (
        ["2025-07-21", "10000-01-01"],
        {"kind": "date", "format": "%Y-%m-%d"},
        {},
        "has '10000-01-01' in column 'new', row 2, which is no date as described",
    ),
    "a fraction of a second where none is stated": (
        ["2025-07-21 10:33:00", "2025-07-21 10:33:00.5"],
        {"kind": "timestamp", "format": "%Y-%m-%d %H:%M:%S"},
        {},
        "has '2025-07-21 10:33:00.5' in column 'new', row 2, which is no timestamp as described",
    ),
    "a number without all its places": (["154.50", "154.5"], PX, {}, "has '154.5' in column 'new', row 2"),
    "zeros that no number drops": (
        ["154.50", "154.25"],
        PX | {"fixed": False},
        {},
        "has '154.50' in column 'new', and no number there that shows fixed = false; expected fixed = true",
    ),
    "zeros that some numbers keep": (
        ["154.0", "154.25", "154.5"],
        PX | {"fixed": False},
        {},
        "has '154.0' in column 'new', and no number there that shows fixed = false; expected fixed = true",
    ),
    "fewer places than there are at least": (
        ["154.0", "154.25", "7"],
        PX | {"fixed": False, "min_places": 1},
        {},
        "has '7' in column 'new', row 3",
    ),
    "a code that is not padded": (
        ["IBM ", "GS"],
        {"kind": "code", "width": 4},
        {},
        "has 'GS' in column 'new', row 2, which is no code as described; expected one padded with blanks",
    ),
    "a number that is padded on the other side": (
        ["   1", "2   "],
        {"kind": "integer", "width": 4, "align": "right"},
        {},
        "has '2' in column 'new', row 2",
    ),
    "a day without its zero": (
        ["01/07/2025", "1/7/2025"],
        {"kind": "date", "format": "%d/%m/%Y"},
        {},
        "in column 'new', row 2, which is no date as described; expected one such as '21/11/2025'",
    ),
    "a zero that is not stated": (
        ["1/7/2025", "01/07/2025"],
        {"kind": "date", "format": "%-d/%-m/%Y"},
        {},
        "has '01/07/2025' in column 'new', row 2",
    ),
    "an hour without its zero": (
        ["01/07/2025 9:30"],
        {"kind": "timestamp", "format": "%d/%m/%Y %H:%M"},
        {},
        "has '01/07/2025 9:30' in column 'new', row 1",
    ),
}


@pytest.mark.parametrize("case", UNLIKE)
def test_a_cell_that_is_not_written_as_its_column_states_is_refused_with_its_row(
    case: str, database: tuple[Any, Reader], tmp_path: Path
) -> None:
    cells, column, file, message = UNLIKE[case]
    path = tmp_path / "trades.csv"
    path.write_text("ref;new\n" + "".join(f"T{n};{cell}\n" for n, cell in enumerate(cells)))
    columns = [described()["columns"][0], {"name": "new"} | column]
    connection, reader = database
    given = load_forms(described(columns=columns, file={"separator": ";"} | file))
    with pytest.raises(ListError) as caught:
        held(connection, open_list(reader, path, given.ours))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


AS_STATED: dict[str, tuple[list[str], dict[str, Any]]] = {
    "some thousands apart": (["1,284", "1284", "-284"], {"kind": "integer", "grouped": True}),
    "zeros that some numbers drop": (["154.50", "154.5", "154", ".5"], PX | {"fixed": False}),
    "floats as pandas writes them": (["154.0", "154.25"], PX | {"fixed": False, "min_places": 1}),
    "a name that is wider than its column": (["IBM ", "GOOGL", " "], {"kind": "code", "width": 4}),
    "months of any case": (
        ["01-JUL-25 9:30 am", "02-Jul-25 11:05 PM"],
        {"kind": "timestamp", "format": "%d-%b-%y %-I:%M %p"},
    ),
    "fractions of any length": (
        ["01/07/2025 09:30:00.5", "01/07/2025 09:30:00.123456"],
        {"kind": "timestamp", "format": "%d/%m/%Y %H:%M:%S.%f"},
    ),
}


@pytest.mark.parametrize("case", AS_STATED)
def test_cells_that_are_written_as_their_column_states_are_taken(
    case: str, database: tuple[Any, Reader], tmp_path: Path
) -> None:
    cells, column = AS_STATED[case]
    path = tmp_path / "trades.csv"
    path.write_text("ref;new\n" + "".join(f"T{n};{cell}\n" for n, cell in enumerate(cells)))
    columns = [described()["columns"][0], {"name": "new"} | column]
    connection, reader = database
    given = load_forms(described(columns=columns, file={"separator": ";", "thousands": ","}))
    assert held(connection, open_list(reader, path, given.ours)).rows == len(cells)


MIXED: dict[str, tuple[list[str], dict[str, Any]]] = {
    "integer": (["100", "+5", " 7", "007", "", "-0", "-12\u00a0"], {}),
    "decimal": (["154.50", "+1.00", ".50", "-0.25", "007.00", " ", "0.00"], {"places": 2}),
    "date": (["2025-07-21", " 2025-07-22", "", "0999-01-02", "1969-12-31"], {"format": "%Y-%m-%d"}),
    "timestamp": (
        ["2025-07-21 10:33:00", "", "2025-07-22 09:30:00 ", "1969-12-31 23:59:59"],
        {"format": "%Y-%m-%d %H:%M:%S"},
    ),
}


@pytest.mark.parametrize("kind", MIXED)
def test_the_text_of_a_cell_is_known_however_its_value_is_written(
    kind: str, database: tuple[Any, Reader], tmp_path: Path
) -> None:
    cells, settings = MIXED[kind]
    path = tmp_path / "trades.csv"
    path.write_text("ref;new\n" + "".join(f"T{n};{cell}\n" for n, cell in enumerate(cells)))
    columns = [described()["columns"][0], {"name": "new", "kind": kind} | settings]
    connection, reader = database
    given = load_forms(described(columns=columns, file={"separator": ";"}))
    found = held(connection, open_list(reader, path, given.ours))
    texts = connection.execute(f"SELECT {found.text(1)} FROM held ORDER BY rowid").fetchall()
    assert [text for [text] in texts] == [cell.strip() or None for cell in cells]


@pytest.mark.parametrize("stated", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("written", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("header", [True, False])
def test_a_list_whose_lines_end_otherwise_than_stated_is_refused(
    stated: str, written: str, header: bool, database: tuple[Any, Reader], tmp_path: Path
) -> None:
    path = tmp_path / "trades.csv"
    lines = ["ref,px,day"] * header + ["T1,1.50,21/07/2025", "T2,2.50,22/07/2025"]
    path.write_bytes("".join(f"{line}{written}" for line in lines).encode())
    names = ("ref", "px", "day") if header else ("column_1", "column_2", "column_3")
    columns = [one | {"name": name} for one, name in zip(described()["columns"], names, strict=True)]
    file = {"line_end": stated, "header": header}
    given = load_forms({"id": names[:1], "columns": columns, "file": file}).ours
    connection, reader = database
    if stated == written:
        assert held(connection, open_list(reader, path, given)).rows == 2
        return
    with pytest.raises(ListError, match=r"expected line_end|header that cannot be read|no column"):
        held(connection, open_list(reader, path, given))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("ref,px", "has no column 'day', which the file of columns describes"),
        ("ref,px,day,venue", "has the column 'venue', which the file of columns does not describe"),
        ("px,ref,day", "has its columns in another order than the file of columns"),
        ("ref,px,px", "has the column 'px' twice"),
    ],
)
def test_a_list_with_other_columns_is_refused(
    header: str, message: str, database: tuple[Any, Reader], tmp_path: Path
) -> None:
    path = tmp_path / "trades.csv"
    path.write_text(f"{header}\n")
    with pytest.raises(ListError) as caught:
        open_list(database[1], path, load_forms(described()).ours)
    assert message in str(caught.value)


def test_values_are_read_by_kind_whatever_marks_and_forms_a_list_has(
    database: tuple[Any, Reader], tmp_path: Path
) -> None:
    path, columns = tmp_path / "trades.csv", tmp_path / "columns.toml"
    path.write_bytes(BROKER_EXPORTS["German bank, Excel"])
    columns.write_text(columns_of(path), "utf-8")
    connection, reader = database
    one = open_list(reader, path, load_forms(columns).ours)
    values = ", ".join(one.value(column) for column in one.form.columns)
    rows = connection.execute(f"SELECT {values} FROM {one.source.relation}").fetchall()
    assert rows[0] == ("A-1", "SAP", 1000, Decimal("1154.50"), dt.date(2025, 7, 21))
    assert rows[2] == ("A-3", 'BASF "SE"', 75, Decimal("45.00"), dt.date(2025, 7, 22))


TWICE = b"ref,leg,px\nT1,B,1\nT2,B,2\nT1,S,3\nT2,B,4\n"


def with_ids(tmp_path: Path, reader: Reader, content: bytes, **changes: Any) -> TradeList:
    path = tmp_path / "trades.csv"
    path.write_bytes(content)
    columns = [{"name": name, "kind": "code"} for name in ("ref", "leg", "px")]
    return open_list(reader, path, load_forms({"id": ["ref"], "columns": columns} | changes).ours)


def test_ids_that_stand_twice_are_refused_with_examples(database: tuple[Any, Reader], tmp_path: Path) -> None:
    connection, reader = database
    with pytest.raises(
        ListError, match="has 2 ids more than once, such as 'T1' in rows 1 and 3, 'T2' in rows"
    ):
        require_ids(connection, with_ids(tmp_path, reader, TWICE))
    with pytest.raises(ListError, match="has 1 ids more than once, such as 'T2 / B' in rows 2 and 4"):
        require_ids(connection, with_ids(tmp_path, reader, TWICE, id=["ref", "leg"]))
    # Two ids that are written alike.
    alike = b"ref,leg,px\nT1 / B,S,1\nT1,B / S,2\n"
    with pytest.raises(ListError, match=r"such as 'T1 / B / S' in rows 1 and 2; .* joined by ' / '"):
        require_ids(connection, with_ids(tmp_path, reader, alike, id=["ref", "leg"]))
    with pytest.raises(ListError, match="has no 'ref' in row 2; expected an id in each row"):
        require_ids(connection, with_ids(tmp_path, reader, b"ref,leg,px\nT1,B,1\n ,B,2\n"))
    require_ids(connection, with_ids(tmp_path, reader, TWICE, id=["ref", "leg", "px"]))


def test_rows_whose_id_stands_twice_or_is_blank_are_left_where_that_is_said(
    database: tuple[Any, Reader], tmp_path: Path
) -> None:
    connection, reader = database
    content = TWICE + b",B,5\nT3,B,6\n"
    one = with_ids(tmp_path, reader, content, id=["ref", "leg"], duplicate_ids="leave")
    require_ids(connection, one)
    assert held(connection, one).keys(seed=1).left.tolist() == [1, 3, 4]


GERMAN = FileForm(decimal=",", thousands=".")
DAY, MOMENT = dt.date(2025, 7, 4), dt.datetime(2025, 7, 4, 15, 5, 9, 250_000)
WRITTEN = [
    (Decimal("1234.5"), "9.876,50", {"kind": "decimal", "places": 2, "grouped": True}, GERMAN, "1.234,50"),
    (Decimal("1234.5"), "98765,50", {"kind": "decimal", "places": 2}, GERMAN, "1234,50"),
    (Decimal("154.50"), "154.75", {"kind": "decimal", "places": 2, "fixed": False}, FileForm(), "154.5"),
    (Decimal("154"), "154.75", {"kind": "decimal", "places": 2, "fixed": False}, FileForm(), "154"),
    (Decimal("155"), "154.0", {"kind": "decimal", "places": 2, "fixed": False}, FileForm(), "155.0"),
    (Decimal("155"), "154.75", {"kind": "decimal", "places": 2, "fixed": False, "min_places": 1}, FileForm(),
     "155.0"),
    (Decimal("154.6"), "154.50", {"kind": "decimal", "places": 2, "fixed": False}, FileForm(), "154.60"),
    (Decimal("0.47"), ".45", {"kind": "decimal", "places": 2}, FileForm(), ".47"),
    (1_250, "1284", {"kind": "integer", "grouped": True}, FileForm(thousands=","), "1250"),
    (Decimal("-5"), "+7.00", {"kind": "decimal", "places": 2}, FileForm(), "-5.00"),
    (Decimal("5"), "+7.00", {"kind": "decimal", "places": 2}, FileForm(), "+5.00"),
    (250, "000100", {"kind": "integer"}, FileForm(), "000250"),
    (1_250_000, "1'000", {"kind": "integer", "grouped": True}, FileForm(thousands="'"), "1'250'000"),
    (DAY, "7/12/2025", {"kind": "date", "format": "%-d/%-m/%Y"}, FileForm(), "4/7/2025"),
    (DAY, "21-JUL-25", {"kind": "date", "format": "%d-%b-%y"}, FileForm(), "04-JUL-25"),
    (DAY, "20250721", {"kind": "date", "format": "%Y%m%d"}, FileForm(), "20250704"),
    (MOMENT, "2025-07-21T09:30:00.123Z", {"kind": "timestamp", "format": "%Y-%m-%dT%H:%M:%S.%fZ"}, FileForm(),
     "2025-07-04T15:05:09.250Z"),
    (MOMENT, "07/21/2025 09:30 AM", {"kind": "timestamp", "format": "%m/%d/%Y %I:%M %p"}, FileForm(),
     "07/04/2025 03:05 PM"),
    ("ACME", "IBM", {"kind": "code"}, FileForm(), "ACME"),
    (None, "IBM", {"kind": "code"}, FileForm(), None),
]  # fmt: skip


@pytest.mark.parametrize(("value", "like", "column", "file", "expected"), WRITTEN)
def test_a_value_is_written_as_its_column_writes_its_own(
    value: Any, like: str, column: dict[str, Any], file: FileForm, expected: str | None
) -> None:
    assert cell_text(value, like, ColumnForm(name="x", **column), file) == expected
