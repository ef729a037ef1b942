"""A file of columns for lists in tests, and lists as `inject` holds them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from tradegen.core.databases import temporary_database
from tradegen.desk.injecting.held_list import HeldList, hold
from tradegen.desk.lists.list_values import TradeList
from tradegen.scoring.relations import Reader

__all__ = ["described", "held", "list_database", "with_column"]


@contextlib.contextmanager
def list_database() -> Iterator[tuple[Any, Reader]]:
    """A database that keeps the order of rows, and what reads lists into it."""
    with temporary_database("test", "200MB", preserve_insertion_order=True) as (connection, folder):
        yield connection, Reader(connection, folder)


def held(connection: Any, one: TradeList) -> HeldList:
    """All columns of a list, as `inject` holds them."""
    connection.execute("DROP TABLE IF EXISTS held")
    return hold(connection, one, range(len(one.form.columns)))


def described(**changes: Any) -> dict[str, Any]:
    """A file of three columns, with changes."""
    columns = [
        {"name": "ref", "kind": "reference", "role": "trade_id"},
        {"name": "px", "kind": "decimal", "places": 2, "role": "price"},
        {"name": "day", "kind": "date", "format": "%d/%m/%Y"},
    ]
    return {"id": ["ref"], "columns": columns} | changes


def with_column(**column: Any) -> dict[str, Any]:
    """That file with a fourth column."""
    return described(columns=[*described()["columns"], {"name": "new", "kind": "text"} | column])
