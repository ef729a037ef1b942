"""Displacements in a wide range: sizes drawn evenly, and the range as evenly filled as before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.streams import scramble, uniform
from tradegen.mechanisms.edge_weights import LEVELS, EdgeWeights, weights_of
from tradegen.mechanisms.shapes import Sizes

# Where in a range the weights of its lower end hand over to those of its upper end: anywhere between these.
_SEAM = (0.15, 0.85)
_TURNS = 1_000  # proposals to a value: one in several is accepted
_END = 4  # numbers that weights at one end depend on
_FINENESS = 256  # shares are told apart to this part of a power of two


def spread(
    original: Array,
    raw: Array,
    low: Array,
    high: Array,
    index: Array,
    sizes: Sizes,
) -> Array:
    """Displace values in ranges that are wide enough for all `sizes`.

    Parameters
    ----------
    original : ndarray of int64, shape (n,)
    raw : ndarray of uint64, shape (n,)
    low, high : ndarray of int64, shape (r,)
        The ranges' ends, both included.
    index : ndarray of int, shape (n,)
        The range of each value.
    sizes : Sizes

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    kinds, kind = np.unique(_kinds(low, high, sizes), axis=0, return_inverse=True)
    kind = kind.reshape(-1)[index]
    result = original.copy()
    for number, (relative, *ends) in enumerate(kinds.tolist()):
        rows = np.flatnonzero(kind == number)
        values, range_of = original[rows], index[rows]
        moves = _Moves(bool(relative), sizes, values, raw[rows], low[range_of], high[range_of] + 1)
        lower, upper = (
            weights_of(bool(relative), sizes.shape, *end, place)
            for place, end in enumerate((ends[:_END], ends[_END:]))
        )
        result[rows] = moves.made(lower, upper)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """Values, n of them, that are to move by some sizes, and to stay below `top`."""

    relative: bool  # whether the amounts grow with the value, and need not be whole
    sizes: Sizes
    original: Array  # int64, shape (n,)
    raw: Array  # uint64, shape (n,)
    low: Array  # int64, shape (n,)
    top: Array  # int64, shape (n,)

    def made(self, lower: EdgeWeights, upper: EdgeWeights) -> Array:
        """What the values become: moves are proposed until one is accepted (int64, shape (n,)).

        A move is accepted with a probability that goes with its weight.
        """
        values, (least, most) = self.original, self.sizes.bounds(self.original)
        if self.relative:
            # Anywhere between the whole number and the next: so rounding down favours no value.
            values = values + uniform(scramble(self.raw, 1))
        result = values.copy()
        limit = max(lower.largest, upper.largest)
        rows, turn = np.arange(len(values)), 0
        # A value past its range, or one too large for a double to count its steps, stays as it is.
        while len(rows) and turn < _TURNS:
            turn += 1
            size, coin, seam, chance = (
                uniform(scramble(self.raw[rows], 4 * turn + number)) for number in range(4)
            )
            start, low, top = values[rows], self.low[rows], self.top[rows]
            up, arrived = self._proposed(start, size, coin, self.original[rows], least[rows], most[rows])
            below, above = np.minimum(start, arrived), np.maximum(start, arrived)
            # Between the two ends, their weights hand over to each other at a place that is drawn.
            at_low = below < low + (_SEAM[0] + (_SEAM[1] - _SEAM[0]) * seam) * (top - low)
            near_low, near_top = self._places(below, above, low, top, most[rows])
            weight = np.where(at_low, lower.of(near_low, up), upper.of(near_top, ~up))
            accepted = (below >= low) & (above < top) & (chance * limit < weight)
            result[rows[accepted]] = arrived[accepted]
            rows = rows[~accepted]
        return np.floor(result).astype(np.int64)

    def _proposed(
        self, start: Array, size: Array, coin: Array, original: Array, least: Array, most: Array
    ) -> tuple[Array, Array]:
        """Whether each move goes up, and where it arrives."""
        shape = self.sizes.shape
        shaped = None if shape is None else shape.drawn(size, least, most, self.sizes.outer(original))
        if self.relative:
            amount = least + size * (most - least) if shaped is None else shaped
            # A little more often up than down, since values that go down end up closer together.
            up = coin < 0.5 + 0.5 * amount / start
        else:
            whole = np.floor(size * (most - least + 1)) + least if shaped is None else np.floor(shaped + 0.5)
            amount = whole.astype(np.int64)
            up = coin < 0.5
        return up, np.where(up, start + amount, start - amount)

    def _places(self, below: Array, above: Array, low: Array, top: Array, most: Array) -> tuple[Array, Array]:
        """How far from the range's lower and upper end moves are, as weights count it."""
        if self.relative:
            return below / low, top / above
        return (below - low) / most, (top - 1 - above) / most


def _kinds(low: Array, high: Array, sizes: Sizes) -> Array:
    """What the weights of each range depend on, a row a range.

    Whether sizes grow with the value; the smallest and the largest at the lower end, and which part of the
    shape these are; the same at the upper end.
    """
    at_low, at_high = sizes.bounds(low), sizes.bounds(high)
    relative = at_high[1] > at_low[1]
    columns = [relative]
    for (least, most), end in ((at_low, low), (at_high, high)):
        # Rounded, so that a few weights serve all ranges.
        fraction, exponent = np.frexp(most / end)
        share = np.ldexp(np.ceil(fraction * _FINENESS) / _FINENESS, exponent)
        part = np.minimum(least / most, 1)
        amount = np.minimum(most, LEVELS)
        columns += [
            np.where(
                relative, np.round(part * LEVELS) / LEVELS * share, np.maximum(np.round(part * amount), 1)
            ),
            np.where(relative, share, amount),
        ]
        outer = sizes.outer(end)
        width = np.maximum(outer[1] - outer[0], 1e-300)
        columns += [
            np.round(np.clip((edge - outer[0]) / width, 0, 1) * _FINENESS) / _FINENESS
            for edge in (least, most)
        ]
    return np.stack(columns, axis=1)
