"""Displacements in a wide range: sizes drawn evenly, and the range as evenly filled as before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.streams import scramble, uniform
from tradegen.mechanisms.edge_weights import LEVELS, EdgeWeights, absolute_weights, relative_weights

__all__ = ["spread"]

# Where in a range the weights of its lower end hand over to those of its upper end: anywhere between these.
_SEAM = (0.15, 0.85)
_FINENESS = 256  # shares are told apart to this part of a power of two


def spread(
    original: Array,
    raw: Array,
    low: Array,
    high: Array,
    index: Array,
    bounds: Callable[[Array], tuple[Array, Array]],
) -> Array:
    """Displace values in ranges that are wide enough for any size within `bounds`.

    Parameters
    ----------
    original : ndarray of int64, shape (n,)
    raw : ndarray of uint64, shape (n,)
    low, high : ndarray of int64, shape (r,)
        The ranges' ends, both included.
    index : ndarray of int, shape (n,)
        The range of each value.
    bounds : callable
        Takes values, and gives the least and the most that each may be displaced by.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    kinds, kind = np.unique(_kinds(low, high, bounds), axis=0, return_inverse=True)
    kind = kind.reshape(-1)[index]
    result = original.copy()
    for number, (relative, *ends) in enumerate(kinds.tolist()):
        rows = np.flatnonzero(kind == number)
        values, range_of = original[rows], index[rows]
        moves = _Moves(bool(relative), values, raw[rows], low[range_of], high[range_of] + 1, *bounds(values))
        if relative:
            lower, upper = relative_weights(*ends[:2])[0], relative_weights(*ends[2:])[1]
        else:
            lower, upper = (absolute_weights(*map(int, end)) for end in (ends[:2], ends[2:]))
        result[rows] = moves.made(lower, upper)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """Values, n of them, that are to move by amounts from `least` to `most`, and to stay below `top`."""

    relative: bool  # whether the amounts grow with the value, and need not be whole
    original: Array  # int64, shape (n,)
    raw: Array  # uint64, shape (n,)
    low: Array  # int64, shape (n,)
    top: Array  # int64, shape (n,)
    least: Array  # shape (n,)
    most: Array  # shape (n,)

    def made(self, lower: EdgeWeights, upper: EdgeWeights) -> Array:
        """What the values become: moves are proposed until one is accepted (int64, shape (n,)).

        A move is accepted with a probability that goes with its weight.
        """
        values = self.original
        if self.relative:
            # Anywhere between the whole number and the next: so rounding down favours no value.
            values = values + uniform(scramble(self.raw, 1))
        result = values.copy()
        limit = max(lower.largest, upper.largest)
        rows, turn = np.arange(len(values)), 0
        while len(rows):
            turn += 1
            size, coin, seam, chance = (
                uniform(scramble(self.raw[rows], 4 * turn + number)) for number in range(4)
            )
            start, low, top = values[rows], self.low[rows], self.top[rows]
            up, arrived = self._proposed(rows, start, size, coin)
            below, above = np.minimum(start, arrived), np.maximum(start, arrived)
            # Between the two ends, their weights hand over to each other at a place that is drawn.
            at_low = below < low + (_SEAM[0] + (_SEAM[1] - _SEAM[0]) * seam) * (top - low)
            near_low, near_top = self._places(rows, below, above)
            weight = np.where(at_low, lower.of(near_low, up), upper.of(near_top, ~up))
            accepted = (below >= low) & (above < top) & (chance * limit < weight)
            result[rows[accepted]] = arrived[accepted]
            rows = rows[~accepted]
        return np.floor(result).astype(np.int64)

    def _proposed(self, rows: Array, start: Array, size: Array, coin: Array) -> tuple[Array, Array]:
        """Whether each move goes up, and where it arrives."""
        least, most = self.least[rows], self.most[rows]
        if self.relative:
            amount = least + size * (most - least)
            # A little more often up than down, since values that go down end up closer together.
            up = coin < 0.5 + 0.5 * amount / start
        else:
            amount = least + np.floor(size * (most - least + 1)).astype(np.int64)
            up = coin < 0.5
        return up, np.where(up, start + amount, start - amount)

    def _places(self, rows: Array, below: Array, above: Array) -> tuple[Array, Array]:
        """How far from the range's lower and upper end moves are, as weights count it."""
        low, top = self.low[rows], self.top[rows]
        if self.relative:
            return below / low, top / above
        return (below - low) / self.most[rows], (top - 1 - above) / self.most[rows]


def _kinds(low: Array, high: Array, bounds: Callable[[Array], tuple[Array, Array]]) -> Array:
    """What the weights of each range depend on, a row a range.

    Whether sizes grow with the value; the smallest and the largest at the lower end; those at the upper end.
    """
    at_low, at_high = bounds(low), bounds(high)
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
    return np.stack(columns, axis=1)
