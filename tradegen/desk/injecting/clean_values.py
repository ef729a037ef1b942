"""Where the clean values of a list lie: ranges of numbers, hours of days, names that there are."""

# ruff: noqa: S608 - columns are called by their positions

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tradegen.core.columns import MICROSECONDS, MICROSECONDS_A_DAY, Array
from tradegen.desk.injecting.held_list import HeldList
from tradegen.scoring.relations import first_row

__all__ = ["CleanValues", "Numbers"]

_GRAINS = tuple(factor * 10**power for power in range(7) for factor in (1, 5))[1:]
_WIDEST = 2**31  # numbers up to it are displaced as they are, larger ones in larger steps
_STEPS = (60 * MICROSECONDS, MICROSECONDS, 1_000, 1)
_MOST_NAMES = 65_536
_FIRST = 1_000  # rows


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a column, whatever their sign: from where to where, and in which steps they are."""

    low: int
    high: int
    grain: int

    @property
    def coarse(self) -> int:
        """Steps in which the largest of them is no more than a draw can tell apart."""
        step = self.grain
        while self.high // step > _WIDEST:
            step *= 10
        return step


class CleanValues:
    """What is asked of the table `held` about a column, once.

    Parameters
    ----------
    held : HeldList
    """

    def __init__(self, held: HeldList) -> None:
        self.held = held
        self._connection = held.connection
        self.numbers = functools.cache(self._numbers)
        self.by_ticker = functools.cache(self._by_ticker)
        self.days = functools.cache(self._days)
        self.step = functools.cache(self._step)
        self.names = functools.cache(self._names)

    def _numbers(self, position: int) -> Numbers:
        value = f"v{position}"
        low, high = first_row(
            self._connection,
            f"SELECT min(abs({value})), max(abs({value})) FROM held WHERE {value} <> 0",
        )
        if low is None:
            return Numbers(1, 1, 1)
        return Numbers(low, high, max([1, *self._divisors(value, _GRAINS)]))

    def _divisors(self, value: str, steps: Sequence[int]) -> Sequence[int]:
        """Those of some steps that all values are multiples of."""
        # The first rows rule most of them out, before all rows are looked at.
        for relation in (f"(FROM held LIMIT {_FIRST})", "held"):
            if steps:
                fits = ", ".join(f"coalesce(bool_and({value} % {step} = 0), true)" for step in steps)
                found = first_row(self._connection, f"SELECT {fits} FROM {relation}")
                steps = [step for step, fit in zip(steps, found, strict=True) if fit]
        return steps

    def _by_ticker(self, position: int, ticker: int) -> tuple[Mapping[str, int], Array, Array]:
        """The lowest and the highest number by ticker; and by the ticker's name, which one that is."""
        value = f"v{position}"
        found = self._connection.execute(
            f"SELECT coalesce(t{ticker}, ''), min(abs({value})), max(abs({value})) FROM held "
            f"WHERE {value} <> 0 GROUP BY 1 ORDER BY 1"
        ).fetchall()
        low, high = (np.array([row[part] for row in found], np.int64) for part in (1, 2))
        return {row[0]: number for number, row in enumerate(found)}, low, high

    def _days(self, position: int) -> tuple[Array, Array, Array]:
        """The days that there are times of, and the first and the last time of each, in microseconds."""
        value = f"v{position}"
        found = self._connection.execute(
            f"SELECT CAST(floor({value} / {MICROSECONDS_A_DAY}) AS BIGINT) AS day, min({value}), "
            f"max({value}) FROM held WHERE {value} IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).fetchall()
        day, first, last = np.array(found, np.int64).reshape(-1, 3).T
        return day, first, last

    def _step(self, position: int) -> int:
        """The largest of some steps that all times are multiples of, in microseconds."""
        return self._divisors(f"v{position}", _STEPS)[0]

    def _names(self, position: int) -> tuple[str, ...]:
        """The names that there are in a column; of very many, some that do not depend on the rows' order."""
        found = self._connection.execute(
            f"SELECT t FROM (SELECT DISTINCT t{position} AS t FROM held WHERE t IS NOT NULL) "
            f"ORDER BY md5_number_lower(t), t LIMIT {_MOST_NAMES}"
        ).fetchall()
        return tuple(sorted(name for [name] in found))
