"""Moving a value by a drawn amount, so that the moved value gives nothing away.

Clean values lie evenly in a range. A value that simply went up or down would now and then leave the range,
and one look at its leg would tell. So the range is cut into cells, each about twice as wide as the move, and
within a cell values go round: those in the lower part up, those in the upper part down. Every place of a
cell is taken exactly once, so that moved values lie as evenly, in the same range, as those that were not.
Where cells of the wanted size cannot fill the range, what is left over is spread alike over all places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.streams import whole

__all__ = ["Bounds", "Ranges", "move"]

Bounds: TypeAlias = Callable[[Array], tuple[Array, Array]]
"""The least and the most that a value may move, by value (int64 arrays of its shape)."""

_LOWER_HALF = np.uint64(32)
_LARGEST_PRODUCT = 2**62
_TOP = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """Ranges in which clean values lie evenly, r of them, and which one each of n values lies in."""

    low: Array  # int64, shape (r,)
    high: Array  # int64, shape (r,): included
    at: Array  # int, shape (n,)
    floor: Array | int = 1  # int64, shape (r,), or one for all: what no value may go below
    top: Array | int = _TOP  # or above

    def each(self) -> Ranges:
        """The same, with a range for each value."""
        floor, top = (
            edge if isinstance(edge, int) else edge.take(self.at) for edge in (self.floor, self.top)
        )
        return Ranges(self.low.take(self.at), self.high.take(self.at), np.arange(len(self.at)), floor, top)


def move(original: Array, raw: Array, ranges: Ranges, bounds: Bounds, drawn: bool = False) -> Array:
    """Move each value up or down, by an amount within `bounds`.

    Parameters
    ----------
    original : ndarray of int64, shape (n,)
    raw : ndarray of uint64, shape (n,)
        One raw draw each.
    ranges : Ranges
    bounds : callable
        Takes values, and gives the least and the most that each may move.
    drawn : bool
        Whether the bounds go with the draws, too: then `bounds` takes n values.

    Returns
    -------
    ndarray of int64, shape (n,)
        Where the range is too narrow to hide the move, a plain step up or down; where that, too, is not
        possible, the value as it was.
    """
    if drawn or len(ranges.low) > len(original):
        ranges = ranges.each()
    low, high, at = ranges.low, ranges.high, ranges.at
    # One move must suit every value of the range, or where a value went would tell where it came from.
    least, most = np.maximum(bounds(high)[0], 1), bounds(low)[1]
    width = high - low + 1
    fewest = -(-width // np.maximum(2 * most, 1))
    cells = np.minimum(width // (2 * least), _LARGEST_PRODUCT // width)
    # A range that is narrower than its largest moves would cut them short; then they show, in full size.
    hidden = (least <= most) & (2 * most <= width)
    moved = original.copy() if hidden.all() else _plain(original, raw, ranges, bounds)
    for chosen, way in (
        (hidden & (fewest <= cells), _round_the_cell),
        (hidden & (fewest > cells), _to_and_fro),
    ):
        if chosen.any():
            rows = slice(None) if chosen.all() else np.flatnonzero(chosen[at])
            taken = (column.take(at[rows]) for column in (low, width, least, most, fewest, cells))
            moved[rows] = way(original[rows], raw[rows], *taken)
    return moved


def _round_the_cell(
    original: Array,
    raw: Array,
    low: Array,
    width: Array,
    least: Array,
    most: Array,
    fewest: Array,
    cells: Array,
) -> Array:
    size = whole(raw, least, most)
    cells = np.maximum(np.minimum((width + size) // (2 * size), cells), fewest)
    place = original - low
    cell = place * cells // width
    # The first place of a cell is where the share of the range below it ends, rounded up.
    edge = cell * width + (cells - 1)
    start = edge // cells
    span = (edge + width) // cells - start
    # Half a cell round is the size drawn, or nearly. Some play on either side fills the gaps that a few wide
    # cells would leave between the sizes that are possible; the widest may be turned by any size.
    half = span >> 1
    play = np.where(cells == fewest, span, span // (2 * (cells + 1)))
    shortest = np.maximum(np.maximum(least, span - most), half - play)
    by = whole(raw << _LOWER_HALF, shortest, np.maximum(shortest, span - shortest))
    # Less than once round: a cell is at least twice as wide as the least move.
    place += by
    place -= span * (place - start >= span)
    place += low
    return place


def _to_and_fro(
    original: Array, raw: Array, low: Array, width: Array, least: Array, most: Array, *_cells: Array
) -> Array:
    """Exchange the halves of cells of twice the size drawn, where cells do not fill the range.

    What is left over lies between two cells, or at an end, anywhere alike: so no value is much more, or less,
    frequent than the others.
    """
    size = whole(raw, least, most)
    cells, over = np.divmod(width, 2 * size)
    place = original - low
    start = 2 * size * whole(raw << _LOWER_HALF, np.zeros_like(cells), cells)
    within = np.where(place < start, place, place - start - over) % (2 * size)
    left = (place >= start) & (place < start + over)
    # Of those left over, the outer ones find each other; the inner ones go either way, into a cell.
    inner = place - start
    coin = (raw & np.uint64(1)).view(np.int64)
    either = np.where(start == 0, 1, np.where(start + over == width, 0, coin))
    up = np.where(left, np.where(inner < over - size, 1, np.where(inner >= size, 0, either)), within < size)
    return np.where(up == 1, original + size, original - size)


def _plain(original: Array, raw: Array, ranges: Ranges, bounds: Bounds) -> Array:
    each = ranges.each()
    least, most = bounds(original)
    possible = least <= most
    size = whole(raw, least, np.maximum(most, least))
    fits_down, fits_up = original - size >= each.floor, original + size <= each.top
    # The lowest bit is not among those that `whole` uses: one draw gives size and direction.
    down = (((raw & np.uint64(1)) == 1) & fits_down) | ~fits_up
    moved = np.where(down, original - size, original + size)
    return np.where(possible & (fits_down | fits_up), moved, original)
