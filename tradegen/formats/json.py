"""JSON: one array, a record a line."""

from __future__ import annotations

from collections.abc import Callable

from tradegen.formats.ndjson import objects
from tradegen.formats.records import Kind, Records

__all__ = ["Json"]


class Json:
    """Writes ``[``, the objects one a line, ``]``; an array without records is ``[]``."""

    def __init__(self, kind: Kind, write: Callable[[bytes], object]) -> None:
        self._kind, self._write = kind, write
        self._open = False

    def add(self, records: Records) -> None:
        """Write the records of one block."""
        for piece in objects(self._kind, records, before=",\n"):
            self._write(piece if self._open else b"[" + piece[1:])
            self._open = True

    def end(self) -> None:
        """Close the array."""
        self._write(b"\n]\n" if self._open else b"[]\n")
