"""What a mechanism may know of the rows of a list that it alters: the `Context` of mechanisms by kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tradegen.core.columns import MICROSECONDS_A_DAY, Array
from tradegen.core.streams import whole
from tradegen.desk.injecting.clean_values import CleanValues
from tradegen.engine.context import ranges_around
from tradegen.mechanisms.displacement import Ranges
from tradegen.mechanisms.spellings import spell

_MANY = 1_000  # names


@dataclass(eq=False)
class CaseContext:
    """Rows of a list, n of them, and the column that is altered in them.

    It has of `tradegen.mechanisms.mechanism.Context` what mechanisms of a list ask for. With `keep_in_range`,
    no value leaves the range of clean ones, however narrow: who has the list sees them all.
    The only price of a ticker, or the only time of a day, keeps to the range of all others.
    """

    clean: CleanValues
    position: int
    texts: Sequence[str] = ()  # of the column's cells, length n
    tickers: Sequence[str | None] = ()  # of these rows, length n
    ticker: int = -1  # the position of the column that has them
    quantity: Array = field(default_factory=lambda: np.empty(0, np.int64))  # in its unit, shape (n,)
    grain: int = 1  # what numbers are multiples of, in the column's unit
    unit: int = 1  # steps that numbers are displaced in, in the column's unit
    keep_in_range: bool = False
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
        codes, low, high, count = self.clean.by_ticker(self.position, self.ticker)
        index = np.array([codes[self.tickers[row] or ""] for row in pairs.tolist()], np.int64)
        ranges = Ranges(low // self.unit, high // self.unit, index)
        numbers = self.clean.numbers(self.position)
        if not self.keep_in_range or numbers.count == 1:
            return ranges
        floor, top = (np.where(count > 1, own, every) for own, every in
                      ((low, numbers.low), (high, numbers.high)))  # fmt: skip
        return replace(ranges, floor=np.maximum(floor // self.unit, 1), top=top // self.unit)

    def quantity_ranges(self, quantity: Array, share: float) -> Ranges:
        """As `own_ranges`."""
        return self.own_ranges("", quantity, share)

    def own_ranges(self, _column: str, values: Array, share: float) -> Ranges:
        """Ranges around numbers, in steps of `unit`, among those that the column has."""
        numbers = self.clean.numbers(self.position)
        low = max(numbers.low // self.unit, 1)
        high = max(numbers.high // self.unit, low)
        ranges = ranges_around(low, high, values, share)
        kept = self.keep_in_range and numbers.count > 1
        return replace(ranges, floor=low, top=high) if kept else ranges

    def time_ranges(self, timestamps: Array, unit: int) -> Ranges:
        """From the first to the last time of each day, never across midnight, in units of so many.

        The only time of a day stays within the hours of the other days.
        """
        days, first, last, count = self.clean.days(self.position)
        midnight = days * MICROSECONDS_A_DAY
        floor, top = midnight, midnight + MICROSECONDS_A_DAY - 1
        if self.keep_in_range and count.sum() > 1:
            earliest, latest = (first - midnight).min(), (last - midnight).max()
            floor = np.where(count > 1, first, midnight + earliest)
            top = np.where(count > 1, last, midnight + latest)
        return Ranges(
            first // unit,  # a time counts by the whole units before it, as the mechanisms take it
            last // unit,
            index=np.searchsorted(days, timestamps // MICROSECONDS_A_DAY),
            floor=floor // unit,
            top=top // unit,
        )

    def names(self, _column: str) -> int:
        """How many names the column has; their codes count up from 0."""
        return len(self.clean.names(self.position))

    def weights(self, _column: str) -> tuple[float, ...] | None:
        """How frequent each name is, by code; None where there are so many that none stands out."""
        counts = self.clean.names(self.position).values()
        return tuple(map(float, counts)) if len(counts) <= _MANY else None

    def misspelled(self, _column: str, way: str) -> tuple[Array, Array]:
        """The codes of the wrong spellings of each row's name, and how many there are.

        None is another name of the column, as far as these are known (`CleanValues.names`).
        """
        known = self.clean.names(self.position)
        found = [[wrong for wrong in spell(way, name) if wrong not in known] for name in self.texts]
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
