"""Displacements in a narrow range: it is cut into cells, and each cell is rotated onto itself."""

from __future__ import annotations

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.streams import whole

_LOWER_HALF = np.uint64(32)


def rotate_cells(
    original: Array,
    raw: Array,
    size: Array,
    low: Array,
    width: Array,
    least: Array,
    most: Array,
    fewest: Array,
    cells: Array,
) -> Array:
    """Rotate each of a number of cells that fill the range, by the size drawn or nearly so.

    All arguments are arrays of shape (n,): the values, their raw draws, the sizes drawn, and of the range of
    each value its lowest place, its width, the sizes allowed, and how few and how many cells can fill it.
    """
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


def exchange_halves(
    original: Array, raw: Array, size: Array, low: Array, width: Array, *_limits: Array
) -> Array:
    """Exchange the halves of cells of twice the size drawn, where cells do not fill the range.

    What is left over lies between two cells, or at an end, anywhere alike: so no value is much more, or less,
    frequent than the others.
    """
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
