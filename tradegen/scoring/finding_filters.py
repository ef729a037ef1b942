"""Which rows of the findings count: conditions on their columns, and fields to ignore."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass

from tradegen.errors import ScoringError, shown
from tradegen.scoring.relations import literal

EMPTY_WORDS = ("NaN", "nan", "NULL", "null", "None", "NaT", "NA", "N/A", "n/a", "#N/A", "<NA>")
"""What tools write into a cell that says nothing."""

_CONDITION = re.compile(r"\s*(.+?)\s*(!=|==?|\sin\s)(.*)", re.DOTALL)
_EXPECTED = "expected COLUMN = VALUE, COLUMN != VALUE or COLUMN in VALUE, VALUE"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on a column, which a row meets if its value is, or is not, one of some texts.

    Attributes
    ----------
    column : str
    values : tuple of str
        Compared letter by letter; "" is an empty cell.
    equal : bool
        Whether the value has to be one of them, or none of them.
    """

    column: str
    values: tuple[str, ...]
    equal: bool

    def sql(self, text: str) -> str:
        """SQL for the condition on a text, of which an empty one is NULL."""
        among = f"coalesce({text}, '') IN ({', '.join(map(literal, self.values))})"
        return among if self.equal else f"NOT {among}"


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """Which rows count: those that meet all conditions and name no ignored field."""

    conditions: tuple[Condition, ...] = ()
    ignored_fields: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.conditions or self.ignored_fields)


def conditions(where: str | Iterable[str] | None) -> tuple[Condition, ...]:
    """Read conditions.

    Parameters
    ----------
    where : str, iterable of str or None
        Such as ``"Status != MATCHED"`` or ``"Status in BREAK, MISSING"``. The name of the column ends at the
        first operator. Quotes around a value are no part of it.

    Raises
    ------
    ScoringError
        If one is no condition.
    """
    texts = [where] if isinstance(where, str) else list(where or ())
    return tuple(_condition(text) for text in texts)


def _condition(text: object) -> Condition:
    found = _CONDITION.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise ScoringError(f"where is {shown(text)}; {_EXPECTED}")
    column, operator, rest = found[1], found[2].strip(), found[3].strip()
    if operator != "in":
        return Condition(column, (_value(rest),), operator != "!=")
    inside = rest.removeprefix("(").removesuffix(")") if rest.startswith("(") else rest
    if not inside.strip():
        raise ScoringError(f"where is {shown(text)}, without a value; {_EXPECTED}")
    return Condition(column, tuple(map(_value, next(csv.reader([inside], skipinitialspace=True)))), True)


def _value(text: str) -> str:
    value = text.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return "" if value in EMPTY_WORDS else value
