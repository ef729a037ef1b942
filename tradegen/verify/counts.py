"""The manifest's counts, against what was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from tradegen.verify.database import Database
from tradegen.verify.proof_report import Findings


@dataclass(slots=True)
class Read:
    """What was read, and counted: of all files, or of those of a part."""

    pairs: int = 0
    records: int = 0
    truth_rows: int = 0
    benign_rows: int = 0
    mismatched_pairs: int = 0
    benign_pairs: int = 0
    by_field: Counter[str] = field(default_factory=Counter)
    by_mechanism: Counter[str] = field(default_factory=Counter)
    by_cause: Counter[str] = field(default_factory=Counter)

    def add(self, other: Read) -> None:
        """Count what another one has counted, too."""
        for item in fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))


_TOTALS = {
    "pairs": "pairs",
    "trades": "records",
    "mismatched_pairs": "mismatched_pairs",
    "benign_pairs": "benign_pairs",
    "truth_rows": "truth_rows",
}
"""Counts of the manifest, and what they are called here."""


def count_pairs(database: Database, read: Read) -> None:
    """Count the pairs of a slice."""
    read.pairs += database.row("SELECT count(*) FROM pairs")[0]
    for benign, cause, count in database.rows("""
        SELECT benign, cause, count(*) FROM (
            SELECT bool_and(coalesce(benign, false)) AS benign, min(cause) AS cause
            FROM truth ANTI JOIN unknown USING (pair) GROUP BY pair
        ) GROUP BY benign, cause"""):
        if benign:
            read.benign_pairs += count
        else:
            read.mismatched_pairs += count
            read.by_cause[cause] += count


def count_rows(database: Database, read: Read) -> None:
    """Count the rows of the whole truth."""
    read.truth_rows, read.benign_rows = database.row(
        "SELECT count(*), count(*) FILTER (benign) FROM all_truth"
    )
    read.by_field += Counter(
        dict(database.rows("SELECT field, count(*) FROM all_truth WHERE field IS NOT NULL GROUP BY field"))
    )
    # Brokers that are swapped have two rows of one mechanism.
    read.by_mechanism += Counter(
        dict(
            database.rows("""
                SELECT mechanism, count(*) FROM all_truth WHERE NOT
                    (mechanism = 'broker_id.swapped' AND coalesce(field, '') = 'contra_broker_id')
                GROUP BY mechanism""")
        )
    )


def check_counts(manifest: Mapping[str, Any], read: Read, findings: Findings) -> None:
    """Report the counts of the manifest that what was read does not bear out."""
    replay = manifest["replay"]
    last_id = int(replay["first_id"]) + int(replay["scenario"]["pairs"]) - 1
    if str(manifest.get("last_id", last_id)) != str(last_id):
        sentence = f"last_id is {manifest['last_id']} in the manifest, and {last_id} in the run"
        findings.add("manifest", sentence)
    counts = manifest.get("counts")
    if not isinstance(counts, Mapping):
        findings.add("manifest", "the manifest has no counts")
        return
    for name, counted in _TOTALS.items():
        compare_count(f"counts.{name}", counts.get(name), getattr(read, counted), findings)
    benign = counts.get("benign")
    if isinstance(benign, Mapping):
        compare_count("counts.benign.applied", benign.get("applied"), read.benign_pairs, findings)
    for name in ("by_field", "by_mechanism", "by_cause"):
        group = getattr(read, name)
        told = counts.get(name)
        if isinstance(told, Mapping):
            for key in sorted({*told, *group}):
                count = told.get(key, 0)
                # Of mechanisms and causes, the manifest may say how often they were requested, too.
                count = count.get("applied") if isinstance(count, Mapping) else count
                compare_count(f"counts.{name}.{key}", count, group.get(key, 0), findings)


def compare_count(name: str, told: Any, found: int, findings: Findings) -> None:
    """Report a count of the manifest, if it tells one, that the files do not bear out."""
    if told is not None and str(told) != str(found):
        findings.add("manifest", f"{name} is {told} in the manifest; the files hold {found}")
