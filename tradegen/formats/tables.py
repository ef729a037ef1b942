"""What the tables of a run are: their columns, what these are called, and where their values come from.

Every format reads this one description. A layout's names and forms are applied here, and nowhere else.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tradegen.core import formatting
from tradegen.core.blocks import Block, Trades, Truth
from tradegen.core.columns import (
    LEGS,
    LINKS,
    MICROSECONDS,
    RECORD,
    RECORD_ID,
    TRADE_COLUMNS,
    Array,
    is_blank,
)
from tradegen.core.formatting import Form
from tradegen.core.text_columns import CACHED_ROWS
from tradegen.engine.code_names import names_of
from tradegen.engine.run import Run
from tradegen.formats.kinds import (
    AnyField,
    Code,
    Date,
    Decimal,
    Difference,
    FieldValues,
    Flag,
    Integer,
    Kind,
    Reference,
    Timestamp,
)
from tradegen.formats.own_fields import hidden_reference, own_fields
from tradegen.scenario.layouts import PLAIN

if TYPE_CHECKING:
    from tradegen.scenario.layouts import Layout

TRUTH = "truth"
"""The name of the table that holds the answer key."""

Rows: TypeAlias = Trades | Truth
"""Rows of a table, as a block holds them."""

_Described: TypeAlias = tuple[str, Kind, Callable[[Any], Any]]
"""A column's field, kind and values, before a layout gives it a name."""

_NUMBER, _NOTIONAL = 18, 19  # digits


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of a table."""

    field: str  # what tradegen calls it
    name: str  # what it is called where it is written
    kind: Kind
    values: Callable[[Any], Any]  # its values in rows of the table, as the kind holds them

    def texts(self, rows: Rows) -> Array:
        """Its values as text files print them: bytes of one width, padded with NULs."""
        return self.kind.texts(self.values(rows))


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One of the lists of a run, or its truth."""

    name: str
    columns: tuple[Column, ...]
    rows: Callable[[Block], Rows]  # what a block adds to it, in the order in which they were made
    left_out: tuple[str, ...] = ()  # fields that records have, and the list does not
    sort: str | None = None  # the field that its files are sorted by, if they are: see `sorting`

    @property
    def names(self) -> list[str]:
        """What its columns are called where it is written."""
        return [column.name for column in self.columns]

    def texts(self, rows: Rows) -> dict[str, Array]:
        """Its columns as text files print them, by field."""
        return {column.field: column.texts(rows) for column in self.columns}

    def parts(self, rows: Rows) -> Iterator[Rows]:
        """The same rows in parts that a processor's caches hold: so to print them takes half the time."""
        for start in range(0, len(rows), CACHED_ROWS):
            yield rows.part(start, start + CACHED_ROWS)


def tables(run: Run) -> dict[str, Table]:
    """The lists of the view and the truth, by name; and the links, where the lists share no id."""
    links = {} if run.scenario.shared_id else {LINKS: links_table(run)}
    return {**list_tables(run), TRUTH: truth_table(run), **links}


def list_tables(run: Run) -> dict[str, Table]:
    """The lists of the view, by name."""
    lists = run.scenario.lists
    one = len(lists) == 1
    return {
        name: _list_table(run, name, layout, _all_legs if one else functools.partial(_one_leg, leg))
        for leg, (name, layout) in enumerate(lists.items())
    }


def trades_table(run: Run) -> Table:
    """All records of a run as one list, whatever its view, under their plain names."""
    return Table("trades", _trade_columns(run, PLAIN), _all_legs)


def _list_table(run: Run, name: str, layout: Layout, rows: Callable[[Block], Rows]) -> Table:
    columns = {column.field: column for column in _trade_columns(run, layout)}
    written = layout.written(run.scenario.trade_columns)
    left_out = tuple(field for field in columns if field not in written)
    # Without a shared id, a row's place must not say which trade it is of.
    sort = layout.sort if run.scenario.shared_id else run.scenario.key
    return Table(name, tuple(columns[field] for field in written), rows, left_out, sort)


def links_table(run: Run) -> Table:
    """Which trade each record is of, by trade_id, leg and record."""
    columns: list[_Described] = [
        ("trade_id", Reference(formatting.trade_ids), attrgetter("trade_id")),
        ("leg", Code(LEGS[run.scenario.view]), attrgetter("leg")),
        *_record_id(run),
    ]
    return Table(LINKS, tuple(Column(field, field, kind, values) for field, kind, values in columns), _linked)


def _linked(block: Block) -> Trades:
    trades = block.trades
    return trades.take(np.lexsort((trades.record, trades.leg, trades.trade_id)))


def truth_table(run: Run) -> Table:
    """The answer key, by trade_id and then by field."""
    scenario = run.scenario
    possible = {field for name in run.mechanisms for field in scenario.catalogue[name].fields}
    fields, field_codes = _those_of(scenario.fields, possible)
    as_written: dict[str, Any] = {column.field: column.kind.texts for column in _trade_columns(run, PLAIN)}
    as_written[RECORD] = formatting.integers
    codes = {field: code for code, field in enumerate(scenario.fields)}
    any_field = AnyField({codes[field]: form for field, form in as_written.items() if field in codes})
    columns: list[_Described] = [
        ("trade_id", Reference(formatting.trade_ids), attrgetter("trade_id")),
        ("leg", Code(LEGS[run.scenario.view]), attrgetter("leg")),
        ("field", fields, lambda truth: field_codes[truth.field]),
        ("mechanism", Code(tuple(run.mechanisms)), attrgetter("mechanism")),
        ("original", any_field, _original),
        ("altered", any_field, lambda truth: _altered(truth, truth.altered)),
        ("delta", _differences(run), lambda truth: _altered(truth, truth.altered - truth.original)),
        ("benign", Flag(), attrgetter("benign")),
        ("notional", Decimal(_NOTIONAL, scenario.notional_places), attrgetter("notional")),
        ("cause", Code(tuple(run.scenario.causes)), attrgetter("cause")),
        *_record_id(run),
    ]
    return Table(
        TRUTH,
        tuple(Column(field, field, kind, values) for field, kind, values in columns),
        attrgetter(TRUTH),
    )


def _original(truth: Truth) -> FieldValues:
    return FieldValues(truth.original, truth.field, np.zeros(len(truth), bool))


def _altered(truth: Truth, numbers: Array) -> FieldValues:
    """Numbers that are missing where what a truth's row altered is."""
    return FieldValues(numbers, truth.field, is_blank(truth.altered))


def _trade_columns(run: Run, layout: Layout) -> tuple[Column, ...]:
    scenario = run.scenario
    missing = {field: f"{field}.blank" in run.mechanisms for field in TRADE_COLUMNS}

    def code(field: str) -> Code:
        return Code(names_of(scenario, run.market, field).names, missing[field])

    def number(field: str) -> Decimal:
        return Decimal(_NUMBER, scenario.grids[field].places, missing[field])

    timestamp = Timestamp(scenario.timestamp_precision, layout.timestamp_format, missing["trade_timestamp"])
    whole = not scenario.grids["quantity"].places
    kinds: dict[str, Kind] = {
        "trade_id": Reference(formatting.trade_ids),
        "ticker": code("ticker"),
        "broker_id": code("broker_id"),
        "contra_broker_id": code("contra_broker_id"),
        "quantity": Integer(missing["quantity"]) if whole else number("quantity"),
        "price": number("price"),
        "order_type": code("order_type"),
        "date": Date(layout.date_format, missing["date"]),
        "trade_timestamp": timestamp,
    }
    columns: list[_Described] = [(field, kind, attrgetter(field)) for field, kind in kinds.items()]
    return tuple(
        Column(field, layout.columns.get(field, field), kind, values)
        for field, kind, values in (*columns, *own_fields(run, layout), *_record_id(run))
    )


def _record_id(run: Run) -> Iterator[_Described]:
    """The last column, where records have one."""
    if run.scenario.record_ids:
        yield RECORD_ID, hidden_reference(run, RECORD_ID), attrgetter("record")


def _differences(run: Run) -> Difference:
    scenario = run.scenario
    seconds = functools.partial(formatting.seconds, precision=scenario.timestamp_precision)
    forms: dict[str, tuple[Form, int]] = {
        "date": (formatting.integers, 1),
        "trade_timestamp": (seconds, MICROSECONDS),
        RECORD: (formatting.integers, 1),
    }
    places = {name: grid.places for name, grid in scenario.grids.items()}
    places |= {column.name: column.places for column in scenario.columns if column.kind == "decimal"}
    for name, number in places.items():
        forms[name] = (functools.partial(formatting.decimals, places=number), 10**number)
    for column in scenario.columns:
        if column.kind in ("integer", "date"):
            forms[column.name] = (formatting.integers, 1)
        elif column.kind == "timestamp":
            forms[column.name] = (seconds, MICROSECONDS)
    by_code = {code: forms[field] for code, field in enumerate(scenario.fields) if field in forms}
    return Difference(
        {code: form for code, (form, _) in by_code.items()},
        {code: unit for code, (_, unit) in by_code.items()},
    )


def _those_of(names: Sequence[str], possible: set[str]) -> tuple[Code, Array]:
    """The names that a run may have, and by position among all names the code of each."""
    kept = [position for position, name in enumerate(names) if name in possible]
    codes = np.zeros(len(names), np.int16)
    codes[kept] = np.arange(len(kept))
    return Code(tuple(names[position] for position in kept)), codes


def _all_legs(block: Block) -> Trades:
    return block.trades


def _one_leg(leg: int, block: Block) -> Trades:
    return block.trades.take(block.trades.leg == leg)
