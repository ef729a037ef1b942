"""Which pairs are mismatched, on which leg, by which mechanisms: exact, nested and orthogonal.

Every pair holds a random key, and the smallest keys are the mismatched ones: raising the rate keeps those
there were and adds to them. What else is drawn about a mismatched pair belongs to its rank among the keys,
which no rate changes; so the cost goes with the mismatches, not with the pairs. Among a pair's mechanisms
the same again: each has a key ``-log(u)/weight`` from a stream of its own, and the smallest wins (an
exponential race), so that changing one weight moves no pair between two other mechanisms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradegen.mismatches.catalogue import CATALOGUE
from tradegen.schema import BLOCK_PAIRS, BUY, SELL, Array
from tradegen.streams import draw, happens, uniform

if TYPE_CHECKING:
    from tradegen.scenario import Scenario

__all__ = ["Selection", "select"]

_POSITION = np.uint64(BLOCK_PAIRS - 1)  # a pair's position within a block fits 16 bits


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The mismatched pairs of one block, k of them, by rank.

    `pairs` holds their positions (int64, shape (k,)), `legs` the leg to alter (int8, shape (k,)), and
    `masks`, by mechanism name, whether it is to be applied (bool, shape (k,)).
    """

    pairs: Array
    legs: Array
    masks: dict[str, Array]


def select(scenario: Scenario, seed: int, block: int, count: int) -> Selection:
    """Choose the mismatches of one block of `count` pairs."""
    pairs = _mismatched(scenario, seed, block, count)
    on_buy = happens(draw(seed, "mismatch/leg", block, len(pairs)), scenario.buy_share)
    legs = np.where(on_buy, np.int8(BUY), np.int8(SELL))
    return Selection(pairs, legs, _masks(scenario, seed, block, len(pairs)))


def _mismatched(scenario: Scenario, seed: int, block: int, count: int) -> Array:
    """Positions of the pairs to be mismatched (int64), smallest key first."""
    # The position in the low bits makes keys distinct, and saves an argument sort.
    keys = (draw(seed, "mismatch/pair", block, count) & ~_POSITION) | np.arange(count, dtype=np.uint64)
    if scenario.rate_mode == "bernoulli":
        chosen = keys[happens(keys, scenario.mismatch_rate)]
    else:
        start = float(uniform(draw(seed, "mismatch/count", block, 1))[0])
        number = min(math.floor(scenario.mismatch_rate * count + start), count)
        keys.partition(max(number - 1, 0))
        chosen = keys[:number]
    chosen.sort()
    return (chosen & _POSITION).view(np.int64)


def _masks(scenario: Scenario, seed: int, block: int, count: int) -> dict[str, Array]:
    """By mechanism, which of `count` mismatched pairs it is to meet."""
    weights = scenario.weights
    masks = {name: np.zeros(count, bool) for name in weights}
    if not count:
        return masks
    fields = np.array([CATALOGUE[name].field_code for name in weights])
    keys = np.stack([_race(seed, name, block, count) / weight for name, weight in weights.items()])
    wanted = _fields_wanted(scenario, seed, block, count)
    rows = np.arange(count)
    for done in range(1, 1 + min(len(scenario.fields_per_pair), len(set(fields)))):
        winner = keys.argmin(axis=0)
        for position, mask in enumerate(masks.values()):
            mask[rows[winner == position]] = True
        more = wanted > done
        rows, wanted, keys, winner = rows[more], wanted[more], keys[:, more], winner[more]
        # The winner's field is taken: the next one must be another.
        keys[fields[:, None] == fields[winner]] = np.inf
    return masks


def _race(seed: int, mechanism: str, block: int, count: int) -> Array:
    """Exponential times (float64): divided by its weight, the smallest wins with that share."""
    return -np.log1p(-uniform(draw(seed, f"{mechanism}/choice", block, count)))


def _fields_wanted(scenario: Scenario, seed: int, block: int, count: int) -> Array:
    """How many fields to alter in each mismatched pair (int64)."""
    edges = np.cumsum(scenario.fields_per_pair)[:-1]
    drawn = uniform(draw(seed, "mismatch/fields", block, count))
    return 1 + np.searchsorted(edges, drawn, side="right")
