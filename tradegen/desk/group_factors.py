"""How much more often groups break, all together: their factors, and where each broken trade belongs."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from tradegen.core.columns import Array
from tradegen.desk.trade_codes import Group, Trades, holds

_ROUNDS = 30  # of fitting the factors of overlapping groups
_LARGEST_FACTOR = 10_000.0


class GroupFit:
    """Factors of some groups, and where each broken trade is likely to belong."""

    def __init__(
        self,
        trades: Trades,
        chosen: Sequence[Group] = (),
        factors: Sequence[float] = (),
        open_factors: Sequence[float] = (),
        common: Array | None = None,
    ) -> None:
        self.trades, self.chosen, self.factors = trades, list(chosen), list(factors)
        count, (clean, broken) = len(chosen), (trades.clean.shape[1], trades.broken.shape[2])
        self.inside_clean, self.inside_broken = (
            np.ones((count, clean), bool),
            np.ones((2, count, broken), bool),
        )
        for number, group in enumerate(chosen):
            self.inside_clean[number] = holds(trades, group, trades.clean)
            for leg in (0, 1):
                self.inside_broken[leg, number] = holds(trades, group, trades.broken[leg])
        # Trades matter by which groups they are in, and there are few such patterns; only where it is open
        # whether a broken one is in a group, each is a case of its own.
        patterns, self._pattern, counts = np.unique(
            _bits(self.inside_clean), return_inverse=True, return_counts=True
        )
        self._patterns = (patterns >> np.arange(count)[:, None] & 1).astype(bool)
        self._counts = counts * trades.clean_weight
        # Where it is open whether a trade is in a group, its factor may be another: a bad half-hour, in which
        # times are what goes wrong.
        differ = trades.broken[0] != trades.broken[1]
        doubtful = np.zeros((count, broken), bool)
        for number, group in enumerate(self.chosen):
            rows = [row for axis, _ in group for row in trades.axes[axis].rows]
            doubtful[number] = differ[rows].any(axis=0)
        self.open_factors = list(open_factors)
        self._common = _common(trades) if common is None else common
        one, other = map(_bits, self.inside_broken)
        same = one == other
        _, first, counts = np.unique(
            one[same] | _bits(doubtful)[same] << count, return_index=True, return_counts=True
        )
        cases = np.concatenate([np.flatnonzero(same)[first], np.flatnonzero(~same)])
        self._times = np.concatenate([counts, np.ones(int((~same).sum()))])
        self._cases, self._doubtful = self.inside_broken[:, :, cases], doubtful[:, cases]
        self._common_cases = self._common[:, cases]
        self._place()

    def along_with(self, group: Group) -> GroupFit:
        """These groups and another one, all settled together."""
        return self._settled([*self.chosen, group], [*self.factors, 1.0], [*self.open_factors, 1.0])

    def without(self, number: int) -> GroupFit:
        """These groups without one of them, settled together."""
        kept = [at for at in range(len(self.chosen)) if at != number]
        return self._settled(
            [self.chosen[at] for at in kept],
            [self.factors[at] for at in kept],
            [self.open_factors[at] for at in kept],
        )

    def _settled(
        self, chosen: Sequence[Group], factors: Sequence[float], open_factors: Sequence[float]
    ) -> GroupFit:
        found = GroupFit(self.trades, chosen, factors, open_factors, self._common)
        found._settle()
        return found

    def _place(self) -> None:
        """Where the cases belong, by the factors of now."""
        likely = self._common_cases * np.stack([_product(one, self.open_factors) for one in self._cases])
        self._belongs = self._times * likely / likely.sum(axis=0)

    @functools.cached_property
    def belongs(self) -> Array:
        """How likely each broken trade belongs where ours, and where theirs, puts it (float64, (2, m))."""
        likely = self._common * np.stack([_product(one, self.open_factors) for one in self.inside_broken])
        share: Array = likely / likely.sum(axis=0)
        return share

    @functools.cached_property
    def broken_factor(self) -> Array:
        """By broken trade, where ours and where theirs puts it (float64, shape (2, m))."""
        return np.stack([_product(inside, self.factors) for inside in self.inside_broken])

    @functools.cached_property
    def clean_factor(self) -> Array:
        """By clean trade (float64)."""
        found: Array = _product(self._patterns, self.factors)[self._pattern]
        return found

    @functools.cached_property
    def base(self) -> float:
        """The rate outside all groups."""
        weight = self.trades.weight
        clean = self._counts @ _product(self._patterns, self.factors)
        exposed = clean + weight * float((self.belongs * self.broken_factor).sum())
        return float(weight * self.belongs.shape[1] / max(exposed, 1e-9))

    def _settle(self) -> None:
        """Find all factors: each in turn, so that as many broken trades belong to its group as are seen."""
        everything = np.ones(len(self._times), bool)
        for _ in range(_ROUNDS):
            before = list(self.factors)
            for number in range(len(self.chosen)):
                self.factors[number] = self._next(number, self.factors, everything)
                self.open_factors[number] = self._next(number, self.open_factors, self._doubtful[number])
                self._place()
            if np.allclose(before, self.factors, rtol=1e-5):
                break

    def _next(self, number: int, factors: Sequence[float], counted: Array) -> float:
        """The factor of one group that makes so many of the counted broken trades belong to it as seen."""
        weight, inside = self.trades.weight, self._patterns[number]
        belongs, within = self._belongs[:, counted], self._cases[:, number][:, counted]
        seen = float((belongs * within).sum())
        others = float(belongs.sum()) - seen
        clean = self._counts * _product(self._patterns, factors)
        broken = belongs * np.stack([_product(one[:, counted], factors) for one in self._cases])
        of_group = clean[inside].sum() + weight * (broken * within).sum()
        of_others = clean[~inside].sum() + weight * (broken * ~within).sum()
        ratio = max(seen, 0.5) / max(of_group, 1e-9) / (max(others, 0.5) / max(of_others, 1e-9))
        return float(min(factors[number] * ratio, _LARGEST_FACTOR))


def _bits(inside: Array) -> Array:
    """The rows of a table of truth values as one number a column (int64)."""
    found = np.zeros(inside.shape[1], np.int64)
    for number, row in enumerate(inside):
        found |= row.astype(np.int64) << number
    return found


def _product(inside: Array, factors: Sequence[float]) -> Array:
    """The factors of all groups that each trade is in, multiplied (inside: bool, shape (groups, n))."""
    logs = np.log(np.array(factors, float)) if len(factors) else np.zeros(0)
    product: Array = np.exp(inside.T.astype(float) @ logs) if len(factors) else np.ones(inside.shape[1])
    return product


def _common(trades: Trades) -> Array:
    """How common what ours says, and what theirs says, is among clean trades, where they differ.

    Each row of codes is looked at among the trades of the same ticker, which is the first row where there is
    one: a trade of so many dollars is common for one ticker, and unheard of for another.

    Returns
    -------
    ndarray of float64, shape (2, m)
    """
    found = np.ones((2, trades.broken.shape[2]))
    if not trades.telling:
        return found
    other_ticker = trades.broken[0, 0] != trades.broken[1, 0]
    for row in trades.telling:
        differ = (trades.broken[0, row] != trades.broken[1, row]) | other_ticker
        if not differ.any():
            continue
        size = int(max(trades.clean[row].max(initial=-1), trades.broken[:, row].max(initial=-1))) + 2
        clean, *sides = (
            (codes[0] + 1) * (size if row else 0) + codes[row] + 1 for codes in (trades.clean, *trades.broken)
        )
        counts = np.bincount(clean, minlength=int(max(side.max(initial=0) for side in sides)) + 1)
        of_ticker = np.bincount(trades.clean[0] + 1, minlength=int(trades.broken[:, 0].max()) + 2)
        for leg, side in enumerate(sides):
            # A value that is not known, or that no clean trade has, is no place to belong.
            known = trades.broken[leg, row][differ] >= 0
            share = np.where(known, counts[side[differ]], 0) + 1e-3
            if row:
                share = share / (of_ticker[trades.broken[leg, 0][differ] + 1] + 1.0)
            found[leg, differ] *= share
    found /= found.max(axis=0)
    return found
