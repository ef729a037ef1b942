"""Tolerances, as a scenario states them: how much a field may differ before a matcher must report it."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from tradegen.core.grids import CENTS, SHARES, Grid
from tradegen.errors import nearest
from tradegen.mechanisms.allowed_sizes import NO_TOLERANCE, Tolerance
from tradegen.mechanisms.column_kinds import MEASURED, unit_of
from tradegen.scenario.validation import INTEGER, NUMBER, QUANTITY_STEP, STRICT, TICK, Expected, table

_PARTS = Grid(4)  # of basis points: parts of the value are their ten-thousandths
_MICROSECONDS = Grid(6)
_UNITS = ("absolute", "bps", "ticks")
_ONE_UNIT: list[Any] = [
    {
        "required": [unit],
        "properties": {name: {"type": "number" if name == unit else "null"} for name in _UNITS},
    }
    for unit in _UNITS
]


def _scaled(name: str, value: float, grid: Grid, whole: str) -> int:
    """`value` in units of a grid's last place; it must lie on the grid, exactly as it was written."""
    try:
        return grid.units(value)
    except ValueError:
        raise ValueError(f"{name} is {value}; expected {whole}") from None


class PriceTolerance(BaseModel):
    """A price's tolerance, in one of three units."""

    model_config = STRICT | ConfigDict(json_schema_extra={"oneOf": _ONE_UNIT})

    absolute: Annotated[
        Annotated[float, Field(ge=0, le=1e6), NUMBER] | None, Expected("dollars from 0 to 1000000")
    ] = Field(None, description="dollars")
    bps: Annotated[
        Annotated[float, Field(ge=0, le=1e4), NUMBER] | None, Expected("basis points from 0 to 10000")
    ] = Field(None, description="basis points of the price before any alteration")
    ticks: Annotated[
        Annotated[int, Field(ge=0, le=10**8), INTEGER] | None, Expected("whole ticks from 0 to 100000000")
    ] = Field(None, description="ticks of the scenario")

    @model_validator(mode="after")
    def _one_unit(self, info: ValidationInfo) -> Self:
        given = self.model_dump(exclude_none=True)
        if len(given) != 1:
            what = f"{' and '.join(given)} are both given" if given else "absolute, bps and ticks are missing"
            raise ValueError(f"{what}; expected one of absolute, bps, ticks")
        tick = (info.context or {}).get(TICK)
        self.tolerance(Grid.of(tick) if tick else CENTS)
        return self

    def tolerance(self, grid: Grid = CENTS) -> Tolerance:
        """The tolerance in units of a price's last decimal place, or in parts of the price."""
        if self.bps is not None:
            return Tolerance(parts=_scaled("bps", self.bps, _PARTS, "basis points with up to 4 decimals"))
        if self.absolute is not None:
            whole = f"dollars and whole ticks of {grid.written}"
            return Tolerance(fixed=_scaled("absolute", self.absolute, grid, whole))
        return Tolerance(fixed=(self.ticks or 0) * grid.step)


_WHOLE = {"integer": "a whole number", "date": "whole days", "timestamp": "seconds in whole microseconds"}
_AMOUNT = Annotated[
    int | float,
    Field(ge=0, le=10**9),
    NUMBER,
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 10**9}),
]


class Tolerances(BaseModel):
    """By field, the largest difference that is benign; without one, every difference counts.

    It takes the names of columns that a scenario adds, too. `check` says whether there are such columns.
    """

    model_config = STRICT | ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, _AMOUNT]

    expected_of_others: ClassVar[str] = "a number from 0 to 1000000000"

    _whole: bool = PrivateAttr(False)

    price: Annotated[
        PriceTolerance | None,
        table(PriceTolerance, "price"),
        Expected("one of {absolute = 0.05}, {bps = 2.5} and {ticks = 3}"),
    ] = Field(None, description="absolute dollars, basis points or ticks")
    quantity: Annotated[
        _AMOUNT, Expected("whole shares from 0 to 1000000000, or whole steps of quantity_step")
    ] = Field(0, description="shares")
    trade_timestamp: Annotated[float, Field(ge=0, le=86_400), NUMBER, Expected("seconds from 0 to 86400")] = (
        Field(0.0, description="seconds")
    )
    date: Annotated[int, Field(ge=0, le=366), INTEGER, Expected("whole days from 0 to 366")] = Field(
        0, description="days"
    )

    @model_validator(mode="after")
    def _whole_steps(self, info: ValidationInfo) -> Self:
        # As a part of a scenario it is looked at once more, and nothing tells of the scenario's step then.
        if not self._whole:
            step = (info.context or {}).get(QUANTITY_STEP)
            self.of("quantity", Grid.of(step) if step else SHARES)
            self._whole = True
        self.of("trade_timestamp")
        return self

    def of(self, field: str, grid: Grid | None = None) -> Tolerance:
        """A field's tolerance in its integer unit: shares, cents, microseconds, days; others have none.

        `grid` is that of the field, where it has another.
        """
        if field == "price":
            return self.price.tolerance(grid or CENTS) if self.price else NO_TOLERANCE
        if field in self.own:
            return Tolerance(fixed=(grid or SHARES).units(self.own[field]))
        if field not in type(self).model_fields:
            return NO_TOLERANCE
        value: Any = getattr(self, field)
        if field == "quantity":
            shares = grid or SHARES
            whole = "shares" if shares == SHARES else f"steps of {shares.written:f}"
            value = _scaled(field, value, shares, f"whole {whole} from 0 to 1000000000")
        if field == "trade_timestamp":
            value = _scaled(field, value, _MICROSECONDS, "seconds in whole microseconds")
        return Tolerance(fixed=value)

    @property
    def own(self) -> Mapping[str, float]:
        """Those of columns that the scenario adds, by name, as they were written."""
        return self.__pydantic_extra__ or {}

    def check(self, columns: Mapping[str, Any]) -> None:
        """Check the tolerances of columns that a scenario adds.

        Parameters
        ----------
        columns : mapping
            Those that it adds, by name, each with a ``kind`` and ``places``; None for one without either.

        Raises
        ------
        ValueError
            Where there is no such column, its values differ by no amount, or are not as fine as that.
        """
        measured = [name for name, column in columns.items() if column and column.kind in MEASURED]
        for name, value in self.own.items():
            if name not in columns:
                known = (*type(self).model_fields, *measured)
                raise ValueError(f"tolerances.{name} is not a field of tolerances; {nearest(name, known)}")
            if name not in measured:
                kind = columns[name].kind if columns[name] else "reference"
                raise ValueError(
                    f"tolerances.{name} is {value}, and the column is of kind {kind}; expected a column "
                    f"whose values differ by an amount, of kind {', '.join(MEASURED[:-1])} or {MEASURED[-1]}"
                )
            column = columns[name]
            whole = _WHOLE.get(column.kind, f"a number with up to {column.places} decimals")
            _scaled(f"tolerances.{name}", value, unit_of(column), whole)

    def __bool__(self) -> bool:
        return any(self.of(field) for field in type(self).model_fields) or any(self.own.values())
