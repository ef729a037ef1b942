"""Lists in the order of the ids as they are written, where a layout asks for it, or where no id is shared.

Bytes decide, as in `sort` and `join` with LC_ALL=C: tid100000000 stands before tid99999999. Records of one id
keep the order that they had. All rows of a file are held until its last one is made, for a mistyped id may
belong anywhere in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from tradegen.core.blocks import BLOCK_PAIRS, Trades
from tradegen.core.columns import LARGEST_ID, RECORD_ID, Array
from tradegen.engine.run import Run
from tradegen.errors import TradegenError
from tradegen.formats.kinds import Reference
from tradegen.formats.tables import Rows, Table

MOST_SORTED = 10_000_000
"""The most pairs in a file that is sorted: some 2.6 GB, where a list holds both legs (130 bytes a row)."""

_ROWS_AT_ONCE = 2 * BLOCK_PAIRS
_DIGITS = 8  # of the shortest ids


def require_sortable(run: Run, pairs: int, error: type[TradegenError]) -> None:
    """Refuse to sort a file of more pairs than memory is to hold.

    Raises
    ------
    error
        Where a list is sorted, and has too many.
    """
    for name, layout in run.scenario.lists.items():
        if (layout.sort or not run.scenario.shared_id) and pairs > MOST_SORTED:
            why = f"{name}.sort is {layout.sort}" if layout.sort else "shared_id is false"
            raise error(
                f"{why}, and the file has {pairs:,} pairs; expected at most "
                f"{MOST_SORTED:,}, which memory holds, or a dataset, whose parts are sorted one by one"
            )


def sorted_rows(table: Table, trades: Trades) -> Trades:
    """Rows in the order that the table has."""
    return trades.take(_order(table, trades.arrays()[_array_of(table)]))


def in_order(table: Table, rows: Iterable[Rows]) -> Iterator[Rows]:
    """All rows of a table, given part by part, in the order in which the table has them."""
    if not table.sort:
        yield from rows
        return
    parts = [part.arrays() for part in rows]
    if not parts:
        return
    # Column by column, and each part's own column let go, so that memory holds the rows about once.
    order = _order(table, np.concatenate([part[_array_of(table)] for part in parts]))
    columns = {
        name: np.concatenate([part.pop(name) for part in parts]).take(order) for name in list(parts[0])
    }
    for start in range(0, len(order), _ROWS_AT_ONCE):
        yield Trades.of({name: values[start : start + _ROWS_AT_ONCE] for name, values in columns.items()})


def _array_of(table: Table) -> str:
    """The array of a block that holds what the table is sorted by."""
    return "record" if table.sort == RECORD_ID else "trade_id"


def _order(table: Table, ids: Array) -> Array:
    """The positions of rows in the order of their ids (int64, shape (n,)) as the table writes them."""
    if table.sort != RECORD_ID:
        return _order_of_trade_ids(ids)
    [kind] = [column.kind for column in table.columns if column.field == RECORD_ID]
    assert isinstance(kind, Reference)
    # All are 16 letters long: as two numbers each, the first byte the highest, they are in the same order.
    words = kind.texts(ids).view(">u8").astype(np.uint64).reshape(-1, 2)
    return np.lexsort((words[:, 1], words[:, 0]))


def _order_of_trade_ids(ids: Array) -> Array:
    """The positions of ids (int64, shape (n,)) in the order of their texts: eight digits, or more."""
    digits = np.full(len(ids), _DIGITS, np.int64)
    for more in range(_DIGITS, len(str(LARGEST_ID))):
        digits += ids >= 10**more
    # As if all had as many digits, noughts behind; of those alike, the shorter text comes first.
    filled = ids.astype(np.uint64) * np.uint64(10) ** (len(str(LARGEST_ID)) - digits).astype(np.uint64)
    return np.lexsort((digits, filled))
