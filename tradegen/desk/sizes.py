"""How large differences are: quantiles with intervals, and the settings that draw such sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from tradegen.core.columns import Array
from tradegen.mechanisms.shapes import TAIL

QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)
"""The quantiles that tables show."""

_WRITTEN = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_MANY = 500  # sizes whose outermost are left out
_FEWEST = 20  # sizes that a shape is told from
_KOLMOGOROV = 1.358  # Kolmogorov and Smirnov's bound at 5%, times the root of the number
_FINE = 5  # steps of the last digit that a size should have, for it to be told exactly
_SEED = 1


@dataclass(frozen=True, slots=True)
class Quantile:
    """A size that so many are smaller than, and an interval for it."""

    chance: float
    size: float
    low: float
    high: float


def smoothed(sizes: Sequence[float], steps: Sequence[float]) -> Array:
    """Sizes without the rounding to whole steps: spread evenly over the step; ascending (float64).

    Where many values are so small that a size is a few steps, those of the larger values stand for all.
    """
    size, step = np.array(sizes, float), np.array(steps, float)
    fine = step <= np.median(step) if len(size) >= 2 * _FEWEST and (size < _FINE * step).any() else step > 0
    size, step = size[fine], step[fine]
    offset = np.random.default_rng(_SEED).random(len(size)) - 0.5
    return np.sort(np.clip(size + offset * step, size / 2, None))


def quantiles_of(sizes: Array, confidence: float) -> list[Quantile]:
    """The quantiles of `QUANTILES`, with intervals from the order of the sizes (ascending)."""
    z, count = NormalDist().inv_cdf((1 + confidence) / 2), len(sizes)
    found = []
    for chance in QUANTILES:
        half = z * math.sqrt(chance * (1 - chance) / count)
        ends = np.quantile(sizes, [max(chance - half, 0.0), chance, min(chance + half, 1.0)])
        low, size, high = ends.tolist()
        found.append(Quantile(chance, size, low, high))
    return found


def settings_of(sizes: Array, *, whole: bool, scale: float = 1.0, most: float = math.inf) -> dict[str, Any]:
    """The settings of a mechanism that draw sizes like these (ascending); {} for no sizes.

    The simplest shape that fits: evenly spread, lognormal, or else quantiles.

    Parameters
    ----------
    sizes : ndarray of float64
    whole : bool
        Whether `min` and `max` are whole numbers.
    scale : float
        What sizes are multiplied by, for the unit that they are written in.
    most : float
        The largest size that the mechanism takes, before it is multiplied.
    """
    if not len(sizes):
        return {}
    sizes = sizes * scale
    low, high = _least(sizes, whole), _most(sizes, whole)
    if len(sizes) < _FEWEST or low >= high:
        return {"min": low, "max": max(high, low)}
    first, last = _even_ends(sizes)
    if last > first and _fits(sizes, np.clip((sizes - first) / (last - first), 0, 1)):
        ends = np.array([max(first, low / 2), last])
        return {"min": _least(ends, whole), "max": _most(ends, whole)}
    logs = np.log(sizes)
    median, p95 = math.exp(np.median(logs)), math.exp(np.quantile(logs, 0.95))
    if p95 > median:
        normal = NormalDist(math.log(median), math.log(p95 / median) / NormalDist().inv_cdf(0.95))
        largest = math.exp(normal.inv_cdf(1 - TAIL))
        if largest <= most * scale and _fits(sizes, np.array([normal.cdf(one) for one in logs.tolist()])):
            return {"shape": "lognormal", "median": _rounded(median), "p95": _rounded(p95)}
    if len(sizes) >= _MANY:
        # A stray difference that is none of these is not to stretch them all.
        inner = np.quantile(sizes, [1 / _MANY, 1 - 1 / _MANY])
        low, high = _least(inner, whole), _most(inner, whole)
    points = [low, *(_rounded(one) for one in np.quantile(sizes, _WRITTEN[1:-1]).tolist()), high]
    return _of_quantiles(list(zip(_WRITTEN, points, strict=True)))


def _of_quantiles(points: Sequence[Sequence[float]]) -> dict[str, Any]:
    """The settings of sizes with these quantiles, each a chance and a size that so many are smaller than."""
    rising: list[list[float]] = []
    for chance, size in points:
        if not rising or size > rising[-1][1]:
            rising.append([chance, size])
    if len(rising) == 1:
        return {"min": points[0][1], "max": points[0][1]}
    rising[-1][0] = 1.0
    return {"shape": "quantiles", "quantiles": rising}


def coarse(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with sizes in two digits, which are those of no single trade."""

    def rounded(value: Any) -> Any:
        if isinstance(value, float):
            return float(f"{value:.2g}")
        return int(float(f"{value:.2g}")) if isinstance(value, int) else value

    found = {name: rounded(value) for name, value in settings.items()}
    if found.get("shape") == "lognormal" and found["median"] >= found["p95"]:
        found = {"shape": "quantiles", "quantiles": [[0.0, found["median"]]]}
    if found.get("shape") == "quantiles":
        points = [[chance, rounded(size)] for chance, size in found["quantiles"]]
        unit = {"unit": settings["unit"]} if "unit" in settings else {}
        found = _of_quantiles(points) | unit
    return found


def _even_ends(sizes: Array) -> tuple[float, float]:
    """Where sizes that are spread evenly begin and end; the outermost may be blurred by rounding."""
    inner, outer = np.quantile(sizes, [0.05, 0.95]).tolist()
    beyond = (outer - inner) / 18  # a twentieth of the whole, from nine tenths of it
    return max(inner - beyond, float(sizes[0]) / 2), outer + beyond


def _fits(sizes: Array, cumulated: Array) -> bool:
    """Whether so large a part is below each size: by Kolmogorov and Smirnov's distance."""
    count = len(sizes)
    above = np.abs(np.arange(1, count + 1) / count - cumulated).max()
    below = np.abs(np.arange(count) / count - cumulated).max()
    return bool(max(above, below) * math.sqrt(count) < _KOLMOGOROV)


def _least(sizes: Array, whole: bool) -> Any:
    least = float(sizes[0])
    return max(math.floor(least + 0.5), 1) if whole else _rounded(least)


def _most(sizes: Array, whole: bool) -> Any:
    most = float(sizes[-1])
    return max(math.ceil(most - 0.5), 1) if whole else _rounded(most)


def _rounded(size: float) -> float:
    return float(f"{size:.3g}")
