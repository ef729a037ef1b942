"""Parquet: a row group a block."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tradegen.formats.records import Kind, Records

if TYPE_CHECKING:
    from tradegen.formats.typed_columns import TypedColumns

__all__ = ["Parquet"]


class Parquet:
    """Writes a row group a block, and the footer at the end."""

    def __init__(self, _kind: Kind, write: Callable[[bytes], object]) -> None:
        import tradegen.formats.arrow  # noqa: F401 - says how to install pyarrow, where it is missing
        from tradegen.formats.parquet_encoding import Writer  # loaded where it is used

        self._writer = Writer(write, _arrow_schema)

    def add(self, records: Records) -> None:
        """Write the records of one block."""
        self._writer.add(records.typed(), len(records))

    def end(self) -> None:
        """Write the footer."""
        self._writer.end()


def _arrow_schema(columns: TypedColumns) -> Mapping[str, str]:
    """What Arrow, and with it pandas and Polars, needs to read names as dictionaries again."""
    from tradegen.formats.arrow import schema_of

    return {"ARROW:schema": base64.b64encode(schema_of(columns).serialize()).decode()}
