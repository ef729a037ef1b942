"""JSON: one array, a record a line."""

from __future__ import annotations

from collections.abc import Callable

from tradegen.sinks.ndjson import objects
from tradegen.sinks.records import Columns, Kind

__all__ = ["Json"]

_FIRST, _NEXT = "[\n", ",\n"


class Json:
    """Writes ``[``, the objects one a line, ``]``; an array without records is ``[]``."""

    def __init__(self, kind: Kind, write: Callable[[str], object]) -> None:
        self._kind, self._write = kind, write
        self._before = _FIRST

    def add(self, columns: Columns) -> None:
        """Write the records of one block."""
        if text := _NEXT.join(objects(self._kind, columns)):
            self._write(self._before + text)
            self._before = _NEXT

    def end(self) -> None:
        """Close the array."""
        self._write("[]\n" if self._before == _FIRST else "\n]\n")
