"""The fields that a run's truth and findings may name: those of the house, and what its scenario adds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tradegen.core.columns import FIELDS, RECORD_ID, TRADE_COLUMNS
from tradegen.core.grids import CENTS, SHARES, Grid
from tradegen.errors import ScoringError, shown
from tradegen.mechanisms.by_kind import FOLLOWS, MECHANISMS_BY_KIND, is_own_mechanism
from tradegen.mechanisms.column_kinds import MEASURED, KindOfColumn
from tradegen.scoring.relations import Source, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLUMN_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""What a scenario may call a column."""

_DERIVED = ("decimal", "date")


@dataclass(frozen=True, slots=True)
class RunFields:
    """What a run's records have, and so what can be altered in them.

    Attributes
    ----------
    own : mapping of str to KindOfColumn or None
        The columns that the scenario adds, in their order; None for one that is each record's own, which no
        mechanism alters.
    stated : bool
        Whether a manifest says them. Otherwise they are those that the truth names.
    house : tuple of str
        The fields that are no columns of `own`.
    id : str
        The field that holds the trade's id.
    ids : tuple of str
        The fields that name a trade together: where one is altered, the record has another id, or none.
    roles : mapping of str to str
        Other names of fields, which findings may use as well.
    injected : bool
        Whether the trades are the user's own, broken by `inject`.
    shares : Grid
        The grid of quantities, by the manifest; whole shares where there is none.
    tick : Grid
        The grid of prices, by the manifest; cents where there is none.
    shared_id : bool
        Whether the lists have the trade's id. If not, findings name records by their `record_id`.
    """

    own: Mapping[str, KindOfColumn | None] = field(default_factory=dict)
    stated: bool = False
    house: tuple[str, ...] = FIELDS
    id: str = "trade_id"
    ids: tuple[str, ...] = ("trade_id",)
    roles: Mapping[str, str] = field(default_factory=dict)
    injected: bool = False
    tick: Grid = CENTS
    shares: Grid = SHARES
    shared_id: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Every field; its position is that of its bit in a set of fields."""
        return (*self.house, *self.own)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a list that no layout changes."""
        return (*TRADE_COLUMNS[0 if self.shared_id else 1 :], *self.own, RECORD_ID)

    @property
    def key(self) -> str:
        """The column of a list by which its records are known."""
        return "trade_id" if self.shared_id else RECORD_ID

    @property
    def measured(self) -> tuple[KindOfColumn, ...]:
        """The scenario's columns whose values differ by an amount."""
        return tuple(column for column in self.own.values() if column and column.kind in MEASURED)

    def sources(self, column: KindOfColumn) -> tuple[str, ...]:
        """What a derived column is derived from, or may be where no manifest says it."""
        if column.sources or column.kind == "date":
            return column.sources or ("date",)
        numbers = [other.name for other in self.measured if other.kind in ("integer", "decimal")]
        return ("quantity", "price", *(name for name in numbers if name != column.name))


def stated_fields(
    columns: Any, tick: Any = None, shared_id: Any = True, quantity_step: Any = None
) -> RunFields:
    """The fields of a run, by what its manifest states: `columns`, steps, and whether lists share ids.

    Raises
    ------
    ScoringError
        If they are no columns of a scenario.
    """
    try:
        grid = CENTS if tick is None else Grid.of(tick)
        shares = SHARES if quantity_step is None else Grid.of(quantity_step)
    except ArithmeticError:
        given = f"tick is {shown(tick)} and quantity_step {shown(quantity_step)} in the manifest"
        raise ScoringError(f"{given}; expected numbers such as 0.01 and 1") from None
    if not isinstance(shared_id, bool):
        raise ScoringError(f"shared_id is {shown(shared_id)} in the manifest; expected true or false")
    if not columns:
        return RunFields(stated=True, tick=grid, shares=shares, shared_id=shared_id)
    from pydantic import TypeAdapter, ValidationError  # where a scenario has columns of its own

    from tradegen.scenario.own_columns import OwnColumns, kinds_of

    try:
        own = TypeAdapter(OwnColumns).validate_python(columns)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ScoringError(f"columns in the manifest cannot be read: {reason}") from None
    kinds = {column.name: column for column in kinds_of(own)}
    names = {column.name: kinds.get(column.name) for column in own}
    return RunFields(names, stated=True, tick=grid, shares=shares, shared_id=shared_id)


def found_fields(connection: DuckDBPyConnection, truth: Source) -> RunFields:
    """The fields that a truth names, where no manifest says which there are.

    A field that is none of the house's is a column of the scenario if all of its mechanisms are its own. What
    kind it is follows from these, and from how its values are written. What is no such column is left out.
    """
    house = ", ".join(map(literal, FIELDS))
    original = truth.text("original")
    rows = connection.execute(
        f"""
        SELECT
            {truth.text("field")} AS field,
            list(DISTINCT {truth.text("mechanism")}),
            max(CASE WHEN contains({original}, '.')
                THEN length({original}) - strpos({original}, '.') ELSE 0 END),
            min({original})
        FROM {truth.relation}
        WHERE {truth.text("field")} NOT IN ({house})
        GROUP BY ALL
        ORDER BY field
        """
    ).fetchall()
    own: dict[str, KindOfColumn | None] = {}
    for name, mechanisms, places, example in rows:
        ways = {way for column, _, way in (one.partition(".") for one in mechanisms) if column == name}
        kind = _kind(ways, int(places or 0), example or "")
        if COLUMN_NAME.fullmatch(name) and kind and all(map(is_own_mechanism, mechanisms)):
            own[name] = KindOfColumn(name, kind, int(places) if kind == "decimal" else 0)
    return RunFields(own)


def _kind(ways: Set[str], places: int, example: str) -> str:
    """The first of the kinds that have all of these mechanisms; "" if there is none."""
    fitting = [
        kind
        for kind, known in MECHANISMS_BY_KIND.items()
        if ways and ways <= {*known, *((FOLLOWS,) if kind in _DERIVED else ())}
    ]
    if "decimal" in fitting and places:
        return "decimal"
    if "date" in fitting and re.fullmatch(r"\d{4}-\d\d-\d\d", example):
        return "date"
    return fitting[0] if fitting else ""
