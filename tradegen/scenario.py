"""The scenario: everything that says what to generate, validated once, frozen.

It comes from keyword arguments, a mapping, a TOML file or a name, and imports nothing of the generation.
Defaults live here; the named scenario ``original`` spells them out.
"""

import datetime as dt
import os
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from tradegen.errors import ScenarioError, nearest
from tradegen.mismatches.catalogue import CATALOGUE
from tradegen.mismatches.settings import Values
from tradegen.scenario_fields import (
    Band,
    Brokers,
    Day,
    FieldShares,
    Pairs,
    SettingsByName,
    Share,
    Shares,
    TimeOfDay,
    Weights,
    default_settings,
)
from tradegen.validation import STRICT, Expected, Frozen, explain

__all__ = ["DEFAULT", "Scenario", "scenario_names", "scenario_text"]

DEFAULT = "original"


class Scenario(BaseModel):
    """What to generate.

    Raises
    ------
    ScenarioError
        On an unknown field, a wrong type, a number that is not finite or out of range.
    """

    model_config = STRICT

    pairs: Pairs = Field(15, description="pairs to generate; each has two legs")
    mismatch_rate: Share = Field(0.30, description="share of pairs with a mismatch")
    rate_mode: Annotated[Literal["exact", "bernoulli"], Expected("exact or bernoulli")] = Field(
        "exact",
        description="exact: right to one in every block of 65536 pairs; bernoulli: a coin a pair",
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
    fields_per_pair: FieldShares = Field(
        (0.8, 0.2),
        description="shares of mismatched pairs with 1, 2, ... different fields altered; "
        "a pair never has more than there are fields with a weight",
    )
    buy_share: Share = Field(0.5, description="share of mismatched pairs altered on the BUY leg")
    order: Annotated[Literal["shuffled", "paired"], Expected("shuffled or paired")] = Field(
        "shuffled", description="row order; shuffled within a block of 65536 pairs"
    )
    date: Day = Field(None, description="day the window starts on; today if not given")
    start: TimeOfDay = Field(
        dt.time(9, 30),
        description="start of the window of trade times, included (NYSE core trading session, New York time)",
    )
    end: TimeOfDay = Field(
        dt.time(16, 0), description="end of the window, excluded; at or before start: on the next day"
    )
    quantity_min: Shares = Field(1, description="smallest quantity, shares")
    quantity_max: Shares = Field(500, description="largest quantity, shares")
    price_band: Band = Field(
        0.01, description="prices lie within this share of the ticker's price, on either side"
    )
    brokers: Brokers = Field(15, description="number of brokers: BKR001, BKR002, ...")

    def __init__(self, /, **values: Any) -> None:
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

    def replace(self, /, **overrides: Any) -> "Scenario":
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
        return found if found is not None else default_settings(mechanism)

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
        schema = cls.model_json_schema(schema_generator=_Schema)
        schema["description"] = "What tradegen is to generate."
        for name, value in cls().to_dict().items():
            schema["properties"][name]["default"] = value
        return schema


class _Schema(GenerateJsonSchema):
    # `json_schema` puts in the defaults of mechanisms and settings, which pydantic cannot print.
    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"non-serializable-default"}  # noqa: RUF012 - as its base


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
