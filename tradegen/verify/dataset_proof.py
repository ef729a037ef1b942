"""The proof of a dataset: part by part, and then of what goes through all parts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from tradegen.core.compression import plain_name
from tradegen.core.storage import Copy
from tradegen.errors import shown
from tradegen.verify.added_columns import added_columns
from tradegen.verify.added_proof import compare_own_references
from tradegen.verify.counts import Read, check_counts
from tradegen.verify.database import MEMORY, Database, opened
from tradegen.verify.dataset_manifest import Dataset
from tradegen.verify.file_proof import report, verify_plan
from tradegen.verify.file_scan import Source, look
from tradegen.verify.proof_planning import about_columns, make_part_plan
from tradegen.verify.proof_report import Findings, Report
from tradegen.verify.words import UnfinishedError, VerifyError


def verify_dataset(
    dataset: Dataset,
    *,
    workers: int | None = None,
    memory: str = MEMORY,
    advance: Callable[[int], object] = lambda _pairs: None,
) -> Report:
    """Prove a dataset: its files are those of its manifest, and its truth is effective and complete.

    One part is held at a time. The ids of all records are kept, eight bytes each, to be compared at the end;
    what does not fit into memory waits in the folder for temporary files.

    Parameters
    ----------
    dataset : Dataset
        What `open_dataset` gave.
    workers : int, optional
        Threads; all cores if not given. The report is the same for any number.
    memory : str
        What DuckDB may hold in memory.
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
    findings = Findings()
    dataset.check(findings)
    with opened(memory, workers) as database:
        proof = _DatasetProof(database, dataset, findings)
        for part in range(dataset.part_count):
            first, last = dataset.ids(part)
            proof.add(part)
            advance(last - first + 1)
        proof.compare_ids()
    if proof.whole:
        # Where a file is missing, the counts say nothing more.
        check_counts(dataset.manifest, proof.read, findings)
    columns = about_columns(dataset.manifest, dataset.form)
    linked = "links" in dataset.tables
    return report(proof.read, findings, files=proof.files, bytes=proof.bytes, linked=linked, **columns)


class _DatasetProof:
    """The parts that were proved so far.

    Attributes
    ----------
    read : Read
    files, bytes : int
        How many files were hashed, and how much that was.
    whole : bool
        Whether all files were read to their ends, so that the counts are those of the dataset.
    """

    def __init__(self, database: Database, dataset: Dataset, findings: Findings) -> None:
        self._database, self._dataset, self._findings = database, dataset, findings
        self.read, self.files, self.bytes, self.whole = Read(), 0, 0, True
        self._with_ids: set[bool] = set()
        database.run("CREATE TABLE all_record_ids (record_id UBIGINT); CREATE TABLE all_mistyped (id BIGINT)")
        database.run("CREATE TABLE all_own_references (number UTINYINT, id UBIGINT)")

    def add(self, part: int) -> None:
        """Hash the files of a part, then prove its truth.

        Raises
        ------
        UnfinishedError
            Where a file cannot be reached. What is wrong with the files is a finding.
        """
        with contextlib.ExitStack() as stack:
            copies = {}
            for name in self._dataset.names(part):
                copy = stack.enter_context(self._dataset.storage.copy(name))
                self._compare(name, copy)
                if copy is not None:
                    copies[name] = copy
                    self.files += 1
                    self.bytes += copy.bytes
            if len(copies) < len(self._dataset.tables):
                self.whole = False
                return
            try:
                self._prove(part, copies)
            except UnfinishedError:
                raise
            except VerifyError as error:
                # A file that cannot be read must not keep others from being proved.
                self._findings.add("invalid", str(error))
                self.whole = False
            finally:
                self._database.discard_unpacked()

    def _compare(self, name: str, copy: Copy | None) -> None:
        """Report a file that is not, byte by byte, what the manifest says."""
        told, add = self._dataset.files.get(name), self._findings.add
        if copy is None:
            add("digest", f"{name} is missing")
        elif told is None:
            return  # told of with the manifest
        elif copy.bytes != int(told["bytes"]):
            how = "is truncated" if copy.bytes < int(told["bytes"]) else "is too long"
            add("digest", f"{name} {how}: {copy.bytes:,} bytes instead of {int(told['bytes']):,}")
        elif copy.sha256 != told["sha256"]:
            same = (other for other, file in self._dataset.files.items() if file["sha256"] == copy.sha256)
            other = next(same, None)
            what = "its SHA-256 is another" if other is None else f"it is the file of {other}"
            add("digest", f"{name} is altered: {what}")

    def _prove(self, part: int, copies: Mapping[str, Copy]) -> None:
        database, dataset = self._database, self._dataset
        sources = (self._source(name, copy) for name, copy in copies.items())
        tables = dict(zip(dataset.tables, sources, strict=True))
        truth, links = tables.pop("truth"), tables.pop("links", None)
        lists = list(tables.values())
        plan = make_part_plan(database, lists, truth, dataset.manifest, dataset.ids(part), links)
        proved = verify_plan(database, plan, self._findings, lambda _: None)
        self.read.add(proved.read)
        for name, found in proved.rows.items():
            told = dataset.files.get(name)
            if told is not None and int(told["rows"]) != found:
                self._findings.add(
                    "manifest", f"{name} has {int(told['rows']):,} rows in the manifest; it holds {found:,}"
                )
        if any(item.source.names for item in plan.lists):
            self._with_ids.add(plan.with_record_ids)
        database.run("INSERT INTO all_mistyped SELECT altered FROM mistyped")

    def _source(self, name: str, copy: Copy) -> Source:
        found = look(self._database, copy.path, name)
        expected = plain_name(name).suffix.removeprefix(".")
        if not isinstance(found, Source) or (found.names and found.form != expected):
            raise VerifyError(f"{name} is not {expected}, which the manifest says it is")
        return found

    def compare_ids(self) -> None:
        """Report ids of any parts that are the same, and must not be."""
        self._database.tell(
            self._findings,
            "record_id",
            "SELECT record_id FROM all_record_ids GROUP BY record_id HAVING count(*) > 1",
            "'record_id ' || printf('%016x', record_id) || ' stands twice or more'",
        )
        self._database.tell(
            self._findings,
            "collision",
            "SELECT id FROM all_mistyped GROUP BY id HAVING count(*) > 1",
            "format('tid{:08d}', id) || ' is the mistyped id of pairs in two parts or more'",
        )
        compare_own_references(self._database, added_columns(self._dataset.manifest), self._findings)
        if len(self._with_ids) > 1:
            self._findings.add("record_id", "some parts have the column record_id, others have none")
