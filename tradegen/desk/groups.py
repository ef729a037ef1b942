"""Groups of trades that break more often, or less often, than the others: the hot spots of a desk.

Each value of a column is a group: a broker, a ticker, half an hour, trades of a size and more; and so is each
pair of these. Groups are taken one by one, the one that stands out most first; what it explains is then no
longer held for the work of others. The more groups there are to look at, the more one must stand out
(Bonferroni's correction: all columns and pairs of columns have a like part in it, whatever their groups).

Where the lists differ, a broken trade may belong to the group that ours names, or to the one that theirs
names. It counts for each by as much as clean trades, and the groups found so far, make it likely.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from tradegen.core.columns import Array
from tradegen.desk.group_factors import GroupFit
from tradegen.desk.group_tables import GroupTable
from tradegen.desk.trade_codes import Axis, Trades

NOTIONALS = ("min_notional", "max_notional")
"""The axes of groups by what a trade is worth; the others have names for values."""

SIGNIFICANCE = 0.01
"""The chance that a group is found where none stands out, over all groups together."""

_MOST = 12  # groups


@dataclass(frozen=True, slots=True, eq=False)
class HotGroup:
    """A group that stands out.

    Attributes
    ----------
    where : dict of str to str
        Its values, by the names of their axes.
    trades, broken : float
        Trades in it, and those that break.
    factor, low, high : float
        How many times as often it breaks as it would otherwise, with an interval.
    chance : float
        That any group stands out as much by accident.
    members : ndarray of float64, shape (m,)
        How likely each broken trade of the sample belongs to it.
    as_broker, as_contra : bool
        Of the lists of two counterparties: whether on ours its broker is a broker, and a contra broker.
    """

    where: dict[str, str]
    trades: float
    broken: float
    factor: float
    low: float
    high: float
    chance: float
    members: Array
    as_broker: bool = True
    as_contra: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class HotGroups:
    """The groups that stand out, the most striking first.

    Attributes
    ----------
    found : list of HotGroup
    looked_at : int
        Groups there are.
    outside : float
        The share of clean trades in none of those found.
    base : float
        The rate outside all of them.
    """

    found: Sequence[HotGroup] = ()
    looked_at: int = 0
    outside: float = 1.0
    base: float = 0.0


def hot_groups(trades: Trades, confidence: float) -> HotGroups:
    """The groups that stand out."""
    tables = [GroupTable(trades, axes) for axes in _sets(trades.axes)]
    looked_at = sum(table.looked_at for table in tables)
    limit = math.log(max(len(tables), 1) / SIGNIFICANCE)
    fit = GroupFit(trades)
    chances: list[float] = []
    while len(fit.chosen) < _MOST:
        found = [table.most_striking(fit) for table in tables]
        score, group = max((one for one in found if one is not None), default=(-math.inf, ()))
        if score <= limit:
            break
        chances.append(math.exp(-min(score - limit, 700.0)) * SIGNIFICANCE)
        fit = fit.along_with(group)
    found_groups = _all_described(fit, chances, confidence)
    # What pairs of conditions explain, a single one may have been chosen for before.
    while idle := [number for number, one in enumerate(found_groups) if one.low < 1 < one.high]:
        least = min(idle, key=lambda number: abs(math.log(found_groups[number].factor)))
        fit = fit.without(least)
        del chances[least]
        found_groups = _all_described(fit, chances, confidence)
    clean = trades.clean.shape[1]
    inside = np.count_nonzero(fit.inside_clean.any(axis=0)) if clean else 0
    return HotGroups(found_groups, looked_at, 1 - inside / max(clean, 1), fit.base)


def _all_described(fit: GroupFit, chances: Sequence[float], confidence: float) -> list[HotGroup]:
    return [_described(fit, number, chance, confidence) for number, chance in enumerate(chances)]


def _described(fit: GroupFit, number: int, chance: float, confidence: float) -> HotGroup:
    trades, group, factor = fit.trades, fit.chosen[number], fit.factors[number]
    members = (fit.belongs * fit.inside_broken[:, number]).sum(axis=0)
    inside = float(members.sum())
    outside = max(members.size - inside, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    spread = math.exp(z * math.sqrt((1 / max(inside, 1.0) + 1 / outside) / trades.evidence))
    clean = float(fit.inside_clean[number].sum()) * trades.clean_weight
    sides = next((_sides(trades, axis, code) for axis, code in group if len(trades.axes[axis].rows) > 1), {})
    return HotGroup(
        where={trades.axes[axis].name: trades.axes[axis].values[code] for axis, code in group},
        trades=clean + inside * trades.weight,
        broken=inside * trades.weight,
        factor=factor,
        low=factor / spread,
        high=factor * spread,
        chance=chance,
        members=members,
        **sides,
    )


def _sides(trades: Trades, axis: int, code: int) -> dict[str, bool]:
    """On which sides of our clean trades a broker is, or of the broken ones if all of its trades break."""
    rows = trades.axes[axis].rows
    for codes in (trades.clean, trades.broken[0]):
        found = [bool((codes[row] == code).any()) for row in rows]
        if any(found):
            return dict(zip(("as_broker", "as_contra"), found, strict=True))
    return {}


def _sets(axes: Sequence[Axis]) -> Iterator[tuple[int, ...]]:
    """Each axis, and each two that are about different columns."""
    yield from ((axis,) for axis in range(len(axes)))
    for one, other in itertools.combinations(range(len(axes)), 2):
        if set(axes[one].rows).isdisjoint(axes[other].rows):
            yield one, other
