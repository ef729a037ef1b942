"""``tradegen show``: altered trades side by side."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path
from typing import Annotated

import typer

from tradegen.cli.shell import number, sentences
from tradegen.errors import ScoringError


@sentences
def show(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="The records and the answer key that goes with them, in any order; or the folder of a "
            "dataset. Behind them ids of trades to show: the first altered ones if there is none.",
        ),
    ],
    second: Annotated[
        str | None, typer.Option("--and", metavar="FILE", help="The second list, of a view of two lists.")
    ] = None,
    findings: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A matcher's: shows what it missed, invented and found."),
    ] = None,
    id_column: Annotated[
        str, typer.Option("--id", metavar="NAME", help="What the findings call the trade's id.")
    ] = "trade_id",
    manifest: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Says how the columns of the lists are called; of `inject`, in which dialect they are.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(parser=number, metavar="N", help="How many trades to show, if no ids are given.")
    ] = 10,
) -> None:
    """Show altered trades side by side, with what was done to them.

    Altered cells stand in brackets. For example:

    - `tradegen show trades.csv truth.csv`

    - `tradegen show trades.csv truth.csv tid00000021 tid00000034`

    - `tradegen show ours.csv theirs.csv truth.csv --findings breaks.csv`

    - `tradegen show data/`

    - `tradegen show mine.csv theirs.csv truth.csv --manifest m.json`, of `tradegen inject`
    """
    # loaded where it is used
    from tradegen.analysis.side_by_side import compare, truth_among

    there = list(takewhile(lambda one: Path(one).exists(), files))
    if len(there) == 1 and Path(there[0]).is_dir():
        truth, lists, ids = there[0], None, files[1:]
    elif len(files) < 2:
        raise ScoringError(
            f"truth is missing; expected it along with {files[0]}, or the folder of a dataset alone"
        )
    else:
        # A path that leads nowhere is called so by what reads it.
        truth, lists = truth_among(there) if len(there) > 1 else (files[1], files[:1])
        lists, ids = [*lists, *([second] if second else [])], files[max(len(there), 2) :]
        if len(lists) > 2:
            raise ScoringError(
                f"{', '.join(lists)} are lists; expected one or two of them, the truth, and a manifest "
                "behind --manifest"
            )
    if file := next((one for one in ids if Path(one).is_file()), None):
        raise ScoringError(f"{file} is a file, and stands behind ids; expected all files before them")
    found = compare(
        truth, lists, findings=findings, ids=ids or None, limit=limit, manifest=manifest, id=id_column
    )
    typer.echo(str(found))
