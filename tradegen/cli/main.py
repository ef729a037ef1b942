"""The command line: ``tradegen`` and ``python -m tradegen``.

Standard output carries data alone; the summary, progress and messages go to standard error. Exit codes:
0 done; 1 a check found something, and nothing else; 2 refused or failed; 130 interrupted.

A command that is named first is the only one that is loaded, since Typer reads the options of all that are.
What a command runs is loaded when it runs.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from tradegen.cli.shell import SETTINGS, Command, open_closed_streams, refuse_unreadable
from tradegen.version import __version__

# In the order of the help. Each is a function in the module of its name, or for a group, its `app`.
_COMMANDS = (
    "generate", "replay", "verify", "score", "show", "report", "inject", "fit", "lab", "sweep", "schedule",
    "columns", "catalogue"
)  # fmt: skip
_GROUPS = ("scenarios", "ledger")

_OBJECTS_BETWEEN_SEARCHES = 100_000
"""How many objects are made before Python searches for garbage again; 700 is Python's own number."""


def _application(names: Iterable[str] = (*_COMMANDS, *_GROUPS)) -> typer.Typer:
    """The command line with the commands that are named."""
    application = typer.Typer(
        name="tradegen",
        help="Two-sided trade records with known mismatches, to measure a trade reconciliation with.",
        epilog="Start with: `tradegen generate`",
        pretty_exceptions_enable=False,
        **SETTINGS,
    )
    for name in names:
        module = importlib.import_module(f"tradegen.cli.{name}")
        if name in _GROUPS:
            application.add_typer(module.app, name=name)
        else:
            application.command(cls=Command)(getattr(module, name))
    application.callback()(_common)
    return application


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tradegen {__version__}")
        raise typer.Exit


def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def __getattr__(name: str) -> Any:
    """Give ``app``, which has all commands; it is made only when somebody asks for it."""
    if name == "app":
        return _application()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def main() -> None:
    """Run the command line."""
    # Loading the libraries makes many objects and no garbage, so a search each 700 objects is time lost.
    gc.set_threshold(_OBJECTS_BETWEEN_SEARCHES)
    open_closed_streams()
    refuse_unreadable(sys.argv[1:])
    # Pydantic otherwise reads the metadata of every package that is installed, in search of plugins.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    first = sys.argv[1:2]
    try:
        application = _application(first) if {*first} & {*_COMMANDS, *_GROUPS} else _application()
        application(prog_name="tradegen")
    except Exception:  # noqa: BLE001 - a fault of our own: told in full, and with an exit code that is no finding's
        sys.excepthook(*sys.exc_info())
        sys.exit(2)
    finally:
        # The process ends now. Python would otherwise search all that is loaded for garbage once more. DuckDB
        # depends on that search: it prints pages about objects that are left when Python ends.
        if "duckdb" not in sys.modules:
            gc.freeze()
