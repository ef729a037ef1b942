"""``tradegen verify``: written files, proved against their truth."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradegen.cli.shell import sentences

if TYPE_CHECKING:
    from tradegen.verify import Report

_MEMORY = "1GB"


@sentences
def verify(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="DATASET | FILES...",
            help="A dataset: its folder, its manifest.json, or s3://bucket/prefix. Or the trades (a file, or "
            "one a list), their truth, their links if they share no id, and the manifest if there is one.",
        ),
    ],
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Threads for a dataset; all cores if not given.")
    ] = None,
    memory: Annotated[
        str,
        typer.Option(
            metavar="SIZE", help="What the proof may hold in memory; the rest waits in the folder TMPDIR."
        ),
    ] = _MEMORY,
    endpoint: Annotated[
        str | None, typer.Option(metavar="URL", help="Address of an object store other than AWS's own.")
    ] = None,
) -> None:
    """Re-read trades and their truth, and prove them: every mismatch is there, and nothing else differs.

    Nothing of the generator is used: the differences are worked out anew, by SQL over what is written. Of a
    dataset, every file's digest is checked, too. Columns that a scenario adds are proved, too: the
    manifest says what they are. Exits with 1 if anything is wrong.

    For example:

    - `tradegen verify trades.csv truth.csv manifest.json`

    - `tradegen verify trades.buy.csv trades.sell.csv truth.csv manifest.json`

    - `tradegen verify mine.csv theirs.csv truth.csv manifest.json`, of `tradegen inject`

    - `tradegen verify ours.csv their_list.csv broken.csv truth.csv manifest.json`, with `--keep-existing`

    - `tradegen verify dataset/`
    """
    if _is_dataset(files):
        report = prove_dataset(files[0], endpoint, workers=workers, memory=memory)
    else:
        report = prove_files(files, memory=memory)
    typer.echo(str(report))
    if not report.ok:
        raise typer.Exit(1)


def _is_dataset(files: list[str]) -> bool:
    """Whether a dataset is given, and not files one by one."""
    from tradegen.verify import VerifyError  # loaded where it is used

    # Unlike that of Path, this is silent where a folder is forbidden or a name is too long; reading tells.
    places = [name for name in files if "://" in name or os.path.isdir(name)]  # noqa: PTH112
    if places and len(files) > 1:
        raise VerifyError(f"{places[0]} is given with other files; expected a dataset alone, or files")
    return bool(places) or (len(files) == 1 and Path(files[0]).name == "manifest.json")


def prove_dataset(
    path: str, endpoint: str | None = None, *, workers: int | None = None, memory: str = _MEMORY
) -> Report:
    """The proof of a dataset, with progress on standard error."""
    from tradegen.output.progress import meter
    from tradegen.verify import open_dataset, verify_dataset

    dataset = open_dataset(path, endpoint)
    with meter(dataset.pairs) as advance:
        return verify_dataset(dataset, workers=workers, memory=memory, advance=advance)


def prove_files(files: list[str], *, memory: str = _MEMORY) -> Report:
    """The proof of files, with progress on standard error."""
    from tradegen.output.progress import meter
    from tradegen.verify import verify as verify_files

    with meter(None, "records") as advance:
        return verify_files([Path(name) for name in files], memory=memory, advance=advance)
