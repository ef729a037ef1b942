"""What becomes of the selected pairs: mechanism by mechanism, original to altered."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradegen.mismatches.catalogue import CATALOGUE, NAMES
from tradegen.mismatches.ground import Ground
from tradegen.mismatches.mechanism import Case
from tradegen.mismatches.selection import Race, Ranking, number_drawn, wanted_fields
from tradegen.mismatches.sizes import Sizes
from tradegen.mismatches.strata import Stratum, strata
from tradegen.schema import Array, Counts
from tradegen.streams import draw, happens

if TYPE_CHECKING:
    from tradegen.scenario import Scenario

__all__ = ["Alteration", "alterations"]


@dataclass(frozen=True, slots=True, eq=False)
class Alteration:
    """What one mechanism does to one field in one block: at `pairs`, on `legs`, `original` to `altered`."""

    mechanism: int  # position in the catalogue
    field: int  # position in `schema.FIELDS`
    benign: bool
    cause: int
    pairs: Array  # int64, shape (k,): positions
    legs: Array  # int8, shape (k,)
    original: Array  # int64, shape (k,)
    altered: Array  # int64, shape (k,)


def alterations(ground: Ground, seed: int, block: int) -> tuple[list[Alteration], Counts]:
    """Alter one block, stratum by stratum; a pair belongs to the first hot spot that is about it.

    Returns
    -------
    list of Alteration
    Counts
    """
    scenario = ground.scenario
    counts = _no_counts(scenario)
    found: list[Alteration] = []
    taken = np.zeros(len(ground.pairs), bool)
    elsewhere = 0
    for stratum in strata(scenario, ground):
        ranking = Ranking(stratum, seed, block, len(taken))
        free = int(np.count_nonzero(~taken if stratum.members is None else ~taken[stratum.members]))
        # Benign differences are a share of the same pairs as the mismatches outside hot spots.
        elsewhere = elsewhere if stratum.benign else free
        size = number_drawn(stratum, ranking, elsewhere, seed, block)
        if exact := stratum.mode == "exact":
            wanted = min(size, free)
        else:
            # Each pair had its own coin: none takes another's place.
            wanted = int(np.count_nonzero(~taken[ranking.ranked(0, size)]))
        row = -1 if stratum.benign else stratum.cause
        counts.eligible[row], counts.requested[row] = elsewhere, wanted
        start, applied = 0, 0
        while applied < wanted and start < len(ranking) and (exact or not start):
            stop = min(start + size, len(ranking))
            stretch = _Stretch(ground, stratum, seed, block, ranking.ranked(start, stop), start)
            more, number = stretch.altered(taken, wanted - applied, counts)
            found += more
            applied += number
            start, size = stop, 2 * size
        counts.applied[row] = applied
        if stratum.members is not None:
            taken[stratum.members] = True
        else:
            for alteration in found:
                taken[alteration.pairs] = True
    return found, counts


def _no_counts(scenario: Scenario) -> Counts:
    causes, mechanisms = len(scenario.hot_spots) + 2, len(NAMES)
    return Counts(*(np.zeros(size, np.int64) for size in (causes, causes, causes, mechanisms, mechanisms)))


class _Stretch:
    """The pairs of a stratum with the ranks from `start` on, which race for their mechanisms together."""

    def __init__(
        self, ground: Ground, stratum: Stratum, seed: int, block: int, pairs: Array, start: int
    ) -> None:
        self._ground, self._stratum, self._pairs = ground, stratum, pairs
        self._seed, self._block, self._start = seed, block, start
        self._names = list(stratum.weights)
        self._legs = self._choose_legs()

    def _draw(self, stream: str) -> Array:
        """Raw draws by rank, one for each pair of the stretch."""
        start = self._start
        name = f"{self._stratum.prefix}{stream}"
        return draw(self._seed, name, self._block, start + len(self._pairs))[start:]

    def _choose_legs(self) -> Array:
        legs = np.where(happens(self._draw("mismatch/leg"), self._ground.scenario.buy_share), 0, 1)
        if self._stratum.legs is not None:
            first, second = self._stratum.legs[:, self._pairs]
            legs = np.where(first & second, legs, np.where(first, 0, 1))
        return legs.astype(np.int8)

    def altered(self, taken: Array, wanted: int, counts: Counts) -> tuple[list[Alteration], int]:
        """Alter up to `wanted` pairs that are not taken, by rank, and say how many it were."""
        race = Race(self._stratum.weights, np.stack([self._draw(f"{name}/choice") for name in self._names]))
        fields = self._fields_wanted()
        rows = np.flatnonzero(~taken[self._pairs])
        have = np.zeros(len(self._pairs), np.int64)
        attempts: list[_Attempt] = []
        while len(rows):
            going_on = [rows[:0]]
            for position, won, raw in race.winners(rows):
                attempt = self._attempt(position, won, raw)
                attempts.append(attempt)
                fitting, lost = won[attempt.fits], won[~attempt.fits]
                have[fitting] += 1
                # Who is to have more fields races on, without what goes not with what it has.
                more = fitting[have[fitting] < fields[fitting]]
                for other in _conflicts(position, tuple(self._names)):
                    race.drop(other, more)
                race.drop(position, lost)
                going_on += [more, lost]
            rows = np.sort(np.concatenate(going_on))
        hit = np.flatnonzero(have)
        # Pairs past the last one wanted were only looked at in case.
        last = int(hit[wanted - 1]) if len(hit) > wanted else len(have)
        for attempt in attempts:
            entry = NAMES.index(self._names[attempt.position])
            counts.drawn[entry] += np.count_nonzero(attempt.rows <= last)
            counts.possible[entry] += np.count_nonzero(attempt.fits & (attempt.rows <= last))
        return [part for attempt in attempts for part in self._parts(attempt, last)], min(len(hit), wanted)

    def _fields_wanted(self) -> Array:
        # A benign difference stands alone: next to a mismatch, no one could tell which was reported.
        shares = (1.0,) if self._stratum.benign else self._ground.scenario.fields_per_pair
        return wanted_fields(shares, self._draw("mismatch/fields"))

    def _attempt(self, position: int, rows: Array, raw: Array) -> _Attempt:
        name = self._names[position]
        mechanism = CATALOGUE[name]
        ground, stratum = self._ground, self._stratum
        pairs, legs = self._pairs[rows], self._legs[rows]
        columns = [ground.on_leg(field, pairs, legs) for field in mechanism.fields]
        original = columns[0][None] if len(columns) == 1 else np.stack(columns)
        sizes = Sizes(
            ground.scenario.tolerances.of(mechanism.field),
            benign=stratum.benign,
            boundary=ground.scenario.boundary and mechanism.sized,
            step=ground.step if mechanism.field == "trade_timestamp" else 1,
        )
        case = Case(original[0], raw, pairs, legs, stratum.settings(name), sizes, ground)
        altered = mechanism.alter(case).reshape(original.shape)
        fits = np.logical_and.reduce(sizes.fit(original, altered))
        return _Attempt(position, rows, original, altered, fits)

    def _parts(self, attempt: _Attempt, last: int) -> Iterator[Alteration]:
        kept = np.flatnonzero(attempt.fits & (attempt.rows <= last))
        if not len(kept):
            return
        name = self._names[attempt.position]
        at = attempt.rows[kept]
        for part, field in enumerate(CATALOGUE[name].field_codes):
            yield Alteration(
                mechanism=NAMES.index(name),
                field=field,
                benign=self._stratum.benign,
                cause=self._stratum.cause,
                pairs=self._pairs[at],
                legs=self._legs[at],
                original=attempt.original[part, kept],
                altered=attempt.altered[part, kept],
            )


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    """One mechanism tried on some pairs of a stretch: where it `fits`, they have it."""

    position: int  # of the mechanism, among the stratum's
    rows: Array  # int64, shape (n,): of the stretch
    original: Array  # int64, shape (fields, n)
    altered: Array  # int64, shape (fields, n)
    fits: Array  # bool, shape (n,)


@functools.cache
def _conflicts(position: int, names: tuple[str, ...]) -> tuple[int, ...]:
    """The positions of the mechanisms that cannot go along with one, itself among them."""
    one = CATALOGUE[names[position]]
    return tuple(other for other, name in enumerate(names) if one.conflicts(CATALOGUE[name]))
