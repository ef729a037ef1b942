"""The scenario: everything that says what to generate, validated once, frozen.

It comes from keyword arguments, a mapping, a TOML file or a name, and imports nothing of the generation.
Defaults live here; the named scenario ``original`` spells them out.
"""

import datetime as dt
import functools
import os
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from tradegen.assignments import merged
from tradegen.errors import ScenarioError, nearest
from tradegen.hot_spots import HotSpots
from tradegen.layouts import PLAIN, Layout
from tradegen.mismatches.catalogue import CATALOGUE
from tradegen.mismatches.mechanism import Values
from tradegen.scenario_checks import check
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
from tradegen.schema import LISTS, RECORD
from tradegen.tolerances import Tolerances
from tradegen.validation import STRICT, Expected, Frozen, explain, table

__all__ = ["DEFAULT", "Scenario", "scenario_names", "scenario_text"]

DEFAULT = "original"

_A_LAYOUT = Expected("a layout, such as {columns = {trade_id = 'TradeRef'}}")
# Tables that `replace` merges with what there was.
_MERGED = ("settings", "tolerances", *(name for names in LISTS.values() for name in names))


class Scenario(BaseModel):
    """What to generate.

    Raises
    ------
    ScenarioError
        On an unknown field, a wrong type, a number that is not finite or out of range.
    """

    model_config = STRICT

    pairs: Pairs = Field(15, description="pairs to generate; each has two legs")
    mismatch_rate: Share = Field(0.30, description="share of pairs with a mismatch, outside hot spots")
    benign_rate: Share = Field(
        0.0, description="share of pairs, outside hot spots, with a difference within its tolerance instead"
    )
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
    buy_share: Share = Field(
        0.5, description="share of mismatched pairs altered on the BUY leg, or on ours in the view two_system"
    )
    tolerances: Annotated[
        Tolerances, table(Tolerances, "tolerances"), Expected("tolerances by field, such as {quantity = 5}")
    ] = Field(Tolerances(), description="differences up to these are benign; by default, none is")
    boundary: Annotated[bool, Expected("true or false")] = Field(
        False,
        description="true: drawn sizes are 0.99, 1 and 1.01 times the tolerance, where there is one; "
        "false: at most half of it, or at least twice",
    )
    hot_spots: HotSpots = Field(
        (), description="causes that strike a part of the pairs, which belong to the first that is about them"
    )
    order: Annotated[Literal["shuffled", "paired"], Expected("shuffled or paired")] = Field(
        "shuffled", description="row order; shuffled within a block of 65536 pairs"
    )
    view: Annotated[
        Literal["single", "counterparty", "two_system"], Expected("single, counterparty or two_system")
    ] = Field(
        "single",
        description="single: one list; counterparty: the list of the BUY legs and that of the SELL legs; "
        "two_system: each trade as our system and as theirs holds it, on the same side",
    )
    trades: Annotated[Layout, table(Layout, "trades"), _A_LAYOUT] = Field(
        PLAIN, description="how the list of the view single is written"
    )
    buy: Annotated[Layout, table(Layout, "buy"), _A_LAYOUT] = Field(
        PLAIN, description="how the first list of the view counterparty is written"
    )
    sell: Annotated[Layout, table(Layout, "sell"), _A_LAYOUT] = Field(
        PLAIN, description="how its second list is written"
    )
    ours: Annotated[Layout, table(Layout, "ours"), _A_LAYOUT] = Field(
        PLAIN, description="how the first list of the view two_system is written"
    )
    theirs: Annotated[Layout, table(Layout, "theirs"), _A_LAYOUT] = Field(
        PLAIN, description="how its second list is written"
    )
    date: Day = Field(None, description="day the window starts on; today if not given")
    start: TimeOfDay = Field(
        dt.time(9, 30),
        description="start of the window of trade times, included (NYSE core trading session, New York time)",
    )
    end: TimeOfDay = Field(
        dt.time(16, 0), description="end of the window, excluded; at or before start: on the next day"
    )
    timestamp_precision: Annotated[Literal["s", "ms", "us"], Expected("s, ms or us")] = Field(
        "s", description="smallest step of timestamps: seconds, milliseconds or microseconds"
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
        check(self)
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
        """The same scenario with some fields changed.

        Tables of settings, tolerances and layouts are merged with those there were; weights are not.
        """
        values = {name: getattr(self, name) for name in self.model_fields_set}
        for name, given in overrides.items():
            known = values.get(name)
            if name in _MERGED and isinstance(given, Mapping) and known is not None:
                there = known if isinstance(known, Mapping) else known.model_dump(exclude_unset=True)
                given = merged(there, given)
            values[name] = given
        return Scenario(**values)

    @property
    def weights(self) -> dict[str, float]:
        """The mechanisms that are on, in catalogue order, with their weights."""
        return {name: self.mechanisms[name] for name in CATALOGUE if self.mechanisms.get(name, 0) > 0}

    @property
    def lists(self) -> dict[str, Layout]:
        """The view's lists by name, and how each is written."""
        return {name: getattr(self, name) for name in LISTS[self.view]}

    @functools.cached_property
    def active(self) -> tuple[str, ...]:
        """Every mechanism that is on, here or in a hot spot, in catalogue order."""
        tables = [self.mechanisms, *(spot.mechanisms or {} for spot in self.hot_spots)]
        return tuple(name for name in CATALOGUE if any(table.get(name, 0) > 0 for table in tables))

    @functools.cached_property
    def record_ids(self) -> bool:
        """Whether records have ids: where trade_id and side may not say which one is meant."""
        return any(CATALOGUE[name].field in (RECORD, "order_type", "trade_id") for name in self.active)

    def settings_of(self, mechanism: str) -> Values:
        """The values of one mechanism's settings; defaults where the scenario names none."""
        found: Values | None = self.settings.get(mechanism)
        return found if found is not None else default_settings(mechanism)

    def to_dict(self) -> dict[str, Any]:
        """Every field as JSON would carry it; ``Scenario.load`` takes it back."""
        return self.model_dump(mode="json", exclude_none=True, exclude=self._plain_lists)

    def to_toml(self) -> str:
        """Every field as TOML; ``Scenario.load`` takes the file back."""
        import tomli_w

        return tomli_w.dumps(self.model_dump(exclude_none=True, exclude=self._plain_lists))

    @property
    def _plain_lists(self) -> set[str]:
        """The layouts that say nothing."""
        return {name for names in LISTS.values() for name in names if not getattr(self, name)}

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
