"""The names, units and enumerations of columns: the only place that states them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

LARGEST_ID = 2**63 - 1
"""The largest trade id number: an int64."""

MICROSECONDS = 1_000_000
MICROSECONDS_A_DAY = 86_400 * MICROSECONDS

BUY, SELL = 0, 1
ORDER_TYPES = ("BUY", "SELL")

STEPS = {"s": MICROSECONDS, "ms": 1_000, "us": 1}
"""Microseconds in the smallest step of a timestamp, by the precision it is written with."""

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

RECORD = "record"
"""The field of a truth row that is about whole records: how many of them the leg has."""

FIELDS = (*TRADE_COLUMNS, RECORD)
"""Fields a mechanism can alter; a truth row holds the position in this tuple."""

MEASURED = ("quantity", "price", "date", "trade_timestamp", RECORD)
"""Fields whose values differ by an amount, a truth row's `delta`; the others are names."""

RECORD_ID = "record_id"
"""The last column of trades and truth, where trade_id and leg do not say which record is meant."""

LISTS = {"single": ("trades",), "counterparty": ("buy", "sell"), "two_system": ("ours", "theirs")}
"""The lists that the records stand in, by view."""

LEGS = {"single": ORDER_TYPES, "counterparty": ORDER_TYPES, "two_system": ("OURS", "THEIRS")}
"""What a pair's first and second leg are called, by view."""

LINKS = "links"
"""The table beside the truth that says which trade each record is of, where the lists share no id."""

LINK_COLUMNS = ("trade_id", "leg", RECORD_ID)
"""Its columns, in its order."""

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


def blank(dtype: npt.DTypeLike) -> int:
    """The number that stands for a missing value in a column of integers: the smallest that it can hold."""
    return int(np.iinfo(dtype).min)


def is_blank(values: Array) -> Array:
    """Where values of a column of integers are missing (bool)."""
    missing: Array = values == blank(values.dtype)
    return missing
