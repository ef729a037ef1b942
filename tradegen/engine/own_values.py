"""The columns that a scenario adds: their clean values, and what those are derived from."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.core.clock import DAY, sessions_after
from tradegen.core.columns import MICROSECONDS, MICROSECONDS_A_DAY, Array
from tradegen.core.streams import draw, uniform, whole
from tradegen.market.sessions import window
from tradegen.market.universe import Market

if TYPE_CHECKING:
    from tradegen.scenario.model import Scenario
    from tradegen.scenario.own_columns import CodeColumn, OwnColumn

_WIDEST = 2**32  # what one draw can be spread over


@functools.lru_cache(maxsize=64)
def clean_names(column: CodeColumn, market: Market) -> tuple[str, ...]:
    """The names of a column of codes or texts, by code."""
    if column.from_ is not None:
        return tuple(dict.fromkeys(market.columns[column.from_]))
    return column.clean_names()


def range_of(name: str, scenario: Scenario, highest_price: int) -> tuple[int, int]:
    """The smallest and the largest clean value of a column of numbers, dates or times, in its unit."""
    column = scenario.own[name]
    if column.kind in ("date", "timestamp"):
        first, last = window(scenario)
        if column.kind == "timestamp":
            return (first + column.min) * MICROSECONDS, (last + 1 + column.max) * MICROSECONDS
        low, high = derived(scenario, column, {"date": np.array([first, last]) // DAY}).tolist()
        return low, high
    if not column.derived_from:
        least, most = column.range
        return least, most
    house = {"quantity": scenario.quantities[1], "price": highest_price}
    largest = 1
    for source in column.derived_from:
        largest *= house[source] if source in house else scenario.own[source].range[1]
    return 1, max(int(rounded(np.array(largest, object), spare_places(scenario, column))), 1)


@functools.lru_cache(maxsize=64)
def codes_of(column: CodeColumn, market: Market) -> Mapping[str, int]:
    """The codes of a column of codes or texts, by name."""
    return {name: code for code, name in enumerate(clean_names(column, market))}


def own_values(
    scenario: Scenario, market: Market, seed: int, block: int, house: Mapping[str, Array]
) -> dict[str, Array]:
    """Draw the clean values of every column that the scenario adds, but for those that are each record's own.

    Parameters
    ----------
    scenario : Scenario
    market : Market
    seed, block : int
    house : mapping
        The columns of `Pairs` that come with the house, which some of these are derived from.

    Returns
    -------
    dict of str to ndarray
        Shape (pairs,): codes and days are int32, everything else int64. Each column has a stream of its own.
    """
    columns = [column for column in scenario.columns if not column.own]
    found: dict[str, Array] = {}
    for column in columns:
        if not column.derived_from:
            found[column.name] = _drawn(column, market, seed, block, house)
    for column in columns:
        if column.derived_from:
            found[column.name] = derived(scenario, column, {**house, **found})
    return {column.name: found[column.name] for column in columns}


def _drawn(column: Any, market: Market, seed: int, block: int, house: Mapping[str, Array]) -> Array:
    raw = draw(seed, f"column/{column.name}", block, len(house["ticker"]))
    if column.kind in ("code", "text"):
        return _codes(column, market, raw, house["ticker"]).astype(np.int32)
    if column.kind == "timestamp":
        trade = house[column.after]
        # A day ends before midnight for everybody.
        left = (MICROSECONDS_A_DAY - 1 - trade % MICROSECONDS_A_DAY) // MICROSECONDS
        later: Array = MICROSECONDS * np.minimum(whole(raw, column.min, column.max), left)
        return trade + later
    low, high = (0, 10**column.places - 1) if column.kind == "reference" else column.range
    if high - low < _WIDEST - 1:
        return whole(raw, low, high)
    # A remainder of 64 bits is even to one part in thousands of the range, at the least.
    spread: Array = (raw % np.uint64(high - low + 1)).astype(np.int64)
    return low + spread


def _codes(column: CodeColumn, market: Market, raw: Array, ticker: Array) -> Array:
    names = clean_names(column, market)
    if column.from_ is not None:
        codes = codes_of(column, market)
        of_ticker = np.array([codes[name] for name in market.columns[column.from_]], np.int64)
        return of_ticker.take(ticker)
    if column.weights is None:
        return whole(raw, 0, len(names) - 1)
    edges = np.cumsum(column.weights)
    found: Array = np.searchsorted(edges / edges[-1], uniform(raw), side="right")
    within: Array = np.minimum(found, len(names) - 1)
    return within


def derived(scenario: Scenario, column: OwnColumn, sources: Mapping[str, Array]) -> Array:
    """The values of a derived column, in its unit, by those of the columns that it is derived from."""
    if column.kind == "date":
        days = sources[column.sessions_after].astype("datetime64[D]")
        return sessions_after(days, column.by).astype(np.int32)
    one, other = (sources[name] for name in column.derived_from)
    return rounded(one * other, spare_places(scenario, column))


def spare_places(scenario: Scenario, column: Any) -> int:
    """How many decimal places the exact product has that the column has not."""
    places = [(scenario.grids.get(source) or scenario.own[source]).places for source in column.derived_from]
    return sum(places) - int(column.places)


def rounded(values: Array, places: int) -> Array:
    """Whole numbers without so many of their last digits, halves up; or with more, for `places` below 0."""
    unit: int = 10 ** abs(places)
    found: Array = values * unit if places <= 0 else (values + unit // 2) // unit
    return found
