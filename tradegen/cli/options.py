"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

__all__ = ["FORMATS", "BlocksPerPart", "Dask", "Endpoint", "Force", "Overwrite", "Resume", "Truth", "Workers"]

FORMATS = "json|ndjson|csv|parquet|fix"
"""The names in `tradegen.formats.FORMATS`, which help must not load."""

_DATASETS: dict[str, Any] = {"rich_help_panel": "Datasets"}

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
Force: TypeAlias = Annotated[
    bool, typer.Option("--force", help="Write even where the disk has too little space for all of it.")
]
