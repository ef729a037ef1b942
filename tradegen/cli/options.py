"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from tradegen.cli.shell import number

__all__ = [
    "COMPRESSIONS",
    "FORMATS",
    "BlocksPerPart",
    "Compression",
    "Dask",
    "Endpoint",
    "Force",
    "Overwrite",
    "Resume",
    "RowGroupRows",
    "Truth",
    "Workers",
]

FORMATS = "json|ndjson|csv|parquet|fix"
"""The names in `tradegen.formats.FORMATS`, which help must not load, but for those of compressed text."""

COMPRESSIONS = "snappy|zstd|lz4|none"
"""Those in `tradegen.formats.parquet_options.COMPRESSIONS`, the default first."""

_DATASETS: dict[str, Any] = {"rich_help_panel": "Datasets"}
_PARQUET: dict[str, Any] = {"rich_help_panel": "Parquet"}

Truth: TypeAlias = Annotated[
    Path | None, typer.Option(metavar="PATH", help="File for the answer key: a row per altered field.")
]
Workers: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", help="Processes to use; all cores if not given.", **_DATASETS)
]
Dask: TypeAlias = Annotated[
    str | None, typer.Option(metavar="local|ADDRESS", help="Make the parts on a Dask cluster.", **_DATASETS)
]
Resume: TypeAlias = Annotated[
    bool, typer.Option("--resume", help="Go on where an earlier run was broken off.", **_DATASETS)
]
Overwrite: TypeAlias = Annotated[
    bool, typer.Option("--overwrite", help="Replace the dataset at --out.", **_DATASETS)
]
BlocksPerPart: TypeAlias = Annotated[
    int | None,
    typer.Option(metavar="N", help="Blocks of 65,536 pairs in each part; 16 by default.", **_DATASETS),
]
Endpoint: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Address of an object store that is not AWS's own.", **_DATASETS),
]
Compression: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar=COMPRESSIONS, help="Codec of the columns; snappy by default.", **_PARQUET),
]
RowGroupRows: TypeAlias = Annotated[
    int | None,
    typer.Option(
        parser=number, metavar="N", help="Rows in each row group; those of a block by default.", **_PARQUET
    ),
]
Force: TypeAlias = Annotated[
    bool, typer.Option("--force", help="Write even where the disk has too little space for all of it.")
]
