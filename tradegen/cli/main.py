"""The command line: ``tradegen`` and ``python -m tradegen``.

Standard output carries data alone; the summary, progress and messages go to standard error. Exit codes:
0 done; 1 a check found something, and nothing else; 2 refused or failed; 130 interrupted.

The modules of commands are loaded to print their help. What a command runs is loaded when it runs.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tradegen.cli import (
    catalogue,
    columns,
    fit,
    generate,
    inject,
    lab,
    ledger,
    replay,
    report,
    scenarios,
    schedule,
    score,
    show,
    sweep,
    verify,
)
from tradegen.cli.shell import SETTINGS, Command, open_closed_streams
from tradegen.version import __version__

__all__ = ["app", "main"]

app = typer.Typer(
    name="tradegen",
    help="Two-sided trade records with known mismatches, to measure a trade reconciliation with.",
    epilog="Start with: `tradegen generate`",
    pretty_exceptions_enable=False,
    **SETTINGS,
)
for command in (
    generate.generate, replay.replay, verify.verify, score.score, show.show, report.report,
    inject.inject, fit.fit, lab.lab, sweep.sweep, schedule.schedule, columns.columns, catalogue.catalogue
):  # fmt: skip
    app.command(cls=Command)(command)
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
    open_closed_streams()
    try:
        app(prog_name="tradegen")
    except Exception:  # noqa: BLE001 - a fault of our own: told in full, and with an exit code that is no finding's
        sys.excepthook(*sys.exc_info())
        sys.exit(2)
