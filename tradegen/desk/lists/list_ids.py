"""The ids of a list: those that are blank or stand more than once name no trade."""

# ruff: noqa: S608 - what is put into SQL is quoted by `identifier`, or is ours

from __future__ import annotations

from typing import TYPE_CHECKING

from tradegen.desk.lists.list_values import TradeList, explained
from tradegen.errors import ListError, shown
from tradegen.scoring.relations import first_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

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
    parts = _parts(one)
    with explained(one.name):
        blank = first_row(connection, f"SELECT min(row) FROM ({_rows(one)}) WHERE {_blank(parts)}")
        twice = connection.execute(
            # By the id as it is written: parts that hold " / " themselves may give another trade's.
            f"SELECT concat_ws(' / ', {', '.join(parts)}) AS id, min(row) AS low, max(row), count(*) OVER () "
            f"FROM ({_rows(one)}) GROUP BY id HAVING count(*) > 1 "
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
        how = "several columns make one key together" if len(parts) == 1 else "its parts are joined by ' / '"
        raise ListError(
            f"{one.name} has {twice[0][3]:,} ids more than once, such as {examples}; expected an id for each "
            f'trade: {how}, and duplicate_ids = "leave" alters none of these'
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
