"""Tolerances, as a scenario states them: how much a field may differ before a matcher must report it."""

from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tradegen.core.columns import MICROSECONDS, TICKS_PER_DOLLAR
from tradegen.mechanisms.allowed_sizes import NO_TOLERANCE, PARTS, Tolerance
from tradegen.scenario.validation import INTEGER, NUMBER, STRICT, Expected, table

__all__ = ["Tolerances"]

_BASIS_POINTS = 10_000
_UNITS = ("absolute", "bps", "ticks")
_ONE_UNIT: list[Any] = [
    {
        "required": [unit],
        "properties": {name: {"type": "number" if name == unit else "null"} for name in _UNITS},
    }
    for unit in _UNITS
]


def _scaled(name: str, value: float, by: int, whole: str) -> int:
    """`value` times `by`, which must be whole; in exact decimals, as the number was written."""
    scaled = Decimal(str(value)) * by
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{name} is {value}; expected {whole}")
    return int(scaled)


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
    ] = Field(None, description="ticks of 0.01")

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        given = self.model_dump(exclude_none=True)
        if len(given) != 1:
            what = f"{' and '.join(given)} are both given" if given else "absolute, bps and ticks are missing"
            raise ValueError(f"{what}; expected one of absolute, bps, ticks")
        self.tolerance()
        return self

    def tolerance(self) -> Tolerance:
        """The tolerance in ticks, or in parts of the price."""
        if self.bps is not None:
            each = PARTS // _BASIS_POINTS
            return Tolerance(parts=_scaled("bps", self.bps, each, "basis points with up to 4 decimals"))
        if self.absolute is not None:
            ticks = _scaled("absolute", self.absolute, TICKS_PER_DOLLAR, "dollars and whole ticks of 0.01")
            return Tolerance(fixed=ticks)
        return Tolerance(fixed=self.ticks or 0)


class Tolerances(BaseModel):
    """By field, the largest difference that is benign; without one, every difference counts."""

    model_config = STRICT

    price: Annotated[
        PriceTolerance | None,
        table(PriceTolerance, "price"),
        Expected("one of {absolute = 0.05}, {bps = 2.5} and {ticks = 3}"),
    ] = Field(None, description="absolute dollars, basis points or ticks")
    quantity: Annotated[
        int, Field(ge=0, le=10**9), INTEGER, Expected("whole shares from 0 to 1000000000")
    ] = Field(0, description="shares")
    trade_timestamp: Annotated[float, Field(ge=0, le=86_400), NUMBER, Expected("seconds from 0 to 86400")] = (
        Field(0.0, description="seconds")
    )
    date: Annotated[int, Field(ge=0, le=366), INTEGER, Expected("whole days from 0 to 366")] = Field(
        0, description="days"
    )

    @model_validator(mode="after")
    def _whole_microseconds(self) -> Self:
        self.of("trade_timestamp")
        return self

    def of(self, field: str) -> Tolerance:
        """A field's tolerance in its integer unit: shares, ticks, microseconds, days; others have none."""
        if field == "price":
            return self.price.tolerance() if self.price else NO_TOLERANCE
        value: Any = getattr(self, field, 0)
        if field == "trade_timestamp":
            value = _scaled(field, value, MICROSECONDS, "seconds in whole microseconds")
        return Tolerance(fixed=value)

    def __bool__(self) -> bool:
        return any(self.of(field) for field in type(self).model_fields)
