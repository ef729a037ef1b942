"""One block's clean pairs, and what mechanisms may know of them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradegen.core.blocks import Pairs
from tradegen.core.clock import DAY
from tradegen.core.columns import BUY, MICROSECONDS, MICROSECONDS_A_DAY, STEPS, Array
from tradegen.engine.code_names import names_of
from tradegen.engine.own_values import clean_names, range_of
from tradegen.market.price_bands import price_limits
from tradegen.market.sessions import window
from tradegen.market.universe import Market
from tradegen.mechanisms.displacement import Ranges
from tradegen.mechanisms.spellings import Names

if TYPE_CHECKING:
    from tradegen.scenario.model import Scenario


@dataclass(frozen=True, eq=False)
class BlockContext:
    """One block before anything is altered."""

    scenario: Scenario
    market: Market
    pairs: Pairs
    first_id: int  # of the run
    block_first_id: int

    @property
    def ids(self) -> tuple[int, int]:
        """The first and the last id of the run."""
        return self.first_id, self.first_id + self.scenario.pairs - 1

    @property
    def step(self) -> int:
        """The smallest step of a timestamp, in microseconds."""
        return STEPS[self.scenario.timestamp_precision]

    @property
    def quantity_step(self) -> int:
        """What quantities are multiples of, in units of their last decimal place."""
        return self.scenario.grids["quantity"].step

    def is_time(self, field: str) -> bool:
        """Whether a field's values are times, which differ by whole steps."""
        own = self.scenario.own.get(field)
        return field == "trade_timestamp" or (own is not None and own.kind == "timestamp")

    def steps_of(self, field: str, pairs: Array) -> Array | int:
        """What a field's values are multiples of, in its unit: all alike, or by pair."""
        if field == "price":
            return self.market.step_of(self.pairs.ticker[pairs])
        grid = self.scenario.grids.get(field)
        return 1 if grid is None else grid.step

    @property
    def ticker_count(self) -> int:
        """How many tickers there are."""
        return len(self.market.tickers)

    @property
    def broker_count(self) -> int:
        """How many brokers there are."""
        return self.scenario.brokers

    def _names(self, column: str) -> Names:
        return names_of(self.scenario, self.market, column)

    def names(self, column: str) -> int:
        """How many names a scenario's own column has, but for wrong spellings."""
        return len(clean_names(self.scenario.own[column], self.market))

    def weights(self, column: str) -> tuple[float, ...] | None:
        """How frequent each of a column's names is, in any unit; None where all are alike."""
        of_column: tuple[float, ...] | None = getattr(self.scenario.own[column], "weights", None)
        return of_column

    def misspelled(self, column: str, way: str) -> tuple[Array, Array]:
        """The codes of a column's wrong spellings, and how many each name has (`spellings.Names`)."""
        return self._names(column).wrong[way]

    def own_ranges(self, column: str, values: Array, share: float) -> Ranges:
        """Ranges around values of a scenario's own column, in its unit, as `quantity_ranges` has them."""
        highest = int(price_limits(self.market, self.scenario.price_band)[1].max())
        low, high = range_of(column, self.scenario, highest)
        return ranges_around(low, high, values, share)

    @property
    def share_classes(self) -> Array:
        """By ticker, the code of the company's other share class, or -1 (int64, shape (tickers,))."""
        return self.market.share_classes

    def order_type(self, pairs: Array, legs: Array) -> Array:
        """What each leg is, BUY or SELL: in the view two_system, both legs are the same."""
        # Else the first leg buys: a leg's number is its side, in an array of its own.
        return self.pairs.side[pairs] if self.scenario.view == "two_system" else legs.copy()

    def both_legs(self, field: str) -> tuple[Array, Array]:
        """A field's clean values on all first and on all second legs; the same array where they are alike.

        Parameters
        ----------
        field : str
            Of the records: one of the nine, or of the scenario's own.
        """
        pairs, alike = self.pairs, self.scenario.view == "two_system"
        if field == "trade_id":
            values = self.block_first_id + np.arange(len(pairs))
        elif field == "order_type":
            values = pairs.side
            if not alike:
                return values, 1 - values
        elif field in ("broker_id", "contra_broker_id"):
            buys, sells = pairs.buyer, pairs.seller
            if field == "contra_broker_id":
                buys, sells = sells, buys
            if not alike:
                return buys, sells
            values = np.where(pairs.side == BUY, buys, sells)
        else:
            values = pairs.own[field] if field in pairs.own else getattr(pairs, field)
        return values, values

    def on_leg(self, field: str, pairs: Array, legs: Array) -> Array:
        """A field's clean values on legs, in the field's integer unit.

        Parameters
        ----------
        field : str
            Of `Scenario.fields`.
        pairs : ndarray of int64, shape (n,)
            Positions in the block.
        legs : ndarray of int8, shape (n,)
            0 or 1.

        Returns
        -------
        ndarray of int64, shape (n,)
        """
        if field == "trade_id":
            return self.block_first_id + pairs
        if field == "record":
            return np.ones(len(pairs), np.int64)
        if field == "order_type":
            return self.order_type(pairs, legs).astype(np.int64)
        if field in ("broker_id", "contra_broker_id"):
            buys = (self.order_type(pairs, legs) == BUY) == (field == "broker_id")
            return np.where(buys, self.pairs.buyer[pairs], self.pairs.seller[pairs]).astype(np.int64)
        own = self.pairs.own
        values: Array = own[field] if field in own else getattr(self.pairs, field)
        return values[pairs].astype(np.int64, copy=False)

    @functools.cached_property
    def notional(self) -> Array:
        """Price x quantity of each clean pair, in the product of their units (int64)."""
        return self.pairs.quantity * self.pairs.price

    def price_ranges(self, pairs: Array) -> Ranges:
        """The lowest and highest clean price of each ticker, in its ticks; and the tickers of pairs."""
        low, high = price_limits(self.market, self.scenario.price_band)
        if self.market.coarse:
            low, high = low // self.market.step, high // self.market.step
        return Ranges(low, high, index=self.pairs.ticker[pairs])

    def quantity_ranges(self, quantity: Array, share: float) -> Ranges:
        """Ranges around quantities in which clean quantities lie evenly, in shares.

        Changes by up to a `share` of the quantity are to fit into them several times, and to be much alike
        at both of their ends.
        """
        low, high = (number // self.quantity_step for number in self.scenario.quantities)
        return ranges_around(low, high, quantity, share)

    def time_ranges(self, timestamps: Array, unit: int) -> Ranges:
        """From the first to the last clean timestamp of each day, never across midnight.

        Timestamps are in microseconds, the ranges in units of so many.
        """
        first, last = window(self.scenario)
        midnight = np.arange(first // DAY, last // DAY + 1) * MICROSECONDS_A_DAY
        earliest = np.maximum(first * MICROSECONDS, midnight)
        latest = np.minimum(last * MICROSECONDS + MICROSECONDS, midnight + MICROSECONDS_A_DAY) - self.step
        return Ranges(
            earliest // unit,
            latest // unit,
            index=np.searchsorted(midnight[1:], timestamps, side="right"),
            floor=midnight // unit,
            top=(midnight + MICROSECONDS_A_DAY) // unit - 1,
        )

    @functools.cached_property
    def previous_price(self) -> Array:
        """Each pair's ticker's price before, in ticks: of the trade before it in the block, by time.

        The first trade of a ticker follows on the universe's price.
        """
        pairs, count = self.pairs, len(self.pairs)
        time = (pairs.trade_timestamp - pairs.trade_timestamp.min()) // self.step
        # One number to sort by, ticker, time and position, where 63 bits hold it: it is the faster way.
        bits = int(time.max()).bit_length()
        if len(self.market.tickers).bit_length() + bits + 16 < 64:
            keys = (pairs.ticker.astype(np.int64) << (bits + 16)) | (time << 16) | np.arange(count)
            keys.sort()
            position = keys & 0xFFFF
        else:
            position = np.lexsort((time, pairs.ticker))
        ticker = pairs.ticker[position]
        price = pairs.price[position]
        before = np.where(np.append(False, ticker[1:] == ticker[:-1]), np.roll(price, 1), 0)
        previous: Array = np.empty_like(price)
        previous[position] = np.where(before > 0, before, self.market.prices[ticker])
        return previous // self.market.step_of(pairs.ticker) if self.market.coarse else previous


def ranges_around(low: int, high: int, values: Array, share: float) -> Ranges:
    """Ranges from `low` to `high`, end to end, that changes of values by up to a share of them fit into."""
    lows, highs = _ranges(low, high, share)
    return Ranges(lows, highs, index=np.minimum(np.searchsorted(highs, values), len(highs) - 1))


@functools.lru_cache(maxsize=64)
def _ranges(least: int, largest: int, share: float) -> tuple[Array, Array]:
    """Ranges of quantities, end to end, that changes by up to a share of the quantity fit into."""
    # From below, where changes are by one share: quantities exchange in twos, so their number is to be even.
    low, high, lower = [], [], least
    while lower <= largest:
        upper = min(max(int(lower * (1 + 4 * min(share, 0.25))), lower + 1), largest)
        if (upper - lower) % 2 == 0 and upper < largest:
            upper -= 1
        low.append(lower)
        high.append(upper)
        lower = upper + 1
    if len(low) > 1 and 2 * (high[-1] - low[-1]) < high[-2] - low[-2] + 1:
        # The last one is too narrow for any change: part of the one below.
        low.pop()
        high.pop(-2)
    return np.array(low), np.array(high)
