"""The shape of sizes: how they are spread between the smallest and the largest."""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.streams import uniform, whole
from tradegen.mechanisms.difference import Settings

Bounds: TypeAlias = Callable[[Array], tuple[Array, Array]]
"""The least and the most that a value may be displaced by, by value (numeric arrays of its shape)."""

TAIL = 0.001
"""What a lognormal shape leaves out at either end, where no `min` or `max` is given."""

_KNOTS = 64  # places at which a lognormal shape is worked out
_DIGITS = 9  # of these: so few that no machine's logarithms differ in them


def alike(least: float, most: float) -> Bounds:
    """Bounds that are the same at every value."""
    return lambda value: (np.full(np.shape(value), least), np.full(np.shape(value), most))


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes by probability: even between any two of the knots. k knots, from probability 0 to 1.

    Sizes are parts of the range from the smallest to the largest, so that the first is 0 and the last is 1.
    """

    probabilities: tuple[float, ...]
    sizes: tuple[float, ...]

    def drawn(self, chance: Array, least: Array, most: Array, outer: tuple[Array, Array]) -> Array:
        """Sizes from `least` to `most`, as this shape has them there.

        Parameters
        ----------
        chance : ndarray of float64, shape (n,)
            From 0 to below 1.
        least, most : ndarray, shape (n,)
        outer : tuple of ndarray, shape (n,)
            What the smallest and the largest size are at the same values, whatever is allowed of them.

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        low, width = outer[0], np.maximum(outer[1] - outer[0], 1e-300)
        start, end = (self.below(np.clip((edge - low) / width, 0.0, 1.0)) for edge in (least, most))
        found: Array = low + width * self.at(start + chance * (end - start))
        return np.clip(found, least, most)

    def at(self, probability: Array) -> Array:
        """The size that so many are smaller than."""
        return _between(probability, np.array(self.probabilities), np.array(self.sizes))

    def below(self, size: Array) -> Array:
        """How many are smaller."""
        return _between(size, np.array(self.sizes), np.array(self.probabilities))


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """What values may be displaced by."""

    bounds: Bounds
    outer: Bounds  # the same, whatever is allowed of it by a tolerance
    shape: Shape | None = None  # None: all sizes alike

    def drawn(self, raw: Array, least: Array, most: Array, values: Array) -> Array:
        """Whole sizes from `least` to `most`, one for each raw draw (int64)."""
        if self.shape is None:
            return whole(raw, least, most)
        sizes = self.shape.drawn(uniform(raw), least, most, self.outer(values))
        return np.clip(np.floor(sizes + 0.5).astype(np.int64), least, most)


def spread_of(shape: Shape | None, least: float, most: float, levels: int) -> Array:
    """Sizes that stand for all those of a shape from `least` to `most`, which are parts of its whole range.

    Returns
    -------
    ndarray of float64, shape (levels,)
        As parts of the range from `least` to `most`.
    """
    chance = (np.arange(levels) + 0.5) / levels
    if shape is None or most <= least:
        return chance
    ends = np.full(levels, least), np.full(levels, most)
    drawn = shape.drawn(chance, *ends, (np.zeros(levels), np.ones(levels)))
    parts: Array = (drawn - least) / (most - least)
    return parts


def shape_of(settings: Settings) -> Shape | None:
    """The shape that settings ask for; None where sizes are all alike."""
    kind = settings.get("shape", "uniform")
    if kind == "quantiles":
        return _by_quantiles(tuple(map(tuple, settings["quantiles"])))
    if kind == "lognormal":
        return _lognormal(*(settings[name] for name in ("median", "p95", "min", "max")))
    return None


@functools.lru_cache(maxsize=64)
def _by_quantiles(quantiles: tuple[tuple[float, float], ...]) -> Shape | None:
    probabilities, sizes = zip(*quantiles, strict=True)
    width = sizes[-1] - sizes[0]
    return Shape(probabilities, tuple((size - sizes[0]) / width for size in sizes)) if width else None


@functools.lru_cache(maxsize=64)
def _lognormal(median: float, p95: float, least: float, most: float) -> Shape | None:
    """Between the least and the most, as the logarithms of sizes are normal."""
    if least >= most:
        return None
    normal = statistics.NormalDist(
        math.log(median), math.log(p95 / median) / statistics.NormalDist().inv_cdf(0.95)
    )
    low, high = normal.cdf(math.log(least)), normal.cdf(math.log(most))
    chances = [knot / _KNOTS for knot in range(_KNOTS + 1)]
    inner = [math.exp(normal.inv_cdf(low + chance * (high - low))) for chance in chances[1:-1]]
    sizes = [0.0, *(round((size - least) / (most - least), _DIGITS) for size in inner), 1.0]
    return Shape(tuple(chances), tuple(sizes))


def _between(values: Array, known: Array, wanted: Array) -> Array:
    """Linear between knots, in single operations: `numpy.interp` may use others on other processors."""
    place = np.clip(np.searchsorted(known, values, side="right") - 1, 0, len(known) - 2)
    width = np.maximum(known[place + 1] - known[place], 1e-300)
    part = np.clip((values - known[place]) / width, 0.0, 1.0)
    step = part * (wanted[place + 1] - wanted[place])
    found: Array = wanted[place] + step
    return found
