"""Clean pairs from the market: what both legs would say if nothing went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradegen.core.blocks import Pairs
from tradegen.core.clock import DAY
from tradegen.core.columns import MICROSECONDS, STEPS, Array
from tradegen.core.streams import below, draw, whole
from tradegen.engine.own_values import own_values
from tradegen.market.price_bands import price_limits
from tradegen.market.sessions import window
from tradegen.market.universe import Market

if TYPE_CHECKING:
    from tradegen.scenario.model import Scenario


def make_pairs(scenario: Scenario, market: Market, seed: int, block: int, count: int) -> Pairs:
    """Draw the clean pairs of one block.

    Parameters
    ----------
    scenario : Scenario
        With its date set.
    market : Market
    seed, block, count : int
        The run's seed, the block's number and how many pairs it has.

    Returns
    -------
    Pairs
        Each column from a stream of its own, one draw a pair.
    """

    def column(stream: str, low: int, high: int) -> Array:
        return whole(draw(seed, stream, block, count), low, high)

    ticker = column("ticker", 0, len(market.tickers) - 1)
    buyer = column("buyer", 0, scenario.brokers - 1).astype(np.int32)
    # The seller is so many places further round the circle of brokers: never the buyer itself.
    seller = buyer + column("seller", 1, scenario.brokers - 1).astype(np.int32)
    seller -= (seller >= scenario.brokers) * np.int32(scenario.brokers)
    lowest, highest = price_limits(market, scenario.price_band)
    price = below(draw(seed, "price", block, count), ((highest - lowest) // market.step + 1).take(ticker))
    if market.coarse:
        price *= market.step_of(ticker)
    price += lowest.take(ticker)
    start, end = window(scenario)
    timestamp = column("trade_timestamp", start, end)
    # A window reaches into the next day at most.
    date = np.full(count, start // DAY, np.int32)
    if end // DAY > start // DAY:
        date += timestamp >= end // DAY * DAY
    timestamp *= MICROSECONDS
    step = STEPS[scenario.timestamp_precision]
    if step < MICROSECONDS:
        timestamp += step * column("trade_timestamp/fraction", 0, MICROSECONDS // step - 1)
    lot = scenario.grids["quantity"].step
    quantity = column("quantity", *(number // lot for number in scenario.quantities))
    if lot > 1:
        quantity *= lot
    house = {
        "ticker": ticker.astype(np.int32),
        "buyer": buyer,
        "seller": seller,
        "quantity": quantity,
        "price": price,
        # Mirrored legs are BUY and SELL; two systems hold one side of the trade, either alike.
        "side": (column("side", 0, 1) if scenario.view == "two_system" else np.zeros(count)).astype(np.int8),
        "date": date,
        "trade_timestamp": timestamp,
    }
    return Pairs(**house, own=own_values(scenario, market, seed, block, house))
