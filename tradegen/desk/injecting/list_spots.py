"""Hot spots in a list of the user's own: their conditions name its columns, by role or by name."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AfterValidator, PrivateAttr, ValidationInfo, model_validator

from tradegen.core.clock import stretches
from tradegen.desk.injecting.column_labels import kind_of
from tradegen.desk.injecting.conditions import Condition
from tradegen.desk.lists.list_form import ListForm
from tradegen.errors import named, nearest, shown
from tradegen.scenario.column_conditions import Allowed, allowed, whole_between
from tradegen.scenario.hot_spots import SOME_SPOTS, HotSpot, Where, spots_of
from tradegen.scenario.validation import Expected, table

_LEG = "THEIRS"
_HOUSE = ("broker_id", "contra_broker_id", "ticker")


class ListWhere(Where):
    """Which rows a hot spot is about: all that is named must hold for the row as the list has it.

    Beside the fields of `Where` it takes any other column, by its role or its name.
    """

    _conditions: tuple[Condition, ...] = PrivateAttr(())

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What is asked of the list's columns."""
        return self._conditions

    @model_validator(mode="after")
    def _about_columns(self, info: ValidationInfo) -> Self:
        form: ListForm = (info.context or {})["form"]
        given = {name: value for name in _HOUSE if (value := getattr(self, name)) is not None}
        given |= self.own
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
        yield Condition("hours", "hours", (form.position(time.name),), Allowed(within=within))

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
        within = (whole_between(low, high),)
        positions = tuple(form.position(column.name) for column in factors)
        yield Condition(given, "notional", positions, Allowed(within=within))


def _no_role(role: str) -> str:
    return f"no column of the list has the role {role}; expected it in the file of columns"


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
    asked = allowed(name, value, kind_of(column), column.places or 0)
    about = "text" if asked.names else "value"
    return Condition(name, about, positions, asked)


def _theirs(leg: str | None) -> str | None:
    if leg not in (None, _LEG):
        raise ValueError(f"leg is {leg}, and in a list of your own, theirs alone is altered; expected none")
    return leg


class ListSpot(HotSpot):
    """A cause of mismatches that strikes some rows of a list."""

    where: Annotated[ListWhere, table(ListWhere, "where"), Expected("conditions, such as {ticker = 'AAPL'}")]
    leg: Annotated[str | None, AfterValidator(_theirs)] = None  # type: ignore[assignment]


ListSpots = Annotated[tuple[ListSpot, ...], spots_of(ListSpot), SOME_SPOTS]
