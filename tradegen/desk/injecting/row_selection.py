"""Which rows are mismatched, and by what: exact, nested, and whatever the order of the rows."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from tradegen.core.blocks import Counts
from tradegen.core.columns import Array
from tradegen.desk.injecting.attempts import Attempt, Attempts
from tradegen.desk.injecting.breaks import Breaks
from tradegen.desk.injecting.chosen_rows import ChosenRows, chosen_rows
from tradegen.desk.injecting.clean_values import CleanValues
from tradegen.desk.injecting.held_list import HeldList
from tradegen.desk.injecting.possible import Entry
from tradegen.desk.injecting.row_causes import require_seen, row_causes
from tradegen.engine.demands import demand
from tradegen.engine.feasibility import require_room
from tradegen.engine.segments import prefix_of, settings_of, weights_of
from tradegen.engine.selection import Race, count_offset, wanted_fields

_ENOUGH = 20  # rows that a mechanism was tried on, to say that its column never shows it
_SPARE = 64  # rows that are looked at beyond those wanted, in case some cannot be altered
_STREAMS = "inject/"
_ALL = np.uint64(2**64 - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Broken:
    """Some of the chosen rows that have become mismatches, or benign differences, and how."""

    chosen: ChosenRows
    attempts: list[tuple[Attempt, Array]]  # and which rows of the attempt have it
    cause: str
    benign: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of one cause, and what is to become of them."""

    cause: int
    weights: dict[str, float]
    wanted: int  # in exact mode
    rate: float  # otherwise
    benign: bool = False

    @property
    def row(self) -> int:
        """Where its counts stand (`Counts`)."""
        return -1 if self.benign else self.cause


@dataclass
class Selection:
    """Breaks the rows of a list.

    Attributes
    ----------
    counts : Counts
        How many rows each cause has, how many of them were to be broken, and how many are; and how often
        mechanisms were drawn and possible. Mechanisms go by their place in `Breaks.active`.
    """

    clean: CleanValues
    breaks: Breaks
    entries: Mapping[str, Entry]
    seed: int
    counts: Counts = field(init=False)
    _ids: set[str] = field(default_factory=set)  # that altered rows have got
    _unshown: dict[str, list[str | None]] = field(default_factory=dict)  # by mechanism

    def __post_init__(self) -> None:
        self.counts = Counts.none(len(self.breaks.causes) + 1, len(self.breaks.active))

    @property
    def held(self) -> HeldList:
        """The list."""
        return self.clean.held

    @property
    def eligible(self) -> int:
        """How many rows there are that may be broken."""
        return int(self.counts.eligible[:-1].sum())

    def broken(self) -> Iterator[Broken]:
        """All rows that are broken: mismatches by cause, and then benign differences outside hot spots.

        Raises
        ------
        ListError
            Where nothing that a mechanism makes can be shown in its column.
        ScenarioError
            Where a hot spot is about nothing, or asks for more rows than there are.
        """
        breaks, seed = self.breaks, self.seed
        require_seen(self.clean, breaks)
        found = self.held.keys(seed)
        taken = found.left
        causes = row_causes(self.held, breaks, taken)
        if breaks.hot_spots:
            require_room(breaks, causes.sizes)
        ranking = _Ranking(found.keys, found.left, causes.numbers)
        prefixes = [prefix_of(breaks, cause) for cause in range(len(causes.sizes))]
        offsets = [count_offset(f"{_STREAMS}{prefix}", seed, 0) for prefix in prefixes]
        asked = demand(breaks)
        overall = count_offset(f"{_STREAMS}overall/", seed, 0) if asked.overall else 0.0
        wanted = asked.drawn(causes.sizes, np.array(offsets), overall).tolist()
        rates = asked.rates(causes.sizes).tolist()
        for cause, size in enumerate(causes.sizes.tolist()):
            self.counts.eligible[cause] = size
            part = _Part(cause, weights_of(breaks, cause), wanted[cause], rates[cause])
            hit = [taken]
            for one in self._part(part, ranking, taken):
                hit.append(one.chosen.rows[_those_hit(one)])
                yield one
            taken = np.concatenate(hit)
        if breaks.benign_rate:
            weights = breaks.weights
            tolerant = {name: weights[name] for name in weights if self._tolerates(name)}
            # From the other end of the keys: neither moves the other.
            ranking.turn()
            size = int(causes.sizes[0])
            offset = count_offset(f"{_STREAMS}benign/", seed, 0)
            number = min(math.floor(breaks.benign_rate * size + offset), size - int(self.counts.applied[0]))
            self.counts.eligible[-1] = size
            yield from self._part(_Part(0, tolerant, number, breaks.benign_rate, benign=True), ranking, taken)
        for name, texts in self._unshown.items():
            position, made = self.entries[name].position, self.counts.possible[breaks.active.index(name)]
            if position is not None and not made and len(texts) >= min(_ENOUGH, self.eligible):
                raise self.held.never_shown(name, position, texts[0])

    def _tolerates(self, name: str) -> bool:
        entry = self.entries[name]
        if entry.position is None or not entry.mechanism.tolerated:
            return False
        places = self.held.column(entry.position).places or 0
        return bool(self.breaks.tolerance_of(entry.mechanism.field, places))

    def _part(self, part: _Part, ranking: _Ranking, taken: Array) -> Iterator[Broken]:
        counts, row = self.counts, part.row
        settings = functools.partial(settings_of, self.breaks, part.cause)
        attempts = Attempts(self.breaks, self.entries, self.clean, self.seed, settings, benign=part.benign)
        if self.breaks.rate_mode == "bernoulli":
            # Each row has a coin of its own: none takes another's place.
            order = ranking.below(part.cause, part.rate)
            order = order[~np.isin(order, taken)]
            counts.requested[row] = len(order)
            yield from self._tried(order, attempts, part)
            return
        counts.requested[row] = part.wanted
        count, start, size = int(counts.eligible[row]), 0, part.wanted + part.wanted // 50 + _SPARE
        while start < count and counts.applied[row] < part.wanted and part.weights:
            stop = min(start + size, count)
            order = ranking.first(part.cause, stop, count)[start:]
            yield from self._tried(order[~np.isin(order, taken)], attempts, part)
            start, size = stop, 2 * size

    def _tried(self, order: Array, attempts: Attempts, part: _Part) -> Iterator[Broken]:
        """Break rows in their order, until as many are broken as were requested."""
        counts, row = self.counts, part.row
        for chosen in chosen_rows(self.held, order) if len(order) and part.weights else ():
            made = self._raced(chosen, attempts, part, int(counts.requested[row] - counts.applied[row]))
            counts.applied[row] += len(_those_hit(made))
            yield made
            if counts.applied[row] >= counts.requested[row]:
                return

    def _raced(self, chosen: ChosenRows, attempts: Attempts, part: _Part, wanted: int) -> Broken:
        """Let the mechanisms race for rows, and keep the first rows that one is possible for."""
        weights, benign = part.weights, part.benign
        prefix, names = ("benign/" if benign else ""), tuple(weights)
        draws = np.stack([chosen.drawn(self.seed, f"{prefix}{name}/choice") for name in names])
        race = Race(weights, draws)
        # A benign difference stands alone: next to a mismatch, no one could tell which was reported.
        shares = (1.0,) if benign else self.breaks.fields_per_pair
        fields = wanted_fields(shares, chosen.drawn(self.seed, f"{prefix}mismatch/fields"))
        have, rows = np.zeros(len(chosen), np.int8), np.arange(len(chosen))
        tried: list[Attempt] = []
        while len(rows):
            going_on = [rows[:0]]
            for position, won, raw in race.winners(rows):
                attempt = attempts.tried(names[position], chosen, won, raw)
                self._keep_ids_apart(attempt, chosen)
                if attempt.unshown:
                    self._unshown.setdefault(attempt.name, []).extend(attempt.unshown[:_ENOUGH])
                tried.append(attempt)
                fitting, lost = won[attempt.fits], won[~attempt.fits]
                have[fitting] += 1
                more = fitting[have[fitting] < fields[fitting]]
                race.drop(self._conflicts(names, position), more)
                race.drop(position, lost)
                going_on += [more, lost]
            rows = np.sort(np.concatenate(going_on))
        hit = np.flatnonzero(have)
        last = int(hit[wanted - 1]) if len(hit) > wanted else len(have)
        cause = self.breaks.causes[part.cause]
        return Broken(chosen, [(one, self._kept(one, last)) for one in tried], cause, benign)

    def _kept(self, attempt: Attempt, last: int) -> Array:
        looked_at = attempt.rows <= last
        kept = np.flatnonzero(attempt.fits & looked_at)
        code = self.breaks.active.index(attempt.name)
        self.counts.drawn[code] += np.count_nonzero(looked_at)
        self.counts.possible[code] += len(kept)
        self.counts.limited[code] += np.count_nonzero(attempt.limited[kept])
        return kept

    def _conflicts(self, names: tuple[str, ...], position: int) -> Array:
        one = self.entries[names[position]].mechanism
        others = (self.entries[name].mechanism for name in names)
        return np.array([[at] for at, other in enumerate(others) if one.conflicts(other)])

    def _keep_ids_apart(self, attempt: Attempt, chosen: ChosenRows) -> None:
        """Take back altered ids that another row of the list has, or has got."""
        form = self.held.one.form
        if attempt.position is None or form.names[attempt.position] not in form.id:
            return
        parts = [form.position(name) for name in form.id]
        new: dict[int, str] = {}
        for at in np.flatnonzero(attempt.fits).tolist():
            row = int(attempt.rows[at])
            cells = [
                attempt.altered[at] if part == attempt.position else chosen.texts[part][row] for part in parts
            ]
            new[at] = " / ".join(cell.strip() for cell in cells if cell is not None and cell.strip())
        known = self.held.known(list(dict.fromkeys(one for one in new.values() if one)))
        for at, one in new.items():
            own = one == chosen.ids[int(attempt.rows[at])]
            if one and not own and (one in known or one in self._ids):
                attempt.fits[at] = False
            elif not own:
                self._ids.add(one)


def _those_hit(part: Broken) -> Array:
    """Which of the chosen rows have a difference (int64, ascending)."""
    rows = [attempt.rows[kept] for attempt, kept in part.attempts]
    return np.unique(np.concatenate(rows)) if rows else np.empty(0, np.int64)


class _Ranking:
    """The rows of each cause by their keys, smallest first, but for those that are left as they are."""

    def __init__(self, keys: Array, left: Array, causes: Array | None) -> None:
        self._keys, self._left, self._causes = keys, left, causes

    def turn(self) -> None:
        """Let the largest keys come first."""
        self._keys ^= _ALL

    def below(self, cause: int, share: float) -> Array:
        """The rows of a cause with a key in this lowest share of all keys (int64)."""
        limit = math.ceil(share * 2.0**53) << 11  # as `happens` has it
        found = self._keys < np.uint64(limit) if limit <= _ALL else np.ones(len(self._keys), bool)
        if self._causes is not None:
            found &= self._causes == cause
        rows = np.flatnonzero(found)
        if len(self._left):
            rows = rows[~np.isin(rows, self._left)]
        ordered: Array = rows[np.argsort(self._keys[rows], kind="stable")]
        return ordered

    def first(self, cause: int, count: int, of: int) -> Array:
        """The rows with the smallest keys, so many of those that the cause has (int64, shape (count,))."""
        # Keys are spread evenly: nearly always, the first share that is tried has enough of them.
        share = (count + 6 * math.sqrt(count) + 6) / of
        while len(found := self.below(cause, min(share, 1.0))) < count:
            share *= 2
        return found[:count]
