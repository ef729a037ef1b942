"""What the truth must say, worked out apart from the generator: plain Python over the written text.

Nothing here imports tradegen. A pair's legs are compared field by field as text; every comparison is of what
a reader of the files would see.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal

FIELDS = ("quantity", "price", "date", "trade_timestamp")
Row = dict[str, str]


def rows(text: str) -> list[Row]:
    return list(csv.DictReader(io.StringIO(text)))


def legs_by_id(trades: list[Row]) -> dict[str, dict[str, Row]]:
    """The two legs of every id; a second BUY or SELL of one id is an error."""
    found: dict[str, dict[str, Row]] = {}
    for row in trades:
        legs = found.setdefault(row["trade_id"], {})
        assert row["order_type"] not in legs, f"{row['trade_id']} has two {row['order_type']} legs"
        legs[row["order_type"]] = row
    for trade_id, legs in found.items():
        assert set(legs) == {"BUY", "SELL"}, f"{trade_id} has the legs {set(legs)}"
    return found


def differences(trades: list[Row]) -> dict[tuple[str, str], tuple[str, str]]:
    """(BUY's text, SELL's text) by (id, field), wherever the legs of a pair differ."""
    found = {}
    for trade_id, legs in legs_by_id(trades).items():
        buy, sell = legs["BUY"], legs["SELL"]
        assert buy["ticker"] == sell["ticker"]
        assert (buy["broker_id"], buy["contra_broker_id"]) == (sell["contra_broker_id"], sell["broker_id"])
        assert buy["broker_id"] != buy["contra_broker_id"]
        for field in FIELDS:
            if buy[field] != sell[field]:
                found[trade_id, field] = (buy[field], sell[field])
    return found


def check_truth(trades: list[Row], truth: list[Row]) -> None:
    """Effective and complete: the truth is exactly the differences, and says which leg holds what."""
    found = differences(trades)
    stated = {}
    for row in truth:
        key = row["trade_id"], row["field"]
        assert key not in stated, f"{key} is in the truth twice"
        assert row["original"] != row["altered"], f"{key} vanished"
        sides = (row["altered"], row["original"])
        stated[key] = sides if row["leg"] == "BUY" else sides[::-1]
        assert row["mechanism"].partition(".")[0] == row["field"]
    assert stated == found


def check_values(trades: list[Row]) -> None:
    """No quantity or price at or below zero, and every price on the tick."""
    for row in trades:
        assert int(row["quantity"]) > 0
        price = Decimal(row["price"])
        assert price > 0
        assert price.as_tuple().exponent == -2


def clean(trades: list[Row], truth: list[Row]) -> dict[str, dict[str, Row]]:
    """The pairs as they were: each altered field put back, after which both legs must agree."""
    legs = legs_by_id([dict(row) for row in trades])
    for row in truth:
        leg = legs[row["trade_id"]][row["leg"]]
        assert leg[row["field"]] == row["altered"]
        leg[row["field"]] = row["original"]
    for pair in legs.values():
        for field in FIELDS:
            assert pair["BUY"][field] == pair["SELL"][field]
    return legs
