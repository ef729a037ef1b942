"""Segments: the parts that pairs fall into, each with a rate of its own. Hot spots first, then the rest."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from tradegen.core.clock import stretches
from tradegen.core.columns import LEGS, MICROSECONDS, MICROSECONDS_A_DAY, Array
from tradegen.core.formatting import broker_code
from tradegen.engine.context import BlockContext
from tradegen.engine.own_values import codes_of
from tradegen.mechanisms.difference import Settings

if TYPE_CHECKING:
    from tradegen.scenario.fields import ScenarioFields
    from tradegen.scenario.hot_spots import HotSpot
    from tradegen.scenario.model import Scenario

_FAR = 2**62  # beyond every value


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A part of one block's pairs, none of which is in another, and what goes wrong there.

    Streams are named with a `prefix`, so that segments do not share random numbers.
    """

    cause: int  # its number (`Scenario.causes`)
    prefix: str
    weights: dict[str, float]
    settings: Callable[[str], Settings]
    benign: bool = False
    members: Array | None = None  # positions of the pairs it is about (int64, ascending); None for all
    legs: Array | None = None  # bool, shape (2, pairs): which legs; None for either


def segments(scenario: Scenario, context: BlockContext) -> Iterator[Segment]:
    """The parts of a block: those of hot spots with a rate or a share, then the rest, each apart by factors.

    The last, where there are benign differences, is about the same pairs as the one outside all hot spots.
    """
    legs_of = [_legs(spot, scenario, context) for spot in scenario.hot_spots]
    outside = None
    for cause, members in parts_of(scenario, [legs[0] | legs[1] for legs in legs_of]):
        if cause:
            yield _segment(scenario, cause, members, legs_of)
        else:
            outside = members
            yield Segment(0, "", scenario.weights, scenario.settings_of, members=outside)
    if scenario.benign_rate:
        within = {
            name: weight
            for name, weight in scenario.weights.items()
            if scenario.catalogue[name].tolerated and scenario.tolerance(scenario.catalogue[name].field)
        }
        yield Segment(0, "benign/", within, scenario.settings_of, benign=True, members=outside)


def parts_of(scenario: ScenarioFields, about: Sequence[Array]) -> Iterator[tuple[int, Array | None]]:
    """The parts that hot spots divide pairs into: causes by number, each with the positions of its pairs.

    Parameters
    ----------
    scenario : ScenarioFields
    about : sequence of ndarray of bool, shape (n,)
        By hot spot, which pairs it is about.

    Yields
    ------
    int
    ndarray of int64, or None
        Ascending; None for all pairs, where there are no hot spots.
    """
    if not about:
        yield 0, None
        return
    free = np.ones(len(about[0]), bool)
    bits = _bits(scenario)
    # By pair, which hot spots with a factor are about it: a bit each.
    together = np.zeros(len(free), np.int64)
    for position, bit in bits.items():
        together |= about[position] * np.int64(bit)
    causes = {cause: number for number, cause in enumerate(scenario.cause_table)}
    for position, spot in enumerate(scenario.hot_spots):
        if spot.rate is not None:
            yield position + 1, np.flatnonzero(about[position] & free)
        if spot.share is not None:
            yield from _by_factors(bits, causes, (position,), about[position] & free, together)
        if spot.factor is None:
            free &= ~about[position]
    yield 0, np.flatnonzero(free & (together == 0))
    yield from _by_factors(bits, causes, (), free & (together > 0), together)


def _bits(scenario: ScenarioFields) -> dict[int, int]:
    """A bit for each hot spot with a factor, by its position."""
    relative = [position for position, spot in enumerate(scenario.hot_spots) if spot.factor is not None]
    return {position: 1 << place for place, position in enumerate(relative)}


def _by_factors(
    bits: Mapping[int, int],
    causes: Mapping[tuple[int, ...], int],
    within: tuple[int, ...],
    among: Array,
    together: Array,
) -> Iterator[tuple[int, Array]]:
    """Some pairs, apart by the hot spots with a factor that are about them; `within` are about all."""
    for code in np.unique(together[among]).tolist():
        cause = tuple(sorted((*within, *(position for position, bit in bits.items() if code & bit))))
        yield causes[cause], np.flatnonzero(among & (together == code))


def _segment(scenario: Scenario, cause: int, members: Array | None, legs_of: Sequence[Array]) -> Segment:
    """The part of a hot spot, or of several."""
    return Segment(
        cause=cause,
        prefix=prefix_of(scenario, cause),
        weights=weights_of(scenario, cause),
        settings=functools.partial(settings_of, scenario, cause),
        members=members,
        legs=_legs_of_all([legs_of[position] for position in scenario.cause_table[cause]]),
    )


def prefix_of(scenario: ScenarioFields, cause: int) -> str:
    """What the names of a cause's random streams begin with."""
    return f"hot_spot/{scenario.causes[cause]}/" if cause else ""


def settings_of(scenario: ScenarioFields, cause: int, mechanism: str) -> Settings:
    """The settings of a mechanism: its first hot spot's that has its own, or else the scenario's."""
    spots = (scenario.hot_spots[position] for position in scenario.cause_table[cause])
    own = (spot.settings[mechanism] for spot in spots if mechanism in spot.settings)
    return next(own, None) or scenario.settings_of(mechanism)


def weights_of(scenario: ScenarioFields, cause: int) -> dict[str, float]:
    """The weights of a cause's mechanisms: its first hot spot's that has its own, or else the scenario's."""
    spots = (scenario.hot_spots[position] for position in scenario.cause_table[cause])
    own = next((spot.mechanisms for spot in spots if spot.mechanisms is not None), None)
    return scenario.weights if own is None else _positive(scenario, own)


def _legs_of_all(legs: Sequence[Array]) -> Array:
    """The legs that all hot spots are about; of a pair where there is none, those that any is."""
    all_of_them: Array = np.logical_and.reduce(legs)
    return np.where(all_of_them.any(axis=0), all_of_them, np.logical_or.reduce(legs))


def exact_notional(dollars: float, scenario: Scenario) -> Decimal:
    """Dollars in units of a notional, exactly as written: 1.1 * 100 > 110 in floats. At most an int64."""
    units = Decimal(str(dollars)).scaleb(scenario.notional_places)
    return min(units, Decimal(np.iinfo(np.int64).max))


def _positive(scenario: ScenarioFields, weights: Mapping[str, float]) -> dict[str, float]:
    return {name: weights[name] for name in scenario.catalogue if weights.get(name, 0) > 0}


def _legs(spot: HotSpot, scenario: Scenario, context: BlockContext) -> Array:
    """Which legs a hot spot is about (bool, shape (2, pairs))."""
    where, pairs = spot.where, np.arange(len(context.pairs))
    either = np.ones(len(pairs), bool)
    if where.ticker is not None:
        codes = [context.market.tickers.index(name) for name in where.ticker]
        either &= np.isin(context.pairs.ticker, codes)
    if where.hours is not None:
        second = context.pairs.trade_timestamp % MICROSECONDS_A_DAY // MICROSECONDS
        within = [(second >= start) & (second < end) for start, end in stretches(where.hours)]
        either &= np.any(within, axis=0)
    if where.min_notional is not None:
        either &= context.notional >= math.ceil(exact_notional(where.min_notional, scenario))
    if where.max_notional is not None:
        either &= context.notional <= math.floor(exact_notional(where.max_notional, scenario))
    for name, asked in scenario.asked_of(where).items():
        values = context.pairs.own[name]
        if asked.names:
            codes_by_name = codes_of(scenario.own[name], context.market)
            either &= np.isin(values, [codes_by_name[one] for one in asked.names])
        else:
            limits = np.clip(np.array(asked.within, object), -_FAR, _FAR).astype(np.int64)
            either &= np.any([(values >= low) & (values <= high) for low, high in limits], axis=0)
    found = np.stack([either, either])
    for leg, name in enumerate(LEGS[scenario.view]):
        found[leg] &= spot.leg in (None, name)
        for field in ("broker_id", "contra_broker_id"):
            if (brokers := getattr(where, field)) is not None:
                of_leg = context.on_leg(field, pairs, np.full(len(pairs), leg, np.int8))
                found[leg] &= np.isin(of_leg, list(map(broker_code, brokers)))
    return found
