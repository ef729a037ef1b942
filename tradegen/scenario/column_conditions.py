"""What a hot spot asks of a column: that its value is one of some, or lies within a range."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

import numpy as np
from pydantic import AfterValidator, WithJsonSchema

from tradegen.errors import named, shown
from tradegen.scenario.validation import Frozen

_EPOCH = dt.datetime(1970, 1, 1)
_MOST = 2**124  # a notional is at most the product of two numbers of 62 bits
_DAY = dt.timedelta(days=1) // dt.timedelta(microseconds=1)
_RANGE = ("min", "max")
_NAMES = ("code", "text", "reference")
_EXPECTED = {
    "integer": "a number, a list of numbers, or a range such as {min = 1000}",
    "date": 'a day such as "2025-07-21", a list of days, or a range such as {min = "2025-07-21"}',
    "timestamp": 'a moment such as "2025-07-21 10:33:00", a list of moments, or a range with min or max',
}
_EXPECTED["decimal"] = _EXPECTED["integer"]
_ONE = {"anyOf": [{"type": "string", "pattern": r"\S"}, {"type": "number"}]}
_SCHEMA = {
    "anyOf": [
        *_ONE["anyOf"],
        {"type": "array", "items": _ONE, "minItems": 1},
        {
            "type": "object",
            "properties": dict.fromkeys(_RANGE, _ONE),
            "minProperties": 1,
            "additionalProperties": False,
        },
    ]
}


def _frozen(value: Any) -> Any:
    """What was given, as JSON carries it, in values that cannot be changed."""
    if isinstance(value, Mapping):
        return Frozen({key: _frozen(one) for key, one in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(map(_frozen, value))
    value = value.item() if isinstance(value, np.generic) else value
    return str(value) if isinstance(value, dt.date) else value


AskedOfColumn: TypeAlias = Annotated[Any, AfterValidator(_frozen), WithJsonSchema(_SCHEMA)]
"""What is asked of a column, as a scenario has it. `allowed` reads it by what the column holds."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The values that a column may have: some names, or numbers within ranges.

    Attributes
    ----------
    names : tuple of str
        Of a column of names, those that are meant.
    within : tuple of (int, int)
        Of any other one, ranges in the column's unit, both ends included.
    """

    names: tuple[str, ...] = ()
    within: tuple[tuple[int, int], ...] = ()

    @property
    def ranges(self) -> Sequence[tuple[Any, Any]]:
        """What it allows, as ranges. A name is a range from itself to itself."""
        return (*self.within, *((name, name) for name in self.names))


def all_meet(asked: Iterable[tuple[Any, Sequence[tuple[Any, Any]]]]) -> bool:
    """Whether one row can meet several conditions: each is what it is about, and ranges that it allows."""
    together: dict[Any, Sequence[tuple[Any, Any]]] = {}
    for key, ranges in asked:
        if key in together:
            both = ((max(a, c), min(b, d)) for a, b in together[key] for c, d in ranges)
            ranges = [(low, high) for low, high in both if low <= high]
        together[key] = ranges
    return all(together.values())


def allowed(name: str, value: Any, kind: str, places: int) -> Allowed:
    """What is asked of a column, by the kind of its values.

    Parameters
    ----------
    name : str
        What the scenario calls the column.
    value : object
        A name, a number, a day or a moment; a list of these; or a range of the last three.
    kind : str
    places : int
        Decimal places of its numbers.

    Raises
    ------
    ValueError
        Where the column cannot have such a value.
    """
    value = list(value) if isinstance(value, tuple) else value
    if kind in _NAMES:
        texts = [value] if isinstance(value, str) else value
        if not _some(texts) or not all(isinstance(text, str) and text.strip() for text in texts):
            raise ValueError(f"{named(name)} is {shown(value)}; expected a name, or a list of names")
        return Allowed(names=tuple(text.strip() for text in texts))
    column = _Column(name, kind, places)
    if isinstance(value, Mapping):
        return Allowed(within=(column.range(value),))
    several = value if isinstance(value, list) else [value]
    if not _some(several):
        raise column.refused(value)
    return Allowed(within=tuple((column.exact(one), int(column.last(one))) for one in several))


def _some(values: Any) -> bool:
    return isinstance(values, list) and bool(values)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of numbers, days or moments."""

    name: str
    kind: str
    places: int

    def range(self, given: Mapping[str, Any]) -> tuple[int, int]:
        """A range with ``min``, ``max`` or both, in the column's unit."""
        if not given or not set(given) <= set(_RANGE):
            raise self.refused(dict(given))
        low = self._units(given["min"]) if "min" in given else None
        high = self.last(given["max"]) if "max" in given else None
        if low is not None and high is not None and low > high:
            raise ValueError(
                f"{named(self.name)} has min {given['min']} above max {given['max']}; expected it at or below"
            )
        return whole_between(low, high)

    def exact(self, value: Any) -> int:
        """A value that the column can have, in its unit."""
        units = self._units(value)
        if units != int(units):
            places = f"{self.places or 'no'} decimals"
            raise ValueError(
                f"{named(self.name)} has {value}, and the column has {places}; expected no more decimals"
            )
        return int(units)

    def last(self, value: Any) -> Decimal:
        """The last unit that a value stands for. A day, in a column of moments, is all of that day."""
        units = self._units(value)
        return units + _DAY - 1 if self.kind == "timestamp" and _is_day(value) else units

    def _units(self, value: Any) -> Decimal:
        if self.kind in ("integer", "decimal"):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                raise self.refused(value)
            return Decimal(str(value)).scaleb(self.places)
        moment = _moment(value)
        if moment is None or (self.kind == "date" and moment.time() != dt.time()):
            raise self.refused(value)
        unit = dt.timedelta(days=1) if self.kind == "date" else dt.timedelta(microseconds=1)
        return Decimal((moment - _EPOCH) // unit)

    def refused(self, value: Any) -> ValueError:
        """The error that says what the column takes."""
        expected = _EXPECTED[self.kind]
        return ValueError(
            f"{named(self.name)} is {shown(value)}, and the column is of kind {self.kind}; "
            f"expected {expected}"
        )


def whole_between(low: Decimal | None, high: Decimal | None) -> tuple[int, int]:
    """The first and the last whole number from one limit to the other, both included."""
    return (-_MOST if low is None else math.ceil(low), _MOST if high is None else math.floor(high))


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _moment(value: Any) -> dt.datetime | None:
    """A day or a moment, by its ISO text; None for anything else."""
    try:
        moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if moment is None or moment.tzinfo else moment
