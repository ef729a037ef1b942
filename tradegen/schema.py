"""Columns, dtypes, enums and units: the only place that names them.

Inside, a block is NumPy columns of integers: `Pairs` (the clean pairs), `Trades` (the legs as they are
emitted) and `Truth` (the answer key). Names such as tickers are codes into a dictionary that travels
beside them. At the edge the same columns become pandas frames (`frames`) or text (`text`, `sinks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "BLOCK_PAIRS",
    "BUY",
    "FIELDS",
    "LARGEST_ID",
    "MICROSECONDS",
    "MICROSECONDS_A_DAY",
    "ORDER_TYPES",
    "SELL",
    "TICKS_PER_DOLLAR",
    "TRADE_COLUMNS",
    "TRUTH_COLUMNS",
    "Array",
    "Block",
    "Columns",
    "Pairs",
    "Trades",
    "Truth",
]

Array: TypeAlias = npt.NDArray[Any]

BLOCK_PAIRS = 65_536
"""Pairs in a block, the unit of reproducibility and of parallel work. Changing it changes every byte."""

LARGEST_ID = 2**63 - 1
"""The largest trade id number: an int64."""

TICKS_PER_DOLLAR = 100
"""Prices move in ticks of 0.01 (SEC Rule 612: the minimum increment of US stocks at or above 1.00)."""

MICROSECONDS = 1_000_000
MICROSECONDS_A_DAY = 86_400 * MICROSECONDS

BUY, SELL = 0, 1
ORDER_TYPES = ("BUY", "SELL")

FIELDS = ("quantity", "price", "date", "trade_timestamp")
"""Fields a mechanism can alter; a truth row holds the position in this tuple."""

TRADE_COLUMNS = (
    "trade_id",
    "ticker",
    "broker_id",
    "contra_broker_id",
    "quantity",
    "price",
    "order_type",
    "date",
    "trade_timestamp",
)

TRUTH_COLUMNS = (
    "trade_id",
    "leg",
    "field",
    "mechanism",
    "original",
    "altered",
    "delta",
    "benign",
    "notional",
    "cause",
)


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A struct of arrays: every field is a 1-D array, all of one length."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def arrays(self) -> dict[str, Array]:
        """The columns by name, in the order of the class."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """One struct from several, end to end; `parts` holds at least one."""
        return cls(*map(np.concatenate, zip(*(part.arrays().values() for part in parts), strict=True)))

    def space(self, rows: int) -> Self:
        """Columns of these dtypes with `rows` rows, not filled."""
        return type(self)(*(np.empty(rows, values.dtype) for values in self.arrays().values()))

    def put(self, start: int, part: Self) -> Self:
        """Copy `part` into the rows from `start` on, and return the view of these rows."""
        views = type(self)(*(values[start : start + len(part)] for values in self.arrays().values()))
        for view, values in zip(views.arrays().values(), part.arrays().values(), strict=True):
            view[:] = values
        return views


@dataclass(frozen=True, slots=True, eq=False)
class Pairs(Columns):
    """Clean pairs, one row each, as both legs would hold them. All columns have shape (pairs,)."""

    ticker: Array  # int32, code into the market's tickers
    buyer: Array  # int32, code into the brokers: broker_id of the BUY leg
    seller: Array  # int32, code into the brokers: broker_id of the SELL leg
    quantity: Array  # int64, shares
    price: Array  # int64, ticks
    date: Array  # int32, days since 1970-01-01
    trade_timestamp: Array  # int64, microseconds since 1970-01-01, naive local time


@dataclass(frozen=True, slots=True, eq=False)
class Trades(Columns):
    """Legs as they are emitted, in row order, two a pair. All columns have shape (2 * pairs,)."""

    trade_id: Array  # int64, the number behind tid00000021
    ticker: Array  # int32 code
    broker_id: Array  # int32 code
    contra_broker_id: Array  # int32 code
    quantity: Array  # int64, shares
    price: Array  # int64, ticks
    order_type: Array  # int8: BUY or SELL
    date: Array  # int32, days since 1970-01-01
    trade_timestamp: Array  # int64, microseconds since 1970-01-01


@dataclass(frozen=True, slots=True, eq=False)
class Truth(Columns):
    """The answer key, a row per altered field, by trade_id and then by field.

    `original` and `altered` are in the field's own integer unit: shares, ticks, days, microseconds.
    """

    trade_id: Array  # int64
    leg: Array  # int8: BUY or SELL, the leg that was altered
    field: Array  # int8, position in FIELDS
    mechanism: Array  # int16, position in the catalogue
    original: Array  # int64
    altered: Array  # int64
    notional: Array  # int64, ticks x shares of the clean pair


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Up to 65,536 consecutive pairs as generated: their legs, and the truth about them."""

    number: int
    pairs: int
    mismatched: int  # how many of the pairs have a mismatch
    trades: Trades
    truth: Truth
