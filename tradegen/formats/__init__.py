"""Formats: how a table's rows are written, one module each. `FORMATS` names their writers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol

from tradegen.core.compression import SUFFIXES, compressor
from tradegen.formats.csv import Csv
from tradegen.formats.fix import Fix
from tradegen.formats.json import Json
from tradegen.formats.ndjson import Ndjson
from tradegen.formats.sorting import in_order
from tradegen.formats.tables import Rows, Table

__all__ = ["FORMATS", "Writer", "truth_format"]


class Writer(Protocol):
    """Writes a table, given with it, through a function that takes bytes."""

    def add(self, rows: Rows) -> None:
        """Write rows, which come after those already written."""

    def end(self) -> None:
        """Write what stands after the last row."""


def truth_format(name: str) -> str:
    """The format of the truth beside trades of a format: CSV beside FIX, which has no tags for it."""
    return name.replace("fix", "csv")


def _parquet(*of: Any, **options: Any) -> Writer:
    from tradegen.formats.parquet import Parquet  # loaded where it is used, for it needs pyarrow

    return Parquet(*of, **options)


class _Compressed:
    """Compresses what a writer of text writes."""

    def __init__(
        self, writer: Callable[..., Writer], suffix: str, table: Table, write: Callable[[bytes], object]
    ) -> None:
        self._compressor = compressor(suffix, write)
        self._writer = writer(table, self._compressor.write)

    def add(self, rows: Rows) -> None:
        self._writer.add(rows)

    def end(self) -> None:
        self._writer.end()
        self._compressor.end()


class _Sorted:
    """Holds rows back until the last one, and has them written in the table's order."""

    def __init__(self, table: Table, writer: Writer) -> None:
        self._table, self._writer = table, writer
        self._rows: list[Rows] = []

    def add(self, rows: Rows) -> None:
        self._rows.append(rows)

    def end(self) -> None:
        rows, self._rows = self._rows, []
        for part in in_order(self._table, iter(rows)):
            self._writer.add(part)
        self._writer.end()


def _made(
    writer: Callable[..., Writer], table: Table, write: Callable[[bytes], object], **options: Any
) -> Writer:
    made = writer(table, write, **options)
    return _Sorted(table, made) if table.sort else made


_WRITERS: dict[str, Callable[..., Writer]] = {
    "json": Json, "ndjson": Ndjson, "csv": Csv, "parquet": _parquet, "fix": Fix,
}  # fmt: skip

_COMPRESSED: dict[str, Callable[..., Writer]] = {
    f"{name}{suffix}": functools.partial(_Compressed, writer, suffix)
    for suffix in SUFFIXES
    for name, writer in _WRITERS.items()
    if name != "parquet"
}

FORMATS: dict[str, Callable[..., Writer]] = {
    name: functools.partial(_made, writer) for name, writer in (_WRITERS | _COMPRESSED).items()
}
"""By format, what makes the writer of a table, given the table and a function that takes bytes.

Text may be compressed: ``csv.gz``, ``ndjson.zst``.
"""
