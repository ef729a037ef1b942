"""Rates, factors and shares as asked for, as to be expected of the pairs, and as made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.core.blocks import Counts
from tradegen.core.columns import Array
from tradegen.engine.demands import demand

if TYPE_CHECKING:
    from tradegen.scenario.fields import ScenarioFields

_DECIMALS = 6


def rate_report(scenario: ScenarioFields, counts: Counts) -> dict[str, Any]:
    """Each number that was asked for, as expected of these pairs, and as made.

    Parameters
    ----------
    scenario : ScenarioFields
    counts : Counts
        Of all blocks.

    Returns
    -------
    dict
        ``overall``: the share of all pairs with a mismatch. ``base``: of the pairs outside hot spots.
        ``hot_spots``: by name, its rate, factor or share. Each has ``asked``, ``expected`` and ``made``, the
        latter to six decimals; None where it was not asked for, or there is nothing to divide by.
    """
    asked = demand(scenario)
    pairs, made = counts.eligible[:-1].astype(float), counts.applied[:-1].astype(float)
    expected = asked.expected(counts.eligible[:-1])
    overall = scenario.rate_is == "overall"
    rate = scenario.mismatch_rate

    def units(found: Array) -> Array:
        """By cause, the rate of its share, or else of all pairs in none, at a factor of 1."""
        rates = np.zeros(len(pairs))
        for group in set(asked.group.tolist()):
            its = (asked.group == group) & (asked.factor > 0)
            rates[its] = found[its].sum() / max(float((asked.factor * pairs)[its].sum()), 1e-300)
        return rates

    def others(but: int) -> Array:
        """By cause, the product of its factors but one."""
        return np.array([_factor(scenario, but, cause) for cause in scenario.cause_table])

    spots: dict[str, Any] = {}
    for number, spot in enumerate(scenario.hot_spots):
        its = np.array([number in cause for cause in scenario.cause_table])
        if spot.factor is not None:
            # What its pairs would have without it, with all else the same.
            base = [(units(found) * others(number) * pairs)[its].sum() for found in (expected, made)]
        else:
            base = [found.sum() if spot.share else pairs[its].sum() for found in (expected, made)]
        measure = next(name for name in ("rate", "factor", "share") if getattr(spot, name) is not None)
        spots[spot.name] = {
            measure: _told(getattr(spot, measure), [expected[its].sum(), made[its].sum()], base)
        }
    found = [expected, made]
    everyone = _told(rate if overall else None, [each.sum() for each in found], [pairs.sum()] * 2)
    outside = _told(None if overall else rate, [each[0] for each in found], [pairs[0]] * 2)
    return {"overall": everyone, "base": outside} | ({"hot_spots": spots} if spots else {})


def _factor(scenario: ScenarioFields, but: int, cause: tuple[int, ...]) -> float:
    return math.prod(scenario.hot_spots[position].factor or 1.0 for position in cause if position != but)


def _told(asked: float | None, parts: list[Array], wholes: list[Array]) -> dict[str, float | None]:
    expected, made = (
        round(float(part / whole), _DECIMALS) if whole > 0 else None
        for part, whole in zip(parts, wholes, strict=True)
    )
    return {"asked": asked, "expected": expected, "made": made}
