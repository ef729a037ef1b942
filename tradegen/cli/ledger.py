"""``tradegen ledger``: what has been handed out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tradegen.cli.shell import LEDGER, SETTINGS, Command, number, say, sentences
from tradegen.errors import LedgerError

if TYPE_CHECKING:
    from tradegen.ledger import Ledger

app = typer.Typer(help="The ledger of trade ids: show it, check it, create or copy one.", **SETTINGS)

LedgerPlace = Annotated[
    str, typer.Argument(metavar="[PATH|URL]", help="The ledger file, or dynamodb://TABLE.")
]


def _opened(place: str) -> Ledger:
    """A ledger to look at, also where nothing could be reserved from it."""
    from tradegen.ledger import ledger_at, open_ledger

    try:
        # Opening finishes what a killed process left half done, which is no fault of the ledger.
        return open_ledger(place)
    except LedgerError:
        return ledger_at(place)


@app.command("show", cls=Command)
@sentences
def ledger_show(place: LedgerPlace = str(LEDGER)) -> None:
    """Print what a ledger has handed out."""
    from tradegen.core.formatting import trade_id

    summary = _opened(place).show()
    typer.echo(f"ledger            {place}")
    typer.echo(f"next id           {trade_id(summary.next_id)}")
    typer.echo(f"ids handed out    {summary.ids}")
    typer.echo(f"reservations      {summary.ranges}")


@app.command("check", cls=Command)
@sentences
def ledger_check(place: LedgerPlace = str(LEDGER)) -> None:
    """Check a ledger through; exits with 1 if anything is wrong."""
    findings = _opened(place).check()
    for finding in findings:
        typer.echo(finding)
    if findings:
        raise typer.Exit(1)
    typer.echo(f"{place} is in order")


@app.command("create", cls=Command)
@sentences
def ledger_create(
    place: LedgerPlace = str(LEDGER),
    first_id: Annotated[int, typer.Option(parser=number, metavar="N", help="Where ids start.")] = 1,
) -> None:
    """Create a new ledger, where there is none.

    With `dynamodb://TABLE`, it is the counter in a table that has none. A missing table is created, too.
    """
    from tradegen.core.formatting import trade_id
    from tradegen.ledger import create_ledger

    create_ledger(place, first_id=first_id)
    say(f"created {place}; ids start at {trade_id(first_id)}")


@app.command("copy")
@sentences
def ledger_copy(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The ledger file.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its copy: a path at which nothing exists.")],
) -> None:
    """Copy a ledger, whole and checked; from then on, use the copy alone."""
    from tradegen.core.formatting import trade_id
    from tradegen.ledger import copy_ledger

    next_id = copy_ledger(old, new).show().next_id
    say(f"copied {old} to {new}; ids go on at {trade_id(next_id)}")
    say(f"do not use {old} any more, by any of its names: it would hand out the same ids again")
