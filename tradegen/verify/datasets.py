"""The proof of a dataset: part by part, in parallel, and then of what goes through all parts."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tradegen.core.machine import core_count
from tradegen.errors import shown
from tradegen.verify.counts import Read, check_counts
from tradegen.verify.dataset import Dataset
from tradegen.verify.findings import Findings, Report
from tradegen.verify.id_files import IdFiles
from tradegen.verify.parts import PartWork
from tradegen.verify.pool import in_processes
from tradegen.verify.values import record_id_text
from tradegen.verify.verification import report
from tradegen.verify.vocabulary import VerifyError

__all__ = ["verify_dataset"]


def verify_dataset(
    dataset: Dataset,
    *,
    workers: int | None = None,
    chunk_rows: int = 200_000,
    advance: Callable[[int], object] = lambda _pairs: None,
) -> Report:
    """Prove a dataset: its files are those of its manifest, and its truth is effective and complete.

    Memory grows with the number of workers, not with the dataset. The ids of its records wait in the folder
    for temporary files to be compared, in eight bytes each.

    Parameters
    ----------
    dataset : Dataset
        What `open_dataset` gave.
    workers : int, optional
        Processes; all cores if not given. The report is the same for any number.
    chunk_rows : int
        Records that a process reads at a time, about.
    advance : callable
        Called with the numbers of pairs done.

    Returns
    -------
    Report
        `Report.ok` says whether all is proved.

    Raises
    ------
    VerifyError
        Where the work cannot be done at all. What is wrong with a file is a finding.
    """
    if workers is not None and workers < 1:
        raise VerifyError(f"workers is {shown(workers)}; expected 1 or more")
    findings, read = Findings(), Read()
    dataset.check(findings)
    files = size = 0
    whole, with_ids = True, set()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tradegen-verify-")))
        record_ids = IdFiles.for_about(folder, "record_ids", 2 * dataset.pairs)
        mistyped = IdFiles.for_about(folder, "mistyped", dataset.pairs)
        work = PartWork(dataset, record_ids, mistyped, chunk_rows)
        count = min(workers or core_count(), dataset.part_count)
        for proof in in_processes(work, range(dataset.part_count), count):
            findings.merge(proof.findings)
            read.add(proof.read)
            files, size, whole = files + proof.files, size + proof.bytes, whole and proof.whole
            with_ids |= {proof.with_record_ids} - {None}
            advance(proof.pairs)
        _compare_ids(record_ids, mistyped, count, findings)
    if len(with_ids) > 1:
        findings.add("record_id", "some parts have the column record_id, others have none")
    if whole:
        # Where a file is missing, the counts say nothing more.
        check_counts(dataset.manifest, read, findings)
    unread = "FIX" if dataset.form == "fix" else ""
    return report(read, findings, files=files, bytes=size, unread=unread)


def _compare_ids(record_ids: IdFiles, mistyped: IdFiles, workers: int, findings: Findings) -> None:
    """Report ids of any parts that are the same, and must not be."""
    _tell(
        "record_id",
        record_ids,
        workers,
        lambda number: f"record_id {record_id_text(number)} stands twice or more",
        findings,
    )
    _tell(
        "collision",
        mistyped,
        workers,
        lambda number: f"tid{number:08d} is the mistyped id of pairs in two parts or more",
        findings,
    )


def _tell(
    kind: str, files: IdFiles, workers: int, sentence: Callable[[int], str], findings: Findings
) -> None:
    numbers: Iterable[int] = range(files.count)
    for ids in in_processes(files.twice, numbers, min(workers, files.count)):
        findings.extend(kind, len(ids), ids, sentence)
