"""What differs already between two lists: kept as it is, and told in the truth as ``existing``."""

# ruff: noqa: S608 - what is put into SQL is quoted by `literal`, or is ours

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tradegen.core.columns import MICROSECONDS, RECORD
from tradegen.desk.injecting.breaks import Breaks
from tradegen.desk.injecting.column_labels import NAMES, RECORD_POSITION, kind_of, label_of
from tradegen.desk.lists.list_agreement import TABLES, compared
from tradegen.desk.lists.list_form import ColumnForm
from tradegen.desk.lists.list_values import TradeList
from tradegen.mechanisms.allowed_sizes import PARTS
from tradegen.mechanisms.by_kind import EXISTING
from tradegen.scoring.relations import first_row, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PLACES = 12  # as many as a list's own decimals may have
_NUMBER = f"DECIMAL(38, {_PLACES})"


@dataclass(frozen=True, slots=True)
class Existing:
    """The differences that are kept: the tables ``kept`` and ``existing``.

    ``kept`` has the ids whose records are never altered, as ``key``. ``existing`` has the rows of the truth,
    with ``id`` and the ``position`` of the column in their list.

    Attributes
    ----------
    rows : int
        Of our list.
    counts : dict
        For the manifest: ``trades``, ``benign_trades``, ``ours_alone`` and ``theirs_alone``, which are on one
        side only, and ``by_field``, rows of the truth.
    notional_places : int
        The decimal places of our notionals.
    """

    rows: int
    counts: dict[str, Any]
    notional_places: int

    @property
    def truth_rows(self) -> int:
        """How many rows the truth has about them."""
        return sum(self.counts["by_field"].values())


def keep_existing(
    connection: DuckDBPyConnection, ours: TradeList, theirs: TradeList, breaks: Breaks
) -> Existing:
    """Find what differs already, and take it down.

    Parameters
    ----------
    connection : DuckDBPyConnection
    ours, theirs : TradeList
    breaks : Breaks
        Its tolerances say which of the differences are benign.

    Raises
    ------
    ListError
        Where a list cannot be read, or a cell is not of its column's kind.
    """
    with compared(connection, ours, theirs, {"worth": (_worth(ours), _worth(theirs))}) as lists:
        cells = ", ".join(
            f"o.v{n} AS ours_v{n}, o.t{n} AS ours_t{n}, t.v{n} AS theirs_v{n}, t.t{n} AS theirs_t{n}, "
            f"o.times IS NOT NULL AND t.times IS NOT NULL AND {apart} AS apart{n}"
            for n, apart in enumerate(lists.apart)
        )
        twice = " UNION ALL ".join(f"SELECT key FROM {table} WHERE times > 1" for table in TABLES)
        connection.execute(
            "CREATE TABLE apart AS SELECT key, o.times IS NOT NULL AS here, t.times IS NOT NULL AS there, "
            f"coalesce(o.worth, t.worth) AS worth, {cells} {lists.differing}; "
            f"CREATE TABLE kept AS SELECT key FROM apart UNION {twice}"
        )
    [rows] = first_row(connection, f"SELECT count(*) FROM {ours.source.relation}")
    count = "CAST(CAST({} AS INTEGER) AS VARCHAR)"
    parts = [
        f"SELECT key AS id, {RECORD_POSITION} AS position, {literal(RECORD)} AS field, "
        f"{literal(EXISTING)} AS mechanism, "
        f"{count.format('here')} AS original, {count.format('there')} AS altered, "
        "CASE WHEN here THEN '-1' ELSE '1' END AS delta, false AS benign, worth AS notional "
        "FROM apart WHERE NOT (here AND there)"
    ]
    for number, (mine, other) in enumerate(lists.columns):
        values = (f"ours_v{number}", f"theirs_v{number}")
        parts.append(
            f"SELECT key, {theirs.form.position(other.name)}, {literal(other.name)}, {literal(EXISTING)}, "
            f"ours_t{number}, theirs_t{number}, {_delta(mine, other, *values)}, "
            f"coalesce({_within(breaks, other, *values)}, false), worth FROM apart WHERE apart{number}"
        )
    connection.execute(f"CREATE TABLE existing AS {' UNION ALL '.join(parts)}")
    return Existing(rows, _counts(connection), _notional_places(ours))


def _counts(connection: DuckDBPyConnection) -> dict[str, Any]:
    trades, ours_alone, theirs_alone = first_row(
        connection, "SELECT count(*), count(*) FILTER (NOT there), count(*) FILTER (NOT here) FROM apart"
    )
    [benign] = first_row(
        connection, "SELECT count(*) FROM (SELECT id FROM existing GROUP BY id HAVING bool_and(benign))"
    )
    by_field = connection.execute(
        "SELECT field, count(*) FROM existing GROUP BY field ORDER BY min(position)"
    ).fetchall()
    return {
        "trades": trades,
        "benign_trades": benign,
        "ours_alone": ours_alone,
        "theirs_alone": theirs_alone,
        "by_field": dict(by_field),
    }


def _factors(one: TradeList) -> list[ColumnForm]:
    found = [one.form.by_role.get(role) for role in ("quantity", "price")]
    return [column for column in found if column is not None] if None not in found else []


def _notional_places(one: TradeList) -> int:
    return sum(column.places or 0 for column in _factors(one))


def _worth(one: TradeList) -> str:
    """SQL for the notional of a row of a list as text; NULL where it is not known."""
    sides = [
        f"TRY_CAST(abs({one.value(column, strict=False)}) AS DECIMAL(19, {column.places or 0}))"
        for column in _factors(one)
    ]
    return f"CAST({' * '.join(sides)} AS VARCHAR)" if sides else "NULL::VARCHAR"


def _difference(kind: str, ours: str, theirs: str) -> str:
    """SQL for by how much theirs is larger: a number, days or microseconds."""
    if kind == "date":
        return f"({theirs} - {ours})"
    if kind == "timestamp":
        return f"(epoch_us({theirs}) - epoch_us({ours}))"
    return f"(TRY_CAST({theirs} AS {_NUMBER}) - TRY_CAST({ours} AS {_NUMBER}))"


def _delta(mine: ColumnForm, other: ColumnForm, ours: str, theirs: str) -> str:
    """SQL for a delta as the truth writes it: in the column's unit, days or seconds; NULL for names."""
    if kind_of(other) in NAMES:
        return "NULL"
    if other.kind == "timestamp":
        seconds = f"{_difference(other.kind, ours, theirs)} * {Decimal(1) / MICROSECONDS:f}::DECIMAL(7, 6)"
        return f"rtrim(rtrim(CAST({seconds} AS VARCHAR), '0'), '.')"
    if other.kind == "date":
        return f"CAST({_difference(other.kind, ours, theirs)} AS VARCHAR)"
    places = max(mine.places or 0, other.places or 0)
    return f"CAST(CAST({_difference(other.kind, ours, theirs)} AS DECIMAL(38, {places})) AS VARCHAR)"


def _within(breaks: Breaks, column: ColumnForm, ours: str, theirs: str) -> str:
    """SQL for whether a difference is within its tolerance; another sign is not."""
    tolerance = breaks.tolerance_of(label_of(column), _PLACES)
    if not tolerance:
        return "false"
    size = f"abs({_difference(column.kind, ours, theirs)})"
    if column.kind in ("date", "timestamp"):
        return f"{size} <= {tolerance.fixed}"
    limit = f"{size} <= {Decimal(tolerance.fixed).scaleb(-_PLACES):f}::{_NUMBER}"
    if tolerance.parts:
        limit = f"{size} * {PARTS} <= abs(CAST({ours} AS {_NUMBER})) * {tolerance.parts}"
    return f"{limit} AND sign({ours}) * sign({theirs}) >= 0"
