"""Which rows are mismatched, and by what: exact, nested, and whatever the order of the rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.streams import draw, happens, uniform
from tradegen.desk.injecting.attempts import Attempt, Attempts
from tradegen.desk.injecting.breaks import Breaks
from tradegen.desk.injecting.chosen_rows import ChosenRows, chosen_rows
from tradegen.desk.injecting.clean_values import CleanValues
from tradegen.desk.injecting.held_list import HeldList
from tradegen.desk.injecting.possible import Entry
from tradegen.engine.selection import Race, wanted_fields

__all__ = ["Broken", "Selection"]

_ENOUGH = 20  # rows that a mechanism was tried on, to say that its column never shows it
_SPARE = 64  # rows that are looked at beyond those wanted, in case some cannot be altered
_ALL = ~np.uint64(0)


@dataclass(frozen=True, slots=True, eq=False)
class Broken:
    """Some of the chosen rows that have become mismatches, or benign differences, and how."""

    chosen: ChosenRows
    attempts: list[tuple[Attempt, Array]]  # and which rows of the attempt have it
    benign: bool


@dataclass
class Selection:
    """Breaks the rows of a list.

    Attributes
    ----------
    requested, applied : dict of bool to int
        How many rows were to be mismatched (False), or to have a benign difference (True); how many have.
    drawn, made, limited : Counter
        By mechanism: how many rows drew it, how many have it, and of these, whose size was limited.
    """

    clean: CleanValues
    breaks: Breaks
    entries: Mapping[str, Entry]
    seed: int
    requested: dict[bool, int] = field(default_factory=dict)
    applied: dict[bool, int] = field(default_factory=dict)
    drawn: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    limited: Counter[str] = field(default_factory=Counter)
    eligible: int = 0
    _ids: set[str] = field(default_factory=set)  # that altered rows have got
    _unshown: dict[str, list[str | None]] = field(default_factory=dict)  # by mechanism

    @property
    def held(self) -> HeldList:
        """The list."""
        return self.clean.held

    def broken(self) -> Iterator[Broken]:
        """All rows that are broken: mismatches, and then benign differences among the other rows.

        Raises
        ------
        ListError
            Where nothing that a mechanism makes can be shown in its column.
        """
        found = self.held.keys(self.seed)
        keys, taken = found.keys, found.left
        self.eligible = len(keys) - len(taken)
        weights = self.breaks.weights
        for part in self._part(keys, taken, weights, self.breaks.mismatch_rate, benign=False):
            taken = np.union1d(taken, part.chosen.rows[_those_hit(part)])
            yield part
        if self.breaks.benign_rate:
            tolerant = {name: weights[name] for name in weights if self._tolerates(name)}
            # From the other end of the keys: neither moves the other.
            keys ^= _ALL
            yield from self._part(keys, taken, tolerant, self.breaks.benign_rate, benign=True)
        for name, texts in self._unshown.items():
            position = self.entries[name].position
            if position is not None and not self.made[name] and len(texts) >= min(_ENOUGH, self.eligible):
                raise self.held.never_shown(name, position, texts[0])

    def _tolerates(self, name: str) -> bool:
        entry = self.entries[name]
        if entry.position is None or not entry.mechanism.tolerated:
            return False
        places = self.held.column(entry.position).places or 0
        return bool(self.breaks.tolerance_of(entry.mechanism.field, places))

    def _part(
        self,
        keys: Array,
        taken: Array,
        weights: dict[str, float],
        rate: float,
        *,
        benign: bool,
    ) -> Iterator[Broken]:
        prefix = "benign/" if benign else ""
        exact = self.breaks.rate_mode == "exact"
        free = len(keys) - len(taken)
        if exact:
            offset = float(uniform(draw(self.seed, f"inject/{prefix}mismatch/count", 0, 1))[0])
            wanted = min(math.floor(rate * self.eligible + offset), free)
        else:
            wanted = int(np.count_nonzero(happens(keys, rate)))
        self.requested[benign], self.applied[benign] = wanted, 0
        attempts = Attempts(self.breaks, self.entries, self.clean, self.seed, benign=benign)
        start, size = 0, wanted + (wanted // 50 + _SPARE if exact else 0)
        while start < len(keys) and self.applied[benign] < wanted and weights:
            stop = min(start + size, len(keys))
            order = _ranked(keys, stop)[start:]
            order = order[~np.isin(order, taken)]
            for chosen in chosen_rows(self.held, order):
                part = self._raced(chosen, attempts, weights, wanted - self.applied[benign], benign=benign)
                self.applied[benign] += len(_those_hit(part))
                yield part
                if self.applied[benign] >= wanted:
                    break
            start, size = stop, 2 * size
            if not exact:
                # Each row has a coin of its own: none takes another's place.
                break

    def _raced(
        self,
        chosen: ChosenRows,
        attempts: Attempts,
        weights: dict[str, float],
        wanted: int,
        *,
        benign: bool,
    ) -> Broken:
        """Let the mechanisms race for rows, and keep the first rows that one is possible for."""
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
        return Broken(chosen, [(one, self._kept(one, last)) for one in tried], benign)

    def _kept(self, attempt: Attempt, last: int) -> Array:
        looked_at = attempt.rows <= last
        kept = np.flatnonzero(attempt.fits & looked_at)
        self.drawn[attempt.name] += int(np.count_nonzero(looked_at))
        self.made[attempt.name] += len(kept)
        self.limited[attempt.name] += int(np.count_nonzero(attempt.limited[kept]))
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


def _ranked(keys: Array, stop: int) -> Array:
    """The rows with the smallest keys, smallest first (int64, shape (stop,))."""
    first = np.argpartition(keys, stop - 1)[:stop].copy() if stop < len(keys) else np.arange(len(keys))
    found: Array = first[np.argsort(keys[first], kind="stable")]
    return found
