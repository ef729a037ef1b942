"""CSV: a header and a record a line, quoted where a value needs it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.text_columns import lines, strings
from tradegen.formats.records import Kind, Records

__all__ = ["Csv"]

_MARKS = ',"\r\n'
_LAST_MARK = np.uint8(max(map(ord, _MARKS)))


class Csv:
    """Writes the header at once, then a line a record, each ended by a line feed."""

    def __init__(self, kind: Kind, write: Callable[[bytes], object]) -> None:
        self._kind, self._write = kind, write
        self._write(_line(kind.names) + b"\n")

    def add(self, records: Records) -> None:
        """Write the records of one block."""
        columns = records.texts()
        row: list[Array | bytes] = []
        for name in self._kind.names:
            row += [columns[name] if name in self._kind.bare else _quoted(columns[name]), b","]
        row[-1] = b"\n"
        for piece in lines(row, len(records)):
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
