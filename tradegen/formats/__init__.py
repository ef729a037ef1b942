"""Sinks: how records are written, one file each. `SINKS` names them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tradegen.formats.csv import Csv
from tradegen.formats.fix import Fix
from tradegen.formats.json import Json
from tradegen.formats.ndjson import Ndjson
from tradegen.formats.parquet import Parquet
from tradegen.formats.records import (
    Kind,
    Records,
    records_of,
    trade_kinds,
    trade_records,
    truth_kind,
    truth_records,
)

__all__ = [
    "SINKS",
    "Kind",
    "Records",
    "Sink",
    "records_of",
    "trade_kinds",
    "trade_records",
    "truth_form",
    "truth_kind",
    "truth_records",
]


class Sink(Protocol):
    """Writes one kind of record, a block at a time, through `write`."""

    def __init__(self, kind: Kind, write: Callable[[bytes], object]) -> None: ...

    def add(self, records: Records) -> None:
        """Write the records of one block."""

    def end(self) -> None:
        """Write what stands after the last record."""


def truth_form(form: str) -> str:
    """The form of the truth about records of a form: FIX has no tags for it, so that it is CSV beside FIX."""
    return "csv" if form == "fix" else form


SINKS: dict[str, type[Sink]] = {"json": Json, "ndjson": Ndjson, "csv": Csv, "parquet": Parquet, "fix": Fix}
