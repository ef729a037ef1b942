"""The proof of one set of files: those of a run, or those of a part of a dataset."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any

from tradegen.verify.counts import Read, check_counts, count_pairs, count_rows
from tradegen.verify.database import MEMORY, Database, opened
from tradegen.verify.injected_form import injection_manifest
from tradegen.verify.injected_proof import prove_injected
from tradegen.verify.odd_values import odd_values
from tradegen.verify.proof import prove_slice, prove_whole
from tradegen.verify.proof_plan import Plan
from tradegen.verify.proof_planning import about_columns, make_plan
from tradegen.verify.proof_report import Findings, Report
from tradegen.verify.written_legs import make_legs, make_macros
from tradegen.verify.written_links import load_links
from tradegen.verify.written_lists import load_lists, slices
from tradegen.verify.written_truth import load_truth

_SMALL = 2**20
"""Bytes of files that hold fewer rows than DuckDB shares out."""


@dataclass(frozen=True, slots=True)
class Proved:
    """What was read of a set of files, and the rows of each by its name."""

    read: Read
    rows: Mapping[str, int]


def verify(
    paths: Sequence[Path],
    *,
    memory: str = MEMORY,
    advance: Callable[[int], object] = lambda _records: None,
) -> Report:
    """Prove written trades and their truth: each truth row is a difference, each difference is in the truth.

    Parameters
    ----------
    paths : sequence of Path
        One or two lists, their truth, their links if they share no id, and perhaps the manifest, in any
        order: CSV, JSON with a record a line, JSON lines, FIX or Parquet. Two lists need the manifest.
        Without it there are no tolerances, no other layouts, and no counts to check. Or the user's list,
        theirs and the truth, in this order, with the manifest of `inject`; where differences that there were
        already are kept, our list, theirs as it was, theirs as it is, and the truth.
    memory : str
        What DuckDB may hold in memory, whatever the number of pairs; the rest waits on disk.
    advance : callable
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
    with opened(memory, 1 if _are_small(paths) else None) as database:
        if injected := injection_manifest(paths):
            return prove_injected(database, *injected, advance)
        plan = make_plan(database, paths)
        read = verify_plan(database, plan, findings, advance).read
    if plan.manifest is not None:
        check_counts(plan.manifest, read, findings)
    columns = about_columns(plan.manifest, plan.lists[0].source.form)
    linked = plan.links is not None
    return report(read, findings, tolerances=plan.manifest is not None, linked=linked, **columns)


def _are_small(paths: Sequence[Path]) -> bool:
    """Whether the files hold too little to be shared out among threads.

    DuckDB shares out work by row groups of 122,880 rows. Threads that find nothing to do take a sixth more of
    the processor's time.
    """
    try:
        status = [path.stat() for path in paths]
    except OSError:
        return False  # whatever reads them says what is wrong
    return all(S_ISREG(one.st_mode) for one in status) and sum(one.st_size for one in status) < _SMALL


def verify_plan(
    database: Database, plan: Plan, findings: Findings, advance: Callable[[int], object]
) -> Proved:
    """Read the files of a plan, and run the proof over them.

    Raises
    ------
    VerifyError
        Where a file cannot be read.
    """
    make_macros(database, plan)
    truth = load_truth(database, plan, findings)
    plan = dataclasses.replace(plan, odd=odd_values(database))
    links = load_links(database, plan, findings)
    rows = load_lists(database, plan, findings, advance)
    prove_whole(database, plan, findings)
    read = Read(records=sum(rows.values()))
    for low, high in slices(database, read.records):
        make_legs(database, plan)
        prove_slice(database, plan, findings, low, high)
        count_pairs(database, read)
    count_rows(database, read)
    return Proved(read, {**rows, plan.truth.name: truth, **links})


def report(read: Read, findings: Findings, **more: Any) -> Report:
    """What was read, and what was found."""
    return Report(read.pairs, read.records, read.truth_rows, read.benign_rows, findings.freeze(), **more)
