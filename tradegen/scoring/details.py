"""The rows behind a score's numbers: what was found, what was missed, and what was reported without cause.

They are read from the tables that the numbers are counted from, and so agree with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tradegen.scoring.classification import FOUND

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class TruthKey(NamedTuple):
    """What tells rows of the truth apart, as far as findings can."""

    trade_id: str
    leg: str
    field: str
    mechanism: str
    benign: bool


@dataclass(frozen=True, slots=True)
class Details:
    """The rows behind the score of some findings.

    Attributes
    ----------
    unreported : frozenset of TruthKey
        Mismatches of pairs that were not reported at all.
    unnamed : frozenset of TruthKey
        Mismatches whose field was not named, except for those that a mistyped id makes undecidable.
    unfound : frozenset of TruthKey
        The same, except for those of pairs that were reported without any field.
    named : mapping of str to tuple of str
        The fields that each reported pair was reported with, by the pair's trade id.
    false_alarms : tuple of str
        Reported pairs in which nothing is to be reported.
    false_fields : mapping of str to tuple of str
        By pair, fields that were named and do not differ, or by no more than their tolerance.
    unknown : tuple of str
        Reported ids that no pair has.
    """

    unreported: frozenset[TruthKey]
    unnamed: frozenset[TruthKey]
    unfound: frozenset[TruthKey]
    named: Mapping[str, tuple[str, ...]]
    false_alarms: tuple[str, ...]
    false_fields: Mapping[str, tuple[str, ...]]
    unknown: tuple[str, ...]


def details_of(connection: DuckDBPyConnection) -> Details:
    """Read the details.

    Parameters
    ----------
    connection : DuckDBPyConnection
        With ``truth``, ``findings_read``, ``field_names`` and ``classified``.
    """
    missed = connection.execute(
        f"""
        SELECT DISTINCT
            printf('tid%08d', pair), leg::VARCHAR, field::VARCHAR, mechanism::VARCHAR, benign,
            NOT reported,
            NOT behind AND (named & names) = 0,
            NOT behind AND NOT ({FOUND})
        FROM truth
        JOIN classified USING (pair)
        WHERE NOT benign
        """
    ).fetchall()
    keys = [(TruthKey(*row[:5]), row[5:]) for row in missed]
    unreported, unnamed, unfound = (
        frozenset(key for key, flags in keys if flags[number]) for number in range(3)
    )
    reports = connection.execute(
        """
        WITH
        reports AS (
            SELECT coalesce(aliases.pair, id_number(id)) AS pair, id, field_names.field AS field
            FROM findings_read
            LEFT JOIN field_names ON field_names.name = findings_read.field
            LEFT JOIN aliases ON aliases.alias = id_number(id)
            WHERE findings_read.field IS NOT NULL OR linked IS NULL
            UNION ALL
            SELECT pair, NULL, id_field() FROM findings WHERE differing
        )
        SELECT
            kind::VARCHAR,
            CASE WHEN kind = 'unknown' THEN id ELSE printf('tid%08d', pair) END AS name,
            coalesce(list(DISTINCT field::VARCHAR) FILTER (field IS NOT NULL), []),
            coalesce(list(DISTINCT field::VARCHAR) FILTER (
                field IS NOT NULL AND (bit_of(folded(field)) & (wanted | right_names | excused)) = 0
            ), [])
        FROM reports
        JOIN classified USING (pair)
        GROUP BY ALL
        ORDER BY name
        """
    ).fetchall()
    known = [row for row in reports if row[0] != "unknown"]
    return Details(
        unreported,
        unnamed,
        unfound,
        {name: tuple(sorted(fields)) for _, name, fields, _ in known},
        tuple(name for kind, name, _, _ in known if kind != "expected"),
        {name: tuple(sorted(wrong)) for _, name, _, wrong in known if wrong},
        tuple(row[1] for row in reports if row[0] == "unknown"),
    )
