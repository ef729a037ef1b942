"""The scenario: everything that says what to generate, validated once, frozen.

It comes from keyword arguments, a mapping, a TOML file or a name, and imports nothing of the generation.
Defaults live here; the named scenario ``original`` spells them out.

Annotations are evaluated as they stand, not from text: for pydantic that is the faster import.
"""

import datetime as dt
import functools
import os
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    create_model,
    model_validator,
)

from tradegen.errors import ScenarioError, nearest, shown
from tradegen.mismatches.catalogue import CATALOGUE
from tradegen.mismatches.settings import Values
from tradegen.schema import FIELDS
from tradegen.validation import STRICT, Expected, Frozen, Number, Whole, explain

__all__ = ["DEFAULT", "Scenario", "scenario_names", "scenario_text"]

DEFAULT = "original"


def _moment(kind: type[dt.date] | type[dt.time]) -> BeforeValidator:
    """ISO text, as JSON and keyword arguments carry it, to a date or a time; all else untouched."""

    def convert(value: Any) -> Any:
        if isinstance(value, dt.datetime) and kind is dt.date and value.time() == dt.time():
            return value.date()
        try:
            return kind.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            return value

    return BeforeValidator(convert)


def _whole_second(value: dt.time) -> dt.time:
    if value.microsecond or value.tzinfo:
        raise ValueError(f"start or end is {value}; expected a time of day in whole seconds, without a zone")
    return value


def _weights(value: Mapping[str, float]) -> Mapping[str, float]:
    for name in value:
        if name not in CATALOGUE:
            raise ValueError(f"mechanisms has {shown(name)}, which is unknown; {nearest(name, CATALOGUE)}")
    return Frozen(value)


class _Settings(BaseModel):
    """The settings of one mechanism; `_settings_model` makes one from the catalogue's entry."""

    model_config = STRICT

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        low, high = getattr(self, "min", 0), getattr(self, "max", 0)
        if low > high:
            raise ValueError(f"min is {low} and max is {high}; expected min at or below max")
        return self


@functools.cache
def _settings_model(mechanism: str) -> type[_Settings]:
    fields: dict[str, Any] = {}
    for setting in CATALOGUE[mechanism].settings:
        limits = Field(ge=setting.least) if setting.whole else Field(gt=setting.least)
        kind: Any = Whole if setting.whole else Number
        annotation = Annotated[kind, limits, Field(le=setting.most), Expected(setting.expected)]
        fields[setting.name] = (annotation, Field(setting.default, description=setting.about))
    return create_model(mechanism, __base__=_Settings, **fields)


def _settings(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    found = {}
    for name, given in value.items():
        if name not in CATALOGUE:
            raise ValueError(f"settings has {shown(name)}, which is unknown; {nearest(str(name), CATALOGUE)}")
        if not isinstance(given, Mapping):
            raise ValueError(
                f'settings."{name}" is {shown(given)}; expected values by setting, such as {{"max": 0.02}}'
            )
        model = _settings_model(name)
        try:
            found[name] = Frozen(model.model_validate(given).model_dump())
        except ValidationError as error:
            raise ValueError(explain(error, model, f"setting of {name}", f'settings."{name}".')) from None
    return found


def _shares(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Share = Annotated[Number, Field(ge=0, le=1), Expected("a share from 0 to 1")]
Day = Annotated[
    dt.date,
    _moment(dt.date),
    Field(ge=dt.date(1900, 1, 1), le=dt.date(2199, 12, 31)),
]
TimeOfDay = Annotated[
    dt.time, _moment(dt.time), AfterValidator(_whole_second), Expected("a time of day such as 09:30:00")
]
Weights = Annotated[
    Mapping[str, Annotated[Number, Field(ge=0, le=1e9)]],
    AfterValidator(_weights),
    PlainSerializer(lambda value: dict(value)),
    Expected("mechanism names with weights from 0 up, such as {'price.nudge': 1}"),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {name: {"type": "number", "minimum": 0} for name in CATALOGUE},
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


class Scenario(BaseModel):
    """What to generate.

    Raises
    ------
    ScenarioError
        On an unknown field, a wrong type, a number that is not finite or out of range.
    """

    model_config = STRICT

    pairs: Annotated[Whole, Field(ge=1, le=10**12), Expected("a whole number from 1 to 1000000000000")] = (
        Field(15, description="pairs to generate; each has two legs")
    )
    mismatch_rate: Share = Field(0.30, description="share of pairs with a mismatch")
    rate_mode: Annotated[Literal["exact", "bernoulli"], Expected("exact or bernoulli")] = Field(
        "exact", description="exact: the count is right to one; bernoulli: a coin a pair"
    )
    mechanisms: Weights = Field(
        Frozen(
            {
                "quantity.nudge": 1.0,
                "price.nudge": 1.0,
                # The neighbouring weekday on either side: together one weight, as every other field.
                "date.next_session": 0.5,
                "date.previous_session": 0.5,
                "trade_timestamp.delay": 1.0,
            }
        ),
        description="weights by mechanism; what is not named is off",
    )
    settings: SettingsByName = Field(
        Frozen(), description="settings by mechanism; what is not named is at its default"
    )
    fields_per_pair: Annotated[
        tuple[Share, ...],
        BeforeValidator(_shares),
        Field(min_length=1, max_length=len(FIELDS)),
        Expected(f"1 to {len(FIELDS)} shares that add up to 1, such as [0.8, 0.2]"),
    ] = Field(
        (0.8, 0.2),
        description="shares of mismatched pairs with 1, 2, ... different fields altered; "
        "a pair never has more than there are fields with a weight",
    )
    buy_share: Share = Field(0.5, description="share of mismatched pairs altered on the BUY leg")
    order: Annotated[Literal["shuffled", "paired"], Expected("shuffled or paired")] = Field(
        "shuffled", description="row order; shuffled within a block of 65536 pairs"
    )
    date: Annotated[Day | None, Expected("a date from 1900-01-01 to 2199-12-31, such as 2025-07-21")] = Field(
        None, description="day the window starts on; today if not given"
    )
    start: TimeOfDay = Field(
        dt.time(9, 30),
        description="start of the window of trade times, included (NYSE core trading session, New York time)",
    )
    end: TimeOfDay = Field(
        dt.time(16, 0), description="end of the window, excluded; at or before start: on the next day"
    )
    quantity_min: Annotated[
        Whole, Field(ge=1, le=10**9), Expected("a whole number of shares from 1 to 1000000000")
    ] = Field(1, description="smallest quantity, shares")
    quantity_max: Annotated[
        Whole, Field(ge=1, le=10**9), Expected("a whole number of shares from 1 to 1000000000")
    ] = Field(500, description="largest quantity, shares")
    price_band: Annotated[Number, Field(ge=0, lt=1), Expected("a share from 0 to below 1")] = Field(
        0.01, description="prices lie within this share of the ticker's price, on either side"
    )
    brokers: Annotated[Whole, Field(ge=2, le=9_999), Expected("a whole number from 2 to 9999")] = Field(
        15, description="number of brokers: BKR001, BKR002, ..."
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ScenarioError(explain(error, type(self), "scenario field")) from None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.quantity_min > self.quantity_max:
            raise ValueError(
                f"quantity_min is {self.quantity_min} and quantity_max is {self.quantity_max}; "
                "expected quantity_min at or below quantity_max"
            )
        if abs(sum(self.fields_per_pair) - 1) > 1e-9:
            raise ValueError(
                f"fields_per_pair is {list(self.fields_per_pair)}, which adds up to "
                f"{sum(self.fields_per_pair):g}; expected shares that add up to 1"
            )
        if self.mismatch_rate > 0 and not self.weights:
            raise ValueError(
                f"mechanisms has no weight above 0 although mismatch_rate is {self.mismatch_rate}; "
                "expected at least one mechanism, or mismatch_rate 0"
            )
        return self

    @classmethod
    def load(
        cls, source: "Scenario | Mapping[str, Any] | str | os.PathLike[str] | None" = None
    ) -> "Scenario":
        """A scenario from whatever says it.

        Parameters
        ----------
        source : Scenario, mapping, str, path or None
            A mapping of fields, the name of a named scenario, or the path of a TOML file; None is
            the default, ``original``.

        Raises
        ------
        ScenarioError
            Where the name is unknown, the file cannot be read, or its content is refused.
        """
        if source is None:
            source = DEFAULT
        if isinstance(source, Scenario):
            return source
        if isinstance(source, Mapping):
            return cls(**_text_keys(source))
        if isinstance(source, str) and source in scenario_names():
            return cls(**tomllib.loads(scenario_text(source)))
        if not isinstance(source, (str, os.PathLike)):
            raise ScenarioError(
                f"scenario is a {type(source).__name__}; expected a Scenario, a mapping, a name or a path"
            )
        return cls._from_file(Path(source))

    @classmethod
    def _from_file(cls, path: Path) -> "Scenario":
        if path.suffix != ".toml" and not path.exists():
            raise ScenarioError(f"scenario {path} is unknown; {nearest(str(path), scenario_names())}")
        try:
            values = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
        except OSError as error:
            raise ScenarioError(f"scenario file {path} cannot be read: {error.strerror}") from None
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ScenarioError(f"scenario file {path} is not TOML: {error}") from None
        try:
            return cls(**values)
        except ScenarioError as error:
            raise ScenarioError(f"scenario file {path}: {error}") from None

    def replace(self, **overrides: Any) -> "Scenario":
        """The same scenario with some fields changed; `settings` are merged, mechanism by mechanism."""
        values = {name: getattr(self, name) for name in self.model_fields_set} | overrides
        given = overrides.get("settings")
        if isinstance(given, Mapping):
            merged: dict[str, Any] = dict(self.settings)
            for name, item in given.items():
                merged[name] = {**merged.get(name, {}), **item} if isinstance(item, Mapping) else item
            values["settings"] = merged
        return Scenario(**values)

    @property
    def weights(self) -> dict[str, float]:
        """The mechanisms that are on, in catalogue order, with their weights."""
        return {name: self.mechanisms[name] for name in CATALOGUE if self.mechanisms.get(name, 0) > 0}

    def settings_of(self, mechanism: str) -> Values:
        """The values of one mechanism's settings; defaults where the scenario names none."""
        found: Values | None = self.settings.get(mechanism)
        return found if found is not None else _settings_model(mechanism)().model_dump()

    def to_dict(self) -> dict[str, Any]:
        """Every field as JSON would carry it; ``Scenario.load`` takes it back."""
        return self.model_dump(mode="json", exclude_none=True)

    def to_toml(self) -> str:
        """Every field as TOML; ``Scenario.load`` takes the file back."""
        import tomli_w

        return tomli_w.dumps(self.model_dump(exclude_none=True))

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON schema of a scenario, for editors and other tools."""
        return cls.model_json_schema()


def scenario_names() -> tuple[str, ...]:
    """The named scenarios, sorted."""
    folder = resources.files("tradegen") / "scenarios"
    return tuple(sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".toml")))


def scenario_text(name: str) -> str:
    """A named scenario's TOML, comments and all."""
    return (resources.files("tradegen") / "scenarios" / f"{name}.toml").read_text("utf-8")


def _text_keys(values: Mapping[Any, Any]) -> dict[str, Any]:
    for key in values:
        if not isinstance(key, str):
            raise ScenarioError(f"scenario has the key {key!r}; expected names of scenario fields")
    return dict(values)
