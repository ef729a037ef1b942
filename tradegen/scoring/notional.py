"""Pairs by their notional."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradegen.core.grids import CENTS
from tradegen.errors import ScoringError
from tradegen.scoring.outcomes import Amounts, Outcome
from tradegen.scoring.relations import first_row
from tradegen.scoring.trades import Trades

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_EDGES = (1_000, 10_000, 100_000, 1_000_000)  # dollars
BANDS = (
    "< 1,000",
    "1,000 to 10,000",
    "10,000 to 100,000",
    "100,000 to 1,000,000",
    ">= 1,000,000",
)
_BAND = " + ".join(f"CAST(cents >= {edge * CENTS.unit} AS INTEGER)" for edge in _EDGES)


def bands(
    connection: DuckDBPyConnection, trades: Trades, total: int | None
) -> tuple[dict[str, Outcome], Amounts]:
    """By band, what pairs came to; and all pairs, weighted by what they are worth.

    Raises
    ------
    ScoringError
        If the trades do not hold the clean pairs that there are by the manifest.
    """
    labelled = connection.execute(
        f"""
        SELECT {_BAND} AS band, kind, reported, count(*), sum(cents)::HUGEINT
        FROM classified
        WHERE kind IN ('expected', 'benign') AND cents IS NOT NULL
        GROUP BY ALL
        """
    ).fetchall()
    known = trades.with_worth
    clean = _clean(connection, trades, total) if known else []
    outcomes = [Outcome(quiet=0 if known else None) for _ in BANDS]
    amounts = Amounts(false_alarms=0 if known else None)
    for band, kind, reported, count, cents in [*labelled, *clean]:
        if kind == "expected":
            outcomes[band] += Outcome(expected=count, found=count * reported, quiet=0)
            amounts += Amounts(int(cents), int(cents) * reported, 0)
        elif known:
            outcomes[band] += Outcome(false_alarms=count * reported, quiet=count)
            amounts += Amounts(false_alarms=int(cents) * reported)
    return dict(zip(BANDS, outcomes, strict=True)), amounts


def _clean(
    connection: DuckDBPyConnection, trades: Trades, total: int | None
) -> list[tuple[int, str, bool, int, int]]:
    with trades.explaining():
        found = connection.execute(
            f"""
            WITH
            records AS ({trades.worth()}),
            others AS (SELECT pair, kind FROM classified)
            SELECT
                {_BAND} AS band, 'clean' AS kind, others.kind IS NOT NULL AS reported,
                count(*), sum(cents)::HUGEINT
            FROM records
            LEFT JOIN others ON others.pair = records.pair
            LEFT JOIN aliases ON aliases.alias = records.pair
            WHERE coalesce(others.kind, 'clean') = 'clean' AND aliases.pair IS NULL
            GROUP BY ALL
            """
        ).fetchall()
    labelled = first_row(connection, "SELECT count(*) FROM labelled")
    present = sum(row[3] for row in found)
    if total is not None and present != total - labelled[0]:
        raise ScoringError(
            f"pairs that the truth does not name are {total - labelled[0]:,} by the manifest, and "
            f"{present:,} in the trades; expected all trades of one run"
        )
    return found
