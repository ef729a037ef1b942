"""What a hot spot asks of the rows of a list, in SQL; and the cause that each row belongs to."""

# ruff: noqa: S608 - columns are called by their positions

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tradegen.core.columns import MICROSECONDS, MICROSECONDS_A_DAY
from tradegen.scenario.column_conditions import Allowed, all_meet
from tradegen.scoring.relations import literal


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
    allowed : Allowed
        What it may be; of hours, in seconds of the day.
    """

    name: str
    about: str
    positions: tuple[int, ...]
    allowed: Allowed

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
        parts = [f"{value} BETWEEN {low} AND {high}" for low, high in self.allowed.within]
        if self.allowed.names:
            parts.append(f"{value} IN ({self._named})")
        return f"coalesce({' OR '.join(parts)}, false)"

    @property
    def seen(self) -> str:
        """SQL for those of its names that the table ``held`` has, each once."""
        return f"SELECT DISTINCT {self.looked_at} FROM held WHERE {self.looked_at} IN ({self._named})"

    @property
    def _named(self) -> str:
        return ", ".join(map(literal, self.allowed.names))


def can_meet(conditions: Sequence[Sequence[Condition]]) -> bool:
    """Whether one row can meet all conditions of several hot spots."""
    return all_meet(
        ((condition.about, condition.positions), condition.allowed.ranges)
        for condition in (one for several in conditions for one in several)
    )
