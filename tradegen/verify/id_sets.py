"""Sets of ids that stay small in memory, however many ids there are."""

from __future__ import annotations

import tempfile
from typing import IO

import numpy as np

from tradegen.verify.vocabulary import Array

__all__ = ["Ranges", "RecordIds", "repeated"]

_IN_MEMORY = 2_000_000
_PARTS = 64


class Ranges:
    """A set of trade ids as ranges: those of a run are consecutive, so that few ranges hold them all."""

    def __init__(self) -> None:
        self._first = np.zeros(0, np.int64)
        self._last = np.zeros(0, np.int64)

    def add(self, ids: Array) -> None:
        """Add ids that ascend, none of which is in the set."""
        if not len(ids):
            return
        breaks = np.flatnonzero(ids[1:] - 1 != ids[:-1])
        first = np.concatenate([self._first, ids[:1], ids[breaks + 1]])
        last = np.concatenate([self._last, ids[breaks], ids[-1:]])
        order = np.argsort(first)
        first, last = first[order], last[order]
        parted = first[1:] - 1 != last[:-1]
        self._first = first[np.concatenate([[True], parted])]
        self._last = last[np.concatenate([parted, [True]])]

    def contains(self, ids: Array) -> Array:
        """Which ids are in the set."""
        if not len(self._first):
            return np.zeros(len(ids), bool)
        at = np.searchsorted(self._first, ids, side="right") - 1
        return (at >= 0) & (ids <= self._last[at])

    def count_between(self, first: int, last: int) -> int:
        """How many ids of a range are in the set."""
        low, high = np.maximum(self._first, first), np.minimum(self._last, last)
        return int(np.maximum(high - low + 1, 0).sum())

    def count(self) -> int:
        """How many ids are in the set."""
        return int((self._last - self._first + 1).sum())

    def outside(self, first: int, last: int, most: int) -> list[int]:
        """Ids of the set that are not in a range, `most` at most, the least of each run of them first."""
        found: list[int] = []
        for start, end in zip(self._first.tolist(), self._last.tolist(), strict=True):
            found += range(start, min(end + 1, first, start + most))
            found += range(max(start, last + 1), min(end + 1, max(start, last + 1) + most))
            if len(found) >= most:
                break
        return found[:most]

    def absent_between(self, first: int, last: int, most: int) -> list[int]:
        """The first ids of a range that are not in the set, `most` at most."""
        found: list[int] = []
        candidate = first
        for start, end in zip(self._first.tolist(), self._last.tolist(), strict=True):
            found += range(candidate, min(start, last + 1, candidate + most - len(found)))
            candidate = max(candidate, end + 1)
            if len(found) >= most or candidate > last:
                break
        return (found + list(range(candidate, min(last + 1, candidate + most - len(found)))))[:most]

    def bounds(self) -> tuple[int, int] | None:
        """The smallest and the largest id; None where there is none."""
        return (int(self._first[0]), int(self._last[-1])) if len(self._first) else None


class RecordIds:
    """All record ids of a run, to find those that stand twice; most of them wait on disk."""

    def __init__(self) -> None:
        self._recent: list[Array] = []
        self._count = 0
        self._parts: list[IO[bytes]] = []

    def add(self, ids: Array) -> None:
        """Add the ids of some records, int64."""
        self._recent.append(ids.copy())
        self._count += len(ids)
        if self._count >= _IN_MEMORY:
            self._spill()

    def _take(self) -> Array:
        """The ids in memory, which are in it no longer."""
        ids = np.concatenate([np.zeros(0, np.int64), *self._recent])
        self._recent, self._count = [], 0
        return ids

    def _spill(self) -> None:
        if not self._parts:
            self._parts = [tempfile.TemporaryFile() for _ in range(_PARTS)]  # noqa: SIM115 - closed by `twice`
        ids = np.sort(self._take().view(np.uint64))
        bounds = np.arange(_PARTS, dtype=np.uint64) * np.uint64(2**64 // _PARTS)
        at = [*np.searchsorted(ids, bounds).tolist(), len(ids)]
        for number, part in enumerate(self._parts):
            part.write(ids[at[number] : at[number + 1]].tobytes())

    def twice(self) -> Array:
        """The ids that were added more than once, int64. To be asked once, at the end."""
        if not self._parts:
            return repeated(self._take())
        self._spill()
        found = []
        for part in self._parts:
            with part:
                part.seek(0)
                found.append(repeated(np.frombuffer(part.read(), np.int64)))
        return np.concatenate(found)


def repeated(ids: Array) -> Array:
    """The ids that stand in an array more than once, each once."""
    ids = np.sort(ids)
    found: Array = np.unique(ids[1:][ids[1:] == ids[:-1]])
    return found
