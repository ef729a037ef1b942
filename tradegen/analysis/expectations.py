"""What a scenario asks for: how often each mechanism is to act, and each leg to be mismatched.

Worked out from weights, conflicts and rates, not from what was generated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tradegen.core.blocks import Counts
from tradegen.core.columns import Array
from tradegen.engine.context import BlockContext
from tradegen.engine.demands import demand
from tradegen.engine.segments import segments, weights_of
from tradegen.mechanisms.by_kind import FOLLOWS

if TYPE_CHECKING:
    from tradegen.scenario.model import Scenario


def _following(scenario: Scenario) -> list[str]:
    """The mechanisms of derived columns that follow on others; they have no weight."""
    return [name for name in scenario.active if name.endswith(f".{FOLLOWS}")]


def per_item(scenario: Scenario, chances: pd.Series[float], by: str) -> pd.Series[float]:
    """Shares by mechanism as they are, or added up by the fields that the mechanisms alter."""
    if by == "mechanism":
        return chances
    shares: dict[str, float] = {}
    for name, chance in chances.items():
        for field in scenario.catalogue[str(name)].fields:
            shares[field] = shares.get(field, 0.0) + chance
    return pd.Series({field: shares[field] for field in scenario.fields if field in shares}, dtype=float)


def _chances(scenario: Scenario, weights: Mapping[str, float]) -> pd.Series[float]:
    """By mechanism, the share of mismatched pairs that have it.

    A mismatched pair takes its first mechanism with a chance in proportion to the weights, and each further
    one likewise among those that go along with what it has, as the catalogue says (`Mechanism.conflicts`).
    """
    catalogue, fields_per_pair = scenario.catalogue, scenario.fields_per_pair
    conflicting = {
        name: frozenset(other for other in weights if catalogue[name].conflicts(catalogue[other]))
        for name in weights
    }
    # Mechanisms with the same conflicts are taken and left together: fewer sets to go through.
    alike: dict[frozenset[str], list[str]] = {}
    for name, others in conflicting.items():
        alike.setdefault(others, []).append(name)
    groups = [(names, math.fsum(map(weights.__getitem__, names)), others) for others, names in alike.items()]

    found = dict.fromkeys(weights, 0.0)
    # What a mismatched pair may still draw, each with its chance.
    reached = {frozenset(weights): 1.0}
    for already in range(len(fields_per_pair)):
        goes_on = math.fsum(fields_per_pair[already:])
        further: dict[frozenset[str], float] = {}
        for left, chance in reached.items():
            drawable = [group for group in groups if group[0][0] in left]
            total = math.fsum(weight for _, weight, _ in drawable)
            for names, weight, others in drawable:
                drawn = chance * weight / total
                for name in names:
                    found[name] += goes_on * drawn * weights[name] / weight
                further[left - others] = further.get(left - others, 0.0) + drawn
        reached = further
    return pd.Series(found, dtype=float)


def asked_mechanisms(scenario: Scenario, counts: Counts) -> tuple[pd.Series[float], float]:
    """What was asked of all mismatched pairs, hot spots and the rest.

    Parameters
    ----------
    scenario : Scenario
    counts : Counts
        Of all blocks.

    Returns
    -------
    shares : Series of float64
        By mechanism that is on, the share of the mismatched pairs that are to have it; NaN for those that
        follow on others, and throughout where some mechanism was drawn and not possible.
    pairs : float
        How many pairs were to be mismatched.
    """
    pairs = demand(scenario).expected(counts.eligible[:-1])
    tables = [weights_of(scenario, cause) for cause in range(len(scenario.causes))]
    shares = pd.DataFrame(
        {cause: _chances(scenario, weights) for cause, weights in enumerate(tables)},
        index=list(scenario.active),
        dtype=float,
    ).fillna(0.0)
    shares.loc[_following(scenario)] = np.nan
    # Where none was to be mismatched, there are still weights.
    parts = pairs / pairs.sum() if pairs.sum() else np.eye(len(tables))[0]
    known = np.array_equal(counts.drawn, counts.possible)
    return (shares * parts).sum(axis=1, skipna=False) * (1.0 if known else np.nan), float(pairs.sum())


def asked_by_leg(context: BlockContext, counts: Counts) -> Array:
    """The chance that each leg of a block was to be mismatched.

    Parameters
    ----------
    context : BlockContext
        The block's clean pairs.
    counts : Counts
        Of all blocks.

    Returns
    -------
    ndarray of float64, shape (2, pairs)
        NaN where it depends on the data: pairs for which no mechanism is possible are passed over, and
        others take their place. That may have happened where each mechanism has failed once.
    """
    scenario, count = context.scenario, len(context.pairs)
    asked = np.zeros((2, count))
    failed = counts.drawn > counts.possible
    rates = demand(scenario).rates(counts.eligible[:-1])
    for segment in segments(scenario, context):
        if segment.benign:
            continue
        pairs = np.arange(count) if segment.members is None else segment.members
        on_first = np.full(len(pairs), scenario.buy_share)
        if segment.legs is not None:
            first, second = segment.legs[:, pairs]
            on_first = np.where(first & second, on_first, first)
        rate = rates[segment.cause]
        passed_over = rate > 0 and all(failed[scenario.active.index(name)] for name in segment.weights)
        asked[:, pairs] = np.stack([on_first, 1 - on_first]) * (np.nan if passed_over else rate)
    return asked
