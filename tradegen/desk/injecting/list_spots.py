"""Hot spots in a list of the user's own: their conditions name its columns, by role or by name."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, PrivateAttr, ValidationInfo, model_validator

from tradegen.core.clock import stretches
from tradegen.desk.injecting.column_labels import NAMES, kind_of
from tradegen.desk.injecting.conditions import Condition
from tradegen.desk.lists.list_form import ColumnForm, ListForm
from tradegen.errors import named, nearest, shown
from tradegen.scenario.hot_spots import SOME_SPOTS, HotSpot, Where, spots_of
from tradegen.scenario.validation import Expected, table

__all__ = ["ListSpot", "ListSpots", "ListWhere"]

_LEG = "THEIRS"
_EPOCH = dt.datetime(1970, 1, 1)
_MOST = 2**124  # a notional is at most the product of two numbers of 62 bits
_RANGE = ("min", "max")
_HOUSE = ("broker_id", "contra_broker_id", "ticker")
_EXPECTED = {
    "integer": "a number, a list of numbers, or a range such as {min = 1000}",
    "date": 'a day such as "2025-07-21", a list of days, or a range such as {min = "2025-07-21"}',
    "timestamp": 'a moment such as "2025-07-21 10:33:00", a list of moments, or a range with min or max',
}
_EXPECTED["decimal"] = _EXPECTED["integer"]


class ListWhere(Where):
    """Which rows a hot spot is about: all that is named must hold for the row as the list has it.

    Beside the fields of `Where` it takes any other column, by its role or its name.
    """

    model_config = ConfigDict(extra="allow")

    _conditions: tuple[Condition, ...] = PrivateAttr(())

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What is asked of the list's columns."""
        return self._conditions

    @model_validator(mode="after")
    def _about_columns(self, info: ValidationInfo) -> Self:
        form: ListForm = (info.context or {})["form"]
        given = {name: value for name in _HOUSE if (value := getattr(self, name)) is not None}
        given |= self.model_extra or {}
        found = [_of_column(name, value, form) for name, value in given.items()]
        self._conditions = (*found, *self._of_hours(form), *self._of_notional(form))
        return self

    def _of_hours(self, form: ListForm) -> Iterator[Condition]:
        if self.hours is None:
            return
        time = form.by_role.get("trade_timestamp")
        if time is None:
            raise ValueError(f"hours is {shown(self.hours[0])}, and {_no_role('trade_timestamp')}")
        within = tuple((start, end - 1) for start, end in stretches(self.hours))
        yield Condition("hours", "hours", (form.position(time.name),), within=within)

    def _of_notional(self, form: ListForm) -> Iterator[Condition]:
        limits = {"min_notional": self.min_notional, "max_notional": self.max_notional}
        given = next((name for name, limit in limits.items() if limit is not None), None)
        if given is None:
            return
        for role in ("quantity", "price"):
            if role not in form.by_role:
                raise ValueError(f"{given} is {limits[given]:g}, and {_no_role(role)}")
        factors = [form.by_role[role] for role in ("quantity", "price")]
        places = sum(column.places or 0 for column in factors)
        low, high = (None if one is None else Decimal(str(one)).scaleb(places) for one in limits.values())
        within = (_whole(low, high),)
        positions = tuple(form.position(column.name) for column in factors)
        yield Condition(given, "notional", positions, within=within)


def _no_role(role: str) -> str:
    return f"no column of the list has the role {role}; expected it in the file of columns"


def _whole(low: Decimal | None, high: Decimal | None) -> tuple[int, int]:
    """The whole numbers from one limit to the other, both included."""
    return (-(_MOST) if low is None else math.ceil(low), _MOST if high is None else math.floor(high))


def _of_column(name: str, value: Any, form: ListForm) -> Condition:
    """What is asked of the column of a role or a name.

    Raises
    ------
    ValueError
        Where the list has no such column, or it cannot have such a value.
    """
    column = form.by_role.get(name)
    if column is None and name in form.names:
        column = form.columns[form.position(name)]
    if column is None:
        known = dict.fromkeys([*form.by_role, *form.names])
        raise ValueError(f"{named(name)} is no column of the list, nor a role of one; {nearest(name, known)}")
    positions = (form.position(column.name),)
    if kind_of(column) in NAMES:
        texts = [value] if isinstance(value, str) else value
        if not _some(texts) or not all(isinstance(text, str) and text.strip() for text in texts):
            raise ValueError(f"{named(name)} is {shown(value)}; expected a text, or a list of texts")
        return Condition(name, "text", positions, names=tuple(text.strip() for text in texts))
    if isinstance(value, Mapping):
        return Condition(name, "value", positions, within=(_range(name, value, column),))
    several = value if isinstance(value, (list, tuple)) else [value]
    if not _some(several):
        raise _refused(name, value, column)
    values = [_exact(name, one, column) for one in several]
    return Condition(name, "value", positions, within=tuple((one, one) for one in values))


def _some(values: Any) -> bool:
    return isinstance(values, (list, tuple)) and bool(values)


def _range(name: str, given: Mapping[str, Any], column: ColumnForm) -> tuple[int, int]:
    if not given or not set(given) <= set(_RANGE):
        raise _refused(name, dict(given), column)
    low, high = (None if key not in given else _units(name, given[key], column) for key in _RANGE)
    if low is not None and high is not None and low > high:
        raise ValueError(
            f"{named(name)} has min {given['min']} above max {given['max']}; expected it at or below"
        )
    return _whole(low, high)


def _exact(name: str, value: Any, column: ColumnForm) -> int:
    units = _units(name, value, column)
    if units != int(units):
        places = f"{column.places} decimals" if column.kind == "decimal" else "none"
        raise ValueError(f"{named(name)} has {value}, and the column has {places}; expected no more decimals")
    return int(units)


def _units(name: str, value: Any, column: ColumnForm) -> Decimal:
    """A number, a day or a moment in the column's unit."""
    if column.kind in ("integer", "decimal"):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise _refused(name, value, column)
        return Decimal(str(value)).scaleb(column.places or 0)
    moment = _moment(value)
    if moment is None or (column.kind == "date" and moment.time() != dt.time()):
        raise _refused(name, value, column)
    unit = dt.timedelta(days=1) if column.kind == "date" else dt.timedelta(microseconds=1)
    return Decimal((moment - _EPOCH) // unit)


def _moment(value: Any) -> dt.datetime | None:
    """A day or a moment, as ISO text or as TOML has it; None for anything else."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, dt.datetime):
        return None if value.tzinfo else value
    return dt.datetime.combine(value, dt.time()) if isinstance(value, dt.date) else None


def _refused(name: str, value: Any, column: ColumnForm) -> ValueError:
    expected = _EXPECTED[column.kind]
    return ValueError(
        f"{named(name)} is {shown(value)}, and the column is of kind {column.kind}; expected {expected}"
    )


def _theirs(leg: str | None) -> str | None:
    if leg not in (None, _LEG):
        raise ValueError(f"leg is {leg}, and in a list of your own, theirs alone is altered; expected none")
    return leg


class ListSpot(HotSpot):
    """A cause of mismatches that strikes some rows of a list."""

    where: Annotated[ListWhere, table(ListWhere, "where"), Expected("conditions, such as {ticker = 'AAPL'}")]
    leg: Annotated[str | None, AfterValidator(_theirs)] = None  # type: ignore[assignment]


ListSpots = Annotated[tuple[ListSpot, ...], spots_of(ListSpot), SOME_SPOTS]
