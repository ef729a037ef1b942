"""The command line: ``tradegen`` and ``python -m tradegen``.

Standard output carries data alone; the summary, progress and messages go to standard error. Exit codes:
0 done, 1 a check found something, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

from typing import Annotated

import typer

from tradegen.cli import catalogue, generate, ledger, replay, scenarios, score, verify
from tradegen.cli.shell import SETTINGS
from tradegen.version import __version__

__all__ = ["app", "main"]

app = typer.Typer(
    name="tradegen",
    help="Two-sided trade records with known mismatches, to measure a trade reconciliation with.",
    epilog="Start with: `tradegen generate`",
    pretty_exceptions_enable=False,
    add_completion=False,
    **SETTINGS,
)
app.command()(generate.generate)
app.command()(replay.replay)
app.command()(verify.verify)
app.command()(score.score)
app.command()(catalogue.catalogue)
app.add_typer(scenarios.app, name="scenarios")
app.add_typer(ledger.app, name="ledger")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tradegen {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    app()
