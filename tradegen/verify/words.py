"""The words of the files that are proved, as `verify` knows them, and its own error.

They are kept apart from the generator's tables of columns on purpose: what the generator believes of its
columns is what is proved here.
"""

from __future__ import annotations

from tradegen.errors import TradegenError


class VerifyError(TradegenError, ValueError):
    """Files that cannot be verified at all: not there, not told apart, or of no known form."""


class UnfinishedError(VerifyError):
    """The work could not be done to its end, which says nothing of the files: no memory, disk or network."""


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
"""Columns of a list, in its order. A `record_id` may follow."""

FIELDS = (*COLUMNS, "record")
"""Fields that a truth row can name."""

NAMES = ("ticker", "broker_id", "contra_broker_id", "order_type")
"""Fields whose values are names; those of the others are integers once they are read."""

PLACES = (
    "no places",
    "one place",
    *(
        f"{number} places"
        for number in ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    ),
)
"""What the decimal places of a column are called, by how many there are."""

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
"""Columns of the truth, in its order. A `record_id` follows where the lists have one."""

LINK_COLUMNS = ("trade_id", "leg", "record_id")
"""Columns of the links, which a run has whose lists share no id."""

EMPTY = '""'
"""What an empty text is read as where a missing value is null, so that it is not taken for one."""

LEGS = {"single": ("BUY", "SELL"), "counterparty": ("BUY", "SELL"), "two_system": ("OURS", "THEIRS")}
"""The legs by view: leg 0 and leg 1."""

LISTS = {"single": ("trades",), "counterparty": ("buy", "sell"), "two_system": ("ours", "theirs")}
"""The lists by view; where there are two, the first holds leg 0."""

MIRROR = {"broker_id": "contra_broker_id", "contra_broker_id": "broker_id"}
"""By field of a leg, the field of the other leg that holds the same value, where legs face each other."""


def literal(text: str) -> str:
    """A text as SQL quotes it."""
    return "'" + text.replace("'", "''") + "'"
