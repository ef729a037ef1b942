"""The clean values of a desk's own columns, as a scenario's columns that have such values."""

# ruff: noqa: S608 - what is put into SQL is quoted by `literal` and `identifier`, or is ours

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradegen.desk.desk_columns import MOST_PLACES, DeskColumn, is_possible
from tradegen.scoring.relations import first_row, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_NAMES = 1_000
"""Names that a scenario lists one by one; made ones stand for more."""

_MOST_MADE = 100_000
_EVEN = 4.0  # standard deviations of chi-squared within which names are taken for equally frequent
_LATEST = 43_200  # seconds that a time may be after the trade's
_TRIED: Mapping[str, Any] = {"name": "tried", "kind": "code"}
_NO_VALUES = "no trade on which the lists agree has a value of it"


@dataclass(frozen=True, slots=True)
class Described:
    """A column beside the nine.

    Attributes
    ----------
    column : DeskColumn
    setting : mapping or None
        The column as a scenario has it; None where it cannot have one like it.
    note : str
        Why not, or how the scenario's differs from the desk's.
    names : collection of str
        The names there are, if it is a column of names.
    """

    column: DeskColumn
    setting: Mapping[str, Any] | None = None
    note: str = ""
    names: Collection[str] = ()

    @property
    def listed(self) -> bool:
        """Whether the scenario has the names of the desk, and no made ones."""
        return bool(self.names) and self.setting is not None and self.names == set(_clean_names(self.setting))


def described(
    connection: DuckDBPyConnection, column: DeskColumn, fields: Collection[str], *, hide: bool
) -> Described:
    """A column with the values that it has in the view ``agreed``; `hide` puts made names for its own."""
    head = {"name": column.name, "kind": column.kind}
    names: Sequence[str] = ()
    if column.kind in ("code", "text"):
        found = connection.execute(
            f"SELECT trim({column.name}) AS name, count(*) FROM agreed WHERE trim({column.name}) <> '' "
            "GROUP BY 1 ORDER BY 1"
        ).fetchall()
        names = [name for name, _ in found]
        said, note = _names(found, hide=hide) if found else (None, _NO_VALUES)
    elif column.kind == "reference":
        said, note = _reference(connection, column, hide=hide)
    elif column.sources:
        said, note = _derived(connection, column)
    elif column.kind == "date":
        said, note = None, "it is no constant number of weekdays after the trade date"
    elif column.kind == "timestamp":
        said, note = _timestamp(connection, column, fields)
    else:
        said, note = _range(connection, column, hide=hide)
    return Described(column, None if said is None else {**head, **said}, note, frozenset(names))


def _names(found: Sequence[tuple[str, int]], *, hide: bool) -> tuple[dict[str, Any], str]:
    names, counts = [name for name, _ in found], [count for _, count in found]
    made = {"codes": min(len(names), _MOST_MADE), "prefix": "N"}
    if not hide and (run := re.match(r"(.*?)\d+$", names[0])):
        same = {"codes": len(names)} | ({"prefix": run[1]} if run[1] else {})
        if len(names) <= _MOST_MADE and _possible(same) and _clean_names(same) == names and _alike(counts):
            return same, ""
    if len(names) > MOST_NAMES:
        return made, f"it has {len(names):,} names; made ones stand for them"
    if hide or not _possible({"values": names}):
        note = "" if hide else "some of its names are none that a scenario can have; made ones stand for them"
        if _alike(counts):
            return made, note
        names = _clean_names(made)
        counts = [int(float(f"{count:.2g}")) for count in counts] if hide else counts
        return {"values": names, "weights": counts}, note
    if len(names) == 1:
        return {"value": names[0]}, ""
    return {"values": names} | ({} if _alike(counts) else {"weights": counts}), ""


def _alike(counts: Sequence[int]) -> bool:
    """Whether all names may be equally frequent: by chi-squared."""
    expected, degrees = sum(counts) / len(counts), len(counts) - 1
    statistic = sum((count - expected) ** 2 / expected for count in counts)
    return statistic <= degrees + _EVEN * math.sqrt(2 * max(degrees, 1))


def _possible(said: Mapping[str, Any]) -> bool:
    return is_possible({**_TRIED, **said})


def _clean_names(said: Mapping[str, Any]) -> list[str]:
    from tradegen.scenario.own_columns import CodeColumn  # pydantic, only where it is needed

    return list(CodeColumn.model_validate({**_TRIED, **said}).clean_names())


def _reference(
    connection: DuckDBPyConnection, column: DeskColumn, *, hide: bool
) -> tuple[dict[str, Any], str]:
    text = f"trim({column.name})"
    low, high, shortest, longest = first_row(
        connection,
        f"SELECT min({text}), max({text}), min(length({text})), max(length({text})) FROM ours",
    )
    own = {"own": True} if column.own else {}
    # What the first and the last have in common, all between them have.
    alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False))
    prefix = re.sub(r"\d+$", "", "".join(one for one, _ in alike))
    prefix = prefix if re.fullmatch("[A-Za-z0-9_.-]{0,16}", prefix) and not hide else ""
    digits = longest - len(prefix)
    if not own and shortest == longest and 4 <= digits <= 18:
        pattern = literal(f"{re.escape(prefix)}\\d{{{digits}}}")
        [fits] = first_row(connection, f"SELECT bool_and(regexp_full_match({text}, {pattern})) FROM agreed")
        if fits:
            return {"prefix": prefix, "digits": digits}, ""
    return own | ({"prefix": prefix} if prefix else {}), ""


def _derived(connection: DuckDBPyConnection, column: DeskColumn) -> tuple[dict[str, Any] | None, str]:
    """What it is derived from, and how often it was kept although that was altered."""
    if column.kind == "decimal" and column.places > MOST_PLACES:
        return None, _too_fine(column)
    o, t = "our_records", "their_records"
    moved = [f"{o}.{name} <> {t}.{name}" for name in column.sources]
    kept, followed, plain = first_row(
        connection,
        f"SELECT count(*) FILTER ({o}.{column.name} = {t}.{column.name} AND NOT ({column.consistent(o)} AND "
        f"{column.consistent(t)})), count(*) FILTER ({column.follows(o, t)} "
        f"AND {o}.{column.name} <> {t}.{column.name}), "
        f"(SELECT avg(({column.consistent('a')})::INT) FROM agreed a) "
        f"FROM pairs JOIN {o} ON {o}.trade_id = pairs.trade_id JOIN {t} ON {t}.trade_id = pairs.their_id "
        f"WHERE pairs.fault IS NULL AND ({' OR '.join(moved)})",
    )
    said: dict[str, Any] = (
        {"sessions_after": "date", "by": column.by}
        if column.kind == "date"
        else {"places": column.places, "product": list(column.sources)}
    )
    if kept:
        said["not_recomputed"] = float(f"{kept / (kept + followed):.4g}")
    what = "that many weekdays after the trade date" if column.kind == "date" else "quantity times price"
    few = "" if plain is None or plain >= 0.995 else f"{plain:.1%} of its clean values are {what}"
    return said, few


def _timestamp(
    connection: DuckDBPyConnection, column: DeskColumn, fields: Collection[str]
) -> tuple[dict[str, Any] | None, str]:
    if "trade_timestamp" not in fields:
        return None, "the lists have no trade_timestamp that it could come after"
    low, high = first_row(
        connection,
        f"SELECT min(epoch({column.name}) - epoch(trade_timestamp)), "
        f"max(epoch({column.name}) - epoch(trade_timestamp)) FROM agreed",
    )
    if low is None:
        return None, _NO_VALUES
    if low < 0 or high > _LATEST:
        return None, "some of its times are before the trade, or more than 12 hours after it"
    return {"after": "trade_timestamp", "min": math.floor(low), "max": math.ceil(high)}, ""


def _range(
    connection: DuckDBPyConnection, column: DeskColumn, *, hide: bool
) -> tuple[dict[str, Any] | None, str]:
    """The smallest and the largest number above zero."""
    if column.places > MOST_PLACES:
        return None, _too_fine(column)
    name = column.name
    low, high, others = first_row(
        connection,
        f"SELECT min({name}) FILTER ({name} > 0), max({name}), count(*) FILTER ({name} <= 0) FROM agreed",
    )
    if high is None or low is None:
        return None, _NO_VALUES if high is None else "it has no number above zero"
    note = "numbers at or below zero are not generated" if others else ""
    ends = [int(low), int(high)] if column.kind == "integer" else [float(low), float(high)]
    if hide:  # two digits are the value of no single trade
        step = 10**-column.places
        ends = [max(float(f"{end:.2g}"), step) for end in ends]
        ends = [int(end) for end in ends] if column.kind == "integer" else ends
    places = {"places": column.places} if column.kind == "decimal" else {}
    return {**places, "min": ends[0], "max": ends[1]}, note


def _too_fine(column: DeskColumn) -> str:
    return f"it has {column.places} decimals, and a scenario at most {MOST_PLACES}"
