"""The range in which each ticker's clean prices lie."""

from __future__ import annotations

import functools

import numpy as np

from tradegen.core.columns import Array
from tradegen.market.universe import Market


@functools.lru_cache(maxsize=8)
def price_limits(market: Market, band: float) -> tuple[Array, Array]:
    """The lowest and highest price of each ticker: whole ticks inside the band, never below one."""
    step = market.step
    ticks = market.prices // step
    lowest = np.ceil(ticks * (1 - band)).astype(np.int64)
    highest = np.floor(ticks * (1 + band)).astype(np.int64)
    # A band narrower than a tick, or rounding at its edge, must still hold the ticker's own price.
    limits = np.clip(lowest, 1, ticks) * step, np.maximum(highest, ticks) * step
    for shared in limits:
        shared.setflags(write=False)
    return limits
