"""The names that a column's codes stand for: those of clean values, and after them what mechanisms write."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from tradegen.core.columns import ORDER_TYPES
from tradegen.core.formatting import broker_names
from tradegen.engine.own_values import clean_names
from tradegen.market.universe import Market
from tradegen.mechanisms.spellings import SPELLINGS, Names, misspelled

if TYPE_CHECKING:
    from tradegen.scenario.model import Scenario


def names_of(scenario: Scenario, market: Market, column: str) -> Names:
    """The names of a column of codes or texts, with the wrong spellings that some leg may have."""
    ways = tuple(way for way in SPELLINGS if f"{column}.{way}" in scenario.active)
    if column == "ticker":
        suffixed = _suffixed(market) if "ticker.suffix" in scenario.active else ()
        return misspelled(market.tickers, suffixed, ways)
    if column == "order_type":
        return misspelled(ORDER_TYPES, (), ways)
    if column in ("broker_id", "contra_broker_id"):
        return misspelled(_brokers(scenario.brokers), (), ways)
    return misspelled(clean_names(scenario.own[column], market), (), ways)


@functools.lru_cache(maxsize=64)
def _suffixed(market: Market) -> tuple[str, ...]:
    """The tickers with a suffix, whose codes are past those of all tickers."""
    return tuple(f"{ticker}.O" for ticker in market.tickers)


@functools.lru_cache(maxsize=64)
def _brokers(count: int) -> tuple[str, ...]:
    return tuple(broker_names(count))
