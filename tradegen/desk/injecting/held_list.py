"""A list's ids and the columns that are looked at, in a table of their own, row by row as the list has them.

Nothing of it is in memory but one number a row. Which column has which values is read from the table.
"""

# ruff: noqa: S608 - what is put into SQL is made by `TradeList`, or is ours

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.streams import draw, scramble
from tradegen.desk.injecting.column_labels import NAMES, kind_of
from tradegen.desk.injecting.id_hashes import id_hashes
from tradegen.desk.lists.list_form import ColumnForm
from tradegen.desk.lists.list_ids import require_ids
from tradegen.desk.lists.list_values import TradeList, explained
from tradegen.desk.lists.typed_cells import TypedCells, shown_in, typed_cells
from tradegen.desk.lists.value_stream import arrow_batches
from tradegen.errors import ListError, shown
from tradegen.scoring.relations import first_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["HeldList", "Keys", "hold", "salt"]


def salt(seed: int, stream: str) -> int:
    """What tells the draws of one purpose from those of others, for `scramble`."""
    return int(draw(seed, f"inject/{stream}", 0, 1)[0])


_TOTAL = re.compile(r"(?:(?:grand|sub)[ -]?)?totals?:?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Keys:
    """A random number for each row, and which rows have one.

    Attributes
    ----------
    keys : ndarray of uint64, shape (rows,)
        They follow from the row's id and the seed alone.
    left : ndarray of int64
        The rows that are left as they are, since their id stands twice or is blank; ascending.
    """

    keys: Array
    left: Array


@dataclass(frozen=True)
class HeldList:
    """The table ``held``: ``id``; by the position of a column, its texts ``t3`` and values ``v3``.

    Values are whole numbers in the column's unit: of its last decimal place, days, microseconds. Of names in
    JSON lines, ``j3`` is what sort of value JSON takes them for.
    """

    connection: DuckDBPyConnection
    one: TradeList
    positions: tuple[int, ...]
    rows: int

    def column(self, position: int) -> ColumnForm:
        """What a column is."""
        return self.one.form.columns[position]

    def shows(self, position: int, texts: Sequence[str | None]) -> Array:
        """Which texts a column's type can hold, and have read as they are (bool); any in a list of text."""
        if not self._types:
            return np.ones(len(texts), bool)
        kind = kind_of(self.column(position))
        return shown_in(self._types[position], texts, kind)

    def never_shown(self, name: str, position: int, example: str | None) -> ListError:
        """What to say of a mechanism that makes nothing that a column can hold."""
        column = f"column {shown(self.column(position).name)} of {self.one.name}"
        what = "a blank" if example is None else shown(example)
        types = self._types
        if types[position].nested if types else self._has_objects(position):
            why = f"{column} holds lists or objects, which are never altered"
        elif types:
            why = f"{column}, of type {types[position].kind}, cannot hold {what}"
        else:
            why = f"{column} holds values without quotes, and {what} would need them"
        return ListError(f"{why}; leave out {name}, or give that column as text")

    def _has_objects(self, position: int) -> bool:
        [found] = first_row(self.connection, f"SELECT bool_or(j{position} IN ('OBJECT', 'ARRAY')) FROM held")
        return bool(found)

    @functools.cached_property
    def _types(self) -> Sequence[TypedCells]:
        return typed_cells(self.one.given) if self.one.form.file.form == "parquet" else ()

    def keys(self, seed: int) -> Keys:
        """The keys of all rows.

        Raises
        ------
        ListError
            Where an id stands twice, or is blank, and such rows are not to be left.
        """
        hashes, start = np.empty(self.rows, np.uint64), 0
        for batch in arrow_batches(self.connection, "SELECT id FROM held"):
            hashes[start : start + len(batch)] = id_hashes(batch.column(0))
            start += len(batch)
        in_order = np.sort(hashes)
        twice = np.unique(in_order[1:][in_order[1:] == in_order[:-1]])
        del in_order
        left = np.flatnonzero(np.isin(hashes, twice)) if len(twice) else np.empty(0, np.int64)
        blank = self.connection.execute("SELECT rowid FROM held WHERE id IS NULL").fetchnumpy()["rowid"]
        left = np.union1d(left, np.ma.getdata(blank)).astype(np.int64)
        if len(left):
            # It says which, unless such rows are to be left.
            require_ids(self.connection, self.one)
        return Keys(scramble(hashes, salt(seed, "mismatch/pair")), left)

    def known(self, ids: Sequence[str]) -> set[str]:
        """Those of some ids that rows of the list have."""
        import pyarrow as pa

        self.connection.register("asked", pa.table({"id": pa.array(list(ids), pa.string())}))
        found = self.connection.execute(
            "SELECT DISTINCT id FROM held WHERE id IN (SELECT id FROM asked)"
        ).fetchall()
        self.connection.unregister("asked")
        return {one for [one] in found}


def hold(connection: DuckDBPyConnection, one: TradeList, positions: Sequence[int]) -> HeldList:
    """Put what is looked at of a list into the table ``held``.

    Parameters
    ----------
    connection : DuckDBPyConnection
        It keeps the order of rows.
    one : TradeList
    positions : sequence of int
        Of the columns that are looked at.

    Raises
    ------
    ListError
        Where the list cannot be read, or a cell of these columns is not as it is described.
    """
    columns = {position: one.form.columns[position] for position in sorted(positions)}
    known = " AND ".join(f"{one.source.trimmed(name)} IS NOT NULL" for name in one.form.id)
    # A row without an id, such as a line of totals, says nothing of where clean values lie.
    within = f"CASE WHEN {known} THEN {{}} END" if one.form.duplicate_ids == "leave" else "{}"
    parts = [f"CASE WHEN {known} THEN {one.key()} END AS id"]
    for position, column in columns.items():
        parts.append(f"{within.format(one.source.trimmed(column.name))} AS t{position}")
        if kind_of(column) not in NAMES:
            parts.append(f"{within.format(_unit_value(one, column))} AS v{position}")
        elif one.source.json:
            parts.append(f"json_type({one.source.columns[column.name]}) AS j{position}")
    wrong = {position: sql for position, column in columns.items() if (sql := one.misfits(column))}
    which = " ".join(f"WHEN {sql} THEN {position}" for position, sql in wrong.items())
    parts.append(f"{within.format(f'CASE {which} END')} AS misfit" if wrong else "NULL AS misfit")
    # To find out how values are best compressed would take longer than to write them.
    connection.execute("SET force_compression = 'uncompressed'")
    with explained(one.name):
        connection.execute(f"CREATE TABLE held AS SELECT {', '.join(parts)} FROM {one.source.relation}")
    _refuse_totals(connection, one)
    found = first_row(connection, "SELECT rowid, misfit FROM held WHERE misfit IS NOT NULL ORDER BY rowid")
    if found:
        row, position = found
        [cell] = first_row(connection, f"SELECT t{position} FROM held WHERE rowid = {row}")
        raise one.misfit(columns[position], row, cell)
    _require_as_stated(connection, one, columns)
    [rows] = first_row(connection, "SELECT count(*) FROM held")
    return HeldList(connection, one, tuple(columns), rows)


def _require_as_stated(
    connection: DuckDBPyConnection, one: TradeList, columns: Mapping[int, ColumnForm]
) -> None:
    asked = {
        (position, setting): sql
        for position, column in columns.items()
        for setting, sql in one.contradicted(column, f"t{position}").items()
    }
    if asked:
        cells = first_row(connection, f"SELECT {', '.join(asked.values())} FROM held")
        for (position, setting), cell in zip(asked, cells, strict=True):
            if cell is not None:
                raise one.contradiction(columns[position], setting, cell)


def _refuse_totals(connection: DuckDBPyConnection, one: TradeList) -> None:
    """Refuse a list whose last row is named as a sum of the others."""
    last = "SELECT rowid, id FROM held WHERE rowid = (SELECT max(rowid) FROM held)"
    row, name = first_row(connection, last) or (0, None)
    if name and _TOTAL.fullmatch(name):
        raise ListError(
            f"{one.name} has {shown(name)} for an id in its last row, {row + 1:,}, which is a line of totals "
            'and no trade; take it out, or make its id blank and set duplicate_ids = "leave"'
        )


def _unit_value(one: TradeList, column: ColumnForm) -> str:
    value: Any = one.value(column, strict=False)
    if column.kind == "decimal":
        places = column.places or 0
        wide = f"CAST({value} AS DECIMAL({37 - places}, {places}))"
        return f"TRY_CAST({wide} * CAST({10**places} AS DECIMAL({places + 1}, 0)) AS BIGINT)"
    if column.kind == "date":
        return f"({value} - DATE '1970-01-01')"
    return f"epoch_us({value})" if column.kind == "timestamp" else str(value)
