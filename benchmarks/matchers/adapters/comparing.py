"""Conditions in SQL: where two records ``o`` and ``t`` differ, exactly or by more than is tolerated.

All in whole numbers - ticks, shares, microseconds, days - so that no float decides at the edge of a
tolerance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
from job import Finding, Job, finding

Way = Callable[[duckdb.DuckDBPyConnection, Job], list[Finding]]


def answer(by_id: Way, by_content: Way) -> None:
    """Do the job that the command line names: by id where both lists have the same ids, else by content."""
    job = Job.given()
    database = load(job)
    with job.matching():
        findings = by_id(database, job) if job.shared_ids else by_content(database, job)
    job.write(findings, duckdb.__version__)


def load(job: Job) -> duckdb.DuckDBPyConnection:
    """Both lists as tables ``ours`` and ``theirs`` of a DuckDB in memory."""
    database = duckdb.connect()
    for name in ("ours", "theirs"):
        database.execute(f"CREATE TABLE {name} AS FROM read_parquet('{job.path(name)}')")
    return database


def within(column: str, tolerances: dict[str, Any]) -> str:
    """The condition that a column of ``o`` and ``t`` agrees, or differs by no more than its tolerance."""
    allowed = tolerances.get(column)
    if not allowed:
        return f"o.{column} = t.{column}"
    if column == "price":
        apart = "abs(CAST(100 * o.price AS BIGINT) - CAST(100 * t.price AS BIGINT))"
        if "bps" in allowed:  # of our price; a basis point has 10,000 parts here
            return (
                f"{apart} * 100_000_000 <= {round(10_000 * allowed['bps'])} * CAST(100 * o.price AS BIGINT)"
            )
        return f"{apart} <= {allowed.get('ticks') or round(100 * allowed['absolute'])}"
    if column == "trade_timestamp":
        return f"abs(epoch_us(o.{column}) - epoch_us(t.{column})) <= {round(1_000_000 * allowed)}"
    return f"abs(o.{column} - t.{column}) <= {allowed}"


def findings_of_links(database: duckdb.DuckDBPyConnection, job: Job) -> list[Finding]:
    """What follows from a table ``links`` (ours, theirs): the links, where they differ, and who has none."""
    cases = ", ".join(
        f"CASE WHEN NOT ({within(column, job.tolerances)}) THEN '{column}' END" for column in job.columns
    )
    rows = database.execute(
        f"""
        SELECT * FROM (
            SELECT links.ours, unnest(['', {cases}]) AS field, links.theirs
            FROM links
            JOIN ours o ON o.{job.reference} = links.ours
            JOIN theirs t ON t.{job.reference} = links.theirs
        ) WHERE field IS NOT NULL
        """
    ).fetchall()
    return [*(finding(*row) for row in rows), *without_partner(database, job)]


def without_partner(database: duckdb.DuckDBPyConnection, job: Job) -> list[Finding]:
    """The records that the table ``links`` does not hold: missing, on the other side."""
    rows = database.execute(
        f"""
        SELECT {job.reference} FROM ours WHERE {job.reference} NOT IN (SELECT ours FROM links)
        UNION ALL
        SELECT {job.reference} FROM theirs WHERE {job.reference} NOT IN (SELECT theirs FROM links)
        """
    ).fetchall()
    return [finding(record, "missing") for (record,) in rows]
