"""CSV: a header and a record a line, quoted where a value needs it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable

from tradegen.sinks.records import Columns, Kind

__all__ = ["Csv"]


class Csv:
    """Writes the header at once, then a line a record, each ended by a line feed."""

    def __init__(self, kind: Kind, write: Callable[[str], object]) -> None:
        self._kind, self._write = kind, write
        self._lines([kind.names])

    def add(self, columns: Columns) -> None:
        """Write the records of one block."""
        self._lines(zip(*(columns[name] for name in self._kind.names), strict=True))

    def end(self) -> None:
        """Nothing stands after the last line."""

    def _lines(self, rows: Iterable[tuple[str, ...]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._write(text.getvalue())
