"""The axis of a figure by size: powers of ten, with a place for zero and one for sizes without end."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter

from tradegen.core.axes import plain_axes, power_label
from tradegen.core.columns import Array

_LABELS = 5


class SizeAxis:
    """An axis by powers of ten, with a place of its own for what is smaller than all of them, such as 0."""

    def __init__(self, low: pd.Series[float], high: pd.Series[float], unit: str) -> None:
        places = np.unique([*low, *high])
        positive = places[(places > 0) & np.isfinite(places)]
        self._whole = unit in ("shares", "days")
        self._places = positive if len(positive) else np.array([1.0])
        # Far enough from the first mark for a label of its own.
        self._zero_at = self._places[0] / max(4.0, (self._places[-1] / self._places[0]) ** 0.12)
        self._zero, self._endless = bool((places == 0).any()), bool(np.isinf(places).any())

    @property
    def width(self) -> float:
        """How many powers of ten it spans."""
        return float(
            self.position(np.inf) - (self.position(0.0) if self._zero else np.log10(self._places[0]))
        )

    def position(self, values: npt.ArrayLike) -> Array:
        """Where sizes lie on the axis."""
        sizes = np.asarray(values, float)
        # Beyond the last mark, the range is drawn as wide as another one.
        found: Array = np.log10(np.clip(sizes, self._zero_at, 2 * self._places[-1]))
        return found

    def middle(self, low: pd.Series[float], below: pd.Series[float]) -> Array:
        """Where the middle of a range lies; that from 1 share up to 2 is one share."""
        high = np.where(np.isfinite(below), below - 1, below) if self._whole else below
        return (self.position(low) + self.position(high)) / 2

    def edges(self, low: pd.Series[float], below: pd.Series[float]) -> tuple[Array, Array]:
        """Where ranges begin and end; those of whole numbers, half way to the next."""
        half = 0.5 if self._whole else 0.0
        return self.position(low - half), self.position(below - half)

    def draw(self, axes: Axes) -> None:
        """Set limits, and labels in plain numbers."""
        left, right = map(float, np.log10(self._places[[0, -1]]))
        powers = np.arange(math.ceil(left - 1e-9), math.floor(right + 1e-9) + 1)
        if len(powers) > 2:
            ticks = 10.0 ** powers[:: math.ceil(len(powers) / _LABELS)]
        else:
            ticks = self._places[:: math.ceil(len(self._places) / _LABELS)]
        labels = {float(np.log10(tick)): power_label(tick) for tick in ticks}
        if self._zero:
            labels[float(self.position(0.0))] = "0"
        axes.xaxis.set_major_locator(FixedLocator(list(labels)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda place, _: _nearest(labels, place)))
        axes.xaxis.set_minor_locator(FixedLocator(np.log10(self._places)))
        first, last = float(self.position(0.0)), float(self.position(np.inf))
        if self._whole:
            left = float(np.log10(self._places[0] - 0.5))
        axes.set_xlim((first if self._zero else left) - 0.12, (last if self._endless else right) + 0.12)
        axes.set_ylim(-4, 104)
        axes.grid(axis="both", alpha=0.3)
        plain_axes(axes)


def _nearest(labels: dict[float, str], value: float) -> str:
    return labels[min(labels, key=lambda place: abs(place - value))]
