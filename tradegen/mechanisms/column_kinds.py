"""What mechanisms of a kind must know of their column, and what they share with those of the nine columns."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tradegen.core.grids import Grid
from tradegen.mechanisms.mechanism import Mechanism, Needs

MEASURED = ("integer", "decimal", "date", "timestamp")
"""Kinds whose values differ by an amount."""


def unit_of(column: Any) -> Grid:
    """Where an amount lies that values of a column differ by: days, seconds, or its decimal places.

    `column` has a `kind` and `places`, as a `KindOfColumn` has them.
    """
    return Grid(6 if column.kind == "timestamp" else column.places)


@dataclass(frozen=True, slots=True)
class KindOfColumn:
    """What a mechanism must know of a column: a scenario's own, or one of the nine."""

    name: str
    kind: str  # code, integer, decimal, date, timestamp, text, reference
    places: int = 0  # of a decimal
    sources: tuple[str, ...] = ()  # the columns that it is derived from
    tells: str = ""  # why a record shows that its name is another one, if it does
    example: str = "ACC017"  # one of its names, where it holds names
    keeps: tuple[str, ...] = ()  # the columns that it tells of, and does not follow where they are altered
    apart: frozenset[str] = frozenset()  # columns, or mechanisms, that do not go along with it

    @property
    def called(self) -> str:
        """The column, as sentences name it."""
        return f"`{self.name}`"

    @property
    def excludes(self) -> frozenset[str]:
        """What cannot go wrong along with it: a leg that is missing, and what it is derived from."""
        split = {"record.split"} if "quantity" in self.sources else set()
        return frozenset({"record.missing", *self.sources, *split, *self.apart})

    @property
    def step(self) -> str:
        """The smallest step of its numbers, as it would be printed."""
        return str(Decimal(1).scaleb(-self.places))


def needs_of(house: Mechanism, column: KindOfColumn, words: str = "") -> Needs | None:
    """What a mechanism of the nine columns needs, said of another column, in `words` if given."""
    needs = house.needs
    if needs is None or needs.chance is None:
        return needs
    chance = needs.chance
    return Needs(
        words or needs.words, lambda leg, settings: chance({house.field: leg[column.name]}, settings)
    )
