"""Where the clean values of a list lie: ranges of numbers, hours of days, names that there are."""

# ruff: noqa: S608 - columns are called by their positions

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradegen.core.columns import MICROSECONDS, MICROSECONDS_A_DAY, Array
from tradegen.desk.injecting.held_list import HeldList
from tradegen.desk.lists.json_splicing import OBJECTS
from tradegen.scoring.relations import first_row

_FEW = 10  # numbers: so many have a common divisor by chance in one list of a thousand
_ROUND = tuple(factor * 10**power for power in range(18) for factor in (1, 5))
_BATCH = 1_000
_WIDE_BATCH = 65_536
_WIDEST = 2**31  # numbers up to it are displaced as they are, larger ones in larger steps
_STEPS = (60 * MICROSECONDS, MICROSECONDS, 1_000, 1)
_MOST_NAMES = 65_536


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a column, whatever their sign: from where to where, in which steps, and how many."""

    low: int
    high: int
    grain: int
    count: int

    def coarse(self, grains: Array) -> Array:
        """Steps by grain in which the largest of them is no more than a draw can tell apart."""
        steps = grains
        while (large := self.high // steps > _WIDEST).any():
            steps = np.where(large, 10 * steps, steps)
        return steps


class CleanValues:
    """What is asked of the clean rows of the table `held` about a column, once.

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
        self.grains = functools.cache(self._grains)

    def _numbers(self, position: int) -> Numbers:
        value = f"v{position}"
        low, high, count = first_row(
            self._connection,
            f"SELECT min(abs({value})), max(abs({value})), count(*) FROM {self.held.clean} "
            f"WHERE {value} <> 0",
        )
        return Numbers(low, high, self._grain(value, count), count) if count else Numbers(1, 1, 1, 0)

    def _grain(self, value: str, count: int) -> int:
        """The largest step that all numbers are multiples of; of few numbers, a round one."""
        grain, apart = 0, f"{value} <> 0"
        while grain != 1:
            query = f"SELECT {value} FROM {self.held.clean} WHERE {apart} LIMIT {_BATCH}"
            some = self._connection.execute(query).fetchall()
            if not some:
                break
            grain = math.gcd(grain, *(number for [number] in some))
            apart = f"{value} % {grain} <> 0"
        return grain if count >= _FEW else max(step for step in _ROUND if grain % step == 0)

    def _grains(self, position: int, ticker: int) -> Mapping[str, int]:
        """By ticker, as `by_ticker` has them, the step of its numbers; of few numbers, that of all."""
        import pyarrow as pa

        codes, _, _, count = self.by_ticker(position, ticker)
        found = np.zeros(len(codes), np.int64)
        query = (
            f"SELECT t, v{position} FROM {self.held.clean} JOIN steps ON t = coalesce(t{ticker}, '') "
            f"WHERE v{position} <> 0 AND CASE step WHEN 0 THEN true ELSE v{position} % step <> 0 END "
            f"LIMIT {_WIDE_BATCH}"
        )
        # No step is smaller than 1: the numbers of such tickers need not be looked at again.
        while coarser := [name for name, code in codes.items() if found[code] != 1]:
            steps = pa.table({"t": coarser, "step": [found[codes[name]] for name in coarser]})
            self._connection.register("steps", steps)
            some = self._connection.execute(query).fetchall()
            self._connection.unregister("steps")
            if not some:
                break
            for name, number in some:
                found[codes[name]] = math.gcd(int(found[codes[name]]), number)
        steps = np.where(count >= _FEW, found, self.numbers(position).grain)
        return dict(zip(codes, steps.tolist(), strict=True))

    def _by_ticker(self, position: int, ticker: int) -> tuple[Mapping[str, int], Array, Array, Array]:
        """By ticker, the lowest and the highest number and how many there are; by its name, which that is."""
        value = f"v{position}"
        found = self._connection.execute(
            f"SELECT coalesce(t{ticker}, ''), min(abs({value})), max(abs({value})), count(*) "
            f"FROM {self.held.clean} WHERE {value} <> 0 GROUP BY 1 ORDER BY 1"
        ).fetchall()
        low, high, count = (np.array([row[part] for row in found], np.int64) for part in (1, 2, 3))
        return {row[0]: number for number, row in enumerate(found)}, low, high, count

    def _days(self, position: int) -> tuple[Array, Array, Array, Array]:
        """The days that there are times of; of each the first and the last, in microseconds, and how many."""
        value = f"v{position}"
        found = self._connection.execute(
            f"SELECT CAST(floor({value} / {MICROSECONDS_A_DAY}) AS BIGINT) AS day, min({value}), "
            f"max({value}), count(*) FROM {self.held.clean} WHERE {value} IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).fetchall()
        day, first, last, count = np.array(found, np.int64).reshape(-1, 4).T
        return day, first, last, count

    def _step(self, position: int) -> int:
        """The largest of some steps that all times are multiples of, in microseconds."""
        value = f"v{position}"
        fits: Any = first_row(
            self._connection,
            f"SELECT {', '.join(f'coalesce(bool_and({value} % {step} = 0), true)' for step in _STEPS)} "
            f"FROM {self.held.clean}",
        )
        return next(step for step, fit in zip(_STEPS, fits, strict=True) if fit)

    def _names(self, position: int) -> Mapping[str, int]:
        """How often each name of a column occurs; of very many, some, whatever the order of the rows."""
        json = self.held.one.source.json
        plain = f" AND j{position} NOT IN {OBJECTS}" if json else ""
        found = self._connection.execute(
            f"SELECT t{position} AS t, count(*) FROM {self.held.clean} WHERE t IS NOT NULL{plain} GROUP BY 1 "
            f"ORDER BY md5_number_lower(t), t LIMIT {_MOST_NAMES}"
        ).fetchall()
        return dict(sorted(found))
