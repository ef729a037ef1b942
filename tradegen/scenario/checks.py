"""What must hold between the fields of a scenario, beyond what each takes by itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tradegen.core.clock import second_of_day, stretches, within_day
from tradegen.core.columns import LEGS, LISTS, RECORD, RECORD_ID
from tradegen.errors import named, nearest

if TYPE_CHECKING:
    from tradegen.mechanisms.mechanism import Mechanism
    from tradegen.scenario.fields import ScenarioFields
    from tradegen.scenario.hot_spots import HotSpot
    from tradegen.scenario.layouts import Layout

_FACING = {"broker_id": "contra_broker_id", "contra_broker_id": "broker_id"}


def check(scenario: ScenarioFields) -> None:
    """Check the fields against each other.

    Raises
    ------
    ValueError
        One sentence on the first that is at odds with another.
    """
    for name in ("quantity_min", "quantity_max"):
        try:
            scenario.grids["quantity"].units(getattr(scenario, name))
        except ValueError as error:
            raise ValueError(
                f"{name} is {error}; expected a whole number of shares, or of steps of quantity_step"
            ) from None
    if scenario.quantity_min > scenario.quantity_max:
        raise ValueError(
            f"quantity_min is {scenario.quantity_min} and quantity_max is {scenario.quantity_max}; "
            "expected quantity_min at or below quantity_max"
        )
    if abs(sum(scenario.fields_per_pair) - 1) > 1e-9:
        raise ValueError(
            f"fields_per_pair is {list(scenario.fields_per_pair)}, which adds up to "
            f"{sum(scenario.fields_per_pair):g}; expected shares that add up to 1"
        )
    if scenario.mismatch_rate > 0 and not scenario.weights:
        raise ValueError(
            f"mechanisms has no weight above 0 although mismatch_rate is {scenario.mismatch_rate}; "
            "expected at least one mechanism, or mismatch_rate 0"
        )
    _tolerances(scenario)
    _shared_id(scenario)
    _layouts(scenario)
    _hot_spots(scenario)
    check_demands(scenario)


def _tolerances(scenario: ScenarioFields) -> None:
    if scenario.mismatch_rate + scenario.benign_rate > 1 + 1e-12:
        raise ValueError(
            f"mismatch_rate is {scenario.mismatch_rate} and benign_rate is {scenario.benign_rate}; "
            "expected them to add up to at most 1"
        )
    for name, place in (("price", "price."), ("quantity", "")):
        try:
            scenario.tolerance(name)
        except ValueError as error:
            raise ValueError(f"tolerances.{place}{error}") from None
    scenario.tolerances.check(scenario.own)
    if scenario.benign_rate > 0 and not _tolerated(scenario, scenario.weights):
        raise ValueError(
            f"benign_rate is {scenario.benign_rate} although no field with a mechanism has a tolerance; "
            "expected a tolerance such as tolerances.price = {ticks = 2}, or benign_rate 0"
        )
    if scenario.boundary and not _tolerated(scenario, scenario.active):
        raise ValueError(
            "boundary is true although no field with a mechanism has a tolerance; "
            "expected a tolerance such as tolerances.quantity = 5"
        )


def _tolerated(scenario: ScenarioFields, mechanisms: Iterable[str]) -> bool:
    """Whether a difference by one of the mechanisms may be within a tolerance."""
    entries = (scenario.catalogue[name] for name in mechanisms)
    return any(entry.tolerated and scenario.tolerance(entry.field) for entry in entries)


def _shared_id(scenario: ScenarioFields) -> None:
    """Refuse what lists without trade_id cannot have."""
    if scenario.shared_id:
        return
    if len(scenario.lists) == 1:
        raise ValueError(
            f"shared_id is false although view is {scenario.view}, in which both legs stand in one list; "
            "expected view counterparty or two_system"
        )
    altering = [name for name in scenario.active if scenario.catalogue[name].field == "trade_id"]
    if altering:
        raise ValueError(
            f"shared_id is false although {altering[0]} alters ids, which no list has; "
            f"expected {altering[0]} without a weight, or shared_id true"
        )
    for name, layout in scenario.lists.items():
        if layout.sort is not None:
            raise ValueError(
                f"{name}.sort is {layout.sort} although shared_id is false, so that lists are sorted by "
                f"{RECORD_ID}; expected no sort, or shared_id true"
            )
        if "trade_id" in layout.columns:
            raise ValueError(
                f"{name}.columns has trade_id although shared_id is false, so that no list has it; "
                f"expected a name for {RECORD_ID}, or shared_id true"
            )
        if "trade_id" in (layout.include or ()):
            raise ValueError(
                f"{name}.include has trade_id although shared_id is false; expected {RECORD_ID} in its "
                "place, or shared_id true"
            )


def _layouts(scenario: ScenarioFields) -> None:
    for view, lists in LISTS.items():
        for name in lists:
            layout = getattr(scenario, name)
            if view != scenario.view and layout:
                raise ValueError(
                    f"{name} is given although view is {scenario.view}; expected "
                    f"{' and '.join(LISTS[scenario.view])}, or view {view}"
                )
            if lost := layout.lost(scenario.timestamp_precision):
                raise ValueError(f"{name}.timestamp_format is {layout.timestamp_format!r}, {lost}")
    for name, layout in scenario.lists.items():
        _left_out(scenario, name, layout)


def _left_out(scenario: ScenarioFields, name: str, layout: Layout) -> None:
    """Refuse to leave out a column without which a mismatch could not be seen, or not be told whose it is."""
    if layout.include is not None and scenario.key not in layout.include:
        raise ValueError(
            f"{name}.include leaves out {scenario.key}, by which the truth finds a record; expected it too"
        )
    absent = set(scenario.trade_columns).difference(layout.written(scenario.trade_columns))
    for mechanism in scenario.active if absent else ():
        for column in compared_columns(scenario.catalogue[mechanism], scenario.view):
            if column in absent:
                raise ValueError(
                    f"{name}.include leaves out {column}, in which {mechanism} would be seen; "
                    f"expected {column} in it, or {mechanism} without a weight"
                )
    if scenario.view == "single" and "order_type" in absent:
        raise ValueError(
            f"{name}.include leaves out order_type, by which the legs of a pair are told apart in one list; "
            "expected order_type in it, or a view of two lists"
        )


def compared_columns(mechanism: Mechanism, view: str) -> tuple[str, ...]:
    """The columns that both lists of a view need for a mechanism's differences to be seen in them.

    Where legs face each other, the broker of one leg stands against the contra broker of the other. Where
    both stand in one list, a side that was flipped no longer says whose record it is, and the record id does.
    """
    fields = tuple(field for field in mechanism.fields if field != RECORD)
    facing = () if view == "two_system" else tuple(_FACING[name] for name in fields if name in _FACING)
    flipped = (RECORD_ID,) if view == "single" and "order_type" in fields else ()
    return (*fields, *facing, *flipped)


def _hot_spots(scenario: ScenarioFields) -> None:
    for spot in scenario.hot_spots:
        legs = LEGS[scenario.view]
        if spot.leg is not None and spot.leg not in legs:
            raise ValueError(f"hot spot {spot.name}: leg is {spot.leg}; expected {' or '.join(legs)}")
        _asked_of_columns(scenario, spot)
        window = within_day(second_of_day(scenario.start), second_of_day(scenario.end))
        wanted = stretches(spot.where.hours or ())
        if wanted and not any(max(a, c) < min(b, d) for a, b in wanted for c, d in window):
            raise ValueError(
                f"hot spot {spot.name}: where.hours is {', '.join(spot.where.hours or ())}; expected some of "
                f"the window of trade times, {scenario.start} to {scenario.end}"
            )


def _asked_of_columns(scenario: ScenarioFields, spot: HotSpot) -> None:
    """Refuse what cannot be asked of the columns that the scenario adds."""
    place = f"hot spot {spot.name}: where."
    known = [name for name, column in scenario.own.items() if column.kind != "reference"]
    for name in spot.where.own:
        if name not in scenario.own:
            fields = (*type(spot.where).model_fields, *known)
            raise ValueError(f"{place}{named(name)} is not a field of where; {nearest(name, fields)}")
        if name not in known:
            raise ValueError(
                f"{place}{name} is given, and the column is of kind reference, which is different on each "
                "trade; expected a column of another kind"
            )
    try:
        scenario.asked_of(spot.where)
    except ValueError as error:
        raise ValueError(f"{place}{error}") from None


def check_demands(scenario: ScenarioFields) -> None:
    """Check what hot spots ask for: mechanisms, and no more than every pair, whatever the data.

    Raises
    ------
    ValueError
    """
    for spot in scenario.hot_spots:
        weights: Mapping[str, float] = scenario.weights if spot.mechanisms is None else spot.mechanisms
        if spot.strikes and not any(weight > 0 for weight in weights.values()):
            asked = next(name for name in ("rate", "factor", "share") if getattr(spot, name) is not None)
            raise ValueError(
                f"hot spot {spot.name}: mechanisms has no weight above 0 although its {asked} is "
                f"{getattr(spot, asked)}; expected at least one mechanism, or rate 0"
            )
    shares = math.fsum(spot.share or 0.0 for spot in scenario.hot_spots)
    if shares >= 1:
        raise ValueError(
            f"hot_spots have shares that add up to {shares:g}; expected less than 1, "
            "since other pairs get the rest"
        )
    if scenario.rate_is == "overall":
        if "mismatch_rate" not in scenario.model_fields_set:
            raise ValueError("rate_is is overall and mismatch_rate is not given; expected the overall rate")
        return
    for cause, name in zip(scenario.cause_table, scenario.causes, strict=True):
        factors = [scenario.hot_spots[position].factor for position in cause]
        known = [factor for factor in factors if factor is not None]
        rate = scenario.mismatch_rate * math.prod(known)
        if len(known) == len(factors) and rate > 1 + 1e-12:
            times = " x ".join(f"{factor:g}" for factor in known)
            raise ValueError(
                f"hot spot {name}: factor {times} of mismatch_rate {scenario.mismatch_rate:g} is {rate:g}, "
                "more than every pair; expected at most 1"
            )
