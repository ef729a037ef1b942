"""Columns as Arrow and Parquet hold them: numbers as numbers, names as codes, and what type each is.

One description serves both, so that a batch in memory and a file say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from tradegen.core import formatting as text
from tradegen.core.blocks import Trades, Truth
from tradegen.core.columns import (
    FIELDS,
    MEASURED,
    MICROSECONDS,
    ORDER_TYPES,
    RECORD_ID,
    STEPS,
    TICKS_PER_DOLLAR,
    Array,
)
from tradegen.engine.run import Run
from tradegen.formats import run_values as printed
from tradegen.scenario.layouts import Layout

__all__ = [
    "Column",
    "Decimals",
    "Flags",
    "Ids",
    "Names",
    "Numbers",
    "Printed",
    "Texts",
    "TypedColumns",
    "is_nullable",
    "trades_columns",
    "truth_columns",
]


@dataclass(frozen=True, slots=True, eq=False)
class Ids:
    """Trade ids, by the numbers behind them."""

    numbers: Array  # int64
    usual: range  # those of the block: most are among them


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """Codes of names: integers of any width, from 0."""

    codes: Array
    names: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Whole numbers (int64), days since 1970-01-01 (int32), or microseconds since then (int64)."""

    values: Array
    kind: Literal["whole", "days", "moments"]
    step: int = 1  # values are whole multiples of it apart


@dataclass(frozen=True, slots=True, eq=False)
class Decimals:
    """Exact decimals, as whole numbers of the last digit in two's complement; some may be null."""

    values: Array  # int64: all of it, or its lower 64 bits
    precision: int
    scale: int
    upper: Array | None = None  # int64: its upper 64 bits, where it has more than 64
    valid: Array | None = None  # bool: false for null

    @property
    def upper_half(self) -> Array:
        """The upper 64 bits of each (int64): the sign all through, where there are no more than 64."""
        return self.values >> 63 if self.upper is None else self.upper


@dataclass(frozen=True, slots=True, eq=False)
class Flags:
    """True or false."""

    values: Array  # bool


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Text, as `text` makes it: bytes of one width (dtype S), padded with NULs."""

    texts: Array


@dataclass(frozen=True, slots=True, eq=False)
class Printed:
    """Values of several fields as they are printed: text, and not made before it is asked for."""

    values: Array  # int64, each in its field's unit
    rows: Mapping[str, Array]  # which rows are of which field
    forms: Mapping[str, text.Form]  # how each field is printed


Column: TypeAlias = Ids | Names | Numbers | Decimals | Flags | Texts | Printed

TypedColumns: TypeAlias = dict[str, Column]
"""Columns by the names they are written under, all of one length."""


def is_nullable(column: Column) -> bool:
    """Whether a column may hold nulls: one that has none does not say that it may."""
    return isinstance(column, Decimals) and column.valid is not None


_PRICE, _NOTIONAL, _DELTA = (18, 2), (19, 2), (24, 6)  # precision and scale
_DELTA_PARTS = MICROSECONDS  # a difference is exact to a millionth of its unit: time, the finest, is in these
_PARTS = {"price": _DELTA_PARTS // TICKS_PER_DOLLAR, "trade_timestamp": 1}
_UNITS = np.array([_PARTS.get(field, _DELTA_PARTS) for field in FIELDS])
_MEASURED = np.array([field in MEASURED for field in FIELDS])


def trades_columns(run: Run, trades: Trades, layout: Layout, usual: range) -> TypedColumns:
    """Records of one list, in row order.

    Parameters
    ----------
    run : Run
    trades : Trades
        The list's own records.
    layout : Layout
        Names of columns; a date or time in a form of its own becomes text.
    usual : range
        The ids of the block's clean pairs.
    """
    brokers = text.broker_names(run.scenario.brokers)
    columns: TypedColumns = {
        "trade_id": Ids(trades.trade_id, usual),
        "ticker": Names(trades.ticker, run.tickers),
        "broker_id": Names(trades.broker_id, brokers),
        "contra_broker_id": Names(trades.contra_broker_id, brokers),
        "quantity": Numbers(trades.quantity, "whole"),
        "price": Decimals(trades.price, *_PRICE),
        "order_type": Names(trades.order_type, ORDER_TYPES),
        "date": Numbers(trades.date, "days"),
        "trade_timestamp": Numbers(
            trades.trade_timestamp, "moments", STEPS[run.scenario.timestamp_precision]
        ),
    }
    if layout.date_format:
        columns["date"] = Texts(text.days_as(layout.date_format)(trades.date))
    if layout.timestamp_format:
        columns["trade_timestamp"] = Texts(text.moments_as(layout.timestamp_format)(trades.trade_timestamp))
    if run.scenario.record_ids:
        columns[RECORD_ID] = Texts(printed.record_ids(run, trades.record))
    return {layout.columns.get(column, column): values for column, values in columns.items()}


def truth_columns(run: Run, truth: Truth, usual: range) -> TypedColumns:
    """The answer key of one block, by trade_id and then by field; `usual` as `trades_columns` takes it."""
    forms, rows = printed.forms(run), text.rows_by_field(truth.field)
    columns: TypedColumns = {
        "trade_id": Ids(truth.trade_id, usual),
        "leg": Names(truth.leg, printed.leg_names(run)),
        "field": Names(truth.field, FIELDS),
        "mechanism": Names(truth.mechanism, run.mechanisms),
        "original": Printed(truth.original, rows, forms),
        "altered": Printed(truth.altered, rows, forms),
        "delta": _deltas(truth),
        "benign": Flags(truth.benign),
        "notional": Decimals(truth.notional, *_NOTIONAL),
        "cause": Names(truth.cause, run.scenario.causes),
    }
    if run.scenario.record_ids:
        columns[RECORD_ID] = Texts(printed.record_ids(run, truth.record))
    return columns


def _deltas(truth: Truth) -> Decimals:
    """By how much measured fields differ, in millionths of their unit; null for names."""
    valid = _MEASURED[truth.field]
    delta = np.where(valid, truth.altered - truth.original, 0)
    units = _UNITS[truth.field]
    # Millionths may take more than 64 bits: halves of the difference are multiplied apart, and put together.
    low = (delta & 0xFFFFFFFF) * units
    high = (delta >> 32) * units + (low >> 32)
    return Decimals(delta * units, *_DELTA, upper=high >> 32, valid=valid)
