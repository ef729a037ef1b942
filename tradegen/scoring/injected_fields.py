"""The fields of a list of the user's own that was broken: its columns, by the manifest or by the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from tradegen.core.columns import FIELDS, RECORD, TRADE_COLUMNS
from tradegen.errors import ScoringError
from tradegen.mechanisms.by_kind import EXISTING, FOLLOWS, MECHANISMS_BY_KIND
from tradegen.mechanisms.column_kinds import MEASURED, KindOfColumn
from tradegen.scoring.relations import Source, first_row, literal
from tradegen.scoring.run_fields import COLUMN_NAME, RunFields, found_fields

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ID = "trade_id"


def fields_of_columns(described: Any) -> RunFields:
    """The fields of a list by what a manifest of `inject` says of its columns.

    Raises
    ------
    ScoringError
        If it does not say it.
    """
    try:
        ids = tuple(map(str, described["id"]))
        columns = [
            (
                KindOfColumn(
                    str(one["name"]),
                    str(one["kind"]),
                    int(one.get("places") or 0),
                    tuple(one.get("product") or ()),
                ),
                one.get("role"),
            )
            for one in described["columns"]
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ScoringError(
            "the manifest does not say which columns the list has; expected inject.columns with "
            "id and columns"
        ) from None
    return _fields(columns, ids, stated=True)


def fields_found(connection: DuckDBPyConnection, truth: Source) -> RunFields:
    """The fields of a truth, generated or about the user's own trades, that no manifest states."""
    if _is_of_own_trades(connection, truth):
        return _fields_of_truth(connection, truth)
    return found_fields(connection, truth)


def _is_of_own_trades(connection: DuckDBPyConnection, truth: Source) -> bool:
    """Whether a truth is about trades of the user's own: no id in it is tradegen's, or some column is not."""
    field = truth.text("field")
    label = f"regexp_extract({truth.text('mechanism')}, '^(.*)\\.', 1)"
    # A list may have tradegen's ids, and columns of other names.
    other = (
        f"{field} NOT IN ({', '.join(map(literal, FIELDS))}) AND "
        f"({label} IN ({', '.join(map(literal, TRADE_COLUMNS))}) "
        f"OR NOT regexp_full_match({field}, {literal(COLUMN_NAME.pattern)}))"
    )
    query = (
        f"SELECT count({truth.text('trade_id')}), "
        f"count(*) FILTER (regexp_full_match({truth.text('trade_id')}, 'tid\\d{{8,19}}')), "
        f"count(*) FILTER ({truth.text('leg')} IS DISTINCT FROM 'THEIRS'), coalesce(bool_or({other}), false) "
        f"FROM {truth.relation}"
    )
    ids, house, others, own = first_row(connection, query)
    return bool(ids) and not others and (own or not house)


def _fields_of_truth(connection: DuckDBPyConnection, truth: Source) -> RunFields:
    """The fields that a truth about the user's own trades names, where no manifest says which there are.

    What kind they are follows from their mechanisms and from their differences.
    """
    delta = f"CAST(TRY_CAST({truth.raw('delta')} AS DECIMAL(38, 12)) AS VARCHAR)"
    rows = connection.execute(
        f"""
        SELECT
            {truth.text("field")} AS field,
            coalesce(list(DISTINCT {truth.text("mechanism")})
                FILTER ({truth.text("mechanism")} <> {literal(EXISTING)}), []),
            max(length(rtrim(split_part({delta}, '.', 2), '0'))),
            coalesce(bool_and({truth.trimmed("original")} = {truth.trimmed("trade_id")}), false)
        FROM {truth.relation}
        WHERE {truth.text("field")} <> {literal(RECORD)}
        GROUP BY ALL
        ORDER BY field
        """
    ).fetchall()
    columns, ids = [], list[str]()
    for name, mechanisms, places, names_trades in rows:
        labels = {one.rpartition(".")[0] for one in mechanisms if one}
        role = next((label for label in labels if label in TRADE_COLUMNS), None)
        if role == _ID or (names_trades and not ids):
            ids = [name]
        kind = _kind({one.rpartition(".")[2] for one in mechanisms if one}, places)
        columns.append((KindOfColumn(name, kind, int(places or 0) if kind == "decimal" else 0), role))
    return _fields(columns, ids, stated=False)


def _kind(ways: Set[str], places: int | None) -> str:
    """The first kind that has all of these mechanisms, and values that differ by an amount, or do not."""
    fitting = [
        kind
        for kind, known in MECHANISMS_BY_KIND.items()
        if ways <= {*known, *((FOLLOWS,) if kind == "decimal" else ())}
        and (kind in MEASURED) == (places is not None)
    ]
    return "decimal" if places and "decimal" in fitting else next(iter(fitting), "text")


def _fields(
    columns: Iterable[tuple[KindOfColumn, str | None]], ids: Sequence[str], *, stated: bool
) -> RunFields:
    own: dict[str, KindOfColumn | None] = {}
    roles: dict[str, str] = {}
    for column, role in columns:
        own[column.name] = column
        if role and role != column.name:
            roles[role] = column.name
    key = ids[0] if len(ids) == 1 else ""
    if key:
        roles.setdefault(_ID, key)
    # Several columns that name a trade together are no field: the trade's id is, as a matcher would say it.
    house = (RECORD,) if key else tuple(name for name in (RECORD, _ID) if name not in own)
    return RunFields(
        {name: column for name, column in own.items() if name != RECORD},
        stated,
        house=house,
        id=key or _ID,
        ids=tuple(ids),
        roles=_unambiguous(roles, own),
        injected=True,
    )


def _unambiguous(roles: Mapping[str, str], own: Mapping[str, object]) -> dict[str, str]:
    return {role: name for role, name in roles.items() if role not in own}
