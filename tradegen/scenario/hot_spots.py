"""Hot spots: where, and how often, more goes wrong than elsewhere, and by which cause."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from tradegen.core.clock import stretches
from tradegen.errors import named, shown
from tradegen.mechanisms.catalogue import HOUSE
from tradegen.scenario.column_conditions import AskedOfColumn
from tradegen.scenario.field_types import SOME_WEIGHT, SettingsByName, Share, Weights
from tradegen.scenario.validation import NUMBER, STRICT, Expected, Frozen, explain, table, with_columns

_NAME = r"^[A-Za-z0-9][A-Za-z0-9 _.-]{0,39}$"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
# Two different times.
_HOURS = rf"^(?!(.+?)(:00)?-\1(:00)?$){_TIME}-{_TIME}$"
_RULES: dict[str, Any] = {
    "if": {"required": ["rate"], "properties": {"rate": {"maximum": 0}}},
    "else": {"properties": {"mechanisms": SOME_WEIGHT}},
    "oneOf": [{"required": [name]} for name in ("rate", "factor", "share")],
}


def _several(value: Any) -> Any:
    """One name or a list of names, as a tuple."""
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _hours(value: tuple[str, ...]) -> tuple[str, ...]:
    stretches(value)
    return value


def _names_schema(name: dict[str, str]) -> WithJsonSchema:
    several = {"type": "array", "items": name, "minItems": 1}
    return WithJsonSchema({"anyOf": [name, several, {"type": "null"}]})


Names = Annotated[
    tuple[str, ...] | None,
    BeforeValidator(_several),
    Expected("a name, or a list of at least one name"),
    _names_schema({"type": "string"}),
]
Dollars = Annotated[Annotated[float, Field(ge=0, le=1e18), NUMBER] | None, Expected("dollars from 0 to 1e18")]


class Where(BaseModel):
    """Which legs a hot spot is about: all that is named must hold for the leg before any alteration.

    Beside these fields it takes columns that the scenario adds. `Scenario.asked_of` reads that.
    """

    model_config = STRICT | ConfigDict(extra="allow", json_schema_extra={"minProperties": 1})

    __pydantic_extra__: dict[str, AskedOfColumn]

    broker_id: Names = Field(None, description="the leg's broker is one of these")
    contra_broker_id: Names = Field(None, description="the leg's contra broker is one of these")
    ticker: Names = Field(None, description="the ticker is one of these")
    hours: Annotated[
        Names,
        AfterValidator(lambda value: value and _hours(value)),
        _names_schema({"type": "string", "pattern": _HOURS}),
    ] = Field(
        None,
        description='the time lies in one of these stretches, such as "10:00-10:30", whose end is excluded',
    )
    min_notional: Dollars = Field(None, description="quantity times price is at least this many dollars")
    max_notional: Dollars = Field(None, description="quantity times price is at most this many dollars")

    @property
    def own(self) -> Mapping[str, Any]:
        """What is asked of columns that the scenario adds, by name, as it was written."""
        return self.__pydantic_extra__ or {}

    @model_validator(mode="after")
    def _something(self) -> Self:
        given = self.model_dump(exclude_none=True)
        if not given or not all(value != () for name, value in given.items() if name not in self.own):
            raise ValueError("ticker or another condition is missing, such as {ticker = 'AAPL'}")
        if (
            self.min_notional is not None
            and self.max_notional is not None
            and self.min_notional > self.max_notional
        ):
            raise ValueError("min_notional is above max_notional; expected it at or below")
        return self


class HotSpot(BaseModel):
    """A cause of mismatches that strikes a part of the pairs, at a rate of its own."""

    model_config = STRICT | ConfigDict(json_schema_extra=_RULES)

    name: Annotated[str, Expected("1 to 40 letters, digits, spaces, dots, dashes or underscores")] = Field(
        pattern=_NAME, description="the cause, as the truth states it"
    )
    where: Annotated[Where, table(Where, "where"), Expected("conditions, such as {ticker = 'AAPL'}")] = Field(
        description="the legs it is about"
    )
    rate: Annotated[Share | None, Expected("a share from 0 to 1")] = Field(
        None, description="share of these pairs with a mismatch, in place of mismatch_rate"
    )
    factor: Annotated[
        Annotated[float, Field(gt=0, le=10_000), NUMBER] | None,
        Expected("a number above 0 and at most 10000, such as 3"),
    ] = Field(
        None,
        description="in place of a rate: so many times the base rate; where such hot spots overlap, "
        "factors multiply",
    )
    share: Annotated[
        Annotated[float, Field(gt=0, lt=1), NUMBER] | None,
        Expected("a share above 0 and below 1, such as 0.5"),
    ] = Field(None, description="in place of a rate: this share of all mismatches falls here")
    mechanisms: Weights | None = Field(None, description="weights by mechanism; the scenario's if not given")
    settings: SettingsByName = Field(Frozen(), description="settings by mechanism, over the scenario's")
    leg: Annotated[Literal["BUY", "SELL", "OURS", "THEIRS"] | None, Expected("BUY, SELL, OURS or THEIRS")] = (
        Field(None, description="the leg it is about; either if not given")
    )

    @property
    def strikes(self) -> bool:
        """Whether it asks for any mismatch."""
        return self.rate is None or self.rate > 0

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        given = [name for name in ("rate", "factor", "share") if getattr(self, name) is not None]
        if len(given) != 1:
            wrong = (
                f"{' and '.join(given)} are given together" if given else "rate, factor and share are missing"
            )
            raise ValueError(f"{wrong}; expected one of rate, factor and share")
        return self


def spots_of(model: type[HotSpot]) -> BeforeValidator:
    """For a field that has hot spots of a model: reads them, with errors that name the one that is wrong."""

    def read(value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, (list, tuple)):
            return value
        spots = tuple(_spot(model, number, item, info) for number, item in enumerate(value, 1))
        names = [spot.name for spot in spots]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"hot_spots has two with the name {twice}; expected each name once")
        return spots

    return BeforeValidator(read)


def _spot(model: type[HotSpot], number: int, item: Any, info: ValidationInfo) -> HotSpot:
    if isinstance(item, model):
        return item
    if isinstance(item, HotSpot):
        item = item.model_dump(mode="json", exclude_none=True)
    given = item.get("name") if isinstance(item, Mapping) else None
    where = f"hot spot {named(given) if given else number}: "
    if not isinstance(item, Mapping):
        raise ValueError(
            f"{where}it is {shown(item)}; expected a table such as "
            "{name = 'broker', where = {broker_id = 'BKR007'}, factor = 3}"
        )
    try:
        return model.model_validate(item, context=with_columns(info))
    except ValidationError as error:
        raise ValueError(where + explain(error, model, "field of a hot spot", keys=HOUSE)) from None


SOME_SPOTS = Expected("a list of hot spots, each with name, where, and a rate, factor or share")
HotSpots = Annotated[tuple[HotSpot, ...], spots_of(HotSpot), SOME_SPOTS]
