"""How many pairs each cause is to mismatch: by rates, factors of the base rate, or shares of all mismatches.

A hot spot with a rate keeps it whatever the others do. The base rate is that of the pairs in no hot spot, and
a factor multiplies it. A share is a part of all mismatches; among the pairs of such a hot spot, factors apply
as they do elsewhere. With ``rate_is = "overall"``, `mismatch_rate` is what all of these come to, and the base
rate follows from it.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradegen.core.columns import Array

if TYPE_CHECKING:
    from tradegen.scenario.fields import ScenarioFields

_HALVINGS = 80  # of an interval: as far as doubles tell two numbers apart, and a little further


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """What is asked of the pairs of each cause. All arrays are float64 of shape (causes,)."""

    rate: Array  # of its pairs, for a hot spot with a rate of its own; else 0
    factor: Array  # how much more than at the base rate; 0 for a hot spot with a rate
    group: Array  # int64: the share that it belongs to, by number, or -1
    shares: tuple[float, ...]  # of all mismatches
    mismatch_rate: float
    overall: bool

    def expected(self, pairs: Array) -> Array:
        """How many pairs of each cause are to be mismatched, on average; never more than it is about.

        Parameters
        ----------
        pairs : ndarray of int64, shape (causes,)
            How many pairs each cause is about.

        Returns
        -------
        ndarray of float64, shape (causes,)
        """
        if not self.overall:
            fewer: Array = np.minimum(self.wanted(pairs), pairs)
            return fewer
        target = self.mismatch_rate * float(pairs.sum())
        return self._solved(pairs, target, np.zeros(len(pairs)), whole=False)

    def rates(self, pairs: Array) -> Array:
        """`expected` as a share of the pairs; 0 where there are none (float64, shape (causes,))."""
        shares: Array = self.expected(pairs) / np.maximum(pairs, 1)
        return shares

    def drawn(self, pairs: Array, offsets: Array, offset: float) -> Array:
        """How many pairs of each cause are to be mismatched in one block: `expected`, rounded at random.

        Parameters
        ----------
        pairs : ndarray of int64, shape (causes,)
        offsets : ndarray of float64, shape (causes,)
            What is added before rounding down, from 0 to below 1.
        offset : float
            The same, for the overall number.

        Returns
        -------
        ndarray of int64, shape (causes,)
            None falls where `mismatch_rate` rises.
        """
        if not self.overall:
            return _whole(np.minimum(np.floor(self.wanted(pairs) + offsets), pairs))
        target = math.floor(self.mismatch_rate * float(pairs.sum()) + offset)
        return _whole(self._solved(pairs, float(target), offsets, whole=True))

    def wanted(self, pairs: Array) -> Array:
        """How many pairs of each cause are asked for, be they more than there are (float64)."""
        fixed, base = self._sums(pairs)
        if self.overall:
            return self._at(pairs, self.mismatch_rate * float(pairs.sum()))
        left = 1 - math.fsum(self.shares)
        return self._at(pairs, (fixed + self.mismatch_rate * base) / left)

    def _sums(self, pairs: Array) -> tuple[float, float]:
        """What the rates come to, and the pairs that the base rate is for, each times its factor."""
        return math.fsum(self.rate * pairs), math.fsum((self.factor * pairs)[self.group < 0])

    def _at(self, pairs: Array, total: float) -> Array:
        """What is asked of each cause where all come to a total."""
        fixed, base = self._sums(pairs)
        rest = max(total * (1 - math.fsum(self.shares)) - fixed, 0.0)
        # Not the rate worked out anew, which may differ from the one given in its last bit.
        base_rate = self.mismatch_rate if not self.overall else rest / base if base else 0.0
        asked: Array = self.rate * pairs + base_rate * (self.factor * pairs)
        for number, share in enumerate(self.shares):
            its = self.group == number
            weights = self.factor[its] * pairs[its]
            among = math.fsum(weights)
            asked[its] = weights * (share * total / among) if among else 0.0
        return asked

    def _solved(self, pairs: Array, target: float, offsets: Array, *, whole: bool) -> Array:
        """What is asked of each cause, so that all come to the target; as near to it as there are pairs."""

        def at(total: float) -> Array:
            asked = self._at(pairs, total) + offsets
            fewer: Array = np.minimum(np.floor(asked) if whole else asked, pairs)
            return fewer

        low, high = 0.0, max(target, 1.0)
        while at(high).sum() < target and high < 2.0**62:
            low, high = high, 2 * high
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if at(middle).sum() < target else (low, middle)
        return at(high)


def _whole(counts: Array) -> Array:
    return counts.astype(np.int64)


@functools.lru_cache(maxsize=64)
def demand(scenario: ScenarioFields) -> Demand:
    """What a scenario asks of each of its causes."""
    spots = scenario.hot_spots
    with_share = [position for position, spot in enumerate(spots) if spot.share is not None]
    rates, factors, groups = [], [], []
    for cause in scenario.cause_table:
        named = [spots[position] for position in cause]
        own = [spot.rate for spot in named if spot.rate is not None]
        rates.append(own[0] if own else 0.0)
        factors.append(0.0 if own else math.prod(spot.factor or 1.0 for spot in named))
        groups.append(next((with_share.index(position) for position in cause if position in with_share), -1))
    return Demand(
        rate=np.array(rates),
        factor=np.array(factors),
        group=np.array(groups, np.int64),
        shares=tuple(spots[position].share or 0.0 for position in with_share),
        mismatch_rate=scenario.mismatch_rate,
        overall=scenario.rate_is == "overall",
    )
