"""``tradegen columns``: what the columns of a list of trades are."""

from __future__ import annotations

from typing import Annotated

import typer

from tradegen.cli.shell import sentences


@sentences
def columns(
    trades: Annotated[
        str, typer.Argument(metavar="TRADES", help="Your list of trades: CSV, JSON lines or Parquet.")
    ],
    theirs: Annotated[
        str | None, typer.Argument(metavar="THEIRS", help="Their list, to describe both in one file.")
    ] = None,
) -> None:
    """Print what is guessed of each column of a list of your own trades, as TOML for you to edit.

    It says how the file is written (encoding, separator, quotes, decimals), which columns name a trade, and
    what each column holds: its kind and, where its name tells one, its role.

    For example:

    - `tradegen columns trades.csv > columns.toml`

    - `tradegen columns ours.csv theirs.csv > both.toml`
    """
    from tradegen.desk.lists.columns_toml import columns_of  # loaded where it is used

    if theirs is None:
        typer.echo(columns_of(trades), nl=False)
        return
    both = [columns_of(trades, "ours"), columns_of(theirs, "theirs")]
    typer.echo("\n".join(both), nl=False)
