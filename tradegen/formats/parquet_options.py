"""How a Parquet file is written, apart from what is in it."""

from __future__ import annotations

from dataclasses import dataclass

from tradegen.errors import OutputError, nearest, shown, whole_number

__all__ = ["COMPRESSIONS", "DEFAULT_COMPRESSION", "ParquetOptions"]

COMPRESSIONS = ("snappy", "zstd", "lz4", "none")
"""Snappy and LZ4 compress text, Zstandard prices and times as well: they shrink by more than it takes."""

DEFAULT_COMPRESSION = "snappy"
"""The fastest, a fifth smaller than none."""

_MOST_ROWS = 64 * 1024 * 1024
"""The most rows that pyarrow writes as one row group."""


@dataclass(frozen=True, slots=True)
class ParquetOptions:
    """The codec, and how many rows a row group has; None is a row group a block.

    Raises
    ------
    OutputError
        On an unknown codec, or a number that no row group can have.
    """

    compression: str = DEFAULT_COMPRESSION
    row_group_rows: int | None = None

    def __post_init__(self) -> None:
        if self.compression not in COMPRESSIONS:
            raise OutputError(
                f"compression {shown(self.compression)} is unknown; "
                f"{nearest(str(self.compression), COMPRESSIONS)}"
            )
        if self.row_group_rows is not None:
            whole_number("row_group_rows", self.row_group_rows, 1, _MOST_ROWS, OutputError)
