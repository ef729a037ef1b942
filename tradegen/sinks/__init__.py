"""Sinks: how records are written, one file each. `SINKS` names them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tradegen.sinks.csv import Csv
from tradegen.sinks.json import Json
from tradegen.sinks.ndjson import Ndjson
from tradegen.sinks.records import (
    Columns,
    Kind,
    trade_kinds,
    trade_records,
    truth_kind,
    truth_records,
)

__all__ = ["SINKS", "Columns", "Kind", "Sink", "trade_kinds", "trade_records", "truth_kind", "truth_records"]


class Sink(Protocol):
    """Writes one kind of record, a block's columns at a time, through `write`."""

    def __init__(self, kind: Kind, write: Callable[[bytes], object]) -> None: ...

    def add(self, columns: Columns) -> None:
        """Write the records of one block."""

    def end(self) -> None:
        """Write what stands after the last record."""


SINKS: dict[str, type[Sink]] = {"json": Json, "ndjson": Ndjson, "csv": Csv}
