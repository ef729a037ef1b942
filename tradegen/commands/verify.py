"""``tradegen verify``: written files, proved against their truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradegen.commands.shell import sentences
from tradegen.progress import counter

__all__ = ["verify"]


@sentences
def verify(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES...",
            help="The trades (a file, or one a list), their truth and, if there is one, the manifest.",
        ),
    ],
) -> None:
    """Re-read trades and their truth, and prove them: every mismatch is there, and nothing else differs.

    Nothing of the generator is used: the differences are worked out anew from what is written. Exits with 1
    if anything is wrong.

    For example:

    - `tradegen verify trades.csv truth.csv manifest.json`

    - `tradegen verify trades.buy.csv trades.sell.csv truth.csv manifest.json`
    """
    from tradegen.verify import verify as verify_files  # loaded where it is used

    with counter("records") as advance:
        report = verify_files(files, advance=advance)
    typer.echo(str(report))
    if not report.ok:
        raise typer.Exit(1)
