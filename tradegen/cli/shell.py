"""How the command line speaks and listens: messages, exit codes, numbers as people write them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import typer

from tradegen.errors import TradegenError

__all__ = ["LEDGER", "SETTINGS", "number", "say", "sentences"]

LEDGER = Path("trade_ids.db")
"""The ledger of plain ``tradegen generate``, in the current folder."""

SETTINGS: dict[str, Any] = {
    "no_args_is_help": True,
    "rich_markup_mode": "markdown",
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
"""What all groups of commands have in common."""

_P = ParamSpec("_P")
_R = TypeVar("_R")


def say(message: str) -> None:
    """Print a message for the person, apart from the data."""
    typer.echo(f"tradegen: {message}", err=True)


def sentences(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """Turn what a user can cause into one sentence and an exit code, never a traceback."""

    @functools.wraps(command)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return command(*args, **kwargs)
        except TradegenError as error:
            say(str(error))
            raise typer.Exit(2) from None
        except KeyboardInterrupt as interrupt:
            say("; ".join(["interrupted", *map(str, interrupt.args)]))
            raise typer.Exit(130) from None
        except BrokenPipeError:
            # The reader, such as head, has seen enough.
            raise typer.Exit(0) from None

    return wrapped


def number(value: str) -> int:
    """A whole number as people write it: ``1000000``, ``1_000_000`` or ``1e6``."""
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        found = Decimal("NaN")
    # Numbers of more digits than any seed has would only take time.
    if found.is_finite() and found.adjusted() < 40 and found == found.to_integral_value():
        return int(found)
    raise typer.BadParameter(f"{value!r} is not a whole number; expected one such as 15 or 1e6")
