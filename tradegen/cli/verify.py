"""``tradegen verify``: written files, proved against their truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradegen.cli.shell import sentences

if TYPE_CHECKING:
    from tradegen.verify import Report

__all__ = ["verify"]


@sentences
def verify(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="DATASET | FILES...",
            help="A dataset: its folder, its manifest.json, or s3://bucket/prefix. Or the trades (a file, or "
            "one a list), their truth and, if there is one, the manifest.",
        ),
    ],
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes for a dataset; all cores if not given.")
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option(metavar="URL", help="Address of an object store other than AWS's own.")
    ] = None,
) -> None:
    """Re-read trades and their truth, and prove them: every mismatch is there, and nothing else differs.

    Nothing of the generator is used: the differences are worked out anew from what is written. Of a dataset,
    every file's digest is checked, too. Exits with 1 if anything is wrong.

    For example:

    - `tradegen verify trades.csv truth.csv manifest.json`

    - `tradegen verify trades.buy.csv trades.sell.csv truth.csv manifest.json`

    - `tradegen verify dataset/`
    """
    report = _dataset(files[0], workers, endpoint) if _is_dataset(files) else _files(files)
    typer.echo(str(report))
    if not report.ok:
        raise typer.Exit(1)


def _is_dataset(files: list[str]) -> bool:
    """Whether a dataset is given, and not files one by one."""
    from tradegen.verify import VerifyError  # loaded where it is used

    places = [name for name in files if "://" in name or Path(name).is_dir()]
    if places and len(files) > 1:
        raise VerifyError(f"{places[0]} is given with other files; expected a dataset alone, or files")
    return bool(places) or (len(files) == 1 and Path(files[0]).name == "manifest.json")


def _dataset(path: str, workers: int | None, endpoint: str | None) -> Report:
    from tradegen.output.progress import meter
    from tradegen.verify import open_dataset, verify_dataset

    dataset = open_dataset(path, endpoint)
    with meter(dataset.pairs) as advance:
        return verify_dataset(dataset, workers=workers, advance=advance)


def _files(files: list[str]) -> Report:
    from tradegen.output.progress import counter
    from tradegen.verify import verify as verify_files

    with counter("records") as advance:
        return verify_files([Path(name) for name in files], advance=advance)
