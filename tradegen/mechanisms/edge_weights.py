"""How often values near the end of a range must move, up and down, so that the range stays evenly filled.

In the middle of a wide range, a value goes up or down by a size drawn at random, and as many values arrive at
each place as leave it. Near an end this fails: values at the end can only go one way, and fewer arrive there.
So each move near an end gets a weight, found by working inwards from the end, where everything about the
places further out is known already:

- All moves that leave a place add up to one, with the weight `away` for those that go away from the end.
- All moves that arrive at a place add up to one, with the weight `back` for those that come towards the end.

The weights swing around 1, and the swings die out within a few of the largest moves, the sooner the more the
sizes vary. (For moves of a single size they never do: such a range is cut into cells instead.)
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from tradegen.core.columns import Array
from tradegen.mechanisms.shapes import Shape, spread_of

LEVELS = 64
"""Places and sizes are told apart to this part of the largest move."""

_REACH = 12  # of the largest moves, as far as weights are worked out
_ONE = 1 << 32  # weights are whole numbers until they are done: sums are then the same on every machine
_SHARES = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class EdgeWeights:
    """The weights of moves near one end of a range, by the place that is nearer to that end."""

    edges: Array  # float64, shape (n,), rising: where each of n stretches of places begins
    away: Array  # float64, shape (n + 1,): of a move that starts there, away from the end; 1 beyond the last
    back: Array  # float64, shape (n + 1,): of a move that arrives there, towards the end

    @property
    def largest(self) -> float:
        """The largest weight."""
        return float(max(self.away.max(), self.back.max()))

    def of(self, places: Array, away: Array) -> Array:
        """The weights of moves by the nearer of their two places, and by whether they go away from it."""
        stretch = np.searchsorted(self.edges, places, side="right") - 1
        return np.where(away, self.away.take(stretch), self.back.take(stretch))


@functools.lru_cache(maxsize=64)
def weights_of(
    relative: bool, shape: Shape | None, least: float, most: float, start: float, stop: float, end: int
) -> EdgeWeights:
    """The weights for sizes from `least` to `most`.

    Parameters
    ----------
    relative : bool
        Whether sizes are a share of the value that moves, or else whole steps.
    shape : Shape or None
        None where all sizes are alike; else they are its part from `start` to `stop`.
    end : int
        0 for the lower end of the range, 1 for its upper end.
    """
    parts = spread_of(shape, start, stop, LEVELS)
    if relative:
        return _relative(least + parts * (most - least), most, end)
    if shape is None:
        return _absolute(np.arange(int(least), int(most) + 1), int(most))
    return _absolute(np.maximum(np.round(least + parts * (most - least)), 1).astype(np.int64), int(most))


def _absolute(sizes: Array, most: int) -> EdgeWeights:
    """For sizes in whole steps; places are counted in the largest size."""
    start = np.arange(_REACH * most)
    half = np.full(len(sizes), _SHARES // 2)
    nearer = np.maximum(start[:, None] - sizes, -1)
    return _worked_inwards(np.append(start, _REACH * most) / most, nearer, nearer, half, _SHARES // 2)


def _relative(shares: Array, most: float, end: int) -> EdgeWeights:
    """For sizes that are a share of the value that moves.

    A value goes up with a probability of half of one plus the share, since values that go down end up closer
    together. Places are the quotient of the value and the end, or the other way round, and count from 1.
    """
    factor = 1 + most / LEVELS
    edges = [1.0]
    for _ in range(_REACH * LEVELS):
        # Each a single product: no function whose last bit differs by machine.
        edges.append(edges[-1] * factor)
    grid = np.array(edges)
    middle = grid[:-1, None] * (1 + most / LEVELS / 2)
    down = np.searchsorted(grid, middle * (1 - shares), side="right") - 1
    up = np.searchsorted(grid, middle / (1 + shares), side="right") - 1
    rising = np.round((1 + shares) / 2 * _SHARES).astype(np.int64)
    falling = _SHARES - rising
    if end == 0:
        return _worked_inwards(grid, down, up, falling, int(rising.sum()) // LEVELS)
    return _worked_inwards(grid, up, down, rising, int(falling.sum()) // LEVELS)


def _worked_inwards(
    edges: Array, to: Array, come_from: Array, chance: Array, chance_away: int
) -> EdgeWeights:
    """Work out the weights, place by place.

    Parameters
    ----------
    edges : ndarray of float64, shape (n + 1,)
    to, come_from : ndarray of int64, shape (n, sizes)
        By place and size: where a move towards the end arrives, and where a move away from it that arrives
        here started; -1 is beyond the end.
    chance : ndarray of int64, shape (sizes,)
        The probability of a move towards the end, by size, in parts of `_SHARES`.
    chance_away : int
        The probability of a move away from it, over all sizes.
    """
    count, sizes = to.shape
    # One more, always zero, for places beyond the end: index -1 finds it.
    away, back = np.zeros((2, count + 1), np.int64)
    for place in range(count):
        # What moves by less than one place finds its own place not yet worked out: the one before will do.
        earlier = np.minimum(come_from[place], place - 1)
        back[place] = max(2 * _ONE - int(away[earlier].sum()) // sizes, 0)
        leaving = int((back[np.minimum(to[place], place - 1)] * chance >> 16).sum()) // sizes
        away[place] = max(_ONE - leaving, 0) * _SHARES // chance_away
    away[count] = back[count] = _ONE
    return EdgeWeights(edges, away / _ONE, back / _ONE)
