"""Trades as codes: their tickers, brokers, half-hours and sizes, and the groups that share some of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tradegen.core.columns import Array


@dataclass(frozen=True, slots=True)
class Axis:
    """One way to divide the trades.

    Attributes
    ----------
    name : str
        A field of `scenario.hot_spots.Where`.
    values : sequence of str
        By code; "" for one that is no group by itself.
    rows : tuple of int
        The rows of codes that say it; a trade belongs to the group of each.
    order : int
        0: a group is the trades with one code; 1: with it or a larger one; -1: with it or a smaller one.
    """

    name: str
    values: Sequence[str]
    rows: tuple[int, ...]
    order: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Trades:
    """The trades by their codes.

    Attributes
    ----------
    axes : sequence of Axis
    clean : ndarray of int, shape (rows, n)
        Trades on which the lists agree, or a sample of them; -1 where the value is not known.
    broken : ndarray of int, shape (2, rows, m)
        Broken trades, or a sample of them: as ours has them, and as theirs.
    telling : tuple of int
        The rows that say where a broken trade is likely to belong: of sizes, the one with the finest codes.
    clean_weight, weight : float
        How many trades each of these stands for.
    """

    axes: Sequence[Axis]
    clean: Array
    broken: Array
    telling: tuple[int, ...] = ()
    clean_weight: float = 1.0
    weight: float = 1.0

    @property
    def evidence(self) -> float:
        """What one broken trade of the sample counts for: less where clean ones are a sample as well."""
        if self.clean_weight == 1:
            return 1.0
        return 1 / (1 + int(self.broken.shape[2]) / max(int(self.clean.shape[1]), 1))


Group: TypeAlias = tuple[tuple[int, int], ...]
"""A group of trades: a code on one axis, or on each of two."""


def holds(trades: Trades, group: Group, codes: Array) -> Array:
    """Whether trades are in a group, by their codes (bool, shape (n,))."""
    found = np.ones(codes.shape[1], bool)
    for axis, code in group:
        of_axis = trades.axes[axis]
        on_rows = [_meets(codes[row], code, of_axis.order) for row in of_axis.rows]
        found &= np.logical_or.reduce(on_rows)
    return found


def _meets(codes: Array, code: int, order: int) -> Array:
    if order == 0:
        equal: Array = codes == code
        return equal
    within: Array = (codes >= code) if order > 0 else (codes <= code) & (codes >= 0)
    return within
