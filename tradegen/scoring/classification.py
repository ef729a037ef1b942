"""Each pair classified: what the truth says of it, beside what was reported of it.

A set of fields is one whole number with a bit for each field. A pair therefore needs one row, whatever was
reported of it, and pairs that are alike in everything a count asks for share one row of a small table, the
profiles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tradegen.scoring.trades import Trades

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FOUND = "reported AND (named = 0 OR (named & names) <> 0)"
"""SQL that says of a truth row, joined with its pair, whether it was found: the pair was reported without any
field, or with one that names the row."""


class Profile(NamedTuple):
    """Pairs that are alike in all of this, and how many they are."""

    kind: str  # expected, benign, clean or unknown
    reported: bool
    named: int  # bits of the fields that findings name
    wanted: int  # bits of the fields that are to be named
    right_names: int  # bits of all fields by which these may be named
    excused: int  # bits of fields behind a mistyped id, which count neither way
    missing: bool
    duplicate: bool
    split: bool
    orphan: bool
    pairs: int


def classify(connection: DuckDBPyConnection, trades: Trades) -> None:
    """Make the tables ``classified``, of every pair in the truth or in a report, and ``unknown_ids``.

    Parameters
    ----------
    connection : DuckDBPyConnection
        With ``labelled`` and ``findings``.
    trades : Trades
        They say which pairs are in the data.
    """
    connection.execute(
        f"""
        CREATE TEMP TABLE classified AS
        WITH
        reported AS (
            SELECT
                pair,
                coalesce(bit_or(bit_of(field)), 0) | max(CAST(differing AS SMALLINT)) * bit_of(id_field())
                    AS named,
                max(score) AS score
            FROM findings
            WHERE report OR differing
            GROUP BY pair
        )
        SELECT
            coalesce(labelled.pair, reported.pair) AS pair,
            CAST(CASE
                WHEN labelled.expected THEN 'expected'
                WHEN labelled.pair IS NOT NULL THEN 'benign'
                WHEN {trades.known("reported.pair")} THEN 'clean'
                ELSE 'unknown'
            END AS kind) AS kind,
            reported.pair IS NOT NULL AS reported,
            coalesce(named, 0) AS named,
            score,
            cents,
            coalesce(wanted, 0) AS wanted,
            coalesce(right_names, 0) AS right_names,
            coalesce(excused, 0) AS excused,
            coalesce(missing, false) AS missing,
            coalesce(duplicate, false) AS duplicate,
            coalesce(split, false) AS split,
            coalesce(orphan, false) AS orphan
        FROM labelled
        FULL JOIN reported ON reported.pair = labelled.pair
        """
    )
    # `classified` holds all of it, and a second copy would only take memory.
    connection.execute("DROP TABLE labelled")
    connection.execute("CREATE TEMP VIEW labelled AS FROM classified WHERE kind IN ('expected', 'benign')")
    connection.execute(
        f"""
        CREATE TEMP TABLE unknown_ids AS
        WITH
        ids AS (
            SELECT id, pair FROM findings
            UNION ALL
            SELECT linked, coalesce(aliases.pair, linked)
            FROM findings
            LEFT JOIN aliases ON aliases.alias = linked
            WHERE linked IS NOT NULL
        )
        SELECT DISTINCT id FROM ids
        WHERE NOT ({trades.known("pair")}) AND pair NOT IN (SELECT pair FROM labelled)
        """
    )


def profiles(connection: DuckDBPyConnection) -> list[Profile]:
    """The profiles of all pairs."""
    found = connection.execute(
        """
        SELECT
            kind, reported, named, wanted, right_names, excused, missing, duplicate, split, orphan, count(*)
        FROM classified
        GROUP BY ALL
        ORDER BY ALL
        """
    )
    return [Profile(*row) for row in found.fetchall()]


class Row(NamedTuple):
    """Truth rows that are alike in all of this, and how many they are."""

    mechanism: str
    cause: str
    leg: str
    benign: bool
    behind: bool
    found: bool
    rows: int


def rows(connection: DuckDBPyConnection) -> list[Row]:
    """The truth's rows, and whether each was found: reported without any field, or with one that names it."""
    found = connection.execute(
        f"""
        SELECT
            mechanism, cause, leg, benign, behind,
            {FOUND} AS found,
            count(*)
        FROM truth
        JOIN classified USING (pair)
        GROUP BY ALL
        ORDER BY ALL
        """
    )
    return [Row(*row) for row in found.fetchall()]
