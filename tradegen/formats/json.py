"""JSON: one array, a row a line."""

from __future__ import annotations

from collections.abc import Callable

from tradegen.formats.ndjson import objects
from tradegen.formats.tables import Rows, Table


class Json:
    """Writes ``[``, the objects one a line, ``]``; an array without rows is ``[]``."""

    def __init__(self, table: Table, write: Callable[[bytes], object]) -> None:
        self._table, self._write = table, write
        self._open = False

    def add(self, rows: Rows) -> None:
        """Write rows of the table."""
        for piece in objects(self._table, rows, before=",\n"):
            self._write(piece if self._open else b"[" + piece[1:])
            self._open = True

    def end(self) -> None:
        """Close the array."""
        self._write(b"\n]\n" if self._open else b"[]\n")
