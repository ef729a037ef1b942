"""Records by what they say, for tools that report rows and not which rows of a list these were."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping

from job import Finding, Job, finding


class Contents:
    """The references of both lists by their rows' contents."""

    def __init__(self, job: Job) -> None:
        self.columns = job.columns
        self.references: dict[str, dict[tuple[str, ...], list[str]]] = {}
        for name in ("ours", "theirs"):
            found: dict[tuple[str, ...], list[str]] = defaultdict(list)
            with job.path(name, "csv").open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    found[self._content(row)].append(row[job.reference])
            self.references[name] = found

    def _content(self, row: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(row[column] for column in self.columns)

    def take(self, name: str, row: Mapping[str, str]) -> str:
        """The reference of one record of a list that says this; each is given once."""
        return self.references[name][self._content(row)].pop()

    def alike(self) -> list[Finding]:
        """Links between records that were not taken and say the same: the tool passed them over as equal."""
        pairs = (
            zip(ours, self.references["theirs"].get(content, ()), strict=False)
            for content, ours in self.references["ours"].items()
        )
        return [finding(ours, partner=theirs) for both in pairs for ours, theirs in both]
