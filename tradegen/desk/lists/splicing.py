"""Pieces of a text replaced, and rows of it left out or written several times; all else stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tradegen.core.columns import Array
from tradegen.desk.lists.edits import Edits
from tradegen.desk.lists.list_form import FileForm
from tradegen.desk.lists.plain_text import Writable

Fill: TypeAlias = Callable[[bytes, str | None, int], bytes]
"""Makes a new cell: of the old one's bytes, the new text, and the column's position."""

_Cell: TypeAlias = tuple[int, int, str | None, int]  # where it begins and ends, its new text, its column


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
    places = (bound.tolist() for bound in spans)
    cells = list(zip(*places, edits.texts, edits.columns.tolist(), strict=True))
    pieces: list[bytes] = []
    taken = begun = 0
    bounds = np.searchsorted(edits.rows, [edits.repeated, edits.repeated + 1]).T.tolist()
    for (first, stop), row, times in zip(
        bounds, (edits.repeated - rows.first).tolist(), edits.times.tolist(), strict=True
    ):
        begin, end, after = int(rows.begins[row]), int(rows.ends[row]), int(rows.afters[row])
        pieces += _pieces(text, begun, begin, cells[taken:first], fill)
        for copy in range(times):
            own = [
                cell
                for cell, one in zip(cells[first:stop], edits.copies[first:stop], strict=True)
                if one == copy
            ]
            pieces += _pieces(text, begin, after, own, fill)
            if end == after and copy < times - 1:
                pieces.append(line_end)
        taken, begun = stop, after
    pieces += _pieces(text, begun, len(text), cells[taken:], fill)
    return b"".join(pieces)


def _pieces(text: bytes, begin: int, stop: int, cells: Sequence[_Cell], fill: Fill) -> Iterator[bytes]:
    """A part of a text with new cells, piece by piece."""
    for start, end, new, column in cells:
        yield text[begin:start]
        yield fill(text[start:end], new, column)
        begin = end
    yield text[begin:stop]


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
