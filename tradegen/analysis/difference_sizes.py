"""By how much altered values differ, and the bins in which a histogram shows it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradegen.core.blocks import Truth
from tradegen.core.columns import MICROSECONDS, STEPS, Array, is_blank
from tradegen.engine.generator import GeneratedBlocks
from tradegen.mechanisms.allowed_sizes import PARTS

if TYPE_CHECKING:
    from tradegen.scenario.model import Scenario

_A_DECADE = 10  # bins, on a logarithmic scale
_UNITS = {"quantity": "shares", "price": "dollars", "date": "calendar days", "trade_timestamp": "seconds"}
_PERCENT = ("quantity", "price")
_OWN_UNITS = {"integer": "units", "decimal": "units", "date": "calendar days", "timestamp": "seconds"}


@dataclass(frozen=True, slots=True, eq=False)
class Magnitudes:
    """All differences of one field, altered minus original, in one unit."""

    field: str
    unit: str
    mismatched: Array  # float64
    benign: Array  # float64
    step: float  # what values are whole multiples of; 0 for those that lie close
    tolerance: float  # up to here differences are benign; 0 where there is no one such number

    @property
    def all(self) -> Array:
        """Mismatched and benign ones."""
        return np.concatenate([self.mismatched, self.benign])

    def bins(self) -> Bins:
        """The bins for a histogram, where there is a difference at all.

        On a logarithmic scale where there is a tolerance, or sizes of many orders. No bin holds values on
        both sides of the tolerance.
        """
        sizes = np.abs(self.all)
        bulk = 1.25 * float(np.quantile(sizes, 0.97))
        if self.tolerance or bulk > 100 * float(np.quantile(sizes, 0.1)):
            return self._logarithmic(float(sizes.min()), float(sizes.max()))
        limit = float(sizes.max())
        return self._even(limit if limit <= 1.6 * bulk else bulk)

    def _logarithmic(self, least: float, most: float) -> Bins:
        anchor = self.tolerance or 1.0
        # Some room on either side of the tolerance, even where nothing lies far from it.
        low, high = min(least, anchor / 2), max(most, 2 * anchor)
        first = math.ceil(_A_DECADE * math.log10(low / anchor)) - 1
        last = math.floor(_A_DECADE * math.log10(high / anchor)) + 1
        # A hair wider, so that values at an edge, and the tolerance itself, lie below it.
        above = anchor * 10.0 ** (np.arange(first, last + 1) / _A_DECADE) * (1 + 1e-9)
        within = anchor * (1 + 1e-9)
        if self.step:
            # Between two values, and so with at least one value to each bin.
            above = np.unique((np.floor(above / self.step) + 0.5) * self.step)
            within = (math.floor(within / self.step) + 0.5) * self.step
        return Bins(_mirrored(above), True, self.tolerance, within if self.tolerance else 0.0)

    def _even(self, limit: float) -> Bins:
        """Some 60 bins, wide enough for all sizes up to the limit."""
        if not self.step:
            power = 10.0 ** math.floor(math.log10(limit / 30))
            width = next(power * digit for digit in (1, 2, 5, 10) if 30 * power * digit >= limit)
            reach = math.ceil(limit / width - 1e-9)
            # A hair wider, so that round values such as 5% and -5% fall on the same side of their edges.
            return Bins(np.arange(-reach, reach + 1) * width * (1 + 1e-9))
        steps = math.ceil(limit / self.step / 30 - 1e-9)
        reach = math.ceil(limit / self.step / steps - 1e-9)
        above = (np.arange(reach + 1) * steps + 0.5) * self.step
        if steps > 1:
            # A difference is never zero, so that from zero on every bin holds `steps` values.
            above[0] = 0
        return Bins(_mirrored(above))


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Edges of bins, ascending and symmetric about zero."""

    edges: Array  # float64
    logarithmic: bool = False  # on either side of zero
    tolerance: float = 0.0  # 0 for none
    within: float = 0.0  # the edge that parts what is within the tolerance from what is beyond


def _mirrored(above: Array) -> Array:
    return np.unique(np.concatenate([-above, above]))


def magnitudes(batch: GeneratedBlocks) -> Iterator[Magnitudes]:
    """The differences in each measured field that mechanisms alter, in shares, dollars, days and seconds.

    Quantities, prices, and numbers of the scenario's own columns come as a percentage of the original value,
    too. A missing value differs by no amount.
    """
    scenario = batch.run.scenario
    truth = Truth.concatenate([block.truth for block in batch.blocks])
    altered = {field for name in scenario.active for field in scenario.catalogue[name].fields}
    of_time = (MICROSECONDS, STEPS[scenario.timestamp_precision])
    steps = {name: (grid.unit, grid.step) for name, grid in scenario.grids.items()}
    steps["trade_timestamp"] = of_time
    units, percents = dict(_UNITS), list(_PERCENT)
    for column in scenario.columns:
        if column.kind in _OWN_UNITS:
            units[column.name] = _OWN_UNITS[column.kind]
            steps[column.name] = of_time if column.kind == "timestamp" else (10**column.places, 1)
            percents += [column.name] if column.kind in ("integer", "decimal") else []
    for field, unit in units.items():
        if field not in altered:
            continue
        rows = differing(truth, scenario, field)
        delta, tolerance = rows.altered - rows.original, scenario.tolerance(field)
        per_unit, step = steps.get(field, (1, 1))
        for percent in (True, False) if field in percents else (False,):
            values = 100 * delta / np.maximum(rows.original, 1) if percent else delta / per_unit
            limit = 100 * tolerance.parts / PARTS if percent else tolerance.fixed / per_unit
            yield Magnitudes(
                field,
                f"% of the {field}" if percent else unit,
                values[~rows.benign],
                values[rows.benign],
                0.0 if percent else step / per_unit,
                limit,
            )


def differing(truth: Truth, scenario: Scenario, field: str) -> Truth:
    """The rows of one field whose values differ by an amount: those whose altered value is not missing."""
    return truth.take((truth.field == scenario.fields.index(field)) & ~is_blank(truth.altered))
