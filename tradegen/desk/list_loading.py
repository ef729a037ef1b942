"""Two lists read into tables: the nine columns, and those beside them."""

# ruff: noqa: S608 - what is put into SQL is quoted by `literal` and `identifier`, or is ours

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tradegen.desk.desk_columns import DeskColumn, without_misfits
from tradegen.desk.list_columns import KINDS, MISSPELLED_SIDES, SIDES, ListColumns
from tradegen.errors import FitError, shown
from tradegen.scoring.relations import first_row, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LOOKED_AT = 100_000  # trades that tell whether names have blanks around them
_SELDOM = 0.05  # so few of the names have blanks around them where these are mistakes
_STEPS = {60_000_000: "minute", 1_000_000: "second", 1_000: "millisecond"}  # microseconds
_TIMES = 20  # times that show what the steps of a list are


def load_lists(
    connection: DuckDBPyConnection,
    lists: Sequence[ListColumns],
    fields: tuple[str, ...],
    own: Sequence[DeskColumn],
) -> list[DeskColumn]:
    """Make the tables ``ours`` and ``theirs``; the columns beside the nine as they were read.

    Kinds were guessed from the first rows. If later rows are of another form, such columns are read as texts.
    """
    columns = list(own)
    if not all(_load(connection, one, side, fields, columns) for side, one in enumerate(lists)):
        columns = without_misfits(connection, lists, own)
        for side, one in enumerate(lists):
            _load(connection, one, side, fields, columns)
    return columns


def _load(
    connection: DuckDBPyConnection,
    one: ListColumns,
    side: int,
    fields: tuple[str, ...],
    own: Sequence[DeskColumn],
) -> bool:
    """Make the table of a list; false where a column beside the nine has a cell of another form."""
    import duckdb

    table, names = ("ours", "theirs")[side], ("trade_id", *fields)
    # To compress ids takes longer than to read them. What each other column is compressed by is for DuckDB.
    kinds = {name: KINDS[name] for name in names} | {"trade_id": "VARCHAR USING COMPRESSION uncompressed"}
    kinds |= {column.name: column.sql_type for column in own}
    values = [*map(one.value, names), *(column.sql[side] for column in own)]
    columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    connection.execute(f"CREATE OR REPLACE TABLE {table} ({columns})")
    try:
        connection.execute(f"INSERT INTO {table} SELECT {', '.join(values)} FROM {one.source.relation}")
    except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException) as error:
        wrong = one.wrong_cell()
        if not wrong and not all(column.named for column in own):
            return False
        first = str(error).partition("\n")[0]
        raise FitError(wrong or f"{one.source.name} cannot be read: {first}") from None
    if "order_type" in fields:
        known = ", ".join(map(literal, ("BUY", "SELL", *MISSPELLED_SIDES)))
        [side] = first_row(
            connection, f"SELECT min(order_type) FROM {table} WHERE upper(order_type) NOT IN ({known})"
        )
        if side is not None:
            raise FitError(f"{one.source.name} has the order_type {shown(side)}; expected {SIDES}")
    if not first_row(connection, f"SELECT count(*) FROM {table}")[0]:
        raise FitError(f"{one.source.name} has no trades")
    return True


def bare_names(connection: DuckDBPyConnection, names: Sequence[str]) -> list[str]:
    """The columns of names that have no blanks around them on most trades, on either list."""
    if not names:
        return []
    padded = ", ".join(f"avg(({name} <> trim({name}))::INT)" for name in names)
    shares = [
        first_row(connection, f"SELECT {padded} FROM (FROM {table} LIMIT {_LOOKED_AT})")
        for table in ("ours", "theirs")
    ]
    return [
        name for name, one, other in zip(names, *shares, strict=True) if max(one or 0, other or 0) <= _SELDOM
    ]


def compare_coarser(connection: DuckDBPyConnection) -> str:
    """Compare times as the list with the coarser ones has them; a sentence on that, or ""."""
    steps = []
    for table in ("ours", "theirs"):
        whole = (f"bool_and(epoch_us(trade_timestamp) % {step} = 0)" for step in _STEPS)
        rows, *fits = first_row(connection, f"SELECT count(trade_timestamp), {', '.join(whole)} FROM {table}")
        # Of a few times, all may be on the minute by chance.
        steps.append(
            next((s for s, fit in zip(_STEPS, fits, strict=True) if fit), 1) if rows >= _TIMES else 0
        )
    if 0 in steps or steps[0] == steps[1]:
        return ""
    finer = "ours" if steps[0] < steps[1] else "theirs"
    part = _STEPS[max(steps)]
    connection.execute(f"UPDATE {finer} SET trade_timestamp = date_trunc('{part}', trade_timestamp)")
    return f"Times are compared to the {part}: one list has no finer ones."
