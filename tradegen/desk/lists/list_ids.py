"""The ids of a list: those that are blank or stand more than once name no trade."""

# ruff: noqa: S608 - what is put into SQL is quoted by `identifier`, or is ours

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradegen.desk.lists.list_values import TradeList, explained
from tradegen.desk.lists.value_stream import arrow_batches
from tradegen.errors import ListError, shown
from tradegen.scoring.relations import first_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["require_ids", "rows_to_leave"]

_EXAMPLES = 3


def require_ids(connection: DuckDBPyConnection, one: TradeList) -> None:
    """Refuse a list with blank ids, or with ids that stand twice, unless it says to leave such rows.

    Raises
    ------
    ListError
        With examples.
    """
    if one.form.duplicate_ids == "leave":
        return
    if not _doubtful(connection, one):
        return
    parts = _parts(one)
    with explained(one.name):
        blank = first_row(connection, f"SELECT min(row) FROM ({_rows(one)}) WHERE {_blank(parts)}")
        twice = connection.execute(
            f"SELECT concat_ws(' / ', {', '.join(parts)}), min(row) AS low, max(row), count(*) OVER () "
            f"FROM ({_rows(one)}) GROUP BY {', '.join(parts)} HAVING count(*) > 1 "
            f"ORDER BY low LIMIT {_EXAMPLES}"
        ).fetchall()
    if blank[0] is not None:
        raise ListError(
            f"{one.name} has no {' and '.join(map(shown, one.form.id))} in row {blank[0] + 1:,}; "
            'expected an id in each row, or duplicate_ids = "leave"'
        )
    if twice:
        examples = ", ".join(
            f"{shown(key)} in rows {low + 1:,} and {high + 1:,}" for key, low, high, _ in twice
        )
        raise ListError(
            f"{one.name} has {twice[0][3]:,} ids more than once, such as {examples}; expected an id for each "
            'trade: several columns make one key together, and duplicate_ids = "leave" alters none of these'
        )


def _doubtful(connection: DuckDBPyConnection, one: TradeList) -> bool:
    """Whether an id is blank, or two have the same hash, which takes less than half the time to tell."""
    cells = [one.source.trimmed(name) for name in one.form.id]
    known = " AND ".join(f"{cell} IS NOT NULL" for cell in cells)
    query = f"SELECT CASE WHEN {known} THEN hash({', '.join(cells)}) ELSE 0 END FROM {one.source.relation}"
    with explained(one.name):
        parts = [batch.column(0).to_numpy() for batch in arrow_batches(connection.cursor(), query)]
    hashes = np.concatenate(parts) if parts else np.empty(0, np.uint64)
    del parts
    hashes.sort()
    return bool(len(hashes) and (not hashes[0] or (hashes[1:] == hashes[:-1]).any()))


def rows_to_leave(one: TradeList) -> str:
    """SQL for the rows, from 0, whose id is blank or stands more than once: one column, ``row``."""
    parts = _parts(one)
    return (
        f"SELECT row FROM ({_rows(one)}) QUALIFY {_blank(parts)} "
        f"OR count(*) OVER (PARTITION BY {', '.join(parts)}) > 1"
    )


def _parts(one: TradeList) -> list[str]:
    return [f"part_{number}" for number in range(len(one.form.id))]


def _blank(parts: list[str]) -> str:
    return f"({' OR '.join(f'{part} IS NULL' for part in parts)})"


def _rows(one: TradeList) -> str:
    """SQL for the ids of all rows, by part, with their numbers from 0."""
    named = zip(one.form.id, _parts(one), strict=True)
    cells = ", ".join(f"{one.source.trimmed(name)} AS {part}" for name, part in named)
    return f"SELECT {cells}, row_number() OVER () - 1 AS row FROM {one.source.relation}"
