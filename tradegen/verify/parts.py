"""One part of a dataset, hashed and proved apart from all others."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tradegen.verify.counts import Read
from tradegen.verify.dataset import Dataset
from tradegen.verify.findings import Finding, Findings
from tradegen.verify.id_files import IdFiles, SharedIds
from tradegen.verify.places import Copy
from tradegen.verify.planning import make_part_plan
from tradegen.verify.sources import Source, look
from tradegen.verify.verification import Verification
from tradegen.verify.vocabulary import UNREADABLE, VerifyError

__all__ = ["PartProof", "PartWork"]


@dataclass(slots=True)
class PartProof:
    """What came of a part: small, however large the part.

    Attributes
    ----------
    whole : bool
        Whether its files were read to their ends, so that the counts are those of the part.
    with_record_ids : bool, optional
        Whether its records have ids of their own; None where that is not known.
    """

    pairs: int
    read: Read = field(default_factory=Read)
    findings: Mapping[str, Finding] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0
    whole: bool = False
    with_record_ids: bool | None = None


@dataclass(frozen=True, slots=True)
class PartWork:
    """The proof of parts, as a function of their numbers that any process can call.

    Attributes
    ----------
    dataset : Dataset
    record_ids, mistyped : IdFiles
        Where the ids go that must differ from those of all other parts.
    chunk_rows : int
        As `tradegen.verify.verify` has it.
    """

    dataset: Dataset
    record_ids: IdFiles
    mistyped: IdFiles
    chunk_rows: int

    def __call__(self, part: int) -> PartProof:
        """Hash the files of a part, then prove its truth.

        Raises
        ------
        VerifyError
            Where ids cannot be kept. What is wrong with the files is a finding.
        """
        dataset, findings = self.dataset, Findings()
        first, last = dataset.ids(part)
        proof = PartProof(last - first + 1)
        with contextlib.ExitStack() as stack:
            copies = {}
            for name in dataset.names(part):
                try:
                    copy = stack.enter_context(dataset.place.copy(name))
                except VerifyError as error:
                    findings.add("digest", str(error))
                    continue
                self._compare(name, copy, findings)
                if copy is not None:
                    copies[name] = copy
                    proof.files += 1
                    proof.bytes += copy.bytes
            if dataset.form != "fix" and len(copies) == len(dataset.tables):
                self._prove(part, copies, proof, findings)
        proof.findings = findings.freeze()
        return proof

    def _compare(self, name: str, copy: Copy | None, findings: Findings) -> None:
        """Report a file that is not, byte by byte, what the manifest says."""
        told = self.dataset.files.get(name)
        if copy is None:
            findings.add("digest", f"{name} is missing")
        elif told is None:
            return  # told of with the manifest
        elif copy.bytes != int(told["bytes"]):
            how = "is truncated" if copy.bytes < int(told["bytes"]) else "is too long"
            findings.add("digest", f"{name} {how}: {copy.bytes:,} bytes instead of {int(told['bytes']):,}")
        elif copy.sha256 != told["sha256"]:
            same = (other for other, file in self.dataset.files.items() if file["sha256"] == copy.sha256)
            other = next(same, None)
            what = "its SHA-256 is another" if other is None else f"it is the file of {other}"
            findings.add("digest", f"{name} is altered: {what}")

    def _prove(self, part: int, copies: Mapping[str, Copy], proof: PartProof, findings: Findings) -> None:
        run = None
        try:
            *lists, truth = (self._source(name, copy) for name, copy in copies.items())
            plan = make_part_plan(lists, truth, self.dataset.manifest, self.dataset.ids(part))
            run = Verification(plan, findings, SharedIds(self.record_ids), self.chunk_rows)
            for _ in run.read():
                pass
        except VerifyError as error:
            # A file that cannot be read must not keep others from being proved.
            findings.add("invalid", str(error))
        else:
            proof.whole = True
            if any(trades.source.names for trades in plan.trades):
                proof.with_record_ids = plan.with_record_ids
            self._compare_rows({**run.rows, truth.name: run.truth.read.count}, findings)
            ids = np.unique(run.truth.mistyped[0])
            self.mistyped.append(ids[ids != UNREADABLE])
        if run is not None:
            proof.read = run.counted()

    def _source(self, name: str, copy: Copy) -> Source:
        found = look(copy.path, name)
        if not isinstance(found, Source) or (found.names and found.form != self.dataset.form):
            raise VerifyError(f"{name} is not {self.dataset.form}, which the manifest says it is")
        return found

    def _compare_rows(self, rows: Mapping[str, int], findings: Findings) -> None:
        for name, found in rows.items():
            told = self.dataset.files.get(name)
            if told is not None and int(told["rows"]) != found:
                findings.add(
                    "manifest", f"{name} has {int(told['rows']):,} rows in the manifest; it holds {found:,}"
                )
