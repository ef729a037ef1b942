"""``tradegen show``: altered trades side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradegen.cli.shell import number, sentences
from tradegen.errors import ScoringError

__all__ = ["show"]


@sentences
def show(
    trades: Annotated[
        str, typer.Argument(metavar="TRADES", help="The records: a file; or the folder of a dataset, alone.")
    ],
    truth: Annotated[
        str | None, typer.Argument(metavar="TRUTH", help="The answer key that goes with them.")
    ] = None,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Trades to show; the first altered ones if none is given."),
    ] = None,
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

    - `tradegen show ours.csv truth.csv --and theirs.csv --findings breaks.csv`

    - `tradegen show data/`

    - `tradegen show mine.csv truth.csv --and theirs.csv --manifest m.json`, of `tradegen inject`
    """
    from tradegen.analysis.side_by_side import compare  # loaded where it is used

    if truth is None and not Path(trades).is_dir():
        raise ScoringError(f"truth is missing; expected it after {trades}, or the folder of a dataset alone")
    if file := next((one for one in ids or [] if Path(one).is_file()), None):
        raise ScoringError(
            f"{file} is a file, and stands where ids do; expected the truth second, and the other list "
            f"behind --and: tradegen show {trades} TRUTH --and THEIRS"
        )
    lists = None if truth is None else [trades] if second is None else [trades, second]
    found = compare(
        trades if truth is None else truth,
        lists,
        findings=findings,
        ids=ids or None,
        limit=limit,
        manifest=manifest,
        id=id_column,
    )
    typer.echo(str(found))
