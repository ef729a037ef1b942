"""Files of columns: what is guessed of lists, and what is refused of files that say what cannot be."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from foreign_lists import BROKER_EXPORTS

from tradegen.core.databases import temporary_database
from tradegen.desk.injecting.held_list import HeldList, hold
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
    with temporary_database("test", "200MB", preserve_insertion_order=True) as (connection, folder):
        yield connection, Reader(connection, folder)


def held(connection: Any, one: TradeList) -> HeldList:
    connection.execute("DROP TABLE IF EXISTS held")
    return hold(connection, one, range(len(one.form.columns)))


def guessed(tmp_path: Path, content: bytes, name: str = "trades.csv") -> dict[str, Any]:
    path = tmp_path / name
    path.write_bytes(content)
    return tomllib.loads(columns_of(path))


GUESSED = {
    "German bank, Excel": (
        {"encoding": "latin-1", "separator": ";", "line_end": "\r\n", "decimal": ",", "thousands": "."},
        {
            "Auftrag": "reference",
            "Wertpapier": "code",
            "Stück": "integer",
            "Kurs": "decimal 2",
            "Handelstag": "%d.%m.%Y",
        },
    ),
    "Excel's Unicode text": (
        {"encoding": "utf-16-le", "bom": True, "separator": "\t", "line_end": "\r\n"},
        {
            "Trade Ref": "reference",
            "Symbol": "code",
            "Qty": "integer",
            "Px": "decimal 2",
            "Date": "%-d/%-m/%Y",
        },
    ),
    "everything quoted, thousands": (
        {"quote": '"', "thousands": ",", "decimal": "."},
        {
            "Deal ID": "reference",
            "Symbol": "code",
            "Qty": "integer",
            "Price": "decimal 2",
            "Trade Date": "%d-%b-%Y",
        },
    ),
    "mainframe, padded": (
        {"separator": "|"},
        {"ref": "reference", "symbol": "code", "quantity": "integer", "price": "decimal 2", "date": "%Y%m%d"},
    ),
    "notes above, quoted line breaks, no final line end": (
        {"skip": 3, "header": True},
        {
            "Exec ID": "reference",
            "Side": "code",
            "Shares": "integer",
            "Price": "decimal 2",
            "Comment": "code",
        },
    ),
    "no header": (
        {"header": False},
        {
            "column_1": "reference",
            "column_2": "code",
            "column_3": "integer",
            "column_4": "decimal 2",
            "column_5": "%Y-%m-%dT%H:%M:%SZ",
        },
    ),
    "single quotes, French": (
        {"quote": "'", "encoding": "latin-1", "thousands": " ", "decimal": ","},
        {"id": "reference", "titre": "code", "quantité": "integer", "cours": "decimal 2", "date": "%d/%m/%Y"},
    ),
    "old Mac": ({"line_end": "\r"}, {"id": "reference", "qty": "integer", "px": "decimal 2"}),
}


@pytest.mark.parametrize("name", GUESSED)
def test_the_dialect_and_the_kinds_of_an_export_are_guessed(name: str, tmp_path: Path) -> None:
    file, kinds = GUESSED[name]
    found = guessed(tmp_path, BROKER_EXPORTS[name])
    assert {key: found["file"][key] for key in file} == file
    said = {
        column["name"]: column.get("format") or f"{column['kind']} {column.get('places', '')}".strip()
        for column in found["columns"]
    }
    assert said == kinds
    assert found["id"] == [next(iter(kinds))]


def test_roles_are_told_from_names_that_desks_use(tmp_path: Path) -> None:
    content = BROKER_EXPORTS["everything quoted, thousands"].replace(b'"Symbol"', b'"Ticker Symbol"')
    roles = {column["name"]: column.get("role") for column in guessed(tmp_path, content)["columns"]}
    assert roles == {
        "Deal ID": "trade_id",
        "Ticker Symbol": "ticker",
        "Qty": "quantity",
        "Price": "price",
        "Trade Date": "date",
    }


@pytest.mark.parametrize(
    ("line", "roles"),
    [
        (
            "Auftrag;ISIN;Anzahl;Betrag;Kurs;Währung;Handelstag;Valutadatum;Depot;Kauf/Verkauf",
            "trade_id ticker quantity - price - date - - order_type",
        ),
        (
            "Referenz;Wertpapier;Stück;-;Preis;Valuta;Schlusstag;-;Konto;K/V",
            "trade_id ticker quantity - price - date - - order_type",
        ),
        ("Référence;Titre;Qté;Montant;Cours;Devise;Date;-;Compte;Sens",
         "trade_id ticker quantity - price - date - - order_type"),
        ("Ref.;Instrumento;Cantidad;Importe;Precio;Divisa;Fecha;-;Cuenta;Sentido",
         "trade_id ticker quantity - price - date - - order_type"),
        ("ID;Titolo;Quantità;Importo;Prezzo;Valuta;Data;-;Conto;Segno",
         "trade_id ticker quantity - price - date - - order_type"),
        ("Deal No;Security;Notional;-;Rate;Ccy;Value Date;-;Account;B/S",
         "trade_id ticker quantity - price - date - - order_type"),
        ("Trade Ref;RIC;-;Amount;Px;Currency;-;Settlement Date;Account;Side",
         "trade_id ticker - quantity price - - date - order_type"),
    ],
)  # fmt: skip
def test_roles_are_told_from_the_names_of_several_languages(line: str, roles: str, tmp_path: Path) -> None:
    names = [name if name != "-" else f"_{at}" for at, name in enumerate(line.split(";"))]
    rows = [
        f"A-{n};X{n % 3};{10 * n};{n * 1000}.50;1.5{n};EUR;2025-07-2{n};2025-07-2{n};K{n % 2};{'KV'[n % 2]}"
        for n in range(8)
    ]
    found = guessed(tmp_path, "\n".join([";".join(names), *rows]).encode())
    assert [column.get("role", "-") for column in found["columns"]] == roles.split()


@pytest.mark.parametrize(
    ("cells", "width", "align"),
    [
        (["B  ", "SS "], 3, None),
        (["  B", " SS"], 3, "right"),
        ([" B ", "SS "], None, None),
        (["B", "S"], None, None),
    ],
)
def test_a_width_is_guessed_where_blanks_fill_one_side_alone(
    cells: list[str], width: int | None, align: str | None, tmp_path: Path
) -> None:
    rows = "".join(f"T{n},{cells[n % 2]}\n" for n in range(8))
    _, column = guessed(tmp_path, f"id,side\n{rows}".encode())["columns"]
    assert (column.get("width"), column.get("align")) == (width, align)


def test_a_name_tells_no_role_that_its_kind_cannot_have(tmp_path: Path) -> None:
    found = guessed(tmp_path, b"id,price,date\nT1,cheap,soon\nT2,dear,soon\n")
    assert [column.get("role") for column in found["columns"]] == ["trade_id", None, None]


@pytest.mark.parametrize(
    "form",
    [
        "%-d/%-m/%Y %H:%M:%S.%f",
        "%d/%m/%Y %-H:%M",
        "%d-%b-%y",
        "%-m/%-d/%y",
        "%Y-%m-%dT%H:%M:%S.%fZ",
        "%Y%m%d",
    ],
)
def test_a_form_that_is_guessed_is_one_that_cells_are_held_to(
    form: str, database: tuple[Any, Reader], tmp_path: Path
) -> None:
    moments = [dt.datetime(2025, 7, 1 + n, 9 + n % 3, 5, n, 250_000) for n in range(28)]
    path, columns = tmp_path / "trades.csv", tmp_path / "columns.toml"
    rows = "".join(f"T{n},{moment.strftime(form)}\n" for n, moment in enumerate(moments))
    path.write_text(f"id,when\n{rows}")
    columns.write_text(columns_of(path))
    assert f'format = "{form}"' in columns.read_text()
    connection, reader = database
    assert held(connection, open_list(reader, path, load_forms(columns).ours)).rows == len(moments)


def test_days_that_may_be_months_are_said_to_be_unclear(tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    path.write_text("id,day\nT1,01/02/2025\nT2,03/04/2025\n")
    assert "may be %m/%d/%Y as well" in columns_of(path)


def test_codes_of_digits_with_zeros_before_them_are_no_numbers(tmp_path: Path) -> None:
    rows = "".join(f"T{row},{row % 3:06}\n" for row in range(12))
    found = guessed(tmp_path, f"id,account\n{rows}".encode())
    assert found["columns"][1]["kind"] == "code"


def test_a_list_without_a_column_that_names_trades_leaves_the_id_to_the_user(tmp_path: Path) -> None:
    path, columns = tmp_path / "trades.csv", tmp_path / "columns.toml"
    path.write_text("side,px\nB,1.5\nS,2.5\nB,1.5\n")
    columns.write_text(columns_of(path))
    assert "id = []  # no column is known to name a trade" in columns.read_text()
    with pytest.raises(ListError, match="id names no column; expected those whose values name a trade"):
        load_forms(columns)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; expected a header"),
        (b"[{}]", "is a JSON array; expected JSON lines"),
        (b"PAR1 and no more", "trades.csv cannot be read: No magic bytes"),
        (b"\x1f\x8b and no more", "trades.csv cannot be read as gz"),
        (b'{"ref":1}\n{ref\n', "trades.csv cannot be read: Malformed JSON"),
        (b"ref,px,px\nT1,1,2\n", "has the column 'px' twice"),
    ],
)
def test_what_is_no_list_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ListError, match=message) as caught:
        guessed(tmp_path, content)
    assert "/tradegen-" not in str(caught.value)


def described(**changes: Any) -> dict[str, Any]:
    columns = [
        {"name": "ref", "kind": "reference", "role": "trade_id"},
        {"name": "px", "kind": "decimal", "places": 2, "role": "price"},
        {"name": "day", "kind": "date", "format": "%d/%m/%Y"},
    ]
    return {"id": ["ref"], "columns": columns} | changes


def with_column(**column: Any) -> dict[str, Any]:
    return described(columns=[*described()["columns"], {"name": "new", "kind": "text"} | column])


REFUSED = {
    "no id": (described(id=[]), "id names no column; expected those whose values name a trade, such as id ="),
    "an id that is no column": (
        described(id=["reff"]),
        "id has 'reff', which is no column; did you mean ref",
    ),
    "an id twice": (described(id=["ref", "ref"]), "id has a column twice"),
    "a role twice": (
        with_column(kind="decimal", places=2, role="price"),
        "columns 'px' and 'new' have the same role price; expected it of one column",
    ),
    "an unknown role": (with_column(role="prize"), "role is 'prize', which is unknown; did you mean price"),
    "an unknown kind": (
        with_column(kind="number"),
        "kind is 'number', which is unknown; expected one of: code",
    ),
    "a role for another kind": (
        with_column(role="quantity"),
        "column 'new' is of kind text, and has the role quantity; expected integer",
    ),
    "a decimal without places": (
        with_column(kind="decimal"),
        "column 'new' is of kind decimal without places; expected how many",
    ),
    "places of no decimal": (with_column(places=2), "column 'new' has places, and is of kind text"),
    "a date without a format": (with_column(kind="date"), "column 'new' is of kind date without a format"),
    "a format of no date": (with_column(format="%d/%m/%Y"), "column 'new' has a format, and is of kind text"),
    "a format without a month": (
        with_column(kind="date", format="%d %Y"),
        "expected one with a year, a month and",
    ),
    "a format with a part twice": (
        with_column(kind="date", format="%d/%m/%y of %Y"),
        "has the format '%d/%m/%y of %Y', which has the year twice; expected it once",
    ),
    "a date with a clock": (
        with_column(kind="date", format="%d/%m/%Y %H:%M"),
        "which has the hour; expected a date alone, or the kind timestamp",
    ),
    "a time without a clock": (
        with_column(kind="timestamp", format="%d/%m/%Y"),
        "which has no time of day; expected one with hours and minutes, or the kind date",
    ),
    "a half of the day that is not said": (
        with_column(kind="timestamp", format="%d/%m/%Y %I:%M"),
        "expected %I with %p, or %H alone",
    ),
    "a half of the day that is said twice": (
        with_column(kind="timestamp", format="%d/%m/%Y %H:%M %p"),
        "expected %I with %p, or %H alone",
    ),
    "a fraction of no second": (
        with_column(kind="timestamp", format="%d/%m/%Y %H:%M,%f"),
        "whose fraction of a second follows on no second; expected %S.%f",
    ),
    "numbers that run into each other": (
        with_column(kind="date", format="%Y%-m%-d"),
        "whose numbers cannot be told apart",
    ),
    "groups of no number": (
        described(
            file={"thousands": ","},
            columns=[*described()["columns"], {"name": "new", "kind": "text", "grouped": True}],
        ),
        "column 'new' has grouped = true, and is of kind text; expected it of integer or decimal alone",
    ),
    "groups without a mark": (
        with_column(kind="integer", grouped=True),
        "column 'new' has grouped = true, and the file has no mark between thousands",
    ),
    "groups in JSON": (
        with_column(kind="integer", grouped=True) | {"file": {"form": "ndjson", "thousands": ","}},
        "column 'new' has grouped = true, and the file has no mark between thousands",
    ),
    "a width in Parquet": (
        with_column(width=8) | {"file": {"form": "parquet"}},
        "column 'new' has a width, and the file is of the form parquet; expected it of csv alone",
    ),
    "an alignment of no width": (
        with_column(align="right"),
        "column 'new' has align = \"right\" without a width; expected both, or neither",
    ),
    "zeros of no decimal": (
        with_column(kind="integer", fixed=False),
        "column 'new' has fixed = false, and is of kind integer; expected it of decimal alone",
    ),
    "more places at least than at most": (
        with_column(kind="decimal", places=2, fixed=False, min_places=3),
        "column 'new' has min_places 3; expected fewer than places, beside fixed = false",
    ),
    "places at least where all have as many": (
        with_column(kind="decimal", places=2, min_places=1),
        "column 'new' has min_places 1; expected fewer than places, beside fixed = false",
    ),
    "an unknown directive": (
        with_column(kind="date", format="%d/%m/%Q"),
        "which has %Q; expected some of %Y",
    ),
    "a column twice": (with_column(name="px"), "columns has 'px' twice; expected each column once"),
    "an unknown setting": (with_column(hue="red"), "columns['new'].hue is not a field of a column"),
    "a table too many": (described(columms=[]), "columms is not a field of a list; did you mean columns"),
    "no columns": (described(columns=[]), "columns is []; expected tables such as"),
    "an unknown encoding": (
        described(file={"encoding": "utf8"}),
        "encoding is 'utf8', which is unknown; did you mean",
    ),
    "a separator of two letters": (
        described(file={"separator": "||"}),
        "separator is '||'; expected one plain letter",
    ),
    "a mark twice": (
        described(file={"decimal": ",", "thousands": ","}),
        "decimal and thousands are both ','",
    ),
    "a mark of Latin-1": (
        described(file={"encoding": "latin-1", "bom": True}),
        "encoding is latin-1, which has none",
    ),
    "a third list": (
        {"ours": described(), "mine": described()},
        "mine is not a table of a file of two lists",
    ),
    "a mistake in theirs": (
        {"ours": described(), "theirs": described(id=["x"])},
        "id has 'x', which is no column; did you mean px",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_of_columns_that_cannot_be_is_refused_in_a_sentence(case: str) -> None:
    given, message = REFUSED[case]
    with pytest.raises(ListError) as caught:
        load_forms(given)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert ".column '" not in str(caught.value)


def test_a_file_of_two_lists_has_a_table_for_each() -> None:
    forms = load_forms({"ours": described(), "theirs": described(id=["ref", "day"])})
    assert forms.ours.id == ("ref",)
    assert forms.theirs is not None
    assert forms.theirs.id == ("ref", "day")
    assert load_forms(described()).theirs is None


def test_a_file_that_is_not_there_or_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"columns .* cannot be read: No such file"):
        load_forms(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("id = [")
    with pytest.raises(ListError, match=r"columns .* is not TOML"):
        load_forms(tmp_path / "bad.toml")


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
