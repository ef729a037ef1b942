"""The types of a scenario's fields: what each takes, and how a message says so.

Annotations are evaluated as they stand, not from text: for pydantic that is the faster import.
"""

import datetime as dt
import functools
import zoneinfo
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    PlainSerializer,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    create_model,
    model_validator,
)

from tradegen.core.columns import FIELDS
from tradegen.core.grids import FINEST, Grid
from tradegen.errors import near, shown
from tradegen.mechanisms.by_kind import FOLLOWS
from tradegen.mechanisms.catalogue import HOUSE, catalogue_with
from tradegen.mechanisms.difference import Settings
from tradegen.mechanisms.mechanism import Mechanism, Setting, Zone
from tradegen.scenario.own_columns import kinds_of
from tradegen.scenario.size_settings import UNITS, SizeSettings, in_shares, with_units
from tradegen.scenario.validation import INTEGER, NUMBER, STRICT, Expected, Frozen, explain, own_columns

# Dates and times as text, for the JSON schema: checkers of TOML take its own for text. A date may have a
# time, which must be midnight.
_MIDNIGHT = r"[Tt ]00:00(:00(\.0+)?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
_DAY = (
    r"^(19|20|21)[0-9]{2}("
    rf"-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])({_MIDNIGHT})?"
    r"|(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
    r"|-W(0[1-9]|[1-4][0-9]|5[0-3])(-[1-7])?|W(0[1-9]|[1-4][0-9]|5[0-3])[1-7]?)$"
)
_TIME = r"^T?([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9]([.,]0+)?)?|[0-5][0-9]([0-5][0-9]([.,]0+)?)?)?$"
WEIGHT = {
    "type": "number",
    "minimum": 0,
    "maximum": 1e9,
    "not": {"exclusiveMinimum": 0, "exclusiveMaximum": 1e-9},
}
"""The schema of a weight."""

SOME_WEIGHT = {"not": {"type": "object", "additionalProperties": {"maximum": 0}}}
"""The schema of a table of numbers that are not all 0."""


def _from_iso_text(kind: type[dt.date] | type[dt.time]) -> BeforeValidator:
    """ISO text, as JSON and keyword arguments carry it, to a date or a time; all else untouched.

    A moment at midnight is a date, too, as notebooks hold dates.
    """

    def convert(value: Any) -> Any:
        if kind is dt.date:
            # pandas.NaT calls itself a datetime, and equals nothing.
            moment = _moment(value) if isinstance(value, np.datetime64) else value
            if isinstance(moment, dt.datetime) and moment == moment and moment.time() == dt.time():
                return moment.date()
        try:
            return kind.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            return value

    return BeforeValidator(convert)


def _moment(value: np.datetime64) -> Any:
    """NumPy's moment as a datetime; None where it is none, or none of a single day, as 2025-07."""
    coarse = np.datetime_data(value)[0] in ("Y", "M", "W")
    return None if coarse else value.astype("datetime64[us]").item()


def _whole_second(value: dt.time) -> dt.time:
    if value.microsecond or value.tzinfo:
        raise ValueError(f"start or end is {value}; expected a time of day in whole seconds, without a zone")
    return value


def _catalogue(info: ValidationInfo) -> Mapping[str, Mechanism]:
    """The mechanisms that there are: for the scenario's columns, which are validated before.

    For other columns than a scenario's, the context says which there are, as ``catalogue``.
    """
    given: Mapping[str, Mechanism] | None = (info.context or {}).get("catalogue")
    return catalogue_with(kinds_of(own_columns(info))) if given is None else given


def _instead(name: str, catalogue: Mapping[str, Mechanism]) -> str:
    """The hint to append to an unknown mechanism: one of its column, or of a column that is called alike."""
    column, dot, way = name.rpartition(".")
    ways: dict[str, list[str]] = {}
    for one in catalogue:
        field, _, known = one.rpartition(".")
        ways.setdefault(field, []).append(known)
    if not dot:
        if close := near(name, catalogue):
            return f"did you mean {close}?"
        column, way = name, ""
    meant = column if column in ways else near(column, ways)
    if meant is None:
        return f"expected one such as {next(iter(catalogue))}, of one of the columns: {', '.join(ways)}"
    if way and (close := near(way, ways[meant])):
        return f"did you mean {meant}.{close}?"
    return f"expected one of: {', '.join(f'{meant}.{one}' for one in ways[meant])}"


def _weights(value: Mapping[str, float], info: ValidationInfo) -> Mapping[str, float]:
    catalogue = _catalogue(info)
    for name, weight in value.items():
        if name not in catalogue:
            raise ValueError(f"mechanisms has {shown(name)}, which is unknown; {_instead(name, catalogue)}")
        if name.endswith(f".{FOLLOWS}"):
            raise ValueError(
                f"mechanisms has {shown(name)}, which takes no weight: a derived column follows by itself; "
                "expected not_recomputed on the column instead"
            )
        if 0 < weight < 1e-9:
            raise ValueError(f'mechanisms."{name}" is {weight}; expected 0, or a weight from 1e-9 to 1e9')
    return Frozen(value)


class _Settings(BaseModel):
    """The settings of one mechanism; `_settings_model` makes one from the catalogue's entry."""

    model_config = STRICT

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        low, high = getattr(self, "min", 0), getattr(self, "max", 0)
        if low > high:
            raise ValueError(f"min is {low} and max is {high}; expected min at or below max")
        zone = getattr(self, "zone", None)
        if zone is not None and zone == getattr(self, "other_zone", None):
            raise ValueError(f"zone and other_zone are both {zone}; expected two zones")
        return self


class _SizeSettings(SizeSettings, _Settings):
    """Those of a mechanism that draws sizes."""

    unit_of_sizes: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _in_its_own_unit(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or "unit" not in given:
            return given
        own = cls.unit_of_sizes
        if own != "share" or given["unit"] not in UNITS:
            wanted = " or ".join(UNITS) if own == "share" else f"none, since sizes are in {own.split()[-1]}"
            raise ValueError(f"unit is {shown(given['unit'])}; expected {wanted}")
        return in_shares(given)


def _zone(setting: str, name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{setting} is {shown(name)}; expected the IANA name of a time zone, such as Europe/London"
        ) from None
    return name


def _settings_model(entry: Mechanism) -> type[_Settings]:
    return _model_of(entry.settings, entry.sized)


@functools.cache
def _model_of(settings: tuple[Setting | Zone, ...], sized: bool) -> type[_Settings]:
    fields: dict[str, Any] = {}
    for setting in settings:
        expected = Expected(setting.expected)
        if isinstance(setting, Zone):
            annotation: Any = Annotated[str, AfterValidator(functools.partial(_zone, setting.name)), expected]
        elif setting.whole:
            annotation = Annotated[int, Field(ge=setting.least, le=setting.most), INTEGER, expected]
        else:
            annotation = Annotated[float, Field(gt=setting.least, le=setting.most), NUMBER, expected]
        fields[setting.name] = (annotation, Field(setting.default, description=setting.about))
    if not sized:
        return create_model("Settings", __base__=_Settings, **fields)
    model = create_model("SizeSettings", __base__=_SizeSettings, **fields)
    model.unit_of_sizes = settings[0].unit
    return model


def _dumped(settings: _Settings) -> Frozen:
    """The settings by name; without a shape where sizes are all alike."""
    values = settings.model_dump(exclude_none=True)
    return Frozen({name: value for name, value in values.items() if (name, value) != ("shape", "uniform")})


def _settings(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, Mapping):
        return value
    catalogue = _catalogue(info)
    found = {}
    for name, given in value.items():
        if name not in catalogue:
            raise ValueError(
                f"settings has {shown(name)}, which is unknown; {_instead(str(name), catalogue)}"
            )
        if not isinstance(given, Mapping):
            raise ValueError(
                f'settings."{name}" is {shown(given)}; expected values by setting, such as {{"max": 0.02}}'
            )
        model = _settings_model(catalogue[name])
        try:
            found[name] = _dumped(model.model_validate(given))
        except ValidationError as error:
            raise ValueError(explain(error, model, f"setting of {name}", f'settings."{name}".')) from None
    return found


def _shares(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _with_places(name: str, most: int, value: float) -> float:
    if Grid.of(value).places > most:
        raise ValueError(f"{name} is {value}; expected a number with up to {most} decimals")
    return value


Share = Annotated[float, Field(ge=0, le=1), NUMBER, Expected("a share from 0 to 1")]
Day = Annotated[
    Annotated[dt.date, _from_iso_text(dt.date), Field(ge=dt.date(1900, 1, 1), le=dt.date(2199, 12, 31))]
    | None,
    Expected("a date from 1900-01-01 to 2199-12-31, such as 2025-07-21"),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _DAY}, {"type": "null"}]}),
]
TimeOfDay = Annotated[
    dt.time,
    _from_iso_text(dt.time),
    AfterValidator(_whole_second),
    Expected("a time of day such as 09:30:00"),
    WithJsonSchema({"type": "string", "pattern": _TIME}),
]
Weights = Annotated[
    Mapping[str, Annotated[float, Field(ge=0, le=1e9), NUMBER]],
    AfterValidator(_weights),
    PlainSerializer(lambda value: dict(value)),
    Expected("mechanism names with weights from 0 to 1e9, such as {'price.nudge': 1}"),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {name: {"description": entry.sentence, **WEIGHT} for name, entry in HOUSE.items()},
            "additionalProperties": False,
        }
    ),
]
SettingsByName = Annotated[
    Mapping[str, Any],
    BeforeValidator(_settings),
    AfterValidator(Frozen),
    PlainSerializer(lambda value: {name: dict(item) for name, item in value.items()}),
    Expected("mechanism names with their settings, such as {'price.nudge': {'max': 0.02}}"),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "object"}}),
]
Pairs = Annotated[int, Field(ge=1, le=10**12), INTEGER, Expected("a whole number from 1 to 1000000000000")]
Shares = Annotated[
    int | float,
    Field(gt=0, le=10**9),
    NUMBER,
    Expected("a whole number of shares from 1 to 1000000000, or of steps of quantity_step"),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 10**9}),
]
QuantityStep = Annotated[
    float,
    Field(ge=1e-6, le=1e6),
    NUMBER,
    AfterValidator(functools.partial(_with_places, "quantity_step", FINEST["quantity"].places)),
    Expected("shares from 0.000001 to 1000000 with up to 6 decimals"),
]
Brokers = Annotated[int, Field(ge=2, le=9_999), INTEGER, Expected("a whole number from 2 to 9999")]
Tick = Annotated[
    float,
    Field(ge=1e-4, le=1),
    NUMBER,
    AfterValidator(functools.partial(_with_places, "tick", FINEST["price"].places)),
    Expected("dollars from 0.0001 to 1 with up to 4 decimals"),
]
Band = Annotated[float, Field(ge=0, lt=1), NUMBER, Expected("a share from 0 to below 1")]
FieldShares = Annotated[
    tuple[Share, ...],
    BeforeValidator(_shares),
    Field(min_length=1, max_length=len(FIELDS)),
    Expected(f"1 to {len(FIELDS)} shares that add up to 1, such as [0.8, 0.2]"),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "number", "minimum": 0, "maximum": 1},
            "minItems": 1,
            "maxItems": len(FIELDS),
        }
    ),
]


def default_settings(mechanism: Mechanism) -> Settings:
    """The settings of a mechanism where a scenario names none."""
    return _defaults(mechanism.settings, mechanism.sized)


@functools.cache
def _defaults(settings: tuple[Setting | Zone, ...], sized: bool) -> Settings:
    return _dumped(_model_of(settings, sized)())


def settings_schema(entry: Mechanism) -> dict[str, Any]:
    """The JSON schema of the settings of a mechanism."""
    schema = _settings_model(entry).model_json_schema() | {"title": entry.name}
    return with_units(schema) if entry.sized and entry.settings[0].unit == "share" else schema
