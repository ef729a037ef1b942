"""Tolerance join, in DuckDB's SQL, in whole numbers: what differs by more than the tolerance is reported.

Several records on one side are compared by the sum of their quantities. Without shared ids, records are
linked in passes, as reconciliation systems do: first those that agree in all columns, within the
tolerances, and then those that agree in all but one.
"""

from __future__ import annotations

import duckdb
from comparing import answer, findings_of_links, within
from job import Finding, Job, finding


def by_id(database: duckdb.DuckDBPyConnection, job: Job) -> list[Finding]:
    """Join by id, sum up several records, and compare every column within its tolerance."""
    cases = ", ".join(
        f"CASE WHEN NOT ({within(column, job.tolerances)}) THEN '{column}' END"
        for column in job.columns
        if column != "quantity"
    )
    same_sum = within("quantity", job.tolerances).replace(".quantity", ".total")
    rows = database.execute(
        f"""
        WITH o AS (SELECT *, count(*) OVER one AS copies, sum(quantity) OVER one AS total
                   FROM ours WINDOW one AS (PARTITION BY trade_id)),
             t AS (SELECT *, count(*) OVER one AS copies, sum(quantity) OVER one AS total
                   FROM theirs WINDOW one AS (PARTITION BY trade_id))
        SELECT DISTINCT * FROM (
            SELECT trade_id, unnest([
                CASE WHEN o.copies IS NULL OR t.copies IS NULL THEN 'missing'
                     WHEN o.copies <> t.copies AND {same_sum} THEN 'split'
                     WHEN o.copies <> t.copies THEN 'duplicate'
                     WHEN NOT ({same_sum}) THEN 'quantity' END,
                {cases}
            ]) AS field
            FROM o FULL JOIN t USING (trade_id)
        ) WHERE field IS NOT NULL
        """.replace("trade_id", job.reference)
    ).fetchall()
    return [finding(*row) for row in rows]


def by_content(database: duckdb.DuckDBPyConnection, job: Job) -> list[Finding]:
    """Link in passes, best first: what agrees in all columns, then in all but one."""
    database.execute("CREATE TABLE links (ours VARCHAR, theirs VARCHAR)")
    conditions = {column: within(column, job.tolerances) for column in job.columns}
    for relaxed in (None, *job.columns):
        agreed = " AND ".join(text for column, text in conditions.items() if column != relaxed)
        # Of several, the one nearest in time; and each record once.
        nearness = "abs(epoch_us(o.trade_timestamp) - epoch_us(t.trade_timestamp))"
        database.execute(
            f"""
            INSERT INTO links
            SELECT o.{job.reference}, t.{job.reference}
            FROM ours o JOIN theirs t ON {agreed}
            WHERE o.{job.reference} NOT IN (SELECT ours FROM links)
              AND t.{job.reference} NOT IN (SELECT theirs FROM links)
            QUALIFY row_number() OVER (PARTITION BY o.{job.reference}
                                       ORDER BY {nearness}, t.{job.reference}) = 1
                AND row_number() OVER (PARTITION BY t.{job.reference}
                                       ORDER BY {nearness}, o.{job.reference}) = 1
            """
        )
    return findings_of_links(database, job)


if __name__ == "__main__":
    answer(by_id, by_content)
