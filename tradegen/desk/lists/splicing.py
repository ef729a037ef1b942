"""Pieces of a text replaced, and rows of it left out or written several times; all else stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from tradegen.core.columns import Array
from tradegen.desk.lists.edits import Edits
from tradegen.desk.lists.list_form import FileForm
from tradegen.desk.lists.plain_text import Writable

__all__ = ["Fill", "RowPlaces", "Tail", "spliced"]

Fill: TypeAlias = Callable[[bytes, str | None, int], bytes]
"""Makes a new cell: of the old one's bytes, the new text, and the column's position."""


@dataclass(frozen=True, slots=True)
class RowPlaces:
    """Where the rows of a text begin, where their last cells end, and where their line ends end.

    Attributes
    ----------
    begins, ends, afters : ndarray of int64, shape (rows,)
    first : int
        The number of the first row.
    """

    begins: Array
    ends: Array
    afters: Array
    first: int


def spliced(
    text: bytes, rows: RowPlaces, edits: Edits, spans: tuple[Array, Array], fill: Fill, line_end: bytes
) -> bytes:
    """A text with edits of its rows; cells of rows that are left out mean nothing.

    Parameters
    ----------
    text : bytes
    rows : RowPlaces
    edits : Edits
        Of these rows alone.
    spans : tuple of two ndarrays of int64
        Where the cell of each edit begins and ends.
    fill : callable
    line_end : bytes
        What is put behind a row that has no line end and is written more than once.
    """
    numbers = (edits.rows - rows.first).tolist()
    starts, ends = (bound.tolist() for bound in spans)
    places = zip(
        numbers, edits.copies.tolist(), starts, ends, edits.columns.tolist(), edits.texts, strict=True
    )
    pieces: list[bytes] = []
    cursor = _Cursor(text, pieces, places, fill)
    for row, times in zip((edits.repeated - rows.first).tolist(), edits.times.tolist(), strict=True):
        begin, end, after = int(rows.begins[row]), int(rows.ends[row]), int(rows.afters[row])
        cursor.splice((row, 0))
        cursor.copy(begin)
        for copy in range(times):
            cursor.done = begin
            cursor.splice((row, copy + 1))
            cursor.copy(after)
            if end == after and copy < times - 1:
                pieces.append(line_end)
        cursor.leave_out(row)
        cursor.done = after
    cursor.splice((len(rows.begins), 0))
    cursor.copy(len(text))
    return b"".join(pieces)


class _Cursor:
    """How far a text has been written, and which edit comes next."""

    def __init__(self, text: bytes, pieces: list[bytes], places: Iterator[Any], fill: Fill) -> None:
        self._text, self._pieces, self._places, self._fill = text, pieces, places, fill
        self._next: Any = next(places, None)
        self.done = 0

    def splice(self, stop: tuple[int, int]) -> None:
        """Put in the next edits, up to that row and copy."""
        while self._next is not None and self._next[:2] < stop:
            _, _, start, end, column, new = self._next
            self.copy(start)
            self._pieces.append(self._fill(self._text[start:end], new, column))
            self.done = end
            self._next = next(self._places, None)

    def leave_out(self, row: int) -> None:
        """Pass over the edits of a row that are left."""
        while self._next is not None and self._next[0] == row:
            self._next = next(self._places, None)

    def copy(self, stop: int) -> None:
        """Write what stands before `stop`."""
        self._pieces.append(self._text[self.done : stop])
        self.done = stop


class Tail:
    """Writes rows; holds the last line end back, since where the list ends without one, so does the output.

    Parameters
    ----------
    out : Writable
    file : FileForm
    """

    def __init__(self, out: Writable, file: FileForm) -> None:
        self._out, self._held = out, b""
        mixed = file.line_end == "mixed"
        self._line_ends = (b"\r\n", b"\n") if mixed else (file.line_end.encode(),)
        self.line_end = self._line_ends[-1]

    def write(self, rows: bytes) -> None:
        """Append whole rows."""
        if not rows:
            return
        self._out.write(self._held)
        self._held = next((end for end in self._line_ends if rows.endswith(end)), b"")
        self._out.write(rows[: len(rows) - len(self._held)])

    def finish(self, *, ended: bool) -> None:
        """Write what is held back, if the list `ended` in a line end."""
        if ended:
            self._out.write(self._held)
