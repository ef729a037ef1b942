"""What can go wrong, as exceptions whose message is one sentence for a person.

Every error that a user can cause derives from `TradegenError`; the command line prints its message
and exits with code 2. A message names the parameter or file, what was given, what is allowed, and
what to do: ``mismatch_rate is 1.4; expected a share from 0 to 1``.
"""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Iterable
from typing import Any

__all__ = [
    "CaseError",
    "FitError",
    "LabError",
    "LedgerError",
    "ListError",
    "MarketError",
    "OutputError",
    "ScenarioError",
    "ScoringError",
    "TradegenError",
    "named",
    "near",
    "nearest",
    "shown",
    "whole_number",
]


class TradegenError(Exception):
    """Base class of every error that tradegen raises on purpose.

    Its message has nothing in it that a terminal or a log would act on: a path, a name or an environment
    variable may hold anything.
    """

    def __init__(self, *arguments: object) -> None:
        super().__init__(*(_harmless(part) if isinstance(part, str) else part for part in arguments))


class ScenarioError(TradegenError, ValueError):
    """A scenario, seed or first id that cannot be generated from."""


class ScoringError(TradegenError, ValueError):
    """Findings, or a truth, that cannot be scored."""


class FitError(TradegenError, ValueError):
    """Lists of trades, or breaks, that no scenario can be fitted to."""


class ListError(TradegenError, ValueError):
    """A list of trades of the user's own that is not as its columns are described."""


class CaseError(TradegenError, AttributeError):
    """A list, format or folder that a trade case does not have."""


class MarketError(TradegenError, ValueError):
    """A ticker universe that cannot be used."""


class LedgerError(TradegenError, RuntimeError):
    """A ledger that cannot hand out ids safely. No id was handed out."""


class LabError(TradegenError, RuntimeError):
    """The page of `tradegen lab` cannot be served."""


class OutputError(TradegenError, OSError):
    """A file that cannot be written. What stood at its path is still there."""


def _harmless(text: str) -> str:
    """The text, with escapes for what cannot be printed, except line breaks."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)


def nearest(word: str, known: Iterable[str]) -> str:
    """The hint to append to "unknown word": the near name if there is one, else all of them.

    Parameters
    ----------
    word : str
        What was given.
    known : iterable of str
        What would have been right.

    Returns
    -------
    str
        ``"did you mean mismatch_rate?"`` or ``"expected one of: csv, json"``.
    """
    names = list(known)
    if not names:
        return "there are none"
    close = near(word, names)
    return f"did you mean {close}?" if close else f"expected one of: {', '.join(names)}"


def near(word: str, known: Iterable[str]) -> str | None:
    """The name that is most like a word, if one is like it at all."""
    import difflib  # rarely needed, and not at import

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def shown(value: object) -> str:
    """A value as a message quotes it: on one line, short, with nothing in it that a log would act on."""
    text = str(value) if isinstance(value, (dt.date, dt.time)) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def named(name: object) -> str:
    """A name as a message quotes it: plain where it is a plain word, else as `shown`."""
    text = str(name)
    plain = text.isascii() and text.replace(".", "_").isidentifier() and len(text) <= 60
    return text if plain else shown(text)


def whole_number(name: str, value: Any, low: int, high: int, error: type[Exception]) -> int:
    """Check an integer argument that is no model's field.

    Returns
    -------
    int
        `value`, from `low` to `high`.

    Raises
    ------
    error
        Where `value` is a boolean, no integer, or out of range.
    """
    try:
        # By name, for NumPy is not to be imported here: NumPy 1 takes its booleans for whole numbers, too.
        number = None if type(value).__name__ in ("bool", "bool_") else operator.index(value)
    except TypeError:
        number = None
    if number is None or not low <= number <= high:
        raise error(f"{name} is {shown(value)}; expected a whole number from {low} to {high}")
    return number
