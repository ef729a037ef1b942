"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from tradegen.cli.shell import number, share

FORMATS = "json|ndjson|csv|parquet|fix"
"""The names in `tradegen.formats.FORMATS`, which help must not load, but for those of compressed text."""

COMPRESSIONS = "snappy|zstd|lz4|none"
"""Those in `tradegen.formats.parquet_options.COMPRESSIONS`, the default first."""

_DATASETS: dict[str, Any] = {"rich_help_panel": "Datasets"}
_PARQUET: dict[str, Any] = {"rich_help_panel": "Parquet"}

NamedScenario: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="A named scenario (see `tradegen scenarios`) or a TOML file; `original` if not given.",
        metavar="NAME|FILE",
    ),
]
MismatchRate: TypeAlias = Annotated[
    float | None,
    typer.Option(parser=share, metavar="R", help="Share of pairs with a mismatch, 0 to 1. `30%` works."),
]
Changes: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Any other scenario field, as TOML; repeat for more."),
]
Tickers: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Your universe: a CSV file with the header ticker,price."),
]
NamedLedger: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="PATH|URL",
        help="Ledger that hands out the ids [default: ./trade_ids.db]: a file, or `dynamodb://TABLE`.",
    ),
]
Truth: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="File for the answer key: a row per altered field. If the lists share no id, `key.csv` also "
        "makes `key.links.csv`.",
    ),
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


def changed_fields(assigned: list[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the scenario that options change; an option of its own goes before --set."""
    from tradegen.scenario.assignments import assignments

    return assignments(assigned, "--set") | {
        name: value for name, value in given.items() if value is not None
    }
