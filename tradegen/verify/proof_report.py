"""Findings, and the report that they end in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KINDS = {
    "unlabelled": "a difference between the legs that is not in the truth",
    "untouched": "a cell or a line that is written in another way, though it says the same",
    "vanished": "a truth row that the written records do not bear out",
    "unknown": "a truth row for a trade_id without records",
    "repeated": "the same trade_id, leg and field twice in the truth",
    "both_legs": "a pair with truth rows for both legs",
    "records": "a leg with more or fewer records than the truth says",
    "orphan": "a record that belongs to no pair",
    "collision": "a mistyped trade_id that is the trade_id of something else",
    "relation": "legs that agree, but do not hold what clean legs hold",
    "derived": "a derived value that does not agree with what it is worked out from",
    "reference": "a reference of a record's own that another record has",
    "invalid": "a value or line that cannot be what was written",
    "delta": "a delta that is not altered - original",
    "benign": "a benign label that the tolerances do not bear out",
    "notional": "a notional that is not the clean quantity x price",
    "order": "a record that stands out of the order that its list has",
    "links": "a record without a link, or a link without a record of its list",
    "record_id": "a record_id that stands twice, or names no record of its leg",
    "manifest": "a count in the manifest that the files do not bear out",
    "digest": "a file that is not as the manifest says",
}
"""Every kind of finding, in the order in which a report names them."""

EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """How often one kind of thing was found, and the first of them as sentences."""

    count: int
    examples: tuple[str, ...]


class Findings:
    """Collects what the statements of a proof find: counts, and sentences for the first of each kind."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = dict.fromkeys(KINDS, 0)
        self._examples: dict[str, list[str]] = {kind: [] for kind in KINDS}

    def add(self, kind: str, *examples: str, count: int | None = None) -> None:
        """Add findings: as many as there are examples, if not more."""
        self._counts[kind] += len(examples) if count is None else count
        self._examples[kind] += examples[: EXAMPLES - len(self._examples[kind])]

    def freeze(self) -> dict[str, Finding]:
        """The findings by kind, of the kinds that were found."""
        return {
            kind: Finding(count, tuple(self._examples[kind])) for kind, count in self._counts.items() if count
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What `verify` read, and what it found.

    Attributes
    ----------
    pairs : int
        Pairs with a record at least.
    records, truth_rows, benign_rows : int
        Records of all trades files; rows of the truth, and those of them that are labelled benign.
    findings : mapping of str to Finding
        By kind, as `KINDS` explains them; empty where all is proved.
    tolerances : bool
        Whether they were known, from the manifest: without them, benign labels are not checked.
    files, bytes : int
        Of a dataset: how many files were hashed, and how much that was.
    left_out : mapping of str to tuple of str
        By list, the columns that its layout leaves out: nothing can be said about these.
    own, derived : tuple of str
        Columns that the scenario adds: those that each record has its own value of, and those that are worked
        out from others.
    injected : bool
        Whether it is about a list of the user's own that `inject` has broken.
    mirrored : bool
        Whether that list is the view of a counterparty.
    linked : bool
        Whether the lists share no id, so that links say which trade a record is of.
    """

    pairs: int
    records: int
    truth_rows: int
    benign_rows: int
    findings: Mapping[str, Finding] = field(default_factory=dict)
    tolerances: bool = True
    files: int = 0
    bytes: int = 0
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    own: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    injected: bool = False
    mirrored: bool = False
    linked: bool = False

    @property
    def ok(self) -> bool:
        """Whether the truth is proved: nothing was found."""
        return not self.findings

    def lines(self) -> list[str]:
        """The report as lines for a terminal."""
        lines = []
        if self.files:
            lines.append(f"{_counted(self.files, 'file')}, {_counted(self.bytes, 'byte')}")
        lines.append(
            f"{_counted(self.pairs, 'pair')}, {_counted(self.records, 'record')}, "
            f"{_counted(self.truth_rows, 'truth row')}, {self.benign_rows:,} of them benign"
        )
        if self.benign_rows and not self.tolerances:
            lines.append("not checked: whether they are benign, since tolerances stand in the manifest")
        for name, columns in self.left_out.items():
            lines.append(f"not checked: {', '.join(columns)}, which {name} leaves out")
        if self.own:
            lines.append(f"not compared: {', '.join(self.own)}, of which each record has its own")
        if self.ok:
            return [*lines, f"proved: {'; '.join(self._proved())}"]
        lines.append(f"not proved: {_counted(sum(f.count for f in self.findings.values()), 'finding')}")
        for kind, finding in self.findings.items():
            lines.append(f"  {kind}: {finding.count:,} ({KINDS[kind]})")
            lines += [f"    {example}" for example in finding.examples]
            if finding.count > len(finding.examples):
                lines.append(f"    and {finding.count - len(finding.examples):,} more")
        return lines

    def _proved(self) -> list[str]:
        files = ["every file is as the manifest says"] if self.files else []
        truth = ["every truth row is a difference as written, and every difference is in it"]
        names = ", ".join(self.derived)
        derived = [f"every derived value ({names}) agrees with what it is worked out from"] if names else []
        own = [f"no {name} stands twice" for name in self.own]
        own += ["every record has its link, and every link its record"] if self.linked else []
        was = "in the other party's view of it" if self.mirrored else "it was"
        rest = [f"all else is as {was}, byte by byte"] if self.injected else []
        return files + truth + derived + own + rest

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
