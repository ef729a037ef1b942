"""What must hold between a scenario and its universe, before anything is made, reserved or written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from tradegen.core.blocks import BLOCK_PAIRS
from tradegen.core.columns import MICROSECONDS, STEPS, Array
from tradegen.core.formatting import broker_names, decimals, seconds
from tradegen.core.text_columns import strings
from tradegen.engine.context import BlockContext
from tradegen.engine.demands import Demand, demand
from tradegen.engine.own_values import codes_of, range_of, spare_places
from tradegen.engine.pairs import make_pairs
from tradegen.engine.segments import exact_notional, segments
from tradegen.errors import ScenarioError, nearest, shown
from tradegen.market.price_bands import price_limits
from tradegen.market.universe import Market
from tradegen.mechanisms.allowed_sizes import PARTS
from tradegen.mechanisms.column_kinds import MEASURED, unit_of
from tradegen.mechanisms.difference import Settings

if TYPE_CHECKING:
    from tradegen.scenario.fields import ScenarioFields
    from tradegen.scenario.hot_spots import HotSpot
    from tradegen.scenario.model import Scenario

_LARGEST = 9 * 10**17  # ten times as much still fits 63 bits
_MOST_UNITS = np.iinfo(np.int64).max // PARTS  # a tolerance may be a share of a value
_MOST_STEPS = 2**32  # what one draw can be spread over
_STEPS = {"price": "tick", "quantity": "quantity_step"}
_ANY = np.zeros(2, np.int64)  # for fields whose tolerance does not go with the value


def check(scenario: Scenario, market: Market) -> None:
    """Check a scenario against the universe that it is to meet.

    Raises
    ------
    ScenarioError
        Where a tolerance leaves a mechanism nothing to do, or a hot spot cannot be about any pair.
    """
    lowest, highest = price_limits(market, scenario.price_band)
    extremes = {
        "quantity": np.array(scenario.quantities),
        "price": np.array([lowest.min(), highest.max()]),
    }
    widest = int((highest - lowest).max())
    _held(scenario, extremes, {"quantity": scenario.quantities[1] - scenario.quantities[0], "price": widest})
    for name, column in scenario.own.items():
        if getattr(column, "from_", None) is not None and column.from_ not in market.columns:
            raise ScenarioError(
                f"column {name}: from is {shown(column.from_)}, and the tickers have no such column; "
                f"{_expected_columns(market)}"
            )
        if column.kind in MEASURED:
            extremes[name] = np.array(range_of(name, scenario, int(highest.max())))
        if column.kind in ("integer", "decimal"):
            most = int(extremes[name][1])
            if column.derived_from:
                # Both may be altered at once, by a hundred times and by ten; and before it is rounded.
                most *= 100 * 10 ** max(spare_places(scenario, column), 0)
            if most > _LARGEST:
                raise ScenarioError(
                    f"column {name}: its values reach {most:.3g} of its last decimal place, more than 64 "
                    "bits hold with digits too many; expected fewer places, larger steps, or smaller numbers"
                )
    if scenario.mismatch_rate > 0:
        _reach(scenario, market, scenario.weights, extremes)
    if scenario.benign_rate > 0:
        _room_within(scenario, extremes)
    for spot in scenario.hot_spots:
        _about_something(scenario, market, spot, extremes)
        if spot.strikes and spot.mechanisms is not None:
            _reach(scenario, market, spot.mechanisms, extremes, spot)
    if _by_sizes(scenario):
        _demands(scenario, market)


def _held(scenario: Scenario, extremes: Mapping[str, Array], spread: Mapping[str, int]) -> None:
    """Refuse numbers that are too large for their steps, and products of them that 64 bits do not hold."""
    for name, grid in scenario.grids.items():
        called, largest = _STEPS[name], int(extremes[name][1])
        moves = (
            entry.reach(scenario.settings_of(entry.name), largest // grid.step)
            for entry in (scenario.catalogue[name] for name in scenario.active)
            if entry.field == name and entry.sized and entry.reach
        )
        if (steps := max(spread[name] // grid.step, *moves, 0)) >= _MOST_STEPS:
            raise ScenarioError(
                f"{called} is {grid.written:f}, and a {name} is drawn or altered over {steps:,} of it; "
                f"expected less than {_MOST_STEPS:,}: a larger {called}, a narrower range or smaller errors"
            )
        if largest > _MOST_UNITS:
            raise ScenarioError(
                f"{called} is {grid.written:f}, and a {name} reaches {_amount(scenario, name, largest)}; "
                f"expected at most {_MOST_UNITS / grid.unit:g}, or a larger {called}"
            )
    notional = math.prod(int(extremes[name][1]) for name in scenario.grids)
    if notional > np.iinfo(np.int64).max:
        unit = Decimal(1).scaleb(-scenario.notional_places)
        raise ScenarioError(
            f"a trade may be worth {float(notional * unit):.3g} dollars, which 64 bits do not hold in steps "
            f"of {unit:f}; expected larger steps, or smaller quantities or prices"
        )


def _expected_columns(market: Market) -> str:
    if not market.columns:
        return "expected a column of that name in tickers.csv, after ticker and price"
    return f"expected one of {', '.join(market.columns)}"


def _reach(
    scenario: Scenario,
    market: Market,
    weights: Mapping[str, float],
    extremes: Mapping[str, Array],
    spot: HotSpot | None = None,
) -> None:
    """Refuse a mechanism that cannot do anything beyond the tolerance."""
    for name in (name for name, weight in weights.items() if weight > 0):
        mechanism = scenario.catalogue[name]
        field = mechanism.field
        grid = scenario.grids.get(field)
        # Where tickers have ticks of their own, prices in the coarsest can be altered by most.
        coarsest = int(np.max(market.step)) if field == "price" else grid.step if grid else 1
        step = 1 if mechanism.by_digits else coarsest
        tolerance = scenario.tolerance(field).in_steps(step, up=True)
        if not tolerance or mechanism.reach is None or (scenario.boundary and mechanism.sized):
            continue
        settings: Settings = (spot and spot.settings.get(name)) or scenario.settings_of(name)
        # Both go with the value or are fixed: a reach too short at both ends is too short throughout.
        values = extremes.get(field, _ANY) // step
        reach = [mechanism.reach(settings, value) for value in values.tolist()]
        least = tolerance.times(values, 200, up=True).tolist()
        if reach[0] < least[0] and reach[1] < least[1]:
            place = f"hot spot {spot.name}: " if spot else ""
            called = field if field in scenario.own else f"a {field}"
            furthest, nearest_one = (_amount(scenario, field, at[1] * step) for at in (reach, least))
            raise ScenarioError(
                f"{place}{name} alters {called} by at most {furthest}, and under tolerances.{field} a "
                f"mismatch is at least twice the tolerance, {nearest_one}; "
                f"expected a smaller tolerance, or {name} off"
            )


def _room_within(scenario: Scenario, extremes: Mapping[str, Array]) -> None:
    """Refuse benign differences where half of every tolerance is less than one step."""
    if scenario.boundary:
        return
    times = ["trade_timestamp", *(name for name, one in scenario.own.items() if one.kind == "timestamp")]
    steps = dict.fromkeys(times, STEPS[scenario.timestamp_precision])
    entries = (scenario.catalogue[name] for name in scenario.weights)
    fields = {entry.field for entry in entries if entry.tolerated}
    steps |= {name: grid.step for name, grid in scenario.grids.items()}
    half = {field: scenario.tolerance(field).times(extremes.get(field, _ANY), 50).max() for field in fields}
    if not any(room >= steps.get(field, 1) for field, room in half.items()):
        raise ScenarioError(
            f"benign_rate is {scenario.benign_rate}, and half of a tolerance, the most that a benign "
            "difference may be, is less than the smallest step; expected a larger tolerance, or benign_rate 0"
        )


def _amount(scenario: Scenario, field: str, number: int) -> str:
    column, grid = scenario.own.get(field), scenario.grids.get(field)
    kind = "timestamp" if field == "trade_timestamp" else column.kind if column else ""
    if kind == "timestamp":
        precision = "s" if number % MICROSECONDS == 0 else "us"
        return f"{strings(seconds(np.array([number]), precision))[0]} seconds"
    if kind in ("integer", "decimal"):
        grid = unit_of(column)
    if grid is None:
        return f"{number} days"
    text = strings(decimals(np.array([number]), grid.places))[0]
    return f"{text} {'dollars' if field == 'price' else 'shares'}" if column is None else text


def _value(scenario: Scenario, column: str, number: int) -> str:
    """A value of a column of numbers, dates or times, as people write it."""
    kind = scenario.own[column].kind
    if kind == "date":
        return str(np.datetime64(number, "D"))
    if kind == "timestamp":
        return str(np.datetime64(number // MICROSECONDS, "s")).replace("T", " ")
    return _amount(scenario, column, number)


def _by_sizes(scenario: ScenarioFields) -> bool:
    """Whether what is asked of a hot spot goes by how many pairs it has."""
    return scenario.rate_is == "overall" or any(spot.share for spot in scenario.hot_spots)


def _demands(scenario: Scenario, market: Market) -> None:
    """Refuse factors and shares that ask for more than every pair, going by one block of clean pairs."""
    pairs = make_pairs(scenario, market, 0, 0, BLOCK_PAIRS)
    sizes = np.zeros(len(scenario.causes), np.int64)
    for segment in segments(scenario, BlockContext(scenario, market, pairs, 1, 1)):
        if not segment.benign:
            sizes[segment.cause] = BLOCK_PAIRS if segment.members is None else len(segment.members)
    require_room(scenario, sizes)


def require_room(scenario: ScenarioFields, sizes: Array) -> None:
    """Refuse factors and shares that ask for more than every pair.

    Parameters
    ----------
    scenario : ScenarioFields
    sizes : ndarray of int64, shape (causes,)
        How many pairs each cause has.

    Raises
    ------
    ScenarioError
    """
    if not _by_sizes(scenario):
        return
    asked, pairs = demand(scenario), max(int(sizes.sum()), 1)
    wanted = asked.wanted(sizes)
    _shares_meet(scenario, asked, sizes)
    rates, shares = math.fsum(asked.rate * sizes) / pairs, math.fsum(asked.shares)
    if scenario.rate_is == "overall" and rates + shares * scenario.mismatch_rate > scenario.mismatch_rate:
        parts = f" and those with a share to {shares * scenario.mismatch_rate:.2%}" if shares else ""
        raise ScenarioError(
            f"the hot spots with a rate come to {rates:.2%} of all pairs{parts}, and mismatch_rate is "
            f"{scenario.mismatch_rate:.2%} overall; expected a mismatch_rate above "
            f"{rates / (1 - shares):.2%}, or lower rates or shares"
        )
    for cause in np.flatnonzero((wanted > sizes) & (sizes > 0)):
        where = f"hot spot {scenario.causes[cause]}" if cause else "outside hot spots"
        times, there = wanted[cause] / sizes[cause], sizes[cause] / pairs
        raise ScenarioError(
            f"{where}: with mismatch_rate {scenario.mismatch_rate:g}, {times:.1f} times as many pairs would "
            f"be mismatched as there are ({there:.2%} of all); expected a lower mismatch_rate, rate, factor "
            "or share"
        )


def _shares_meet(scenario: ScenarioFields, asked: Demand, sizes: Array) -> None:
    """Refuse a share of pairs that are not there, and shares that leave no pair for the other mismatches."""
    spots = [spot.name for spot in scenario.hot_spots if spot.share is not None]
    for number, name in enumerate(spots):
        if not sizes[asked.group == number].any():
            raise ScenarioError(
                f"hot spot {name} matches no pair that no hot spot before it takes, and has a share; "
                f"expected {name} before those, or no share"
            )
    if spots and not sizes[(asked.group < 0) & (asked.factor > 0)].any():
        raise ScenarioError(
            f"hot spots with a rate or a share match every pair, and the shares add up to "
            f"{math.fsum(asked.shares):g}; expected some pairs outside them for the other mismatches"
        )


def _about_something(
    scenario: Scenario, market: Market, spot: HotSpot, extremes: Mapping[str, Array]
) -> None:
    where = f"hot spot {spot.name}: where"
    most = int(extremes["quantity"][1] * extremes["price"][1])
    brokers = broker_names(scenario.brokers)
    for field in ("broker_id", "contra_broker_id"):
        for name in getattr(spot.where, field) or ():
            if name not in brokers:
                raise ScenarioError(
                    f"{where}.{field} has {shown(name)}, which is unknown; "
                    f"expected {brokers[0]} to {brokers[-1]}"
                )
    for name in spot.where.ticker or ():
        if name not in market.tickers:
            hint = nearest(name, market.tickers)
            if not hint.startswith("did you"):
                hint = f"expected one of the {len(market.tickers)} tickers"
            raise ScenarioError(f"{where}.ticker has {shown(name)}, which is unknown; {hint}")
    for column, asked in scenario.asked_of(spot.where).items():
        for name in asked.names:
            if name not in (known := codes_of(scenario.own[column], market)):
                hint = nearest(name, known)
                if not hint.startswith("did you") and len(known) > 20:
                    hint = f"expected one of the {len(known):,} names"
                raise ScenarioError(f"{where}.{column} has {shown(name)}, which is unknown; {hint}")
        if asked.within and not any(
            low <= extremes[column][1] and high >= extremes[column][0] for low, high in asked.within
        ):
            low, high = (_value(scenario, column, int(number)) for number in extremes[column])
            raise ScenarioError(
                f"{where}.{column} is {shown(spot.where.own[column])}, and no trade has that; "
                f"expected some of its values, which go from {low} to {high}"
            )
    least = spot.where.min_notional
    if least is not None and exact_notional(least, scenario) > most:
        raise ScenarioError(
            f"{where}.min_notional is {least:g}, and no pair is worth more than "
            f"{most / 10**scenario.notional_places:.2f}; expected less"
        )
