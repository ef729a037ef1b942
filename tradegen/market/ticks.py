"""Prices of a universe, rounded to ticks: the scenario's, or each ticker's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.grids import FINEST, Grid
from tradegen.errors import MarketError

# As people, floats and Decimal write prices: 154.00, .50, 1e2, 1E+2. Decimals are rounded to the tick.
_PRICE = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,2})?")
_LARGEST = Decimal(10_000_000)
_FINEST = FINEST["price"].written


def priced(
    name: str, rows: Sequence[tuple[str, str, str]], ticks: Sequence[str], asked: Grid
) -> tuple[Array, Grid, Array | None]:
    """Round prices to ticks.

    Parameters
    ----------
    name : str
        What messages call the universe.
    rows : sequence of (str, str, str)
        By ticker, what messages call its place, the ticker, and the price as it was given.
    ticks : sequence of str
        By ticker, the tick as it was given, "" for that of the scenario; empty where there are none.
    asked : Grid
        That of the scenario.

    Returns
    -------
    ndarray of int64, shape (tickers,)
        The prices, in units of their last place.
    Grid
        The one that all lie on: that of the finest tick.
    ndarray of int64, shape (tickers,), or None
        The ticks, in these units; None where all are alike.

    Raises
    ------
    MarketError
        Where a tick is no multiple of the finest, or a price is less than one.
    """
    written = [asked.written] * len(rows)
    if any(ticks):
        named = zip(rows, ticks, strict=True)
        written = [
            _tick(where, ticker, tick) if tick else asked.written for (where, ticker, _), tick in named
        ]
    finest = Grid.of(min(written))
    for (_, ticker, _), tick in zip(rows, written, strict=True):
        if tick % finest.written:
            raise MarketError(
                f"{name}: the tick of {ticker} is {tick}, and the finest is {finest.written}; "
                "expected ticks that are whole multiples of the finest"
            )
    steps = [int(tick.scaleb(finest.places)) for tick in written]
    prices = [
        _price(where, ticker, price, Grid(finest.places, step))
        for (where, ticker, price), step in zip(rows, steps, strict=True)
    ]
    alike = len(set(steps)) == 1
    return np.array(prices, np.int64), finest, None if alike else np.array(steps, np.int64)


def _tick(where: str, ticker: str, text: str) -> Decimal:
    tick = Decimal(text) if _PRICE.fullmatch(text) else Decimal()
    if not _FINEST <= tick <= 1 or tick % _FINEST:
        raise MarketError(
            f"{where}: tick of {ticker} is {text[:40]!r}; expected dollars from {_FINEST} to 1 with up to 4 "
            "decimals, or nothing for the scenario's tick"
        )
    return tick.normalize()


def _price(where: str, ticker: str, price: str, grid: Grid) -> int:
    """A price on the grid, in units of its last decimal place."""
    if _PRICE.fullmatch(price):
        ticks = int((Decimal(price) * grid.unit / grid.step).to_integral_value(ROUND_HALF_EVEN))
        if ticks >= 1 and Decimal(price) <= _LARGEST:
            return ticks * grid.step
    raise MarketError(
        f"{where}: price of {ticker} is {price[:40]!r}; "
        f"expected dollars from {grid.written} to {_LARGEST}, such as 154.00"
    )
