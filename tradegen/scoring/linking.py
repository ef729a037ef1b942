"""Links: records of two sides brought together without ids, scored as pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradegen.scoring.outcomes import Outcome
from tradegen.scoring.relations import first_row
from tradegen.scoring.score_counts import Links
from tradegen.scoring.trades import Trades

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def links(
    connection: DuckDBPyConnection, trades: Trades, total: int | None, *, shared_id: bool = True
) -> Links:
    """Score the links among the findings.

    Where the extent of the data is not known, it is about the truth's pairs alone. Where ids are not shared,
    an id says which list its record stands in, and a link within one list is false.
    """
    sides = "LEFT JOIN sides AS {0}_side ON {0}_side.alias = {0}_id"
    astray = "false" if shared_id else "coalesce(one_side.leg = other_side.leg, false)"
    connection.execute(
        f"""
        CREATE TEMP TABLE links AS
        WITH
        -- A link counts once, whichever way round and however often it is reported.
        distinct_links AS (
            SELECT DISTINCT
                least(id, linked) AS one_id, greatest(id, linked) AS other_id
            FROM findings
            WHERE linked IS NOT NULL
        )
        SELECT
            coalesce(first.pair, one_id) AS one,
            coalesce(second.pair, other_id) AS other,
            one_id IN (FROM unknown_ids) OR other_id IN (FROM unknown_ids) AS unknown,
            {astray} AS astray
        FROM distinct_links
        {"" if shared_id else sides.format("one")}
        {"" if shared_id else sides.format("other")}
        LEFT JOIN aliases AS first ON first.alias = one_id
        LEFT JOIN aliases AS second ON second.alias = other_id
        """
    )
    connection.execute(
        "CREATE TEMP TABLE linked AS "
        "SELECT DISTINCT one AS pair FROM links WHERE one = other AND NOT unknown AND NOT astray"
    )
    connection.execute(
        "CREATE TEMP TABLE crossed AS "
        "SELECT one, other FROM links WHERE one <> other AND NOT unknown AND NOT astray"
    )
    _find_alike(connection, trades)
    extent = "(SELECT pair FROM labelled)" if total is None else None
    within = f"pair IN {extent}" if extent else "true"
    found = first_row(
        connection,
        f"""
        WITH
        missing AS (SELECT pair FROM labelled WHERE missing),
        exchanged AS (SELECT one AS pair FROM alike UNION SELECT other FROM alike)
        SELECT
            (SELECT count(*) FROM labelled),
            (SELECT count(*) FROM missing),
            (SELECT count(*) FROM linked WHERE pair NOT IN (FROM missing) AND {within}),
            (SELECT count(*) FROM crossed),
            (SELECT count(*) FROM alike),
            (SELECT count(*) FROM exchanged
                WHERE pair NOT IN (FROM missing) AND pair NOT IN (FROM linked) AND {within}),
            (SELECT count(*) FROM links WHERE unknown),
            (SELECT count(*) FROM links WHERE astray AND NOT unknown)
        """,
    )
    labelled, missing, right, crossed, alike, exchanged, unknown, astray = found
    outcome = Outcome(
        expected=(labelled if total is None else total) - missing - exchanged,
        found=right,
        false_alarms=crossed - alike + astray,
        unknown=unknown,
    )
    return Links(outcome, alike)


def _find_alike(connection: DuckDBPyConnection, trades: Trades) -> None:
    """Make the table ``alike``: links between trades with a record each that differ in nothing but ids."""
    if not trades:
        connection.execute("CREATE TEMP TABLE alike AS SELECT one, other FROM crossed WHERE false")
        return
    pairs = "SELECT one FROM crossed UNION SELECT other FROM crossed"
    with trades.explaining():
        connection.execute(f"CREATE TEMP TABLE crossed_records AS {trades.records(pairs)}")
    connection.execute(
        """
        CREATE TEMP TABLE alike AS
        SELECT one, other FROM crossed
        WHERE EXISTS (
            SELECT 1 FROM crossed_records AS first
            JOIN crossed_records AS second ON second.list = first.list AND second.rest = first.rest
            WHERE first.pair = crossed.one AND second.pair = crossed.other
        )
        """
    )
