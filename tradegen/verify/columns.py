"""Records as columns: of text, or, from files whose columns have types, of numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from tradegen.verify.cells import Cells
from tradegen.verify.moments import date_text, moment_text
from tradegen.verify.vocabulary import ABSENT, UNREADABLE, Array

__all__ = ["EXPECTED", "KINDS", "Numbers", "Rows"]

KINDS: dict[str, Callable[[int], str]] = {
    "whole": str,
    "ticks": lambda value: str(Decimal(value).scaleb(-2)),
    "millionths": lambda value: str(Decimal(value).scaleb(-6)),
    "days": date_text,
    "micros": lambda value: moment_text(value, 6),
    "flag": lambda value: "true" if value else "false",
}
"""Kinds of numbers, and how one is told in a sentence."""

EXPECTED = {
    "text": "text",
    "whole": "whole numbers",
    "ticks": "decimals with two places",
    "millionths": "decimals with six places",
    "days": "dates",
    "micros": "timestamps without a zone",
    "flag": "booleans",
}
"""The kinds of columns as a message names them."""


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A column of numbers, in the unit in which they are compared.

    Attributes
    ----------
    values : ndarray of int64
        `UNREADABLE`, or `ABSENT` where a number may be left out, for what is not there.
    kind : str
        One of `KINDS`.
    """

    values: Array
    kind: str

    def text(self, row: int) -> str:
        """One number, for a message."""
        value = int(self.values[row])
        return "" if value in (UNREADABLE, ABSENT) else KINDS[self.kind](value)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Records of a file: a column of cells, or of numbers, by name, and the line or row of each record."""

    columns: dict[str, Cells]
    lines: Array  # int64
    numbers: dict[str, Numbers] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)

    def read(self, name: str, read: Callable[[Cells], Array]) -> Array:
        """The values of a column: as the file has them, else as `read` reads its text. int64."""
        return self.numbers[name].values if name in self.numbers else read(self.columns[name])

    def text(self, name: str, row: int) -> str:
        """One value as it stands, for a message."""
        return (self.numbers.get(name) or self.columns[name]).text(row)
