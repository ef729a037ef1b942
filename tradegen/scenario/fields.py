"""The fields of a scenario with their defaults, and what follows from them."""

import datetime as dt
import functools
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from tradegen.core.columns import FIELDS, LISTS, RECORD, RECORD_ID, TRADE_COLUMNS
from tradegen.core.grids import Grid
from tradegen.mechanisms.allowed_sizes import Tolerance
from tradegen.mechanisms.by_kind import FOLLOWS
from tradegen.mechanisms.catalogue import catalogue_with
from tradegen.mechanisms.column_kinds import unit_of
from tradegen.mechanisms.difference import Settings
from tradegen.mechanisms.mechanism import Mechanism
from tradegen.scenario.causes import Cause, can_meet, cause_name, causes_of
from tradegen.scenario.column_conditions import Allowed, allowed
from tradegen.scenario.field_types import (
    Band,
    Brokers,
    Day,
    FieldShares,
    Pairs,
    QuantityStep,
    SettingsByName,
    Share,
    Shares,
    Tick,
    TimeOfDay,
    Weights,
    default_settings,
)
from tradegen.scenario.hot_spots import HotSpots, Where
from tradegen.scenario.layouts import PLAIN, Layout
from tradegen.scenario.own_columns import OwnColumns, kinds_of
from tradegen.scenario.tolerances import Tolerances
from tradegen.scenario.validation import STRICT, Expected, Frozen, table

_A_LAYOUT = Expected("a layout, such as {columns = {trade_id = 'TradeRef'}}")


class ScenarioFields(BaseModel):
    """What each field takes by itself; `Scenario` also holds them against each other."""

    model_config = STRICT

    pairs: Pairs = Field(15, description="pairs to generate; each has two legs")
    columns: OwnColumns = Field(
        (), description="columns beside the nine that come with the house, in the order they are written"
    )
    mismatch_rate: Share = Field(0.30, description="share of pairs with a mismatch, outside hot spots")
    rate_is: Annotated[Literal["base", "overall"], Expected("base or overall")] = Field(
        "base",
        description="base: mismatch_rate is that of the pairs outside hot spots; overall: that of all pairs, "
        "and the base rate follows from it",
    )
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
    tick: Tick = Field(
        0.01, description="smallest step of prices, dollars; they have as many decimals as it needs"
    )
    quantity_step: QuantityStep = Field(
        1.0, description="what quantities are multiples of, shares; they have as many decimals as it needs"
    )
    tolerances: Annotated[
        Tolerances, table(Tolerances, "tolerances"), Expected("tolerances by field, such as {quantity = 5}")
    ] = Field(Tolerances(), description="differences up to these are benign; by default, none is")
    boundary: Annotated[bool, Expected("true or false")] = Field(
        False,
        description="true: drawn sizes are 0.99, 1 and 1.01 times the tolerance, where there is one; "
        "false: at most half of it, or at least twice",
    )
    keep_in_range: Annotated[bool, Expected("true or false")] = Field(
        True,
        description="true: altered quantities, prices and times lie where clean ones do, which limits sizes "
        "where that range is less than ten times as wide as the largest; false: sizes are never limited",
    )
    hot_spots: HotSpots = Field(
        (),
        description="causes that strike a part of the pairs; a pair belongs to the first with a rate or a "
        "share that is about it, or else to all with a factor that are",
        json_schema_extra={"uniqueItems": True},
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
    shared_id: Annotated[bool, Expected("true or false")] = Field(
        True,
        description="false: no list has trade_id, and each record is known by a record_id of its own, by "
        "which its list is sorted; the table `links`, beside the truth, says which trade a record is of",
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
        0.06, description="prices lie within this share of the ticker's price, on either side"
    )
    brokers: Brokers = Field(15, description="number of brokers: BKR001, BKR002, ...")

    @property
    def catalogue(self) -> Mapping[str, Mechanism]:
        """Every mechanism that there is for these columns, by name."""
        return catalogue_with(kinds_of(self.columns), *self.grids.values())

    @functools.cached_property
    def grids(self) -> Mapping[str, Grid]:
        """Where quantities and prices lie."""
        return {"quantity": Grid.of(self.quantity_step), "price": Grid.of(self.tick)}

    @functools.cached_property
    def quantities(self) -> tuple[int, int]:
        """The smallest and the largest quantity, in units of their last decimal place."""
        grid = self.grids["quantity"]
        return grid.units(self.quantity_min), grid.units(self.quantity_max)

    @functools.cached_property
    def notional_places(self) -> int:
        """Decimal places of a quantity times a price."""
        return sum(grid.places for grid in self.grids.values())

    def tolerance(self, field: str) -> Tolerance:
        """A field's tolerance in its integer unit; others have none."""
        own = self.own.get(field)
        return self.tolerances.of(field, unit_of(own) if own else self.grids.get(field))

    @functools.cached_property
    def fields(self) -> tuple[str, ...]:
        """What a mechanism can alter; a truth row holds the position in this tuple."""
        return (*FIELDS, *(column.name for column in self.columns))

    @functools.cached_property
    def trade_columns(self) -> tuple[str, ...]:
        """The columns that lists have, in the order in which they are written if no layout says another."""
        names = (*TRADE_COLUMNS, *(column.name for column in self.columns))
        if not self.shared_id:
            return (RECORD_ID, *(name for name in names if name != "trade_id"))
        return (*names, RECORD_ID) if self.record_ids else names

    @property
    def key(self) -> str:
        """The column that says which record of a list is meant."""
        return "trade_id" if self.shared_id else RECORD_ID

    @functools.cached_property
    def own(self) -> Mapping[str, Any]:
        """The columns that this scenario adds, by name."""
        return {column.name: column for column in self.columns}

    @property
    def weights(self) -> dict[str, float]:
        """The mechanisms that are on, in catalogue order, with their weights."""
        return {name: self.mechanisms[name] for name in self.catalogue if self.mechanisms.get(name, 0) > 0}

    @property
    def lists(self) -> dict[str, Layout]:
        """The view's lists by name, and how each is written."""
        return {name: getattr(self, name) for name in LISTS[self.view]}

    @functools.cached_property
    def active(self) -> tuple[str, ...]:
        """Every mechanism that is on, here or in a hot spot, in catalogue order.

        A derived column follows where the columns that it is derived from are altered.
        """
        tables = [self.mechanisms, *(spot.mechanisms or {} for spot in self.hot_spots)]
        drawn = [name for name in self.catalogue if any(table.get(name, 0) > 0 for table in tables)]
        altered = {field for name in drawn for field in self.catalogue[name].fields}
        following = {
            f"{column.name}.{FOLLOWS}"
            for column in self.columns
            if not altered.isdisjoint(column.derived_from)
        }
        return tuple(name for name in self.catalogue if name in following or name in drawn)

    @functools.cached_property
    def record_ids(self) -> bool:
        """Whether records have ids: where trade_id and side may not say which one is meant."""
        if not self.shared_id:
            return True
        return any(self.catalogue[name].field in (RECORD, "order_type", "trade_id") for name in self.active)

    def settings_of(self, mechanism: str) -> Settings:
        """The values of one mechanism's settings; defaults where the scenario names none."""
        found: Settings | None = self.settings.get(mechanism)
        return found if found is not None else default_settings(self.catalogue[mechanism])

    def asked_of(self, where: Where) -> dict[str, Allowed]:
        """What a hot spot asks of the columns that this scenario adds, by name."""
        return {
            name: allowed(name, value, self.own[name].kind, self.own[name].places)
            for name, value in where.own.items()
        }

    @functools.cached_property
    def cause_table(self) -> tuple[Cause, ...]:
        """The causes by number: none, each hot spot, then those with a factor that can overlap."""
        return causes_of(self.hot_spots, lambda several: can_meet(several, self.asked_of))

    @functools.cached_property
    def causes(self) -> tuple[str, ...]:
        """The causes by number, as the truth states them; "" is none."""
        return tuple(cause_name(cause, self.hot_spots) for cause in self.cause_table)
