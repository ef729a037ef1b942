"""What a mechanism may know of the rows of a list that it alters: the `Context` of mechanisms by kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tradegen.core.columns import MICROSECONDS_A_DAY, Array
from tradegen.core.streams import whole
from tradegen.desk.injecting.clean_values import CleanValues
from tradegen.engine.context import ranges_around
from tradegen.mechanisms.displacement import Ranges
from tradegen.mechanisms.spellings import spell

__all__ = ["CaseContext", "one_digit_wrong"]


@dataclass(eq=False)
class CaseContext:
    """Rows of a list, n of them, and the column that is altered in them.

    It has of `tradegen.mechanisms.mechanism.Context` what mechanisms of a list ask for.
    """

    clean: CleanValues
    position: int
    texts: Sequence[str] = ()  # of the column's cells, length n
    tickers: Sequence[str | None] = ()  # of these rows, length n
    ticker: int = -1  # the position of the column that has them
    quantity: Array = field(default_factory=lambda: np.empty(0, np.int64))  # in its unit, shape (n,)
    unit: int = 1  # steps that numbers are displaced in, in the column's unit
    written: list[str] = field(default_factory=list)  # by code, the names that were made
    quantity_step: int = 1  # in which quantities are shared out, in their unit

    @property
    def step(self) -> int:
        """The smallest step of a timestamp, in microseconds."""
        return self.clean.step(self.position)

    def on_leg(self, _field: str, pairs: Array, _legs: Array) -> Array:
        """The quantity, which is all that is asked for (int64, shape (n,))."""
        found: Array = self.quantity[pairs]
        return found

    def price_ranges(self, pairs: Array) -> Ranges:
        """From the lowest to the highest number of each row's ticker."""
        codes, low, high = self.clean.by_ticker(self.position, self.ticker)
        index = np.array([codes[self.tickers[row] or ""] for row in pairs.tolist()], np.int64)
        return Ranges(low // self.unit, high // self.unit, index)

    def quantity_ranges(self, quantity: Array, share: float) -> Ranges:
        """As `own_ranges`."""
        return self.own_ranges("", quantity, share)

    def own_ranges(self, _column: str, values: Array, share: float) -> Ranges:
        """Ranges around numbers, in steps of `unit`, among those that the column has."""
        numbers = self.clean.numbers(self.position)
        low = max(numbers.low // self.unit, 1)
        return ranges_around(low, max(numbers.high // self.unit, low), values, share)

    def time_ranges(self, timestamps: Array, unit: int) -> Ranges:
        """From the first to the last time of each day, never across midnight, in units of so many."""
        days, first, last = self.clean.days(self.position)
        midnight = days * MICROSECONDS_A_DAY
        return Ranges(
            first // unit,  # a time counts by the whole units before it, as the mechanisms take it
            last // unit,
            index=np.searchsorted(days, timestamps // MICROSECONDS_A_DAY),
            floor=midnight // unit,
            top=(midnight + MICROSECONDS_A_DAY - 1) // unit,
        )

    def names(self, _column: str) -> int:
        """How many names the column has; their codes count up from 0."""
        return len(self.clean.names(self.position))

    def misspelled(self, _column: str, way: str) -> tuple[Array, Array]:
        """The codes of the wrong spellings of each row's name, and how many there are."""
        found = [spell(way, name) for name in self.texts]
        count = np.array([len(some) for some in found], np.int64)
        table = np.zeros((len(found), max(count.max(initial=0), 1)), np.int64)
        for row, spellings in zip(table, found, strict=True):
            row[: len(spellings)] = len(self.texts) + len(self.written) + np.arange(len(spellings))
            self.written += spellings
        return table, count

    def name(self, code: int) -> str:
        """The name that a code stands for: a row's own, or one that was made."""
        own = len(self.texts)
        return self.texts[code] if code < own else self.written[code - own]


def one_digit_wrong(context: Any, raw: Array) -> Array:
    """The codes of the rows' ids with one digit wrong, none of them with a new zero in front.

    Parameters
    ----------
    context : CaseContext
    raw : ndarray of uint64, shape (n,)
    """
    places = [[at for at, letter in enumerate(text) if "0" <= letter <= "9"] for text in context.texts]
    count = np.array([len(some) for some in places], np.int64)
    chosen = whole(raw, np.zeros_like(count), np.maximum(count - 1, 0)).tolist()
    by = whole(raw << np.uint64(32), 1, 9).tolist()
    codes = np.arange(len(count))
    for row, text in enumerate(context.texts):
        if not places[row]:
            continue
        at = places[row][chosen[row]]
        digit = (int(text[at]) + by[row]) % 10
        if at == 0 and digit == 0:
            digit = 2 if text[at] == "1" else 1
        codes[row] = len(context.texts) + len(context.written)
        context.written.append(f"{text[:at]}{digit}{text[at + 1 :]}")
    return codes
