"""How a Parquet file is written, apart from what is in it. Nothing here loads pyarrow."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from tradegen.errors import OutputError, nearest, shown, whole_number

COMPRESSIONS = ("snappy", "zstd", "lz4", "none")
"""The first is the default: a third fewer bytes than none, for a seventh more time (docs/datasets.md)."""

_MOST_ROWS = 64 * 1024 * 1024
"""The most rows that pyarrow writes as one row group."""


@dataclass(frozen=True, slots=True)
class ParquetOptions:
    """The codec, and how many rows a row group has.

    Parameters
    ----------
    compression : str, optional
        One of `COMPRESSIONS`; the first if not given.
    row_group_rows : int, optional
        Rows in each row group, but for a file's last one; if not given, a row group is a block.

    Raises
    ------
    OutputError
        On an unknown codec, or a number that no row group can have.
    """

    compression: str | None = None
    row_group_rows: int | None = None

    def __post_init__(self) -> None:
        if self.compression is not None and self.compression not in COMPRESSIONS:
            raise OutputError(
                f"compression {shown(self.compression)} is unknown; "
                f"{nearest(str(self.compression), COMPRESSIONS)}"
            )
        if self.row_group_rows is not None:
            whole_number("row_group_rows", self.row_group_rows, 1, _MOST_ROWS, OutputError)

    @property
    def codec(self) -> str:
        """The codec that is used."""
        return self.compression or COMPRESSIONS[0]

    def of_writer(self, form: str) -> dict[str, Any]:
        """Keyword arguments for the writer of a format: itself for Parquet, and none for others."""
        return {"options": self} if form == "parquet" else {}

    def to_dict(self) -> dict[str, Any]:
        """As JSON would carry them."""
        return {"compression": self.codec, "row_group_rows": self.row_group_rows}

    def require_parquet(self, forms: Collection[str]) -> None:
        """Refuse options that were given where nothing is written as Parquet."""
        for name in ("compression", "row_group_rows"):
            value = getattr(self, name)
            if value is not None and "parquet" not in forms:
                raise OutputError(
                    f"{name} is {value}, and the format is {' and '.join(dict.fromkeys(forms))}; "
                    f"expected format parquet with {name}"
                    + ("; text is compressed by a format such as csv.zst" if name == "compression" else "")
                )


DEFAULTS = ParquetOptions()


def library_versions(forms: Collection[str]) -> dict[str, str]:
    """The libraries that decide the bytes of formats, beside tradegen itself, and their versions."""
    return {"pyarrow": importlib.metadata.version("pyarrow")} if "parquet" in forms else {}
