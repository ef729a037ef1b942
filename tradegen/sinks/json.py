"""JSON: one array, a record a line."""

from __future__ import annotations

from collections.abc import Callable

from tradegen.sinks.ndjson import objects
from tradegen.sinks.records import Columns, Kind

__all__ = ["Json"]


class Json:
    """Writes ``[``, the objects one a line, ``]``; an array without records is ``[]``."""

    def __init__(self, kind: Kind, write: Callable[[bytes], object]) -> None:
        self._kind, self._write = kind, write
        self._open = False

    def add(self, columns: Columns) -> None:
        """Write the records of one block."""
        if text := objects(self._kind, columns, before=",\n"):
            self._write(text if self._open else b"[" + text[1:])
            self._open = True

    def end(self) -> None:
        """Close the array."""
        self._write(b"\n]\n" if self._open else b"[]\n")
