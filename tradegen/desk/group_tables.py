"""How many trades each group has, clean and broken, and which group stands out most."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

import numpy as np

from tradegen.core.columns import Array
from tradegen.desk.group_factors import GroupFit
from tradegen.desk.trade_codes import Group, Trades

_FEWEST_EXPECTED = 0.5  # broken trades that a group must be expected to have, to be looked at


class GroupTable:
    """The trades of each group on one axis, or on two."""

    def __init__(self, trades: Trades, axes: tuple[int, ...]) -> None:
        self.trades, self.axes = trades, axes
        self.shape = tuple(len(trades.axes[axis].values) for axis in axes)
        self.size = math.prod(self.shape)
        self.clean_cells = self._cells(trades.clean)
        self.broken_cells = [self._cells(codes) for codes in trades.broken]

    def _cells(self, codes: Array) -> list[Array]:
        """The cell of each trade, one or several; past the last one where a value is not known."""
        found = []
        for rows in itertools.product(*(self.trades.axes[axis].rows for axis in self.axes)):
            known = np.logical_and.reduce([codes[row] >= 0 for row in rows])
            cell = np.zeros(codes.shape[1], np.int64)
            for row, size in zip(rows, self.shape, strict=True):
                cell = cell * size + codes[row]
            found.append(np.where(known, cell, self.size))
        return found

    def _counted(self, cells: Sequence[Array], weights: Array | None) -> Array:
        """Sums by group (float64); of an axis with an order, with all cells beyond."""
        table = np.zeros(self.size)
        for cell in cells:
            table += np.bincount(cell, weights, self.size + 1)[: self.size]
        table = table.reshape(self.shape)
        for place, axis in enumerate(self.axes):
            order = self.trades.axes[axis].order
            if order > 0:
                table = np.flip(np.cumsum(np.flip(table, place), place), place)
            elif order < 0:
                table = np.cumsum(table, place)
        return table.reshape(-1)

    @functools.cached_property
    def worth_looking(self) -> Array:
        """Whether each group has trades enough to tell anything, and its codes have names (bool)."""
        trades = self.trades
        # Clean or broken: a group is not to be left out because most of it breaks.
        broken = sum(self._counted(cells, None) for cells in self.broken_cells) / 2
        exposed = trades.clean_weight * self._counted(self.clean_cells, None) + trades.weight * broken
        all_broken = trades.weight * trades.broken.shape[2]
        rate = all_broken / max(all_broken + trades.clean_weight * trades.clean.shape[1], 1)
        enough: Array = exposed * rate >= _FEWEST_EXPECTED * trades.weight
        for place, axis in enumerate(self.axes):
            named = np.array([bool(value) for value in self.trades.axes[axis].values])
            sizes = [1] * len(self.shape)
            sizes[place] = -1
            enough &= np.broadcast_to(named.reshape(sizes), self.shape).reshape(-1)
        return enough

    @functools.cached_property
    def looked_at(self) -> int:
        """How many groups are looked at."""
        return int(self.worth_looking.sum())

    def most_striking(self, fit: GroupFit) -> tuple[float, Group] | None:
        """The group that stands out most, after minus the logarithm of the chance that any here would."""
        trades = self.trades
        seen, expected = (
            np.zeros(self.size),
            trades.clean_weight * self._counted(self.clean_cells, fit.clean_factor),
        )
        for leg, cells in enumerate(self.broken_cells):
            seen += self._counted(cells, fit.belongs[leg])
            expected += trades.weight * self._counted(cells, fit.belongs[leg] * fit.broken_factor[leg])
        score = trades.evidence * _surprise(
            seen, expected * fit.base / trades.weight, float(trades.broken.shape[2])
        )
        score[~self.worth_looking] = -np.inf
        for group in fit.chosen:
            if tuple(axis for axis, _ in group) == self.axes:
                score[np.ravel_multi_index([code for _, code in group], self.shape)] = -np.inf
        if not self.size or not np.isfinite(score.max()):
            return None
        codes = np.unravel_index(int(score.argmax()), self.shape)
        chance = float(score.max()) - math.log(max(self.looked_at, 1))
        return chance, tuple(zip(self.axes, map(int, codes), strict=True))


def _surprise(seen: Array, expected: Array, total: float) -> Array:
    """Minus the logarithm of the chance to see so many of the total or more, or so few or fewer.

    Chernoff's bound for a binomial: what is too few outside a group tells as much as what is too many in it.
    """
    expected = np.clip(expected, 1e-9, total - 1e-9)
    seen = np.clip(seen, 1e-9, total - 1e-9)
    rest = total - seen
    found: Array = seen * np.log(seen / expected) + rest * np.log(rest / (total - expected)) - math.log(2)
    return found
