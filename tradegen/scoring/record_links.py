"""Which trade each record is of, where the lists share no id: findings then name records by their own ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradegen.core.columns import LINK_COLUMNS, LINKS, RECORD_ID
from tradegen.errors import ScoringError
from tradegen.scoring.inputs import Extent
from tradegen.scoring.relations import Reader, first_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def load_links(connection: DuckDBPyConnection, reader: Reader, given: Any, extent: Extent | None) -> None:
    """Read the links into the table ``sides``, and have each record's id mean its pair (``aliases``).

    ``sides`` has the hash of each record's id, its pair, and its leg as the links name it.

    Raises
    ------
    ScoringError
        If they cannot be read, or are not the links of the run.
    """
    source = reader.source(given, LINKS, LINK_COLUMNS)
    source.require(LINK_COLUMNS)
    with reader.explaining(source.name):
        connection.execute(
            f"""
            CREATE TEMP TABLE sides AS
            SELECT
                id_number({source.trimmed(RECORD_ID)}) AS alias,
                id_number({source.trimmed("trade_id")}) AS pair,
                {source.trimmed("leg")} AS leg
            FROM {source.relation}
            """
        )
    inside = f"pair BETWEEN {extent.first} AND {extent.last}" if extent else "pair >= 0"
    wrong, rows, records = first_row(
        connection,
        f"SELECT count(*) FILTER (alias IS NULL OR leg IS NULL OR ({inside}) IS NOT TRUE), count(*), "
        "count(DISTINCT alias) FROM sides",
    )
    if wrong or rows != records:
        raise ScoringError(
            f"{source.name} does not name a trade of the run, a leg and a record once in each row; "
            "expected the links that were written with the truth"
        )
    connection.execute("INSERT INTO aliases SELECT alias, pair FROM sides")
