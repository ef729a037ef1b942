"""Texts that DuckDB reads from a list, as one stream of bytes, to be compared with another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.core.columns import Array
from tradegen.desk.lists.list_values import explained

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_BATCH = 65_536  # rows


class ValueStream:
    """The bytes of all texts of a query, one after the other.

    Parameters
    ----------
    connection : DuckDBPyConnection
        It keeps the order of rows, and is free for other queries meanwhile.
    query : str
        It selects one column of text without NULLs.
    name : str
        What messages call the list.
    """

    def __init__(self, connection: DuckDBPyConnection, query: str, name: str) -> None:
        self._name = name
        with explained(name):
            self._batches = arrow_batches(connection.cursor(), query)
        self._waiting: Array = np.empty(0, np.uint8)

    def same(self, ours: Array) -> int:
        """Compare the next bytes with others; how many are the same before the first that differs.

        Raises
        ------
        ListError
            Where the list cannot be read on.
        """
        done = 0
        while done < len(ours) and not self.ended():
            count = min(len(ours) - done, len(self._waiting))
            differs = ours[done : done + count] != self._waiting[:count]
            if differs.any():
                return done + int(np.argmax(differs))
            self._waiting = self._waiting[count:]
            done += count
        return done

    def ended(self) -> bool:
        """Whether there are no more bytes."""
        with explained(self._name):
            while not len(self._waiting):
                batch = next(self._batches, None)
                if batch is None:
                    return True
                self._waiting = _bytes_of(batch.column(0))
        return False


def _bytes_of(texts: Any) -> Array:
    """The bytes of an Arrow array of texts."""
    _, offsets, data = texts.buffers()
    if data is None:
        return np.empty(0, np.uint8)
    wide = np.dtype(np.int64 if str(texts.type).startswith("large") else np.int32)
    bounds = np.frombuffer(offsets, wide)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]]


def arrow_batches(connection: DuckDBPyConnection, query: str) -> Iterator[Any]:
    """The rows of a query in their order, as Arrow record batches, of which a few at a time are in memory."""
    return iter(_reader(connection, query))


def arrow_table(connection: DuckDBPyConnection, query: str) -> Any:
    """All rows of a query in their order, as an Arrow table."""
    return _reader(connection, query).read_all()


def _reader(connection: DuckDBPyConnection, query: str) -> Any:
    relation: Any = connection.sql(query)
    reader = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    return reader(_BATCH)
