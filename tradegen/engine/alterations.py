"""What becomes of the selected pairs: mechanism by mechanism, original to altered."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradegen.core.blocks import Counts
from tradegen.core.columns import Array
from tradegen.core.streams import draw, happens
from tradegen.engine.alteration import Alteration
from tradegen.engine.context import BlockContext
from tradegen.engine.demands import demand
from tradegen.engine.following import following, follows_beyond
from tradegen.engine.segments import Segment, segments
from tradegen.engine.selection import Race, Ranking, count_offset, wanted_fields
from tradegen.mechanisms.allowed_sizes import NO_TOLERANCE, AllowedSizes
from tradegen.mechanisms.mechanism import Case, Mechanism

if TYPE_CHECKING:
    from tradegen.scenario.model import Scenario


def alterations(context: BlockContext, seed: int, block: int) -> tuple[list[Alteration], Counts]:
    """Alter one block, segment by segment.

    Returns
    -------
    list of Alteration
    Counts
    """
    scenario = context.scenario
    exact = scenario.rate_mode == "exact"
    parts = list(segments(scenario, context))
    counts = Counts.none(len(scenario.causes) + 1, len(scenario.active))
    wanted_of, rate_of = _demanded(scenario, parts, len(context.pairs), counts, seed, block)
    found: list[Alteration] = []
    taken = np.zeros(len(context.pairs), bool)
    for segment in parts:
        ranking = Ranking(segment, seed, block, len(taken))
        row = -1 if segment.benign else segment.cause
        if segment.benign:
            for alteration in found:
                taken[alteration.pairs] = True
        if exact:
            size = int(wanted_of[row])
            wanted = min(size, len(ranking) - int(np.count_nonzero(taken)) if segment.benign else size)
        else:
            # Each pair has its own coin: none takes another's place.
            size = ranking.below(rate_of[row])
            wanted = int(np.count_nonzero(~taken[ranking.ranked(0, size)]))
        counts.requested[row] = wanted
        start, applied = 0, 0
        while applied < wanted and start < len(ranking) and (exact or not start):
            stop = min(start + size, len(ranking))
            stretch = _Stretch(context, segment, seed, block, ranking.ranked(start, stop), start)
            more, number = stretch.altered(taken, wanted - applied, counts)
            found += more
            applied += number
            start, size = stop, 2 * size
        counts.applied[row] = applied
    follow = list(following(context, found, seed, block))
    for alteration in follow:
        # It is drawn by nothing, and always possible.
        code = scenario.active.index(alteration.mechanism)
        counts.drawn[code] += len(alteration.pairs)
        counts.possible[code] += len(alteration.pairs)
    return found + follow, counts


def _demanded(
    scenario: Scenario, parts: Sequence[Segment], pairs: int, counts: Counts, seed: int, block: int
) -> tuple[Array, Array]:
    """How many pairs of each cause to alter in exact mode, and with which rate otherwise; benign ones last.

    Says in `counts` how many pairs each is about.
    """
    offsets = np.zeros(len(counts.eligible))
    for segment in parts:
        row = -1 if segment.benign else segment.cause
        counts.eligible[row] = pairs if segment.members is None else len(segment.members)
        offsets[row] = count_offset(segment.prefix, seed, block)
    about, asked = counts.eligible[:-1], demand(scenario)
    overall = count_offset("overall/", seed, block) if asked.overall else 0.0
    wanted = asked.drawn(about, offsets[:-1], overall)
    benign = math.floor(scenario.benign_rate * int(counts.eligible[-1]) + offsets[-1])
    return np.append(wanted, benign), np.append(asked.rates(about), scenario.benign_rate)


class _Stretch:
    """The pairs of a segment with the ranks from `start` on, which race for their mechanisms together."""

    def __init__(
        self, context: BlockContext, segment: Segment, seed: int, block: int, pairs: Array, start: int
    ) -> None:
        self._context, self._segment, self._pairs = context, segment, pairs
        self._seed, self._block, self._start = seed, block, start
        self._names = tuple(segment.weights)
        self._entries = tuple(context.scenario.catalogue[name] for name in self._names)
        self._legs = self._choose_legs()

    def _draw(self, stream: str) -> Array:
        """Raw draws by rank, one for each pair of the stretch."""
        start = self._start
        name = f"{self._segment.prefix}{stream}"
        return draw(self._seed, name, self._block, start + len(self._pairs))[start:]

    def _choose_legs(self) -> Array:
        legs = ~happens(self._draw("mismatch/leg"), self._context.scenario.buy_share)
        if self._segment.legs is not None:
            first, second = self._segment.legs[:, self._pairs]
            legs = np.where(first & second, legs, ~first)
        return legs.view(np.int8)

    def altered(self, taken: Array, wanted: int, counts: Counts) -> tuple[list[Alteration], int]:
        """Alter up to `wanted` pairs that are not taken, by rank, and say how many it were."""
        draws = np.empty((len(self._names), len(self._pairs)), np.uint64)
        for position, name in enumerate(self._names):
            draws[position] = self._draw(f"{name}/choice")
        race = Race(self._segment.weights, draws)
        fields = self._fields_wanted()
        rows = np.flatnonzero(~taken[self._pairs])
        have = np.zeros(len(self._pairs), np.int8)
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
                race.drop(_conflicts(position, self._entries), more)
                race.drop(position, lost)
                going_on += [more, lost]
            rows = np.sort(np.concatenate(going_on))
        hit = np.flatnonzero(have)
        # Pairs past the last one wanted were only looked at in case.
        last = int(hit[wanted - 1]) if len(hit) > wanted else len(have)
        parts: list[Alteration] = []
        active = self._context.scenario.active
        for attempt in attempts:
            name = self._names[attempt.position]
            code = active.index(name)
            looked_at = attempt.rows <= last
            kept = attempt.fits & looked_at
            counts.drawn[code] += np.count_nonzero(looked_at)
            counts.possible[code] += np.count_nonzero(kept)
            counts.limited[code] += np.count_nonzero(kept & attempt.limited)
            if kept.any():
                parts += self._parts(attempt, name, slice(None) if kept.all() else np.flatnonzero(kept))
        return parts, min(len(hit), wanted)

    def _fields_wanted(self) -> Array:
        # A benign difference stands alone: next to a mismatch, no one could tell which was reported.
        shares = (1.0,) if self._segment.benign else self._context.scenario.fields_per_pair
        if len(shares) == 1:
            return np.ones(len(self._pairs), np.int8)
        return wanted_fields(shares, self._draw("mismatch/fields"))

    def _attempt(self, position: int, rows: Array, raw: Array) -> _Attempt:
        mechanism, context = self._entries[position], self._context
        pairs, legs = self._pairs[rows], self._legs[rows]
        columns = [context.on_leg(field, pairs, legs) for field in mechanism.fields]
        original = columns[0][None] if len(columns) == 1 else np.stack(columns)
        steps = context.steps_of(mechanism.field, pairs)
        if isinstance(steps, int):
            made = self._made(position, original, raw, pairs, legs, steps)
        else:
            # Tickers have ticks of their own: those with one tick are altered together.
            made = np.empty_like(original), np.empty(len(rows), bool), np.empty(len(rows), bool)
            for step in np.unique(steps).tolist():
                at = np.flatnonzero(steps == step)
                some = self._made(position, original[:, at], raw[at], pairs[at], legs[at], step)
                for all_of_them, part in zip(made, some, strict=True):
                    all_of_them[..., at] = part
            # A tolerance need not be a whole number of ticks; less than one tick of it is not none.
            made[1][:] &= np.logical_and.reduce(self._allowed(mechanism).fit(original, made[0]))
        altered, fits, limited = made
        if self._segment.benign:
            fits &= ~follows_beyond(context, mechanism.field, pairs, altered[0], self._seed, self._block)
        return _Attempt(position, rows, pairs, legs, original, altered, fits, limited)

    def _made(
        self, position: int, original: Array, raw: Array, pairs: Array, legs: Array, step: int
    ) -> tuple[Array, Array, Array]:
        """What values on one step become, where that is as asked for, and where a range limits sizes."""
        name, mechanism = self._names[position], self._entries[position]
        context, segment = self._context, self._segment
        allowed = self._allowed(mechanism)
        smallest, counted_in = context.step if context.is_time(mechanism.field) else 1, 1
        # A value that is missing is counted in no steps.
        if step > 1 and mechanism.tolerated:
            if mechanism.by_digits:
                smallest = step
            else:
                counted_in = step
                original = original // step
        allowed = allowed.counted(counted_in, smallest)
        case = Case(
            original=original[0],
            raw=raw,
            pairs=pairs,
            legs=legs,
            settings=segment.settings(name),
            allowed=allowed,
            context=context,
            keep_in_range=context.scenario.keep_in_range,
            limited=np.zeros(len(raw), bool),
        )
        altered = mechanism.alter(case).reshape(original.shape)
        fits = np.logical_and.reduce(allowed.fit(original, altered))
        if mechanism.by_digits and smallest > 1:
            fits &= altered[0] % smallest == 0
        return altered * counted_in if counted_in > 1 else altered, fits, case.limited

    def _allowed(self, mechanism: Mechanism) -> AllowedSizes:
        """How large differences may be, in units of the field."""
        context = self._context
        tolerance = context.scenario.tolerance(mechanism.field) if mechanism.tolerated else NO_TOLERANCE
        boundary = context.scenario.boundary and mechanism.sized
        return AllowedSizes(tolerance, benign=self._segment.benign, boundary=boundary)

    def _parts(self, attempt: _Attempt, mechanism: str, kept: Array | slice) -> Iterator[Alteration]:
        scenario = self._context.scenario
        for part, field in enumerate(scenario.catalogue[mechanism].fields):
            yield Alteration(
                mechanism=mechanism,
                field=scenario.fields.index(field),
                benign=self._segment.benign,
                cause=self._segment.cause,
                pairs=attempt.pairs[kept],
                legs=attempt.legs[kept],
                original=attempt.original[part, kept],
                altered=attempt.altered[part, kept],
            )


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    """One mechanism tried on some pairs of a stretch: where it `fits`, they have it."""

    position: int  # of the mechanism, among the segment's
    rows: Array  # int64, shape (n,): of the stretch
    pairs: Array  # int64, shape (n,): positions in the block
    legs: Array  # int8, shape (n,)
    original: Array  # int64, shape (fields, n)
    altered: Array  # int64, shape (fields, n)
    fits: Array  # bool, shape (n,)
    limited: Array  # bool, shape (n,): whose sizes the range of clean values limits


@functools.cache
def _conflicts(position: int, entries: tuple[Mechanism, ...]) -> Array:
    """The positions of the mechanisms that cannot go along with one, itself among them (shape (k, 1))."""
    one = entries[position]
    return np.array([[other] for other, entry in enumerate(entries) if one.conflicts(entry)])
