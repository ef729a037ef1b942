"""Moving a value by a drawn amount, so that the moved value gives nothing away.

Clean values lie evenly in a range. A value that simply went up or down would now and then leave the range,
and one look at its leg would tell. So the range is cut into cells, each about twice as wide as the move, and
within a cell values go round: those in the lower part up, those in the upper part down. Every place of a
cell is taken exactly once, so that moved values lie as evenly, in the same range, as those that were not.
Where cells of the wanted size cannot fill the range, what is left over is spread alike over all places.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from tradegen.schema import Array
from tradegen.streams import whole

__all__ = ["Bounds", "move"]

Bounds: TypeAlias = Callable[[Array], tuple[Array, Array]]
"""The least and the most that a value may move, by value (int64 arrays of its shape)."""

_LOWER_HALF = np.uint64(32)
_LARGEST_PRODUCT = 2**62


def move(
    original: Array, raw: Array, low: Array, high: Array, bounds: Bounds, floor: Array, top: Array
) -> Array:
    """Move each value up or down, by an amount within `bounds`.

    Parameters
    ----------
    original : ndarray of int64, shape (n,)
    raw : ndarray of uint64, shape (n,)
        One raw draw each.
    low, high : ndarray of int64, shape (n,)
        The range, both ends included, in which clean values lie evenly, `original` among them.
    bounds : callable
        Takes values, and gives the least and the most that each may move.
    floor, top : ndarray of int64, shape (n,)
        What no value may go beyond.

    Returns
    -------
    ndarray of int64, shape (n,)
        Where the range is too narrow to hide the move, a plain step up or down; where that, too, is not
        possible, the value as it was.
    """
    # One move must suit every value of the range, or where a value went would tell where it came from.
    least, most = np.maximum(bounds(high)[0], 1), bounds(low)[1]
    width = high - low + 1
    fewest = -(-width // np.maximum(2 * most, 1))
    cells = np.minimum(width // (2 * least), _LARGEST_PRODUCT // width)
    # A range that is narrower than its largest moves would cut them short; then they show, in full size.
    hidden = (least <= most) & (2 * most <= width)
    moved = original.copy() if hidden.all() else _plain(original, raw, bounds, floor, top)
    at = np.flatnonzero(hidden & (fewest <= cells))
    if len(at):
        taken = (column[at] for column in (original, raw, low, width, least, most, fewest, cells))
        moved[at] = _round_the_cell(*taken)
    at = np.flatnonzero(hidden & (fewest > cells))
    if len(at):
        moved[at] = _to_and_fro(*(column[at] for column in (original, raw, low, width, least, most)))
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
    cells = np.clip((width + size) // (2 * size), fewest, cells)
    place = original - low
    cell = place * cells // width
    start = -(-cell * width // cells)
    span = -(-(cell + 1) * width // cells) - start
    # Half a cell round is the size drawn, or nearly. Some play on either side fills the gaps that a few wide
    # cells would leave between the sizes that are possible; the widest may be turned by any size.
    half = span // 2
    play = np.where(cells == fewest, span, span // (2 * (cells + 1)))
    shortest = np.maximum(np.maximum(least, span - most), half - play)
    by = whole(raw << _LOWER_HALF, shortest, np.maximum(shortest, span - shortest))
    landed: Array = low + start + (place - start + by) % span
    return landed


def _to_and_fro(original: Array, raw: Array, low: Array, width: Array, least: Array, most: Array) -> Array:
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


def _plain(original: Array, raw: Array, bounds: Bounds, floor: Array, top: Array) -> Array:
    least, most = bounds(original)
    possible = least <= most
    size = whole(raw, least, np.maximum(most, least))
    fits_down, fits_up = original - size >= floor, original + size <= top
    # The lowest bit is not among those that `whole` uses: one draw gives size and direction.
    down = (((raw & np.uint64(1)) == 1) & fits_down) | ~fits_up
    moved = np.where(down, original - size, original + size)
    return np.where(possible & (fits_down | fits_up), moved, original)
