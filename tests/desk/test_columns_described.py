"""Files of columns: what is guessed of lists."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from described_lists import held, list_database
from foreign_lists import BROKER_EXPORTS

from tradegen.desk.lists.columns_toml import columns_of
from tradegen.desk.lists.list_form import load_forms
from tradegen.desk.lists.list_reading import open_list
from tradegen.errors import ListError
from tradegen.scoring.relations import Reader


@pytest.fixture(scope="module")
def database() -> Iterator[tuple[Any, Reader]]:
    with list_database() as opened:
        yield opened


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
