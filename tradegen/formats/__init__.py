"""Formats: how a table's rows are written, one module each. `FORMATS` names their writers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from tradegen.formats.csv import Csv
from tradegen.formats.fix import Fix
from tradegen.formats.json import Json
from tradegen.formats.ndjson import Ndjson
from tradegen.formats.tables import Rows

__all__ = ["FORMATS", "Writer", "truth_format"]


class Writer(Protocol):
    """Writes a table, given with it, through a function that takes bytes."""

    def add(self, rows: Rows) -> None:
        """Write rows, which come after those already written."""

    def end(self) -> None:
        """Write what stands after the last row."""


def truth_format(name: str) -> str:
    """The format of the truth beside trades of a format: CSV beside FIX, which has no tags for it."""
    return "csv" if name == "fix" else name


def _parquet(*of: Any, **options: Any) -> Writer:
    from tradegen.formats.parquet import Parquet  # loaded where it is used, for it needs pyarrow

    return Parquet(*of, **options)


FORMATS: dict[str, Callable[..., Writer]] = {
    "json": Json, "ndjson": Ndjson, "csv": Csv, "parquet": _parquet, "fix": Fix,
}  # fmt: skip
