"""What the nine columns share with others of their kind: values that are missing, and names misspelled."""

from __future__ import annotations

from collections.abc import Iterator

from tradegen.mechanisms.by_kind import MECHANISMS_BY_KIND
from tradegen.mechanisms.column_kinds import KindOfColumn
from tradegen.mechanisms.mechanism import Mechanism
from tradegen.mechanisms.spellings import SPELLINGS

_COLUMNS = (
    KindOfColumn("ticker", "code", example="AAPL"),
    # With both brokers of a leg wrong, they might be one and the same.
    KindOfColumn("broker_id", "code", example="BKR005", apart=frozenset({"contra_broker_id"})),
    KindOfColumn("contra_broker_id", "code", example="BKR011", apart=frozenset({"broker_id"})),
    KindOfColumn("quantity", "integer"),
    KindOfColumn("price", "decimal", 2),
    # With its brokers turned round, too, a leg without its side would be a right record of the other leg.
    KindOfColumn("order_type", "code", example="SELL", apart=frozenset({"broker_id.swapped"})),
    KindOfColumn("date", "date"),
    KindOfColumn("trade_timestamp", "timestamp"),
)
"""All but the trade's id, without which nobody could say which trade a record is of."""


def house_by_kind() -> Iterator[Mechanism]:
    """The entries that the nine columns have by their kind; all others have functions of their own."""
    for column in _COLUMNS:
        for way in ("blank", *(SPELLINGS if column.kind == "code" else ())):
            yield MECHANISMS_BY_KIND[column.kind][way](column)
