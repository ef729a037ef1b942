"""Tolerances: which differences are benign, and how large those that are made may be.

All in whole numbers of the field's unit. A tolerance may be a share of the value, as basis points are; then
it need not be whole, and is a fraction of two whole numbers: no float ever decides a label.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.streams import whole

PARTS = 100_000_000
"""A relative tolerance is a number of these parts of the value: ten-thousandths of a basis point."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much a field may differ: `fixed`, in its integer unit, or `parts` of 100,000,000 of the value."""

    fixed: int = 0
    parts: int = 0

    def __bool__(self) -> bool:
        return bool(self.fixed or self.parts)

    def times(self, value: Array, percent: int, up: bool = False) -> Array:
        """That many percent of the tolerance at each value (int64), rounded down, or up."""
        if not self.parts:
            number = self.fixed * percent
            return np.full(np.shape(value), -(-number // 100) if up else number // 100, np.int64)
        # Parts of the value first: with the percentage in one product, 64 bits would not hold it.
        units, rest = np.divmod(np.asarray(value) * self.parts, PARTS)
        hundredths = units * percent
        rest = rest * percent
        spare, rest = np.divmod(hundredths % 100 * PARTS + rest, 100 * PARTS)
        whole_units: Array = hundredths // 100 + spare
        return whole_units + (rest > 0) if up else whole_units

    def in_steps(self, step: int, up: bool = False) -> Tolerance:
        """The same for values that are counted in steps: a fixed tolerance is rounded down, or up."""
        return Tolerance(-(-self.fixed // step) if up else self.fixed // step, self.parts)

    def holds(self, original: Array, altered: Array) -> Array:
        """Whether each difference is within the tolerance (bool)."""
        within: Array = np.abs(altered - original) <= self.times(original, 100)
        return within


NO_TOLERANCE = Tolerance()


@dataclass(frozen=True, slots=True)
class AllowedSizes:
    """How large a difference is to be, under the tolerance of its field.

    A mismatch is at least twice the tolerance, a benign difference at most half of it. At the `boundary`,
    a mismatch is 1.01 times, a benign difference 0.99 times or exactly the tolerance.
    """

    tolerance: Tolerance
    benign: bool = False
    boundary: bool = False
    step: int = 1  # what differences are multiples of, in the field's integer unit

    def counted(self, counted_in: int, step: int) -> AllowedSizes:
        """The same for values counted in so many units, whose differences are multiples of `step`.

        A benign difference stays within its tolerance, and a mismatch beyond it, however it is rounded.
        """
        tolerance = self.tolerance.in_steps(counted_in, up=not self.benign)
        return replace(self, tolerance=tolerance, step=step)

    def clear(self, original: Array, altered: Array) -> Array:
        """Whether each value is altered, and clear of the boundary on the right side (bool)."""
        if not self.tolerance:
            different: Array = altered != original
            return different
        size: Array = np.abs(altered - original)
        half: Array = (size > 0) & (size <= self.tolerance.times(original, 50))
        twice: Array = size >= np.maximum(self.tolerance.times(original, 200, up=True), 1)
        return half if self.benign else twice

    def fit(self, original: Array, altered: Array) -> Array:
        """`clear`, or at the boundary where that is asked for (bool)."""
        if not self.at_boundary:
            return self.clear(original, altered)
        right_side: Array = self.tolerance.holds(original, altered) == self.benign
        fits: Array = right_side & (altered != original)
        return fits

    @property
    def at_boundary(self) -> bool:
        """Whether sizes are to be drawn at the boundary."""
        return self.boundary and bool(self.tolerance)

    @property
    def by_draw(self) -> bool:
        """Whether the bounds at a value depend on its draw, too."""
        return self.at_boundary and self.benign

    def bounds(
        self, least: Array, most: Array, value: Array, raw: Array, unit: int = 1
    ) -> tuple[Array, Array]:
        """Narrow what a mechanism may change a value by, in multiples of `unit`, to what is allowed.

        `least` and `most` are the mechanism's own; for a benign difference, which is smaller than what the
        mechanism does by itself, and at the boundary, they do not count.
        """
        if self.at_boundary:
            size = self._edge(value, raw)
            return -(-size // unit), -(-size // unit)
        if self.benign:
            grain = max(self.step // unit, 1)
            return np.full(np.shape(value), grain), self.tolerance.times(value, 50) // unit
        if not self.tolerance:
            return least, most
        return np.maximum(least, -(-self.tolerance.times(value, 200, up=True) // unit)), most

    def _edge(self, value: Array, raw: Array) -> Array:
        """0.99, 1 or 1.01 times the tolerance, in whole steps; 0 where 0.99 times it is less than a step."""
        limit: Array = self.tolerance.times(value, 100) // self.step * self.step
        if not self.benign:
            beyond: Array = -(-self.tolerance.times(value, 101, up=True) // self.step) * self.step
            above: Array = np.maximum(beyond, limit + self.step)
            return above
        below = self.tolerance.times(value, 99) // self.step * self.step
        exactly = whole(raw << np.uint64(16), 0, 1) == 1
        return np.where(exactly, limit, below)
