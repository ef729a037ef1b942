"""The rows of a list that come first by their keys, with what is looked at of them."""

# ruff: noqa: S608 - columns are called by their positions

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from tradegen.core.columns import Array, blank
from tradegen.core.streams import scramble
from tradegen.desk.injecting.held_list import HeldList, salt
from tradegen.desk.injecting.id_hashes import id_hashes
from tradegen.desk.lists.value_stream import arrow_table

_BATCH = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class ChosenRows:
    """Some rows of a list, n of them, by their keys.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        Which rows of the list they are, from 0.
    hashes : ndarray of uint64, shape (n,)
        Of their ids.
    ids : sequence of str, length n
    texts : mapping of int to sequence of str or None
        By position of a column, its cells.
    values : mapping of int to ndarray of int64
        By position of a column, its values in its unit; the smallest number for none.
    ticker : int
        The position of the column of tickers, -1 for none.
    sorts : mapping of int to sequence of str or None
        By position of a column of names in JSON lines, what sort of value JSON takes each for.
    """

    rows: Array
    hashes: Array
    ids: Sequence[str]
    texts: Mapping[int, Sequence[str | None]]
    values: Mapping[int, Array]
    ticker: int
    sorts: Mapping[int, Sequence[str | None]]

    def __len__(self) -> int:
        return len(self.rows)

    def drawn(self, seed: int, stream: str) -> Array:
        """A raw draw for each row (uint64), which depends on its id, the seed and the stream alone."""
        return scramble(self.hashes, salt(seed, stream))

    def tickers(self, rows: Array) -> Sequence[str | None]:
        """The tickers of some of these rows; none where the list has none."""
        if self.ticker not in self.texts:
            return []
        names = self.texts[self.ticker]
        return [names[row] for row in rows.tolist()]

    def notional(self, quantity: tuple[int, int] | None, price: tuple[int, int] | None) -> list[str | None]:
        """Quantity times price of each row, whatever their signs; None where one is not known.

        Each is given by the position of its column, and its decimal places.
        """
        if quantity is None or price is None:
            return [None] * len(self)
        none, places = blank(np.int64), quantity[1] + price[1]
        return [
            None if none in pair else f"{Decimal(abs(pair[0] * pair[1])).scaleb(-places):f}"
            for pair in zip(self.values[quantity[0]].tolist(), self.values[price[0]].tolist(), strict=True)
        ]


def chosen_rows(held: HeldList, order: Array) -> Iterator[ChosenRows]:
    """Rows of a list in the order that is given, some at a time.

    Parameters
    ----------
    held : HeldList
    order : ndarray of int64
        Rows of the list.
    """
    import pyarrow as pa

    connection = held.connection
    table = pa.table({"rank": np.arange(len(order)), "row": order})
    connection.register("wanted", table)
    looked_at = ["rank", "row", "id", *(f"{held.text(at)} AS t{at}" for at in held.positions)]
    looked_at += [f"v{at}" for at in held.measured]
    looked_at += [f"j{at}" for at in held.sorted_by_json]
    connection.execute(
        f"CREATE OR REPLACE TABLE chosen AS SELECT {', '.join(looked_at)} FROM wanted "
        "JOIN held ON held.rowid = wanted.row ORDER BY rank"
    )
    connection.unregister("wanted")
    by_role = held.one.form.by_role
    ticker = held.one.form.position(by_role["ticker"].name) if "ticker" in by_role else -1
    for start in itertools.count(0, _BATCH):
        if start >= len(order):
            return
        found = arrow_table(
            connection,
            f"SELECT * FROM chosen WHERE rank >= {start} AND rank < {start + _BATCH} ORDER BY rank",
        )
        yield ChosenRows(
            rows=_numbers(found["row"]),
            hashes=id_hashes(found["id"].combine_chunks()),
            ids=found["id"].to_pylist(),
            texts={p: found[f"t{p}"].to_pylist() for p in held.positions},
            values={p: _numbers(found[f"v{p}"]) for p in held.measured},
            ticker=ticker,
            sorts={p: found[f"j{p}"].to_pylist() for p in held.sorted_by_json},
        )


def _numbers(column: Any) -> Array:
    found: Array = column.fill_null(blank(np.int64)).to_numpy().astype(np.int64, copy=False)
    return found
