"""Displacing a value by a drawn amount, so that the new value gives nothing away.

Clean values lie evenly in a range. A value that simply went up or down would now and then leave the range,
and one look at its leg would tell. So the range is cut into cells, each about twice as wide as the
displacement, and each cell is rotated: values in its lower part go up, those in its upper part down. Every
place of a cell is taken exactly once, so that displaced values lie as evenly, in the same range, as the
others. Where cells of the wanted size cannot fill the range, the rest is spread evenly over all places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.streams import whole

__all__ = ["Bounds", "Ranges", "displaced"]

Bounds: TypeAlias = Callable[[Array], tuple[Array, Array]]
"""The least and the most that a value may be displaced by, by value (int64 arrays of its shape)."""

_LOWER_HALF = np.uint64(32)
_LARGEST_PRODUCT = 2**62
_TOP = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """Ranges in which clean values lie evenly, r of them, and which one each of n values lies in."""

    low: Array  # int64, shape (r,)
    high: Array  # int64, shape (r,): included
    index: Array  # int, shape (n,): the range of each value
    floor: Array | int = 1  # int64, shape (r,), or one for all: what no value may go below
    top: Array | int = _TOP  # or above

    def each(self) -> Ranges:
        """The same, with a range for each value."""
        floor, top = (
            edge if isinstance(edge, int) else edge.take(self.index) for edge in (self.floor, self.top)
        )
        return Ranges(
            self.low.take(self.index), self.high.take(self.index), np.arange(len(self.index)), floor, top
        )


def displaced(original: Array, raw: Array, ranges: Ranges, bounds: Bounds, *, by_draw: bool = False) -> Array:
    """Displace each value up or down, by an amount within `bounds`.

    Parameters
    ----------
    original : ndarray of int64, shape (n,)
    raw : ndarray of uint64, shape (n,)
        One raw draw each.
    ranges : Ranges
    bounds : callable
        Takes values, and gives the least and the most that each may be displaced by.
    by_draw : bool
        Whether the bounds depend on the draws, too: then `bounds` takes n values.

    Returns
    -------
    ndarray of int64, shape (n,)
        Where the range is too narrow to hide it, a plain step up or down; where that, too, is not possible,
        the value as it was.
    """
    if by_draw or len(ranges.low) > len(original):
        ranges = ranges.each()
    low, high, index = ranges.low, ranges.high, ranges.index
    # One displacement must suit every value of the range, or a value would tell where it came from.
    least, most = np.maximum(bounds(high)[0], 1), bounds(low)[1]
    width = high - low + 1
    fewest = -(-width // np.maximum(2 * most, 1))
    cells = np.minimum(width // (2 * least), _LARGEST_PRODUCT // width)
    # A range that is narrower than the largest displacements would cut them short: they show, in full size.
    hidden = (least <= most) & (2 * most <= width)
    result = original.copy() if hidden.all() else _plain_steps(original, raw, ranges, bounds)
    for chosen, displace in (
        (hidden & (fewest <= cells), _rotate_cells),
        (hidden & (fewest > cells), _exchange_halves),
    ):
        if chosen.any():
            rows = slice(None) if chosen.all() else np.flatnonzero(chosen[index])
            taken = (column.take(index[rows]) for column in (low, width, least, most, fewest, cells))
            result[rows] = displace(original[rows], raw[rows], *taken)
    return result


def _rotate_cells(
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
    offset = original - low
    cell = offset * cells // width
    # The first place of a cell is where the share of the range below it ends, rounded up.
    edge = cell * width + (cells - 1)
    start = edge // cells
    span = (edge + width) // cells - start
    # Rotated by half, a cell displaces by the size drawn, or nearly. Some play on either side fills the gaps
    # that a few wide cells would leave between possible sizes; the widest may be rotated by any size.
    half = span >> 1
    play = np.where(cells == fewest, span, span // (2 * (cells + 1)))
    shortest = np.maximum(np.maximum(least, span - most), half - play)
    by = whole(raw << _LOWER_HALF, shortest, np.maximum(shortest, span - shortest))
    # Less than once round: a cell is at least twice as wide as the least displacement.
    offset += by
    offset -= span * (offset - start >= span)
    offset += low
    return offset


def _exchange_halves(
    original: Array, raw: Array, low: Array, width: Array, least: Array, most: Array, *_cells: Array
) -> Array:
    """Exchange the halves of cells of twice the size drawn, where cells do not fill the range.

    What is left over lies between two cells, or at an end, anywhere alike: so no value is much more, or less,
    frequent than the others.
    """
    size = whole(raw, least, most)
    cells, over = np.divmod(width, 2 * size)
    offset = original - low
    start = 2 * size * whole(raw << _LOWER_HALF, np.zeros_like(cells), cells)
    within = np.where(offset < start, offset, offset - start - over) % (2 * size)
    left = (offset >= start) & (offset < start + over)
    # Of those left over, the outer ones find each other; the inner ones go either way, into a cell.
    inner = offset - start
    coin = (raw & np.uint64(1)).view(np.int64)
    either = np.where(start == 0, 1, np.where(start + over == width, 0, coin))
    up = np.where(left, np.where(inner < over - size, 1, np.where(inner >= size, 0, either)), within < size)
    return np.where(up == 1, original + size, original - size)


def _plain_steps(original: Array, raw: Array, ranges: Ranges, bounds: Bounds) -> Array:
    each = ranges.each()
    least, most = bounds(original)
    possible = least <= most
    size = whole(raw, least, np.maximum(most, least))
    fits_down, fits_up = original - size >= each.floor, original + size <= each.top
    # The lowest bit is not among those that `whole` uses: one draw gives size and direction.
    down = (((raw & np.uint64(1)) == 1) & fits_down) | ~fits_up
    stepped = np.where(down, original - size, original + size)
    return np.where(possible & (fits_down | fits_up), stepped, original)
