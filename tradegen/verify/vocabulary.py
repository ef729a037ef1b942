"""The words of the files that are verified, and the integers that stand for them here.

Kept apart from `core.columns` on purpose: what the generator believes of its columns is what is verified.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tradegen.errors import TradegenError

__all__ = [
    "ABSENT",
    "BARE",
    "COLUMNS",
    "FIELDS",
    "LEGS",
    "MIRROR",
    "NAMES",
    "TRUTH_COLUMNS",
    "UNREADABLE",
    "Array",
    "VerifyError",
]


class VerifyError(TradegenError, ValueError):
    """Files that cannot be verified at all: not there, not told apart, or of no known form."""


Array: TypeAlias = npt.NDArray[Any]

COLUMNS = (
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
"""Columns of trades; the position is the code of a field. A `record_id` may follow."""

TRADE_ID, TICKER, BROKER, CONTRA, QUANTITY, PRICE, ORDER_TYPE, DATE, MOMENT = range(9)

FIELDS = (*COLUMNS, "record")
"""Fields a truth row can name."""

RECORD = 9

NAMES = (TICKER, BROKER, CONTRA, ORDER_TYPE)
"""Fields whose values are names."""

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
"""Columns of the truth; a `record_id` follows where trades have one."""

BARE = frozenset({"quantity", "price", "delta", "benign", "notional"})
"""Columns that JSON writes without quotation marks."""

LEGS = {"single": ("BUY", "SELL"), "counterparty": ("BUY", "SELL"), "two_system": ("OURS", "THEIRS")}
"""The legs by view: leg 0 and leg 1."""

LISTS = {"single": ("trades",), "counterparty": ("buy", "sell"), "two_system": ("ours", "theirs")}
"""The lists by view; of two lists, the first holds leg 0."""

MIRROR = np.array([TRADE_ID, TICKER, CONTRA, BROKER, QUANTITY, PRICE, ORDER_TYPE, DATE, MOMENT])
"""By field of a leg, the field of the other leg that holds the same value, where legs face each other."""

# The columns of a table of records: the fields by their codes, and these.
RECORD_ID, PAIR, LEG, LINE = 9, 10, 11, 12
RECORD_WIDTH = 13

# The columns of a table of truth rows.
T_PAIR, T_LEG, T_FIELD, T_MECHANISM, T_ORIGINAL, T_ALTERED, T_NOTIONAL, T_RECORD_ID, T_BENIGN = range(9)
TRUTH_WIDTH = 9

UNREADABLE = -(2**63)
"""Stands for a value that could not be read; it has been reported where it was met."""

ABSENT = UNREADABLE + 1
"""Stands for an empty value where a number may stand."""
