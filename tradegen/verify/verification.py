"""The reading of trades and truth in step, in memory that does not grow with the number of pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tradegen.verify.checks import check
from tradegen.verify.counts import Read, check_counts
from tradegen.verify.findings import EXAMPLES, Findings, Report
from tradegen.verify.id_sets import Ranges, RecordIds
from tradegen.verify.plan import Plan, Trades
from tradegen.verify.planning import make_plan
from tradegen.verify.rows import read_rows
from tradegen.verify.settling import Batch, batch_of, find_flipped_legs, true_ids
from tradegen.verify.tables import Reading
from tradegen.verify.truth import Truth
from tradegen.verify.vocabulary import (
    LEG,
    LINE,
    PAIR,
    RECORD_ID,
    RECORD_WIDTH,
    T_BENIGN,
    T_PAIR,
    TRADE_ID,
    UNREADABLE,
    Array,
)

__all__ = ["Verification", "report", "verify"]


def verify(
    paths: Sequence[Path],
    *,
    chunk_rows: int = 200_000,
    advance: Callable[[int], None] | None = None,
) -> Report:
    """Prove written trades and their truth: each truth row is a difference, each difference is in the truth.

    Parameters
    ----------
    paths : sequence of Path
        One or two trades files, their truth, and perhaps the manifest, in any order: CSV, JSON with a record
        a line, JSON lines, or Parquet. Two trades files need the manifest. Without it there are no
        tolerances, no other layouts, and no counts to check.
    chunk_rows : int
        Records to read at a time, about. Memory grows with it, and with how far apart the files hold the
        records of a pair; not with the number of pairs.
    advance : callable, optional
        Called with the number of records read since its last call.

    Returns
    -------
    Report
        `Report.ok` says whether all is proved.

    Raises
    ------
    VerifyError
        Where a file cannot be read, or the files are not trades and their truth.
    """
    findings = Findings()
    plan = make_plan(paths)
    run = Verification(plan, findings, RecordIds(), chunk_rows)
    for count in run.read():
        if advance is not None:
            advance(count)
    read = run.counted()
    if plan.manifest is not None:
        check_counts(plan.manifest, read, findings)
    return report(read, findings, tolerances=plan.manifest is not None)


class Verification:
    """The reading of one set of files: those of a run, or those of a part of a dataset.

    Parameters
    ----------
    plan : Plan
    findings : Findings
        What is found goes there.
    record_ids : RecordIds
        The ids of all records go there.
    chunk_rows : int
        As `verify` has it.

    Attributes
    ----------
    rows : dict of str to int
        The records read of each list, by the name of its file.
    truth : Truth
    """

    def __init__(self, plan: Plan, findings: Findings, record_ids: RecordIds, chunk_rows: int) -> None:
        self.plan, self.reading, self.findings = plan, Reading(plan, findings), findings
        # Text is taken apart in small blocks, which caches hold; pairs are put together in large ones.
        self.chunk_rows, self.block_rows = chunk_rows, max(1, chunk_rows // 16)
        self.truth = Truth(self.reading, self.block_rows)
        self.waiting = np.zeros((0, RECORD_WIDTH), np.int64)
        self.settled, self.record_ids = Ranges(), record_ids
        self.rows = {trades.source.name: 0 for trades in plan.trades}
        self.pairs = self.records = self.mismatched = self.benign = 0

    def read(self) -> Iterator[int]:
        """Read all files to their ends; gives the numbers of records read on the way."""
        fresh: list[Array] = []
        held = 0
        for table, count in _in_step([self._tables(trades) for trades in self.plan.trades]):
            self.records += count
            yield count
            true_ids(table, self.truth.mistyped)
            if self.plan.with_record_ids:
                ids = table[:, RECORD_ID]
                self.record_ids.add(ids[ids != UNREADABLE])
            fresh.append(table)
            held += len(table)
            # Where much waits, as in files of another order, more is read before it is sorted again.
            if held * 10 >= self.chunk_rows * 8 and held >= len(self.waiting) // 2:
                self._settle(np.concatenate([self.waiting, *fresh]))
                fresh, held = [], 0
        self._settle(np.concatenate([self.waiting, *fresh]))
        self._end()

    def _tables(self, trades: Trades) -> Iterator[tuple[Array, int]]:
        for rows in read_rows(trades.source, self.block_rows, self.findings):
            self.rows[trades.source.name] += len(rows)
            yield self.reading.records(rows, trades), len(rows)

    def _settle(self, records: Array) -> None:
        """Check the pairs whose records and truth rows are all there; the others wait."""
        records = self._without_late(records)
        if not len(records):
            self.waiting = records
            return
        # Not the largest id: one that is damaged may be far off.
        ids = np.partition(records[:, PAIR], (len(records) - 1) * 9 // 10)
        self.truth.read_past(int(ids[(len(records) - 1) * 9 // 10]))
        batch, about = batch_of(records, self.truth.pending)
        if len(self.plan.trades) == 1:
            find_flipped_legs(batch)
        complete = (batch.leg_counts() == batch.expected_counts()).all(axis=0)
        complete &= batch.ids < self.truth.known_before()
        # A truth row for a pair that is settled must not be met again.
        done = np.zeros(len(self.truth.pending), bool)
        done[about] = complete[batch.truth_at]
        self.truth.pending = self.truth.pending[~done]
        self.waiting = batch.records[~complete[batch.at]]
        self._check(batch.part(complete))

    def _check(self, batch: Batch) -> None:
        check(batch, self.reading)
        mismatched = len(np.unique(batch.truth_at[batch.truth[:, T_BENIGN] == 0]))
        self.mismatched += mismatched
        self.benign += len(np.unique(batch.truth_at)) - mismatched
        self.settled.add(batch.ids)
        self.pairs += len(batch.ids)

    def _without_late(self, records: Array) -> Array:
        late = self.settled.contains(records[:, PAIR])
        if not late.any():
            return records
        rows = np.flatnonzero(late)
        self.findings.extend(
            "records",
            len(rows),
            rows,
            lambda row: f"{self._place(records[row])}: a record more than its pair has by the truth",
        )
        return records[~late]

    def _end(self) -> None:
        """Check what is left over: pairs that are not complete, truth rows without records, counts."""
        self._rest_of_truth()
        batch, _ = batch_of(self.waiting, self.truth.pending)
        if len(self.plan.trades) == 1:
            find_flipped_legs(batch)
        alone = np.bincount(batch.at, minlength=len(batch.ids)) == 1
        alone[batch.truth_at] = False
        bounds = self.plan.ids or self.settled.bounds()
        if bounds is not None:
            alone &= (batch.ids < bounds[0]) | (batch.ids > bounds[1])
        self._orphans(batch, alone)
        self._check(batch.part(~alone))
        self._twice()
        if self.plan.ids is not None:
            self._as_told(*self.plan.ids)

    def _rest_of_truth(self) -> None:
        """Read the truth to its end, and keep the rows about records that wait; the others have none."""
        kept = []
        while True:
            _, about = batch_of(self.waiting, self.truth.pending)
            self._unknown(self.truth.pending[~about])
            kept.append(self.truth.pending[about])
            if self.truth.ended:
                break
            self.truth.pending = self.truth.pending[:0]
            self.truth.read_past(self.truth.known_before())
        self.truth.pending = np.concatenate(kept)

    def _as_told(self, first: int, last: int) -> None:
        """Check that the pairs are those whose ids the manifest tells."""
        what = "the run" if self.plan.part is None else self.plan.truth.name.replace("truth/", "", 1)
        inside = self.settled.count_between(first, last)
        self.findings.extend(
            "manifest",
            last - first + 1 - inside,
            self.settled.absent_between(first, last, EXAMPLES),
            lambda number: f"{self._id(number)} is an id of {what}; it has no records",
        )
        self.findings.extend(
            "manifest",
            self.settled.count() - inside,
            self.settled.outside(first, last, EXAMPLES),
            lambda number: f"{self._id(number)} has records, and is no id of {what}",
        )

    def _id(self, number: int) -> str:
        return self.reading.text(TRADE_ID, number)

    def _orphans(self, batch: Batch, alone: Array) -> None:
        records = batch.records[alone[batch.at]]
        self.findings.extend(
            "orphan",
            len(records),
            range(len(records)),
            lambda row: f"{self._place(records[row])}: no other record and no truth row has this id",
        )

    def _place(self, record: Array) -> str:
        where = self.reading.place(int(record[LEG]), int(record[LINE]))
        return f"{self._id(int(record[TRADE_ID]))} in {where}"

    def _unknown(self, rows: Array) -> None:
        self.findings.extend(
            "unknown",
            len(rows),
            range(len(rows)),
            lambda row: (
                f"{self._id(int(rows[row, T_PAIR]))} in {self.plan.truth.name}: no record has this id"
            ),
        )

    def _twice(self) -> None:
        ids = self.record_ids.twice()
        self.findings.extend(
            "record_id",
            len(ids),
            ids,
            lambda number: f"record_id {self.reading.record_id(number)} stands twice or more",
        )

    def counted(self) -> Read:
        """What was read."""
        truth = self.truth.read
        return Read(
            self.pairs,
            self.records,
            truth.count,
            truth.benign,
            self.mismatched,
            self.benign,
            truth.by_field,
            truth.by_mechanism,
        )


def report(read: Read, findings: Findings, **more: Any) -> Report:
    """What was read, and what was found."""
    return Report(read.pairs, read.records, read.truth_rows, read.benign_rows, findings.freeze(), **more)


def _in_step(lists: Sequence[Iterator[tuple[Array, int]]]) -> Iterator[tuple[Array, int]]:
    """The tables of several lists, always the next one of the list that lags behind, by its ids."""
    reached = dict.fromkeys(range(len(lists)), UNREADABLE)
    while reached:
        behind = min(reached, key=lambda number: reached[number])
        found = next(lists[behind], None)
        if found is None:
            del reached[behind]
            continue
        ids = found[0][:, PAIR]
        if len(ids):
            # The median: single ids may be far off.
            reached[behind] = int(np.partition(ids, len(ids) // 2)[len(ids) // 2])
        yield found
