"""A block's columns: clean pairs, the records they become, the truth about them, and what was counted.

Each is a struct of arrays of integers. Names such as tickers are codes into a dictionary that travels
beside them. At the edge the same columns become pandas frames, Arrow tables or text (`formats`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from tradegen.core.columns import Array

BLOCK_PAIRS = 65_536
"""Pairs in a block, the unit of reproducibility and of parallel work. Changing it changes every byte."""

NO_RECORD = -1
"""The record number of a truth row whose leg is missing."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A struct of arrays: every field is a 1-D array, all of one length."""

    def __len__(self) -> int:
        # By the last field, which is a column in every class.
        return len(getattr(self, next(reversed(self.__dataclass_fields__))))

    def arrays(self) -> dict[str, Array]:
        """The columns by name, in the order of the class."""
        # As `fields` has them, which takes longer than copying a small block does.
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def of(cls, arrays: Mapping[str, Array]) -> Self:
        """The struct with these columns: what `arrays` gave."""
        return cls(**arrays)

    def each(self, change: Callable[[Array], Array]) -> Self:
        """The same columns, each changed alike."""
        return self.of({name: change(values) for name, values in self.arrays().items()})

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """One struct from several, end to end; `parts` holds at least one."""
        arrays = [part.arrays() for part in parts]
        return cls.of({name: np.concatenate([of_part[name] for of_part in arrays]) for name in arrays[0]})

    def first(self, rows: int) -> Self:
        """The first `rows` rows, as views."""
        return self.part(0, rows)

    def part(self, start: int, stop: int) -> Self:
        """The rows from `start` to before `stop`, as views."""
        return self.each(lambda values: values[start:stop])

    def take(self, chosen: Array) -> Self:
        """The rows that a mask or positions choose, copied."""
        return self.each(lambda values: values[chosen])

    def space(self, rows: int) -> Self:
        """Columns of these dtypes with `rows` rows, not filled."""
        return self.each(lambda values: np.empty(rows, values.dtype))

    def put(self, start: int, part: Self) -> Self:
        """Copy `part` into the rows from `start` on, and return the view of these rows."""
        views = self.part(start, start + len(part))
        for view, values in zip(views.arrays().values(), part.arrays().values(), strict=True):
            view[:] = values
        return views


@dataclass(frozen=True, slots=True, eq=False)
class WithOwn(Columns):
    """Columns to which a scenario may add columns of its own: `own` holds those, by name."""

    own: Mapping[str, Array] = field(default_factory=dict, kw_only=True)

    def arrays(self) -> dict[str, Array]:
        """The columns by name: those that come with the house, then the scenario's own."""
        return {name: getattr(self, name) for name in self._house()} | dict(self.own)

    @classmethod
    def _house(cls) -> list[str]:
        return [name for name in cls.__dataclass_fields__ if name != "own"]

    @classmethod
    def of(cls, arrays: Mapping[str, Array]) -> Self:
        """The struct with these columns: what `arrays` gave."""
        house = cls._house()
        own = {name: values for name, values in arrays.items() if name not in house}
        return cls(**{name: arrays[name] for name in house}, own=own)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs(WithOwn):
    """Clean pairs, one row each, as both legs would hold them. All columns have shape (pairs,)."""

    ticker: Array  # int32, code into the market's tickers
    buyer: Array  # int32, code into the brokers: who buys
    seller: Array  # int32, code into the brokers: who sells
    quantity: Array  # int64, shares
    price: Array  # int64, ticks
    side: Array  # int8, BUY or SELL: what the first leg is, and in the view two_system the second, too
    date: Array  # int32, days since 1970-01-01
    trade_timestamp: Array  # int64, microseconds since 1970-01-01, naive local time


@dataclass(frozen=True, slots=True, eq=False)
class Trades(WithOwn):
    """Records as they are emitted, in row order: two a pair, but for missing, doubled and split legs."""

    trade_id: Array  # int64, the number behind tid00000021
    ticker: Array  # int32, code into the run's tickers
    broker_id: Array  # int32 code
    contra_broker_id: Array  # int32 code
    quantity: Array  # int64, shares
    price: Array  # int64, ticks
    order_type: Array  # int8: BUY or SELL
    date: Array  # int32, days since 1970-01-01
    trade_timestamp: Array  # int64, microseconds since 1970-01-01
    leg: Array  # int8, 0 or 1: which leg of its pair it is; not written, but decides the list
    record: Array  # int64, the number behind the record id


@dataclass(frozen=True, slots=True, eq=False)
class Truth(Columns):
    """The answer key, a row per altered field or record, by trade_id and then by field.

    `original` and `altered` are in the field's own integer unit: codes, shares, ticks, days, microseconds,
    records.
    """

    trade_id: Array  # int64, that of the clean pair
    leg: Array  # int8, 0 or 1: the leg that was altered
    field: Array  # int8, position among the fields of the scenario
    mechanism: Array  # int16, position among the mechanisms of the run (`Run.mechanisms`)
    original: Array  # int64
    altered: Array  # int64
    benign: Array  # bool: within the tolerance
    notional: Array  # int64, ticks x shares of the clean pair
    cause: Array  # int16: 0, or the position of the hot spot, from 1
    record: Array  # int64, the number of the record concerned; NO_RECORD where the leg is missing


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """What was asked of one block and what the data allowed, by cause and by mechanism (int64 arrays).

    A row a cause: mismatches outside hot spots, then each hot spot, then benign differences. A
    mechanism has the position that it has in the truth's codes.
    """

    eligible: Array  # shape (causes,): pairs that the cause is about
    requested: Array  # shape (causes,): pairs of these that were to be altered
    applied: Array  # shape (causes,): pairs that were
    drawn: Array  # shape (mechanisms,): how often pairs drew a mechanism
    possible: Array  # shape (mechanisms,): how often it was possible there
    limited: Array  # shape (mechanisms,): how often the range of clean values limited its sizes

    @classmethod
    def none(cls, causes: int, mechanisms: int) -> Self:
        """Nothing asked for, nothing done."""
        return cls(*(np.zeros(size, np.int64) for size in [causes] * 3 + [mechanisms] * 3))

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    def to_dict(self) -> dict[str, list[int]]:
        """As JSON would carry it."""
        return {name: getattr(self, name).tolist() for name in self.__slots__}

    @classmethod
    def from_dict(cls, values: Mapping[str, Sequence[int]]) -> Self:
        """What `to_dict` gave."""
        return cls(**{name: np.array(numbers, np.int64) for name, numbers in values.items()})


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Up to 65,536 consecutive pairs as generated: their records, and the truth about them."""

    number: int
    pairs: int
    trades: Trades
    truth: Truth
    counts: Counts

    @property
    def mismatched(self) -> int:
        """How many of the pairs have a mismatch; benign differences are none."""
        return int(self.counts.applied[:-1].sum())
