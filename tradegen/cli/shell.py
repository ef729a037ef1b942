"""How the command line speaks and listens: messages, exit codes, numbers as people write them."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import FrameType
from typing import Any, ParamSpec, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from tradegen.errors import TradegenError, shown

LEDGER = Path("trade_ids.db")
"""The ledger of plain ``tradegen generate``, in the current folder."""

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_P = ParamSpec("_P")
_R = TypeVar("_R")


class _PlainFlags:
    """Help that shows no type behind an option that takes no value."""

    def get_params(self, context: Any) -> list[Any]:
        """The parameters, with an empty name for the value of each flag."""
        params: list[Any] = super().get_params(context)  # type: ignore[misc]  # of the class mixed with
        for param in params:
            if getattr(param, "is_flag", False):
                param.metavar = ""
        return params


class Command(_PlainFlags, TyperCommand):
    """A command as all of them are."""


class Group(_PlainFlags, TyperGroup):
    """A group of commands as all of them are."""


SETTINGS: dict[str, Any] = {
    "cls": Group,
    "no_args_is_help": True,
    "rich_markup_mode": "markdown",
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
"""What all groups of commands have in common."""


def say(message: str) -> None:
    """Print a message for the person, apart from the data."""
    typer.echo(f"tradegen: {message}", err=True)


def refuse_to_replace(out: str | None, read: Iterable[str | Path | None], error: type[TradegenError]) -> None:
    """Refuse to write over a file that is read; none of them, and no output, needs to be there."""
    if out in (None, "-") or not Path(str(out)).exists():
        return
    for path in read:
        if path and Path(path).exists() and Path(path).samefile(str(out)):
            raise error(f"--out is {out}, which is read as well; expected another file")


def sentences(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """Turn what a user can cause into one sentence and an exit code, never a traceback."""

    @functools.wraps(command)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        for stop in (signal.SIGTERM, signal.SIGHUP):
            # What `nohup` has said to ignore stays ignored.
            if signal.getsignal(stop) is not signal.SIG_IGN:
                signal.signal(stop, _terminated)
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
        except OSError as error:
            say(_refusal(error))
            raise typer.Exit(2) from None
        except MemoryError:
            say("there is too little memory for this")
            raise typer.Exit(2) from None

    return wrapped


def _terminated(stop: int, _frame: object) -> None:
    """Leave as on Ctrl-C, so that nothing half-written stays behind; the exit code is the shell's for it."""
    raise SystemExit(128 + stop)


@contextlib.contextmanager
def finishing(notice: Callable[[], object]) -> Iterator[None]:
    """Let the block end before a first stop is heeded, and call `notice`. A second one is heeded at once."""
    found = {stop: signal.getsignal(stop) for stop in _STOPS}
    # What is ignored, as by `nohup`, stays ignored.
    before = {stop: handler for stop, handler in found.items() if handler is not signal.SIG_IGN}
    heard: list[int] = []

    def restore() -> None:
        for stop, handler in before.items():
            signal.signal(stop, handler)

    def hear(stop: int, _frame: FrameType | None) -> None:
        heard.append(stop)
        if len(heard) > 1:
            restore()
            signal.raise_signal(stop)
        else:
            notice()

    for stop in before:
        signal.signal(stop, hear)
    try:
        yield
    finally:
        restore()
        # Also where the block has failed: else, the stop would be lost.
        if heard:
            signal.raise_signal(heard[-1])


def _refusal(error: OSError) -> str:
    """What the system refused, for which no message of our own was written."""
    reason = error.strerror or str(error) or type(error).__name__
    name = str(error.filename) if error.filename is not None else ""
    # A path too long for the system is too long for a sentence as well.
    name = name if len(name) <= 200 else f"{name[:197]}..."
    return f"{name} cannot be used: {reason}" if name else f"the system refuses: {reason}"


def open_closed_streams() -> None:
    """Give the standard streams that the shell has closed (``2>&-``) a place where nothing arrives.

    Otherwise the next file that is opened takes the number of standard error, and messages go into it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w")


def refuse_unreadable(words: Iterable[str]) -> None:
    """End the program if an argument is not UTF-8, as an old file's name may be: DuckDB takes none such."""
    for word in words:
        if not word.isascii() and any("\ud800" <= letter <= "\udfff" for letter in word):
            say(f"the argument {shown(word)} is not UTF-8; expected text in UTF-8, so rename such a file")
            sys.exit(2)


def number(value: str) -> int:
    """A whole number as people write it: ``1000000``, ``1_000_000`` or ``1e6``."""
    found = _decimal(value)
    # Numbers of more digits than any seed has would only take time.
    if found.is_finite() and found.adjusted() < 40 and found == found.to_integral_value():
        return int(found)
    raise typer.BadParameter(f"{value!r} is not a whole number; expected one such as 15 or 1e6")


def share(value: str) -> float:
    """A share as people write it: ``0.3`` or ``30%``."""
    text = str(value).strip()
    found = _decimal(text.removesuffix("%").rstrip()) / (100 if text.endswith("%") else 1)
    if 0 <= found <= 1:
        return float(found)
    raise typer.BadParameter(f"{value!r} is not a share; expected one from 0 to 1 such as 0.3, or 30%")


def _decimal(value: object) -> Decimal:
    """A number, or one that is not finite where there is none."""
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        found = Decimal("Infinity")
    return found if found.is_finite() else Decimal("Infinity")
