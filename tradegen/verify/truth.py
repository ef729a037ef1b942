"""The truth, read in step with the records."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from tradegen.verify.columns import Rows
from tradegen.verify.rows import read_rows
from tradegen.verify.tables import Reading
from tradegen.verify.truth_rows import TruthRows
from tradegen.verify.values import trade_ids
from tradegen.verify.vocabulary import T_PAIR, TRADE_ID, TRUTH_WIDTH, UNREADABLE, Array

__all__ = ["Truth"]

_SURVEYED = ("trade_id", "field", "altered")


class Truth:
    """Truth rows by trade_id, and no more of them at a time than are needed.

    Attributes
    ----------
    read : TruthRows
        What was read so far.
    mistyped : tuple of ndarray
        Of all rows for trade_id: the altered ids, ascending, and the pairs they belong to.
    pending : ndarray of int64, shape (n, TRUTH_WIDTH)
        Rows whose pairs are not settled; by trade_id.
    ended : bool
        Whether all rows were read.
    """

    def __init__(self, reading: Reading, block_rows: int) -> None:
        self._reading, self._findings, self._source = reading, reading.findings, reading.plan.truth
        self._block_rows = block_rows
        self.read = TruthRows(reading)
        ascending, self.mistyped = self._survey()
        self._mistyped_alike()
        self._chunks = self._read() if ascending else self._read_sorted()
        self.pending = np.zeros((0, TRUTH_WIDTH), np.int64)
        self.ended = False
        self._last = UNREADABLE  # the id of the last row read; more rows of this id may follow

    def known_before(self) -> int:
        """The id before which all rows have been read."""
        if self.ended:
            return 2**63 - 1
        return self._last

    def read_past(self, trade_id: int) -> None:
        """Read on until all rows up to this id are there."""
        parts = [self.pending]
        while not self.ended and self._last <= trade_id:
            table = next(self._chunks, None)
            if table is None:
                self.ended = True
            elif len(table):
                self._last = int(table[-1, T_PAIR])
                parts.append(table)
        self.pending = np.concatenate(parts) if len(parts) > 1 else self.pending

    def _survey(self) -> tuple[bool, tuple[Array, Array]]:
        """One look at the ids alone: whether they ascend, and which ids were mistyped."""
        last, ascending = UNREADABLE, True
        altered, pairs = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for rows in self._chunks_of_rows(_SURVEYED):
            ids = trade_ids(rows.columns["trade_id"])
            ids = ids[ids != UNREADABLE]
            ascending &= bool((np.diff(ids) >= 0).all()) and (not len(ids) or int(ids[0]) >= last)
            last = int(ids[-1]) if len(ids) else last
            named = rows.columns["field"]
            found = np.flatnonzero(named.equal("trade_id"))
            if len(found):
                altered.append(trade_ids(rows.columns["altered"].take(found)))
                pairs.append(trade_ids(rows.columns["trade_id"].take(found)))
        mistyped, of = np.concatenate(altered), np.concatenate(pairs)
        good = (mistyped != UNREADABLE) & (of != UNREADABLE) & (mistyped != of)
        mistyped, of = mistyped[good], of[good]
        order = np.argsort(mistyped, kind="stable")
        return ascending, (mistyped[order], of[order])

    def _mistyped_alike(self) -> None:
        altered, pairs = self.mistyped
        alike = np.flatnonzero((altered[1:] == altered[:-1]) & (pairs[1:] != pairs[:-1]))
        name = functools.partial(self._reading.text, TRADE_ID)
        self._findings.extend(
            "collision",
            len(alike),
            alike,
            lambda row: (
                f"{name(int(altered[row]))} in {self._source.name}: it is the mistyped id of both "
                f"{name(int(pairs[row]))} and {name(int(pairs[row + 1]))}"
            ),
        )

    def _chunks_of_rows(self, names: Sequence[str] | None = None, tell: bool = False) -> Iterator[Rows]:
        # Lines that cannot be read are told of once, though they are met twice.
        findings = self._findings if tell else type(self._findings)()
        return read_rows(self._source, self._block_rows, findings, names)

    def _read_sorted(self) -> Iterator[Array]:
        """All rows at once, for a truth that is in another order."""
        table = np.concatenate([np.zeros((0, TRUTH_WIDTH), np.int64), *self._read()])
        yield table[np.argsort(table[:, T_PAIR], kind="stable")]

    def _read(self) -> Iterator[Array]:
        for rows in self._chunks_of_rows(tell=True):
            yield self.read.table(rows)
