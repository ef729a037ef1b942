"""CSV: a header and a row a line, quoted where a value needs it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.text_columns import joined_rows, strings
from tradegen.formats.tables import Rows, Table

_MARKS = ',"\r\n'
_LAST_MARK = np.uint8(max(map(ord, _MARKS)))


class Csv:
    """Writes the header at once, then a line a row, each ended by a line feed."""

    def __init__(self, table: Table, write: Callable[[bytes], object]) -> None:
        self._table, self._write = table, write
        self._write(_line(table.names) + b"\n")

    def add(self, rows: Rows) -> None:
        """Write rows of the table."""
        for part in self._table.parts(rows):
            cells: list[Array | bytes] = []
            for column in self._table.columns:
                texts = column.texts(part)
                cells += [texts if column.kind.bare else _quoted(texts), b","]
            cells[-1] = b"\n"
            for piece in joined_rows(cells, len(part)):
                self._write(piece)

    def end(self) -> None:
        """Nothing stands after the last line."""


def _line(values: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue().encode()


def _quoted(texts: Array) -> Array:
    """A column with quotes around what would not be one value without them."""
    characters = texts.view(np.uint8).reshape(len(texts), -1) if len(texts) else np.empty((0, 1), np.uint8)
    # Most columns hold letters and digits alone: one look tells, and padding wraps round to the largest.
    if (characters - np.uint8(1) >= _LAST_MARK).all():
        return texts
    if not any((characters == ord(mark)).any() for mark in _MARKS):
        return texts
    distinct, codes = np.unique(texts, return_inverse=True)
    quoted: Array = np.array([_line([text]) for text in strings(distinct)])[codes]
    return quoted
