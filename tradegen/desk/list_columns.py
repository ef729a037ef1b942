"""Which columns of a desk's list hold which field, and in what form."""

# ruff: noqa: S608 - what is put into SQL is quoted by `literal` and `identifier`, or is ours

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tradegen.core.columns import LISTS, RECORD_ID, TRADE_COLUMNS
from tradegen.desk.lists.date_forms import FORMS, ISO, fitting_forms
from tradegen.errors import FitError, ScenarioError, shown
from tradegen.mechanisms.spellings import spell
from tradegen.scoring.relations import Source, first_row, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from tradegen.scenario.layouts import Layout

NAMES = ("ticker", "broker_id", "contra_broker_id", "order_type")
NUMBERS = ("quantity", "price")
TIMES = ("date", "trade_timestamp")
KINDS = (
    dict.fromkeys(("trade_id", *NAMES), "VARCHAR")
    | dict.fromkeys(NUMBERS, "DECIMAL(24, 6)")
    | {"date": "DATE", "trade_timestamp": "TIMESTAMP"}
)
"""The SQL type of each field's values."""

_LOOKED_AT = 10_000  # records that tell the form of dates
_SIDES = {  # FIX, tag 54: 1, 2, and 5 for a short sale
    "BUY": ("BUY", "B", "BOT", "BOUGHT", "1"),
    "SELL": ("SELL", "S", "SLD", "SOLD", "2", "SS", "5", "SELL SHORT", "SHORT SELL", "SHORT"),
}
SIDES = "BUY or SELL, B or S, 1 or 2"
"""What a side may be called, for messages."""
MISSPELLED_SIDES = tuple(
    sorted({wrong for side in ("BUY", "SELL") for way in ("truncated", "typo") for wrong in spell(way, side)})
)
"""What a side is taken for that is not spelled right: a break, and not another name for a side."""

OPPOSITE = dict(
    pair
    for way in ("", "truncated", "typo")
    for sides in zip(*(spell(way, side) if way else [side] for side in ("BUY", "SELL")), strict=True)
    for pair in (sides, sides[::-1])
)
"""By side, spelled right or wrong, the other one, spelled in the same way."""

_EXPECTED = {
    "quantity": "a plain number such as 250",
    "price": "a plain number such as 154.00",
    "date": "a date such as 2025-07-21, or its form in a layout",
    "trade_timestamp": "a time such as 2025-07-21 10:33:00, or its form in a layout",
}


@dataclass(slots=True)
class ListColumns:
    """One list: where it is, what it calls each field, and the forms of its dates and times.

    Parameters
    ----------
    connection : DuckDBPyConnection
    source : Source
    layout : Layout
        Names of columns and forms of dates, as far as the user has given them.

    Raises
    ------
    FitError
        Where a named column is missing, or a date or time has no known form.
    """

    connection: DuckDBPyConnection
    source: Source
    layout: Layout
    names: dict[str, str] = field(init=False)
    forms: dict[str, str | None] = field(init=False)

    def __post_init__(self) -> None:
        hint = "; name the one of the id, by --id or id="
        written = self.layout.written(TRADE_COLUMNS)
        called = {name: self.layout.columns.get(name, name) for name in written}
        for name, column in called.items():
            wanted = name == "trade_id" or name in self.layout.columns or self.layout.include is not None
            if column not in self.source.seen and wanted:
                raise FitError(
                    f"{self.source.name} has no column {shown(column)}; it has "
                    f"{', '.join(self.source.seen) or 'none'}{hint if name == 'trade_id' else ''}"
                )
        self.names = {name: column for name, column in called.items() if column in self.source.seen}
        if len(self.names) == 1:
            raise FitError(
                f"{self.source.name} has none of the columns {', '.join(TRADE_COLUMNS[1:])}; "
                "name yours, such as price=Px"
            )
        given = {"date": self.layout.date_format, "trade_timestamp": self.layout.timestamp_format}
        self.forms = {name: given[name] or self._form(name) for name in TIMES if name in self.names}

    @property
    def others(self) -> tuple[str, ...]:
        """The columns that hold none of the fields; none where a layout says which are to be read."""
        if self.layout.include is not None:
            return ()
        used = {*self.names.values(), RECORD_ID}
        return tuple(name for name in self.source.seen if name not in used)

    def value(self, name: str, *, strict: bool = True) -> str:
        """SQL for a field's values, of the type in `KINDS`; NULL where the cell is blank.

        Unless `strict`, also where it is of another form: else the query fails there.
        """
        kind, tried = KINDS[name], "" if strict else "TRY_"
        # Numbers and dates may have blanks around them, which a cast does not mind. Names are trimmed later,
        # where they differ: to trim all of them takes seconds.
        cell = self.source.text(self.names[name])
        form = self.forms.get(name)
        if form is not None:
            parsed = f"{'' if strict else 'try_'}strptime({cell}, {literal(form)})"
            return f"CAST({parsed} AS {kind})"
        if name == "order_type":
            plain = self.source.trimmed(self.names[name])
            cases = " ".join(
                f"WHEN upper({plain}) IN ({', '.join(map(literal, words))}) THEN {literal(side)}"
                for side, words in _SIDES.items()
            )
            return f"CASE WHEN {cell} IN ('BUY', 'SELL') THEN {cell} {cases} ELSE {plain} END"
        return cell if kind == "VARCHAR" else f"{tried}CAST({cell} AS {kind})"

    def wrong_cell(self) -> str:
        """A sentence on a cell that is not of its field's form; "" where there is none."""
        for name in (*NUMBERS, *TIMES):
            if name in self.names:
                cell = self.source.trimmed(self.names[name])
                found = first_row(
                    self.connection,
                    f"SELECT {cell} FROM {self.source.relation} "
                    f"WHERE {cell} IS NOT NULL AND {self.value(name, strict=False)} IS NULL LIMIT 1",
                )
                if found:
                    return (
                        f"{self.source.name} has the {name} {shown(found[0])}; expected {_EXPECTED[name]}"
                        f"{without_commas(name, found[0])}"
                    )
        return ""

    def _form(self, name: str) -> str | None:
        """The form that fits all dates or times looked at; None for ISO 8601."""
        cell = self.source.trimmed(self.names[name])
        cells = f"(SELECT {cell} AS cell FROM {self.source.relation} LIMIT {_LOOKED_AT})"
        iso = f"SELECT bool_and(regexp_full_match(cell, {literal(ISO[name])})) FROM {cells}"
        # None where all cells are blank.
        if first_row(self.connection, iso)[0] is not False:
            return None
        fitting = fitting_forms(self.connection, cells, FORMS[name])
        option = "date_format" if name == "date" else "timestamp_format"
        [example] = first_row(self.connection, f"SELECT min(cell) FROM {cells}")
        if not fitting:
            raise FitError(
                f"{self.source.name} has the {name} {shown(example)}, which no known form fits; "
                f"give a layout with {option}, such as {FORMS[name][0]}"
            )
        if len(fitting) > 1:
            raise FitError(
                f"{self.source.name} has the {name} {shown(example)}, which may be {fitting[0]} or "
                f"{fitting[1]}; give a layout with {option}"
            )
        return fitting[0]


def without_commas(name: str, cell: str) -> str:
    """What to do about a number in which commas may stand between thousands; "" for any other cell.

    They are not taken for that: in some countries, 1,284 is a little more than one.
    """
    grouped = name in NUMBERS and re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", cell)
    return "; remove the commas" if grouped else ""


def layouts_of(
    trade_id: str, columns: Mapping[str, str] | None, layouts: Mapping[str, Any] | None
) -> dict[str, Layout]:
    """The layouts of both lists: what is given for each, over what is given for both.

    Raises
    ------
    FitError
        Where there is no such list or field.
    """
    from tradegen.scenario.model import Scenario  # pydantic, only where it is needed

    both = {"trade_id": trade_id, **(columns or {})}
    both = {name: column for name, column in both.items() if name != column}
    lists: dict[str, Any] = {name: {"columns": dict(both)} for name in LISTS["two_system"]}
    for name, given in (layouts or {}).items():
        if name not in lists:
            raise FitError(f"layout has {shown(name)}; expected tables ours and theirs")
        if not isinstance(given, Mapping):
            raise FitError(f"layout has {shown(given)} as {name}; expected a table such as {{columns = ...}}")
        lists[name] = {**given, "columns": both | dict(given.get("columns", {}))}
    try:
        # Without mechanisms: no list has to show what they alter.
        return Scenario(view="two_system", mismatch_rate=0, mechanisms={}, **lists).lists
    except ScenarioError as error:
        raise FitError(str(error)) from None
