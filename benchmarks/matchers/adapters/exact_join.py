"""Exact join, in DuckDB's SQL: whatever differs is reported.

Without shared ids, records that agree in every column are linked, copies one by one; all others have no
partner.
"""

from __future__ import annotations

import duckdb
from comparing import answer, without_partner
from job import Finding, Job, finding


def by_id(database: duckdb.DuckDBPyConnection, job: Job) -> list[Finding]:
    """Join by id, and compare every column."""
    cases = ", ".join(f"CASE WHEN o.{column} <> t.{column} THEN '{column}' END" for column in job.columns)
    rows = database.execute(
        f"""
        WITH o AS (SELECT *, count(*) OVER (PARTITION BY trade_id) AS copies FROM ours),
             t AS (SELECT *, count(*) OVER (PARTITION BY trade_id) AS copies FROM theirs)
        SELECT DISTINCT * FROM (
            SELECT trade_id, unnest([
                CASE WHEN o.copies IS NULL OR t.copies IS NULL THEN 'missing' END,
                CASE WHEN o.copies <> t.copies THEN 'duplicate' END,
                {cases}
            ]) AS field
            FROM o FULL JOIN t USING (trade_id)
        ) WHERE field IS NOT NULL
        """.replace("trade_id", job.reference)
    ).fetchall()
    return [finding(*row) for row in rows]


def by_content(database: duckdb.DuckDBPyConnection, job: Job) -> list[Finding]:
    """Link what agrees in every column."""
    columns = ", ".join(job.columns)
    copy = f"row_number() OVER (PARTITION BY {columns} ORDER BY {job.reference}) AS copy"
    database.execute(
        f"""
        CREATE TABLE links AS
        SELECT o.{job.reference} AS ours, t.{job.reference} AS theirs
        FROM (SELECT *, {copy} FROM ours) o JOIN (SELECT *, {copy} FROM theirs) t USING ({columns}, copy)
        """
    )
    links = database.execute("FROM links").fetchall()
    return [*(finding(ours, partner=theirs) for ours, theirs in links), *without_partner(database, job)]


if __name__ == "__main__":
    answer(by_id, by_content)
