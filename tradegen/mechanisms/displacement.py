"""Displacing a value by a drawn amount, so that the new value gives nothing away.

Clean values lie evenly in a range. A value that simply went up or down would now and then leave the range,
and one look at its leg would tell. There are two ways to keep displaced values as evenly in the same range:

- In a wide range, at least ten times the largest displacement, sizes are drawn evenly from what the settings
  say. Near the ends, up and down are not equally likely: see `edge_weights`.
- A narrower range is cut into cells, each about twice as wide as the displacement, and each cell is rotated:
  values in its lower part go up, those in its upper part down. Every place of a cell is taken exactly once.
  Where cells of the wanted size cannot fill the range, the rest is spread evenly over all places. With few
  cells in a range, sizes are limited to those that fill it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradegen.core.columns import Array
from tradegen.mechanisms.cells import exchange_halves, rotate_cells
from tradegen.mechanisms.shapes import Bounds, Sizes
from tradegen.mechanisms.wide_ranges import spread

WIDE = 10
"""A range of at least so many of the largest displacements has room for sizes as they are drawn."""

_SAME = 0.4  # the smallest size, as a part of the largest, past which edge weights swing for too long
_MANY = 20  # sizes in a range, whose cells are then within a twentieth of what was drawn
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

    def joined(self, bounds: Bounds) -> Ranges:
        """The same, where ranges lie end to end, with the upper ones made one if that one is wide."""
        at_low, width = bounds(self.low), self.high[-1] - self.low + 1
        wide = (_sameness(*at_low) <= _SAME) & (WIDE * bounds(self.high[-1:])[1] <= width)
        if not wide.any():
            return self
        first = int(wide.argmax())
        high = np.append(self.high[:first], self.high[-1])
        return Ranges(self.low[: first + 1], high, np.minimum(self.index, first), self.floor, self.top)


def displaced(
    original: Array,
    raw: Array,
    ranges: Ranges,
    sizes: Sizes,
    *,
    keep_in_range: bool = True,
    by_draw: bool = False,
) -> tuple[Array, Array]:
    """Displace each value up or down, by an amount within the bounds of `sizes`.

    Parameters
    ----------
    original : ndarray of int64, shape (n,)
    raw : ndarray of uint64, shape (n,)
        One raw draw each.
    ranges : Ranges
    sizes : Sizes
        Where its bounds grow with the value, sizes are a share of it: the displaced value need not be whole,
        and is rounded so that either neighbour is as likely as it is near.
    keep_in_range : bool
        Whether displaced values are to lie where clean ones do. Otherwise each goes up or down by the size
        drawn, whatever the range.
    by_draw : bool
        Whether the bounds depend on the draws, too: then `bounds` takes n values.

    Returns
    -------
    altered : ndarray of int64, shape (n,)
        Where the range is too narrow to hide it, a plain step up or down; where that, too, is not possible,
        the value as it was.
    limited : ndarray of bool, shape (n,)
        Where the range is too narrow for sizes to be as evenly drawn as `bounds` would have them, or for the
        largest of them.
    """
    if not keep_in_range:
        return _plain_steps(original, raw, ranges, sizes), np.zeros(len(original), bool)
    if by_draw or len(ranges.low) > len(original):
        ranges = ranges.each()
    low, high, index = ranges.low, ranges.high, ranges.index
    bounds = sizes.bounds
    at_low, at_high = bounds(low), bounds(high)
    # One displacement must suit every value of a cell, or a value would tell where it came from.
    least, most = np.maximum(np.ceil(at_high[0]), 1).astype(np.int64), _whole(*at_low)[1]
    width = high - low + 1
    # A size that the range cannot hide is limited to what it can.
    most = np.where((2 * most > width) & (2 * least <= width), width // 2, most)
    fewest = -(-width // np.maximum(2 * most, 1))
    cells = np.minimum(width // (2 * least), _LARGEST_PRODUCT // width)
    varied = np.maximum(_sameness(*at_low), _sameness(*at_high)) <= _SAME
    # A benign difference at the boundary of a single step can be none at all, and has nowhere to go.
    wide = (WIDE * at_high[1] <= width) & varied & (at_low[1] > 0)
    hidden = (least <= most) & (2 * most <= width) & ~wide
    limited = np.zeros(len(original), bool)
    result, narrow = original.copy(), ~(hidden | wide)
    if narrow.any():
        result = _plain_steps(original, raw, ranges, sizes)
        limited = _no_room(original, ranges, sizes) & narrow[index]
    if wide.any():
        within = np.flatnonzero(wide[index])
        number = np.cumsum(wide) - 1  # of each wide range among these
        result[within] = spread(
            original[within], raw[within], low[wide], high[wide], number[index[within]], sizes
        )
    for chosen, displace in (
        (hidden & (fewest <= cells), rotate_cells),
        (hidden & (fewest > cells), exchange_halves),
    ):
        if chosen.any():
            rows = slice(None) if chosen.all() else np.flatnonzero(chosen[index])
            start, *taken = (column.take(index[rows]) for column in (low, width, least, most, fewest, cells))
            size = sizes.drawn(raw[rows], taken[1], taken[2], start)
            result[rows] = displace(original[rows], raw[rows], size, start, *taken)
            # A range that no size but one is for limits none.
            limited[rows] = (taken[1] < taken[2]) & (taken[0] < _MANY * size)
    return result, limited


def _sameness(least: Array, most: Array) -> Array:
    """The smallest size as a part of the largest."""
    same: Array = least / np.maximum(most, 1)
    return same


def _whole(least: Array, most: Array) -> tuple[Array, Array]:
    """The least and the most in whole numbers; one size where none lies between the two."""
    smallest = np.ceil(least).astype(np.int64)
    return smallest, np.where(least <= most, np.maximum(np.floor(most), smallest), most).astype(np.int64)


def _no_room(original: Array, ranges: Ranges, sizes: Sizes) -> Array:
    """Where the largest size fits neither downwards nor upwards (bool, shape (n,))."""
    each, most = ranges.each(), _whole(*sizes.bounds(original))[1]
    found: Array = (original - most < each.floor) & (original + most > each.top)
    return found


def _plain_steps(original: Array, raw: Array, ranges: Ranges, sizes: Sizes) -> Array:
    each = ranges.each()
    least, most = _whole(*sizes.bounds(original))
    possible = least <= most
    size = sizes.drawn(raw, least, np.maximum(most, least), original)
    fits_down, fits_up = original - size >= each.floor, original + size <= each.top
    # The lowest bit is not among those that `whole` uses: one draw gives size and direction.
    down = (((raw & np.uint64(1)) == 1) & fits_down) | ~fits_up
    stepped = np.where(down, original - size, original + size)
    return np.where(possible & (fits_down | fits_up), stepped, original)
