"""Two lists that ought to agree, in forms of their own: compared by the values of their columns, id by id."""

# ruff: noqa: S608 - what is put into SQL is made by `TradeList`, or is ours

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tradegen.desk.lists.list_form import ColumnForm, ListForm
from tradegen.desk.lists.list_ids import require_ids
from tradegen.desk.lists.list_values import TradeList, explained
from tradegen.errors import ListError, shown
from tradegen.scoring.relations import first_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLES = ("ours_compared", "theirs_compared")
"""The tables of two lists that are compared."""

_EXAMPLES = 3
_NO_MORE: Mapping[str, Sequence[str]] = MappingProxyType({})
_ROW = '"row within the list"'  # a list may have a column of any plain name
_NUMBERS = ("integer", "decimal")
_DATED = ("date", "timestamp")


def matched_columns(ours: ListForm, theirs: ListForm) -> list[tuple[ColumnForm, ColumnForm]]:
    """The columns that both lists have: those of one role, and those of one name where neither has a role.

    Columns of the id are none of them: records are matched by these.

    Raises
    ------
    ListError
        Where two ids cannot be compared, or two columns that belong together hold different sorts of values.
    """
    if len(ours.id) != len(theirs.id):
        raise ListError(
            f"id of ours has the columns {', '.join(ours.id)}, and that of theirs {', '.join(theirs.id)}; "
            "expected as many of them, in the same order"
        )
    plain = {column.name: column for column in theirs.columns if column.role is None}
    found = []
    for column in ours.columns:
        other = theirs.by_role.get(column.role) if column.role else plain.get(column.name)
        if other is None or column.name in ours.id or other.name in theirs.id:
            continue
        if _sort(column) != _sort(other):
            raise ListError(
                f"column {shown(column.name)} of ours is of kind {column.kind}, and {shown(other.name)} of "
                f"theirs of kind {other.kind}; expected kinds that can be compared, or other roles or names"
            )
        found.append((column, other))
    if not found:
        raise ListError(
            "the two lists have no column of the same role or name; expected roles in both tables"
        )
    return found


def _sort(column: ColumnForm) -> str:
    return "number" if column.kind in _NUMBERS else column.kind if column.kind in _DATED else "name"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two lists in the tables ``ours_compared`` and ``theirs_compared``, of which each column has a number.

    The tables have ``key``, ``times``, how often that id stands in the list, and for each of the columns
    ``v0`` and ``t0``: its values, and its texts without the blanks around them.

    Attributes
    ----------
    columns : list of tuple
        The columns of ours and of theirs that belong together.
    apart : list of str
        For each of them, SQL for whether they differ in a row ``o`` of ours and ``t`` of theirs.
    differing : str
        SQL for the trades that differ, from ``FROM`` on. An id that stands twice names none.
    """

    columns: list[tuple[ColumnForm, ColumnForm]]
    apart: list[str]
    differing: str


@contextlib.contextmanager
def compared(
    connection: DuckDBPyConnection,
    ours: TradeList,
    theirs: TradeList,
    more: Mapping[str, Sequence[str]] = _NO_MORE,
) -> Iterator[Compared]:
    """Compare two lists by the values of the columns that both have; the tables are gone afterwards.

    A number is the same however it is written, and so are dates and times. Names are compared without the
    blanks around them.

    Parameters
    ----------
    connection : DuckDBPyConnection
    ours, theirs : TradeList
    more : mapping of str to sequence of str
        By the name of another column of both tables, SQL for it in ours and in theirs.

    Raises
    ------
    ListError
        Where a list cannot be read, or a cell is not of its column's kind.
    """
    columns = matched_columns(ours.form, theirs.form)
    for one in (ours, theirs):
        require_ids(connection, one)
    for side, one in enumerate((ours, theirs)):
        pairs = [pair[side] for pair in columns]
        values = [one.value(column, strict=False) for column in pairs]
        cells = ", ".join(
            [
                f"{value} AS v{number}, {one.source.trimmed(column.name)} AS t{number}"
                for number, (column, value) in enumerate(zip(pairs, values, strict=True))
            ]
            + [f"{sql[side]} AS {name}" for name, sql in more.items()]
        )
        misfits = map(one.misfits, pairs, values)
        wrong = [(number, sql) for number, sql in enumerate(misfits) if sql]
        cases = " ".join(f"WHEN {sql} THEN {number}" for number, sql in wrong)
        misfit = f"CASE {cases} END" if wrong else "NULL"
        known = " AND ".join(f"{one.source.trimmed(name)} IS NOT NULL" for name in one.form.id)
        with explained(one.name):
            connection.execute(
                f"CREATE OR REPLACE TABLE {TABLES[side]} AS SELECT {one.key()} AS key, {cells}, "
                f"{misfit} AS misfit, {_ROW} AS row, count(*) OVER (PARTITION BY {one.key()}) AS times "
                f"FROM (SELECT *, row_number() OVER () - 1 AS {_ROW} FROM {one.source.relation}) "
                f"WHERE {known}"
            )
        odd = first_row(
            connection, f"SELECT row, misfit FROM {TABLES[side]} WHERE misfit IS NOT NULL ORDER BY row"
        )
        if odd:
            row, number = odd
            [cell] = first_row(connection, f"SELECT t{number} FROM {TABLES[side]} WHERE row = {row}")
            raise one.misfit(pairs[number], row, cell)
    twice = " UNION ALL ".join(f"SELECT key FROM {table} WHERE times > 1" for table in TABLES)
    apart = [f"o.v{number} IS DISTINCT FROM t.v{number}" for number in range(len(columns))]
    yield Compared(
        columns,
        apart,
        f"FROM {TABLES[0]} AS o FULL JOIN {TABLES[1]} AS t USING (key) WHERE key NOT IN ({twice}) "
        f"AND (o.times IS NULL OR t.times IS NULL OR {' OR '.join(apart)})",
    )
    for table in TABLES:
        connection.execute(f"DROP TABLE {table}")


def require_agreement(connection: DuckDBPyConnection, ours: TradeList, theirs: TradeList) -> None:
    """Refuse two lists that differ in a record, or in the value of a column that both have.

    Raises
    ------
    ListError
        With examples; or as `compared` does.
    """
    with compared(connection, ours, theirs) as lists:
        texts = ", ".join(f"{apart}, o.t{n}, t.t{n}" for n, apart in enumerate(lists.apart))
        found = connection.execute(
            f"SELECT key, o.times IS NULL, t.times IS NULL, count(*) OVER (), {texts} {lists.differing} "
            f"ORDER BY key LIMIT {_EXAMPLES}"
        ).fetchall()
    if found:
        examples = "; ".join(_told(row, lists.columns, ours.name, theirs.name) for row in found)
        trades = "1 trade" if found[0][3] == 1 else f"{found[0][3]:,} trades"
        raise ListError(
            f"{ours.name} and {theirs.name} differ in {trades} already, such as {examples}; "
            "expected two lists that agree: take these trades out of both, correct the file of columns, or "
            "say keep_existing, which leaves them as they are"
        )


def _told(row: tuple[Any, ...], columns: list[tuple[ColumnForm, ColumnForm]], ours: str, theirs: str) -> str:
    key, missing_in_ours, missing_in_theirs, _, *cells = row
    if missing_in_ours or missing_in_theirs:
        return f"{key}, which is not in {ours if missing_in_ours else theirs}"
    number = next(n for n in range(len(columns)) if cells[3 * n])
    _, one, other = cells[3 * number : 3 * number + 3]
    name = columns[number][1].name
    return f"{key}, whose {name} is {shown(one or '')} and {shown(other or '')}"
