"""Where the cells of a CSV text begin and end, and nothing else.

A quotation mark opens a cell where the cell begins, spaces before it aside; anywhere else in a cell without
quotes it is a letter like any other, as in ``5" pipe``. Within a quoted cell, two of them stand for one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from tradegen.core.columns import Array

_CR, _LF = 13, 10


class RaggedError(Exception):
    """A row of another number of cells: its number in the text, from 0, and how many it has."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of the whole rows of a text. Blank lines are no rows.

    Attributes
    ----------
    starts, ends : ndarray of int64, shape (rows, columns)
        Where each cell begins, and where it ends, with its quotes and padding.
    afters : ndarray of int64, shape (rows,)
        Where the line end of each row ends.
    """

    starts: Array
    ends: Array
    afters: Array


class Splitter:
    """Splits texts of one dialect.

    Parameters
    ----------
    separator : bytes
        A single byte.
    quote : bytes
        A single byte, or none where nothing is quoted.
    line_end : str
        LF, CR LF, CR, or "" where some lines end in LF and others in CR LF.
    columns : int
        How many cells each row has.
    """

    def __init__(self, separator: bytes, quote: bytes, line_end: str, columns: int) -> None:
        self._separator, self._quote, self._columns = separator[0], quote, columns
        self._feed = _CR if line_end == "\r" else _LF
        self._returns = line_end not in ("\n", "\r")
        boundary, mark = re.escape(separator + bytes([self._feed])), re.escape(quote or b'"')
        self._quoted = re.compile(b"(?:^|[%b])( *Q(?:[^Q]+|QQ)*+Q?)".replace(b"Q", mark) % boundary)

    def split(self, text: bytes, *, last: bool) -> Cells:
        """Split a text that begins where a row does.

        Parameters
        ----------
        text : bytes
        last : bool
            Whether nothing comes after it, so that its last row may lack a line end.

        Raises
        ------
        RaggedError
        """
        seen = np.frombuffer(text, np.uint8)
        marked = seen == self._separator
        marked |= seen == self._feed
        quotes = self._quote and self._quote in text
        marks = self._outside(text, seen, marked) if quotes else np.flatnonzero(marked)
        feeds = seen[marks] == self._feed
        if last and text and not (feeds.size and feeds[-1] and marks[-1] == len(text) - 1):
            marks, feeds = np.append(marks, len(text)), np.append(feeds, True)
        whole = len(feeds) - int(np.argmax(feeds[::-1])) if feeds.any() else 0
        marks, feeds = marks[:whole], feeds[:whole]
        starts, ends = np.zeros_like(marks), marks.copy()
        starts[1:] = marks[:-1] + 1
        if self._returns:
            ends[feeds & (ends > starts) & (seen[ends - 1] == _CR)] -= 1
        if self._columns > 1:
            blank = feeds & (starts == ends)
            blank[1:] &= feeds[:-1]
            if blank.any():
                marks, feeds, starts, ends = (part[~blank] for part in (marks, feeds, starts, ends))
        rows, odd = divmod(len(marks), self._columns)
        if odd or not feeds[self._columns - 1 :: self._columns].all() or np.count_nonzero(feeds) != rows:
            widths = np.diff(np.flatnonzero(feeds), prepend=-1)
            row = int(np.argmax(widths != self._columns))
            raise RaggedError(row, int(widths[row]))
        starts, ends = (part.reshape(rows, self._columns) for part in (starts, ends))
        return Cells(starts, ends, np.minimum(marks[self._columns - 1 :: self._columns] + 1, len(text)))

    def _outside(self, text: bytes, seen: Array, marked: Array) -> Array:
        """The positions of separators and line ends outside quotes."""
        is_quote = seen == self._quote[0]
        marked |= is_quote
        at = np.flatnonzero(marked)
        quotes = is_quote[at]
        inside = (np.cumsum(quotes, dtype=np.uint8) & 1).astype(bool)
        # Those that open must stand where a cell begins or beside another, those that close before a cell's
        # end or another. Then none of them is a letter.
        gaps = np.diff(at, prepend=-1, append=len(text))
        after = gaps[1:]
        closed = (after == 1) | ((after == 2) & (seen[np.minimum(at + 1, len(text) - 1)] == _CR))
        if not np.where(quotes, np.where(inside, gaps[:-1] == 1, closed), True).all():
            spans = [found.span(1) for found in self._quoted.finditer(text)]
            bounds = np.array(spans, np.int64).reshape(-1, 2)
            inside = np.subtract(*(np.searchsorted(bound, at, "right") for bound in bounds.T)) > 0
        return np.asarray(at[~(quotes | inside)])
