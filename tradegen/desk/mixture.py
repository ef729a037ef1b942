"""Which mechanisms a set of differences came from: an EM estimate over what each mechanism looks like.

One difference may look like several mechanisms. How often each mechanism gives each look is known from
simulation, so the shares of the mechanisms follow from how often each look was seen.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tradegen.core.columns import Array
from tradegen.desk.differences import Signature
from tradegen.mechanisms.catalogue import HOUSE
from tradegen.mechanisms.mechanism import Mechanism

Look: TypeAlias = tuple[str, Signature]
"""What a difference looks like: its field, and the mechanisms that could have made it."""

Looks: TypeAlias = Mapping[tuple[str, int], Mapping[Look, float]]
"""By mechanism and leg, the share of its differences that has each look."""

_ROUNDS = 300
_RESAMPLED = 100
_RARE = 3e-5  # the chance of a look that was not seen in thousands of simulated differences
_NEVER = 1e-12
_SEED = 1
_EVEN = 0.1  # how far from a half the share of the first leg may be, for twins not to be told apart
_CLEARLY = 6.63  # chi-squared at 1%, one degree of freedom: twice the gain in log-likelihood
_MANY = 200  # differences that are explained by more than chance
_SAME = 0.05  # how much the looks of twins may differ, in sum
_FEWEST_TELLING = 30.0  # differences that tell on which leg they were made, for that to be known


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Shares of mechanisms among differences.

    Attributes
    ----------
    shares : dict of str to float
        By mechanism; 1 in sum, or empty.
    errors : dict of str to float
        Their standard errors, from the number of differences.
    first_leg : float
        The share of differences made on the first leg.
    first_leg_error : float
        Infinite where no difference tells the legs apart.
    chances : mapping of look to mapping of str to float
        The chance that a difference with this look came from each mechanism.
    alike : tuple of (str, str)
        Mechanisms that cannot be told apart: one on one leg looks like the other on the other leg, and legs
        break about equally often. Each has half of what both come to.
    """

    shares: dict[str, float]
    errors: dict[str, float]
    first_leg: float
    first_leg_error: float
    chances: Mapping[Look, Mapping[str, float]]
    alike: tuple[tuple[str, str], ...] = ()


def estimated(
    seen: Mapping[Look, int],
    looks: Looks,
    legs_seen: tuple[int, int] = (0, 0),
    catalogue: Mapping[str, Mechanism] = HOUSE,
) -> Mixture:
    """Estimate the shares; mechanisms that are not clearly there are left out, and the others explain all.

    Parameters
    ----------
    seen : mapping of look to int
        How many differences have it.
    looks : mapping of (str, int) to mapping of look to float
        By mechanism and leg, how likely each look is.
    legs_seen : (int, int)
        Mismatches whose leg is certain, such as records that are missing on one list.
    catalogue : mapping of str to Mechanism
    """
    kinds = list(seen)
    names = sorted({name for name, _ in looks})
    chance = np.array(
        [[[looks.get((name, leg), {}).get(kind, 0.0) for kind in kinds] for leg in (0, 1)] for name in names]
    ).reshape(len(names), 2, len(kinds))
    # Looks of no mechanism are no evidence.
    counts = np.array([seen[kind] for kind in kinds], float) * (chance.sum(axis=(0, 1)) > 0)
    legs = np.array(legs_seen, float)
    if not counts.sum():
        total = legs.sum()
        first = legs[0] / total if total else 0.5
        return Mixture({}, {}, first, _error(first, total) if total else np.inf, {})
    # What was not seen in simulation is rare, and in another field it is impossible.
    same = np.array([[catalogue[name].field == field for field, _ in kinds] for name in names])
    rare = np.array([_RARE if catalogue[name].sized else 3 * _RARE for name in names])
    chance = np.maximum(chance, np.where(same, rare[:, None], _NEVER)[:, None])
    # Where nothing tells the legs apart, each is as likely as the other.
    telling = _telling(counts, chance, _solved(counts, chance, legs, even=True)[0]) + legs.sum()
    even = telling < _FEWEST_TELLING
    kept = _clearly_there(counts, chance, legs, even=even)
    names, chance = [names[number] for number in kept], chance[kept]
    shares, first, _ = _solved(counts, chance, legs, even=even)
    random = np.random.default_rng(_SEED)
    again = [
        _solved(
            random.multinomial(int(counts.sum()), counts / counts.sum()).astype(float),
            chance,
            random.multinomial(int(legs.sum()), legs / legs.sum()).astype(float) if legs.sum() else legs,
            start=(shares, first),
            even=even,
        )[:2]
        for _ in range(_RESAMPLED)
    ]
    spread = np.std([one for one, _ in again], axis=0)
    twins = _twins(chance) if abs(first - 0.5) < _EVEN else []
    for one, other in twins:
        shares[[one, other]] = shares[[one, other]].mean()
        spread[[one, other]] = math.sqrt(2 * shares[one] / counts.sum()) / 2
    joint = shares[:, None, None] * np.array([first, 1 - first])[None, :, None] * chance
    by_name = joint.sum(axis=1)
    posterior = by_name / by_name.sum(axis=0)
    return Mixture(
        dict(zip(names, shares.tolist(), strict=True)),
        dict(zip(names, spread.tolist(), strict=True)),
        float(first),
        np.inf if even else max(float(np.std([one for _, one in again])), _error(first, telling)),
        {
            kind: dict(zip(names, posterior[:, column].tolist(), strict=True))
            for column, kind in enumerate(kinds)
        },
        tuple((names[one], names[other]) for one, other in twins),
    )


def _clearly_there(counts: Array, chance: Array, legs: Array, *, even: bool) -> list[int]:
    """The mechanisms without which the counts would be clearly less likely: one after the other is tried."""
    kept = list(range(len(chance)))
    shares, first, likely = _solved(counts, chance, legs, even=even)
    # Of twins, either could do without the other, and nobody knows which.
    twins = {number for pair in _twins(chance) for number in pair} if abs(first - 0.5) < _EVEN else set[int]()
    for number in np.argsort(shares).tolist():
        # What explains many is not tried: the others would have to explain them by chance.
        if len(kept) == 1 or shares[number] * counts.sum() > _MANY:
            break
        if number in twins:
            continue
        left = [other for other in kept if other != number]
        _, _, without = _solved(counts, chance[left], legs, even=even)
        if 2 * (likely - without) < _CLEARLY:
            kept, likely = left, without
    return kept


def _solved(
    counts: Array,
    chance: Array,
    legs: Array,
    start: tuple[Array, float] | None = None,
    *,
    even: bool,
) -> tuple[Array, float, float]:
    """The shares of mechanisms and of the first leg that make the counts likeliest; and how likely."""
    shares, first = start or (np.full(len(chance), 1 / len(chance)), 0.5)
    total, seen = counts.sum(), counts > 0
    counts, chance = counts[seen], chance[:, :, seen]
    for _ in range(_ROUNDS if start is None else _ROUNDS // 10):
        joint = shares[:, None, None] * np.array([first, 1 - first])[None, :, None] * chance
        weights = joint * (counts / joint.sum(axis=(0, 1)))
        shares = weights.sum(axis=(1, 2)) / total
        if not even:
            first = (weights[:, 0].sum() + legs[0]) / (total + legs.sum())
        # A share of nothing would stay nothing, whatever the next round says.
        shares = np.maximum(shares, 1e-12)
    joint = shares[:, None, None] * np.array([first, 1 - first])[None, :, None] * chance
    return shares, float(first), float(counts @ np.log(joint.sum(axis=(0, 1))))


def _twins(chance: Array) -> list[tuple[int, int]]:
    """Pairs of mechanisms that look alike, when one of them is on the other leg."""
    return [
        (one, other)
        for one, other in itertools.combinations(range(len(chance)), 2)
        if np.abs(chance[one] - chance[other, ::-1]).sum(axis=1).max() < _SAME
    ]


def _telling(counts: Array, chance: Array, shares: Array) -> float:
    """How many differences tell on which leg they were made, in effect."""
    first, second = ((shares[:, None] * chance[:, leg]).sum(axis=0) for leg in (0, 1))
    contrast = np.abs(first - second) / np.maximum(first + second, _NEVER)
    return float((counts * contrast**2).sum())


def _error(share: float, of: float) -> float:
    return float(np.sqrt(max(share * (1 - share), 0.25 / max(of, 1)) / max(of, 1)))
