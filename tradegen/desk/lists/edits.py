"""What is to be altered in a list: cells, and how often rows are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tradegen.core.columns import Array


def _no_rows() -> Array:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Edits:
    """Some edits, in the order of the rows.

    Rows are those of the input, from 0; the header is none, nor are blank lines.

    Attributes
    ----------
    rows, copies, columns : ndarray of int64, shape (n,)
        Which cells are altered: the row, which of the times that it is written (0 where it is written once),
        and the column's position in the list. In ascending order, and each cell once.
    texts : sequence of str or None, length n
        What is written into each, as the column writes its values, without quotes and padding; None for a
        blank.
    repeated : ndarray of int64, shape (m,)
        Rows that are not written once, in ascending order.
    times : ndarray of int64, shape (m,)
        How often each of them is written: 0 leaves it out.
    olds : sequence of str or None, length n, or none
        What was read in each altered cell, if that is to be checked.
    """

    rows: Array = field(default_factory=_no_rows)
    copies: Array = field(default_factory=_no_rows)
    columns: Array = field(default_factory=_no_rows)
    texts: Sequence[str | None] = ()
    repeated: Array = field(default_factory=_no_rows)
    times: Array = field(default_factory=_no_rows)
    olds: Sequence[str | None] = ()

    def part(self, cells: slice, repeats: slice) -> Edits:
        """Some of these edits: of cells, and of how often rows are written."""
        return Edits(
            self.rows[cells],
            self.copies[cells],
            self.columns[cells],
            self.texts[cells],
            self.repeated[repeats],
            self.times[repeats],
            self.olds[cells],
        )

    def __bool__(self) -> bool:
        return bool(len(self.rows) or len(self.repeated))

    def joined(self, later: Edits) -> Edits:
        """These edits, and those of later rows."""
        names = ("rows", "copies", "columns", "repeated", "times")
        both = {name: np.concatenate([getattr(self, name), getattr(later, name)]) for name in names}
        texts, olds = [*self.texts, *later.texts], [*self.olds, *later.olds]
        return Edits(texts=texts, olds=olds, **both)

    def written(self, first: int, count: int) -> Array:
        """How often each of `count` rows from `first` on is written (ndarray of int64)."""
        times = np.ones(count, np.int64)
        times[self.repeated - first] = self.times
        return times


class EditsByRow:
    """Edits that come in parts, of ascending rows, and are taken by ranges of rows.

    Parameters
    ----------
    parts : iterable of Edits
        The rows of a part all stand behind those of the part before it.
    """

    def __init__(self, parts: Iterable[Edits]) -> None:
        self._parts = iter(parts)
        self._part: Edits | None = Edits()
        self._taken = [0, 0]

    def before(self, row: int) -> Edits:
        """The edits of all rows before `row` that have not been taken yet."""
        found = Edits()
        while self._part is not None:
            part = self._part
            lists = (part.rows, part.repeated)
            ends = [int(np.searchsorted(rows, row)) for rows in lists]
            cells, repeats = map(slice, self._taken, ends)
            now = part.part(cells, repeats)
            found = found.joined(now) if found else now
            self._taken = ends
            if any(end < len(rows) for end, rows in zip(ends, lists, strict=True)):
                break
            self._part, self._taken = next(self._parts, None), [0, 0]
        return found
