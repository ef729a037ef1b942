"""What is wrong with findings that cannot be scored, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from tradegen.core.columns import RECORD_ID
from tradegen.errors import ScoringError, named, nearest, shown
from tradegen.scoring.relations import Source, first_row
from tradegen.scoring.run_fields import COLUMN_NAME

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def check_json(connection: DuckDBPyConnection, source: Source, called: Mapping[str, str]) -> None:
    """Check that each column of JSON holds one kind of plain value."""
    asked = ", ".join(f"list(DISTINCT json_type({source.columns[name]}))" for name in called.values())
    all_kinds = first_row(connection, f"SELECT {asked} FROM {source.relation}")
    for (column, name), kinds in zip(called.items(), all_kinds, strict=True):
        found = {_KINDS.get(kind, "numbers") for kind in kinds or () if kind not in (None, "NULL")}
        if len(found) > 1 or found & {"lists", "objects"}:
            raise ScoringError(
                f"{name} in {source.name} holds {' and '.join(sorted(found))}; "
                f"expected {'numbers' if column == 'score' else 'text'} in each row"
            )


_KINDS = {"VARCHAR": "text", "ARRAY": "lists", "OBJECT": "objects", "BOOLEAN": "booleans"}


def refuse(
    connection: DuckDBPyConnection,
    name: str,
    called: Mapping[str, str],
    legs: tuple[str, ...],
    names: Mapping[str, str],
    *,
    stated: bool,
) -> NoReturn:
    """Say what is wrong with the findings, of which some row is wrong.

    `stated` says whether a manifest states the fields that there are.
    """
    missing = count_rows(connection, "SELECT 1 FROM findings_read WHERE id IS NULL")
    if missing:
        raise ScoringError(
            f"{called['trade_id']} is empty in {_rows(missing)} of {name}; expected an id in each"
        )
    for column, known in (("field", names), ("leg", dict.fromkeys(legs))):
        odd = first_row(
            connection,
            f"SELECT {column}, count(*) FROM findings_read WHERE {column} IS NOT NULL "
            f"AND NOT list_contains(?, {column}) GROUP BY ALL ORDER BY ALL LIMIT 1",
            [list(known)],
        )
        if odd:
            hint = nearest(odd[0], known)
            if column == "field" and (odd[0] == RECORD_ID or not hint.startswith("did you mean")):
                # A column of the lists is no mistyped field.
                expected = "" if odd[0] == RECORD_ID else f"{hint}; "
                hint = f"{expected}to leave out what is no field, give --ignore-field {named(odd[0])}"
                if not stated and odd[0] != RECORD_ID and COLUMN_NAME.fullmatch(odd[0]):
                    hint += "; if the scenario has such a column, --manifest says so"
            raise ScoringError(f"{called[column]} is {shown(odd[0])} in {_rows(odd[1])} of {name}; {hint}")
    text, count = first_row(
        connection,
        "SELECT score, count(*) FROM findings_read WHERE score IS NOT NULL "
        "AND coalesce(isnan(TRY_CAST(score AS DOUBLE)), true) GROUP BY ALL ORDER BY ALL LIMIT 1",
    )
    raise ScoringError(f"{called['score']} is {shown(text)} in {_rows(count)} of {name}; expected a number")


def count_rows(connection: DuckDBPyConnection, query: str) -> int:
    """How many rows a query has."""
    return int(first_row(connection, f"SELECT count(*) FROM ({query})")[0])


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"
