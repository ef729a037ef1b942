"""The manifest's counts, against what was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradegen.verify.findings import Findings

__all__ = ["Read", "check_counts"]


@dataclass(frozen=True, slots=True)
class Read:
    """What was read, by the names that a manifest's counts have."""

    totals: Mapping[str, int]
    by_field: Mapping[str, int]
    by_mechanism: Mapping[str, int]


def check_counts(manifest: Mapping[str, Any], read: Read, findings: Findings) -> None:
    """Report the counts of the manifest that what was read does not bear out."""
    counts = manifest.get("counts")
    if not isinstance(counts, Mapping):
        findings.add("manifest", "the manifest has no counts")
        return
    for name, found in read.totals.items():
        _compare(f"counts.{name}", counts.get(name), found, findings)
    for name, group in (("by_field", read.by_field), ("by_mechanism", read.by_mechanism)):
        told = counts.get(name)
        if isinstance(told, Mapping):
            for key in sorted({*told, *group}):
                count = told.get(key, 0)
                # Of a mechanism, the manifest may say how often it was requested, too.
                count = count.get("applied") if isinstance(count, Mapping) else count
                _compare(f"counts.{name}.{key}", count, group.get(key, 0), findings)


def _compare(name: str, told: Any, found: int, findings: Findings) -> None:
    if told is not None and str(told) != str(found):
        findings.add("manifest", f"{name} is {told} in the manifest; the files hold {found}")
