"""What a hot spot asks of the rows of a list, in SQL; and the cause that each row belongs to."""

# ruff: noqa: S608 - columns are called by their positions

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tradegen.core.columns import MICROSECONDS, MICROSECONDS_A_DAY
from tradegen.scoring.relations import literal

__all__ = ["Condition", "can_meet"]


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold for the value of a row: it is one of some names, or lies within a range.

    Attributes
    ----------
    name : str
        What the scenario calls it.
    about : str
        What is looked at: the ``text`` or the ``value`` of a column, the ``hours`` of a moment, or the
        ``notional``, which is quantity times price whatever their signs.
    positions : tuple of int
        Of the columns that this takes.
    names : tuple of str
        Of texts, those that are meant.
    within : tuple of (int, int)
        Of all else, ranges in the column's unit, both ends included; of hours, in seconds of the day.
    """

    name: str
    about: str
    positions: tuple[int, ...]
    names: tuple[str, ...] = ()
    within: tuple[tuple[int, int], ...] = ()

    @property
    def looked_at(self) -> str:
        """SQL for what is looked at."""
        first, *others = self.positions
        if self.about == "text":
            return f"t{first}"
        if self.about == "notional":
            return f"abs(CAST(v{first} AS HUGEINT) * v{others[0]})"
        if self.about == "hours":
            day = MICROSECONDS_A_DAY
            return f"(((v{first} % {day}) + {day}) % {day}) // {MICROSECONDS}"
        return f"v{first}"

    @property
    def sql(self) -> str:
        """SQL for whether it holds."""
        value = self.looked_at
        parts = [f"{value} BETWEEN {low} AND {high}" for low, high in self.within]
        if self.names:
            parts.append(f"{value} IN ({self._named})")
        return f"coalesce({' OR '.join(parts)}, false)"

    @property
    def seen(self) -> str:
        """SQL for those of its names that the table ``held`` has, each once."""
        return f"SELECT DISTINCT {self.looked_at} FROM held WHERE {self.looked_at} IN ({self._named})"

    @property
    def _named(self) -> str:
        return ", ".join(map(literal, self.names))

    @property
    def ranges(self) -> Sequence[tuple[Any, Any]]:
        """What it allows, as ranges, of which a name is one."""
        return (*self.within, *((name, name) for name in self.names))


def can_meet(conditions: Sequence[Sequence[Condition]]) -> bool:
    """Whether one row can meet all conditions of several hot spots."""
    together: dict[Any, Sequence[tuple[Any, Any]]] = {}
    for condition in (one for several in conditions for one in several):
        key, allowed = (condition.about, condition.positions), condition.ranges
        if key in together:
            both = ((max(a, c), min(b, d)) for a, b in together[key] for c, d in allowed)
            allowed = [(low, high) for low, high in both if low <= high]
        together[key] = allowed
    return all(together.values())
