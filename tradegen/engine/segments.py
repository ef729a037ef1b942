"""Segments: the parts that pairs fall into, each with a rate of its own. Hot spots first, then the rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from tradegen.core.clock import stretches
from tradegen.core.columns import LEGS, MICROSECONDS, MICROSECONDS_A_DAY, TICKS_PER_DOLLAR, Array
from tradegen.core.formatting import broker_code
from tradegen.engine.context import BlockContext
from tradegen.mechanisms.catalogue import CATALOGUE
from tradegen.mechanisms.difference import Settings

if TYPE_CHECKING:
    from tradegen.scenario.hot_spots import HotSpot
    from tradegen.scenario.model import Scenario

__all__ = ["Segment", "notional_ticks", "segments"]


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A part of one block's pairs, and what goes wrong there.

    Streams are named with a `prefix`, so that segments do not share random numbers.
    """

    cause: int  # 0, or the position of the hot spot, from 1
    prefix: str
    rate: float
    weights: dict[str, float]
    settings: Callable[[str], Settings]
    benign: bool = False
    members: Array | None = None  # positions of the pairs it is about (int64, ascending); None for all
    legs: Array | None = None  # bool, shape (2, pairs): which legs; None for either


def segments(scenario: Scenario, context: BlockContext) -> Iterator[Segment]:
    """Hot spots in their order, then mismatches elsewhere, then benign differences."""
    for cause, spot in enumerate(scenario.hot_spots, 1):
        legs = _legs(spot, scenario, context)
        yield Segment(
            cause=cause,
            prefix=f"hot_spot/{spot.name}/",
            rate=spot.rate,
            weights=_positive(spot.mechanisms) if spot.mechanisms is not None else scenario.weights,
            settings=lambda name, spot=spot: spot.settings.get(name) or scenario.settings_of(name),  # type: ignore[misc]
            members=np.flatnonzero(legs.any(axis=0)),
            legs=legs,
        )
    weights = scenario.weights
    yield Segment(0, "", scenario.mismatch_rate, weights, scenario.settings_of)
    if scenario.benign_rate:
        within = {
            name: weight for name, weight in weights.items() if scenario.tolerances.of(CATALOGUE[name].field)
        }
        yield Segment(0, "benign/", scenario.benign_rate, within, scenario.settings_of, benign=True)


def notional_ticks(dollars: float) -> Decimal:
    """Dollars in ticks, exactly as written, since 1.1 * 100 > 110 in floats; at most what an int64 holds."""
    return min(Decimal(str(dollars)) * TICKS_PER_DOLLAR, Decimal(np.iinfo(np.int64).max))


def _positive(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: weights[name] for name in CATALOGUE if weights.get(name, 0) > 0}


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
        either &= context.notional >= math.ceil(notional_ticks(where.min_notional))
    if where.max_notional is not None:
        either &= context.notional <= math.floor(notional_ticks(where.max_notional))
    found = np.stack([either, either])
    for leg, name in enumerate(LEGS[scenario.view]):
        found[leg] &= spot.leg in (None, name)
        for field in ("broker_id", "contra_broker_id"):
            if (brokers := getattr(where, field)) is not None:
                of_leg = context.on_leg(field, pairs, np.full(len(pairs), leg, np.int8))
                found[leg] &= np.isin(of_leg, list(map(broker_code, brokers)))
    return found
