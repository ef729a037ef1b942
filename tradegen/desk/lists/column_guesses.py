"""Guessing what the columns of a list hold: kinds, forms and roles."""

# ruff: noqa: S608 - what is put into SQL is quoted by `literal`, or is ours

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tradegen.desk.lists.date_forms import FORMS, ISO_FORMS, fitting_forms, form_pattern
from tradegen.desk.lists.list_form import ROLE_KINDS, ColumnForm, FileForm, ListForm
from tradegen.desk.lists.list_values import TradeList
from tradegen.errors import ListError, shown
from tradegen.scoring.relations import Source, first_row, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MOST, _FEWEST, _CELLS = 100_000, 1_000, 2_000_000  # rows to look at, and about as many cells in them
_FIRST = 20  # rows that tell most forms of dates from all others
_FEW = 200  # names of a code, at most, in a list that has not each of them twice
_SIDES = 10  # words for sides, at most
_MOSTLY = 0.9  # of the cells of a reference, so many are different
_LONGEST = 40  # letters of a code
_DIGITS = 18
_FEWEST_PRODUCTS = 3  # rows that show that a column is a product of two others
_MOST_PLACES = 12
_DATED = r"^\d{1,4}[-/. ]\w{1,3}[-/. ]\d{2,4}|^\d{8}"  # before anything is read as a date
_OFFSET = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)? ?[+-]\d\d(:?\d\d)?"
_CLOCK = r"\d{1,2}:\d\d(:\d\d(\.\d+)?)?( ?[AaPp][Mm])?"
_LEFT_AS_TEXT = {
    "odd": "numbers with brackets, a minus behind them or a currency's sign are left as text; write them as "
    "-1234.00 to have them altered as numbers",
    "offset": "times with an offset from UTC are left as text; write them without it to have them altered as "
    "times",
    "clock": "times of day are left as text; write the date before them to have them altered as times",
}
"""What is said of forms that are known, but not read."""

_PACKED_DAY = "(19|20)\\d\\d(0[1-9]|1[0-2])([0-2]\\d|3[01])"
_KNOWN_NAMES: Mapping[str, str] = {
    "trade_id": "tradeid traderef tradereference tradeno tradenumber dealid dealref dealno dealnumber "
    "executionid execid transactionid transactionreference fillid allocationid orderid clientref ourref "
    "reference ref id ticketid ticketno ticketnumber auftrag auftragsnummer geschaftsnummer "
    "geschaeftsnummer referenz referenznummer ordernummer referencia riferimento numerooperation",
    "ticker": "ticker symbol tickersymbol instrument security securityid stock ric isin cusip sedol "
    "product wertpapier wkn valor titre valeur symbole titolo strumento simbolo instrumento",
    "broker_id": "brokerid broker executingbroker brokercode execbroker firm makler courtier intermediario",
    "contra_broker_id": "contrabrokerid contrabroker contra contraparty counterparty counterpartyid "
    "cpty contrafirm gegenpartei kontrahent contrepartie contraparte controparte",
    # An amount of money is no quantity, and where a list has nothing else it is taken for one.
    "quantity": "quantity qty shares volume lastqty tradequantity filledqty nominal units size stuck "
    "stueck stuckzahl stueckzahl anzahl menge nominale nennwert quantite qte nombre cantidad quantita "
    "qta notional notionalamount amount betrag montant importe importo",
    "price": "price px lastpx tradeprice unitprice execprice executionprice dealprice avgpx rate "
    "dealrate kurs preis ausfuhrungskurs ausfuehrungskurs handelskurs cours prix precio prezzo",
    "order_type": "ordertype side buysell bs direction buysellindicator transactiontype action "
    "kaufverkauf kv kauf verkauf richtung seite transaktionsart sens achatvente compraventa sentido "
    "segno",
    # The trade date, and only where there is none, the day of value.
    "date": "date tradedate dealdate executiondate transactiondate tradedt handelstag handelsdatum "
    "schlusstag abschlusstag datum datenegociation dateoperation datetransaction fecha fechaoperacion "
    "data dataoperazione settlementdate settledate settldate valuedate valuta valutadatum valutatag "
    "datevaleur datedevaleur fechavalor datavaluta",
    "trade_timestamp": "tradetimestamp timestamp tradetime executiontime exectime transacttime datetime "
    "tradedatetime time executiontimestamp transactiontime zeitstempel handelszeit ausfuhrungszeit "
    "ausfuehrungszeit horodatage heure fechahora hora dataora ora",
}
"""By role, what columns of it are called, in small letters alone without accents; the likelier first."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A column as it was guessed, a remark on what that rests on, and how many values of it differ."""

    column: ColumnForm
    remark: str
    names: int


def guess_columns(
    connection: DuckDBPyConnection, source: Source, file: FileForm
) -> tuple[FileForm, list[Guess]]:
    """What each column seems to be, from the first rows; and the file with its marks within numbers.

    Parameters
    ----------
    connection : DuckDBPyConnection
    source : Source
        The list, whose cells are read as texts.
    file : FileForm
    """
    columns = [f"c{number}" for number in range(len(source.seen))]
    rows = max(_FEWEST, min(_MOST, _CELLS // max(len(columns), 1)))
    texts = ", ".join(
        f"{source.text(name)} AS {column}" for name, column in zip(source.seen, columns, strict=True)
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE looked_at AS SELECT {texts} FROM {source.relation} LIMIT {rows}"
    )
    if file.form == "csv":
        if file.header:
            _require_one_header(connection, source, columns)
        file = file.model_copy(update=_marks(connection, columns))
    named = zip(source.seen, columns, strict=True)
    found = [_guess(connection, column, name, file) for name, column in named]
    found = _with_products(connection, _with_roles(found), file)
    connection.execute("DROP TABLE looked_at")
    return file, found


def _require_one_header(connection: DuckDBPyConnection, source: Source, columns: Sequence[str]) -> None:
    """Refuse a list whose first row has no digit at all, and is above a column of numbers.

    Raises
    ------
    ListError
    """
    below = ", ".join(
        f"count({column}) FILTER (rowid > 0) > 1 AND bool_and(regexp_matches({column}, '^[-+(]? ?\\d')) "
        "FILTER (rowid > 0)" for column in columns
    )  # fmt: skip
    first = first_row(connection, f"SELECT {', '.join(columns)} FROM looked_at WHERE rowid = 0")
    if not any(first) or any(re.search(r"\d", cell) for cell in first if cell):
        return
    numbers = first_row(connection, f"SELECT {below} FROM looked_at")
    for name, cell, wrong in zip(source.seen, first, numbers, strict=True):
        if cell and wrong:
            raise ListError(
                f"{source.name} has {shown(cell)} in column {shown(name)}, row 1, and numbers in the rows "
                "below, as if there were two lines of names; expected one: take the other out"
            )


def _marks(connection: DuckDBPyConnection, columns: Sequence[str]) -> dict[str, str]:
    """The decimal mark and the mark between thousands, as the numbers of a file have them.

    A number that has both says which is which: the last is the decimal mark. A comma alone, with three digits
    behind it in each cell, may be either; it is taken for the mark between thousands, as in ``1,284``.
    """
    marked = "'[+-]?\\d[\\d.,'' \u00a0\u202f]*'"
    cells = f"SELECT trim(unnest([{', '.join(columns)}])) AS cell FROM (FROM looked_at LIMIT {_FEWEST})"
    numbers = [
        cell
        for [cell] in connection.execute(
            f"SELECT DISTINCT cell FROM ({cells}) WHERE regexp_full_match(cell, {marked}) "
            "AND NOT regexp_full_match(cell, '[+-]?\\d+') ORDER BY cell"
        ).fetchall()
    ]
    commas = [
        cell for cell in numbers if re.fullmatch(r"[+-]?(\d{1,3}([. '\u00a0\u202f]\d{3})*|\d+),\d+", cell)
    ]
    points = [
        cell for cell in numbers if re.fullmatch(r"[+-]?(\d{1,3}([,' \u00a0\u202f]\d{3})*|\d+)\.\d+", cell)
    ]
    clear = [cell for cell in commas if not re.fullmatch(r"[+-]?\d{1,3},\d{3}", cell)]
    decimal = "," if clear and len(commas) >= len(points) else "."
    for cell in numbers:
        whole = cell.rpartition(decimal)[0] or cell
        grouped = re.fullmatch(r"[+-]?\d{1,3}(?:([.,' \u00a0\u202f])\d{3})+", whole)
        if grouped and grouped[1] != decimal:
            return {"decimal": decimal, "thousands": grouped[1]}
    return {"decimal": decimal, "thousands": ""}


def _guess(connection: DuckDBPyConnection, column: str, name: str, file: FileForm) -> Guess:
    csv = file.form == "csv"
    mark, thousands = (file.decimal, file.thousands) if csv else (".", "")
    whole = rf"(\d{{1,3}}([{thousands}]\d{{3}})+|\d+)" if thousands else r"\d+"
    integer, number = rf"[+-]?{whole}", rf"[+-]?({whole}([{mark}]\d*)?|[{mark}]\d+)"
    odd = rf"[-(]?[-$£€¥]? ?{number}[-)]?"
    # NULL of a blank, as of every function of one.
    part = f"length(cell) - coalesce(nullif(strpos(cell, '{mark}'), 0), length(cell))"
    asked = {
        "filled": "coalesce(sum(times) FILTER (cell IS NOT NULL), 0)",
        "names": "count(DISTINCT cell)",
        "low": "min(cell)",
        "longest": "max(length(cell))",
        "whole": f"bool_and(regexp_full_match(cell, {literal(integer)}))",
        "number": f"bool_and(regexp_full_match(cell, {literal(number)}))",
        "zeros": "bool_or(regexp_matches(cell, '^[+-]?0\\d'))",
        "grouped": f"bool_or(contains(cell, {literal(thousands)}))" if thousands else "false",
        "places": f"max({part})",
        "fewest": f"min({part})",
        "digits": "bool_and(regexp_matches(cell, '\\d'))",
        "blanks": "bool_or(contains(cell, ' '))",
        "narrow": f"min(length({column}))",
        "wide": f"max(length({column}))",
        "before": f"bool_or(starts_with({column}, ' '))",
        "after": f"bool_or(ends_with({column}, ' '))",
        "dated": f"bool_and(regexp_matches(cell, {literal(_DATED)}))",
        "day": f"bool_and(regexp_full_match(cell, '{_PACKED_DAY}'))",
        "odd": f"bool_and(regexp_full_match(cell, {literal(odd)}))",
        "offset": f"bool_and(regexp_full_match(cell, {literal(_OFFSET)}))",
        "clock": f"bool_and(regexp_full_match(cell, {literal(_CLOCK)}))",
    }
    # Each text is looked at once, however often it occurs.
    times = f"SELECT {column}, count(*) AS times FROM looked_at GROUP BY 1"
    cells = f"(SELECT {column}, nullif(trim({column}), '') AS cell, times FROM ({times}))"
    answers = first_row(connection, f"SELECT {', '.join(asked.values())} FROM {cells}")
    seen: dict[str, Any] = dict(zip(asked, answers, strict=True))
    said, remark = _kind(connection, cells, seen, csv=csv)
    # Blanks on both sides are kept as they are, and fill no width.
    if csv and seen["narrow"] == seen["wide"] and seen["before"] != seen["after"]:
        said |= {"width": seen["wide"], "align": "right" if seen["before"] else "left"}
    return Guess(ColumnForm(name=name, **said), remark, int(seen["names"]))


def _kind(
    connection: DuckDBPyConnection, cells: str, seen: Mapping[str, Any], *, csv: bool
) -> tuple[dict[str, Any], str]:
    """The kind of a column with what belongs to it, and a remark."""
    filled, names = seen["filled"], seen["names"]
    if not filled:
        return {"kind": "text"}, "blank in all rows looked at"
    example = f"such as {_short(seen['low'])}"
    if seen["day"] or (seen["dated"] and not seen["number"]):
        for role, kind in (("date", "date"), ("trade_timestamp", "timestamp")):
            if forms := _forms(connection, cells, role):
                others = [form for form in forms if form.replace("-", "") != forms[0].replace("-", "")]
                other = f"; may be {others[0]} as well" if others else ""
                return {"kind": kind, "format": forms[0]}, f"{example}{other}"
    if seen["number"] and seen["whole"] and not seen["zeros"] and seen["longest"] <= _DIGITS:
        return {"kind": "integer"} | ({"grouped": True} if seen["grouped"] else {}), example
    if seen["number"] and not seen["whole"] and seen["places"] <= _MOST_PLACES and seen["longest"] <= _DIGITS:
        said = {
            "kind": "decimal",
            "places": max(seen["places"], 0),
            "fixed": seen["fewest"] == seen["places"],
        }
        # How JSON lines write their decimals is not seen here.
        if csv and not said["fixed"] and seen["fewest"]:
            said["min_places"] = seen["fewest"]
        return said | ({"grouped": True} if seen["grouped"] else {}), example
    for form, left in _LEFT_AS_TEXT.items():
        if seen[form] and not seen["number"]:
            return {"kind": "text"}, f"{example}; {left}"
    remark = f"{names:,} different in {filled:,}, {example}"
    if names > _MOSTLY * filled and seen["digits"] and not seen["blanks"]:
        return {"kind": "reference"}, remark
    few = names <= _FEW or 2 * names <= filled
    return {"kind": "code" if few and seen["longest"] <= _LONGEST else "text"}, remark


def _forms(connection: DuckDBPyConnection, cells: str, role: str) -> list[str]:
    """The forms that write the cells of a column as they are."""
    tried = (*ISO_FORMS[role], *(form for one in FORMS[role] for form in _variants(one)))
    first = connection.execute(f"SELECT cell FROM {cells} WHERE cell IS NOT NULL LIMIT {_FIRST}").fetchall()
    # Python sees which of hundreds of forms a few cells look like before a database has read the question;
    # and most forms have a mark that the first cell has not, for which no pattern needs to be compiled.
    near = [form for form in tried if set(re.sub("%-?.", "", form)) <= set(first[0][0])]
    like = [form for form in near if all(re.fullmatch(form_pattern(form), cell) for [cell] in first)]
    return fitting_forms(connection, cells, like, exactly=True) if like else []


def _variants(form: str) -> tuple[str, ...]:
    """A form, and those that leave out the zeros before days, months and hours of one digit."""
    day = form.replace("%d", "%-d").replace("%m", "%-m")
    hours = re.sub("%([HI])", r"%-\1", day), re.sub("%([HI])", r"%-\1", form)
    return tuple(dict.fromkeys((form, day, *hours))) if "%Y%m%d" not in form else (form,)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _with_roles(found: Sequence[Guess]) -> list[Guess]:
    """Give roles to the columns whose names tell of one, if their kind allows it."""
    by_name: dict[str, list[int]] = {}
    for number, guess in enumerate(found):
        by_name.setdefault(_plain(guess.column.name), []).append(number)
    roles: dict[int, str] = {}
    for role, names in _KNOWN_NAMES.items():
        for number in (number for name in names.split() for number in by_name.get(name, ())):
            guess = found[number]
            side = role != "order_type" or guess.names <= _SIDES
            if number not in roles and guess.column.kind in ROLE_KINDS[role] and side:
                roles[number] = role
                break
    return [
        replace(guess, column=guess.column.model_copy(update={"role": roles.get(number)}))
        for number, guess in enumerate(found)
    ]


def _plain(name: str) -> str:
    """A name in small letters alone, without accents: ``stuck`` of Stück."""
    return re.sub("[^a-z]", "", unicodedata.normalize("NFKD", name).casefold())


def _with_products(connection: DuckDBPyConnection, found: Sequence[Guess], file: FileForm) -> list[Guess]:
    """Call a column a product of quantity and price where it is one in all rows, with either sign."""
    columns = tuple(guess.column for guess in found)
    by_role = {column.role: column for column in columns if column.role}
    if not {"quantity", "price"} <= by_role.keys():
        return list(found)
    names = {column.name: f"c{number}" for number, column in enumerate(columns)}
    looked_at = Source("trades", "looked_at", names, tuple(names))
    one = TradeList(ListForm(id=(columns[0].name,), file=file, columns=columns), looked_at, None)
    values = {name: f"({one.value(column, strict=False)})::DOUBLE" for name, column in by_role.items()}
    exact = f"abs({values['quantity']} * {values['price']})"
    made = []
    for guess in found:
        column = guess.column
        if column.kind == "decimal" and column.role is None:
            amount = f"abs(({one.value(column, strict=False)})::DOUBLE)"
            # Amounts of at most 15 digits are told apart, and any way of rounding is taken.
            apart = f"abs({exact} - {amount}) >= {0.99999 / 10 ** (column.places or 0)} + 1e-15 * {exact}"
            rows, differ, wrong = first_row(
                connection,
                f"SELECT count({amount}), count(DISTINCT {amount}), coalesce(bool_or({apart}), true) "
                f"FROM looked_at WHERE {exact} IS NOT NULL",
            )
            if rows >= _FEWEST_PRODUCTS and differ > 1 and not wrong:
                column = column.model_copy(update={"product": ("quantity", "price")})
                guess = replace(
                    guess, column=column, remark=f"{guess.remark}; quantity times price in all rows"
                )
        made.append(guess)
    return made
