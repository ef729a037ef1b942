"""What a list's columns are called in names of mechanisms, and the kinds that these go by."""

from __future__ import annotations

from tradegen.desk.lists.list_form import ColumnForm

RECORD_POSITION = 1_000_000
"""What stands for the position of whole records: it is behind those of all columns."""

NAMES = ("code", "text", "reference")
"""The kinds whose values are texts."""

_NAMED = ("ticker", "broker_id", "contra_broker_id", "order_type")


def label_of(column: ColumnForm) -> str:
    """What the column is called in names of mechanisms: its role, or else its own name."""
    return column.role or column.name


def kind_of(column: ColumnForm) -> str:
    """The kind that a column's mechanisms go by: a whole number that names something is a name."""
    if column.kind == "integer" and column.role == "trade_id":
        return "reference"
    return "code" if column.kind == "integer" and column.role in _NAMED else column.kind
