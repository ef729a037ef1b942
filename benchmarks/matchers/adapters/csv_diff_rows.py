"""csv-diff: two CSV files as they are, row by row, by the id.

It compares text and knows no tolerances. Of several rows with one id it keeps the last. Without shared ids,
rows have no key: they are then either the same or not there.
"""

from __future__ import annotations

import csv
from importlib.metadata import version
from typing import Any

import csv_diff
from contents import Contents
from job import Finding, Job, finding


def load(job: Job, name: str) -> dict[str, Any]:
    """One file as csv-diff reads it; without shared ids, less the references, which always differ."""
    path = job.path(name, "csv")
    if job.shared_ids:
        with path.open(encoding="utf-8", newline="") as file:
            return csv_diff.load_csv(file, key=job.reference)
    bare = job.folder / f"{name}-bare.csv"
    with (
        path.open(encoding="utf-8", newline="") as file,
        bare.open("w", encoding="utf-8", newline="") as into,
    ):
        writer = csv.DictWriter(into, job.columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(csv.DictReader(file))
    with bare.open(encoding="utf-8", newline="") as file:
        return csv_diff.load_csv(file)


def found(job: Job, result: dict[str, list[Any]]) -> list[Finding]:
    """What csv-diff says, as findings."""
    if not job.shared_ids:
        contents = Contents(job)
        lone = [
            contents.take(name, row)
            for name, part in (("ours", "removed"), ("theirs", "added"))
            for row in result[part]
        ]
        return [*(finding(record, "missing") for record in lone), *contents.alike()]
    lone = [row[job.reference] for part in ("removed", "added") for row in result[part]]
    changed = [finding(row["key"], column) for row in result["changed"] for column in row["changes"]]
    return [*(finding(record, "missing") for record in lone), *changed]


if __name__ == "__main__":
    job = Job.given()
    ours, theirs = load(job, "ours"), load(job, "theirs")
    with job.matching():
        result = csv_diff.compare(ours, theirs)
    job.write(found(job, result), version("csv-diff"))
