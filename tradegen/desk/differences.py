"""What differs between two records of a trade, and which mechanisms could have made it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from tradegen.core.grids import CENTS
from tradegen.mechanisms.allowed_sizes import PARTS
from tradegen.mechanisms.catalogue import CATALOGUE
from tradegen.mechanisms.difference import Difference

if TYPE_CHECKING:
    from tradegen.scenario.tolerances import Tolerances

__all__ = [
    "EXPLAINED",
    "SIZED",
    "Observed",
    "Recogniser",
    "Seen",
    "Signature",
    "is_within",
    "plain_number",
]

Record: TypeAlias = Mapping[str, str]
"""A record's values by field, as CSV prints them; a field that is not known is missing."""

Signature: TypeAlias = frozenset[tuple[str, int]]
"""The mechanisms that could have made a difference, each with the leg it would have altered."""

SKEW_BELOW = 17.0
"""Seconds: a clock is off by less, a delay is more. Between the catalogue's largest skew and least delay."""

_ALIKE = frozenset({"price.tick", "price.stale"})
"""Mechanisms whose differences are, one by one, those of a price nudge."""

_SWAPPED = "broker_id.swapped"
_ZONE = "trade_timestamp.timezone"
_MOST_NUDGED = 0.5  # of the value: what is off by more is no slight error, and waits for another explanation

SIZED: dict[str, dict[str, Any]] = {
    "quantity.nudge": {"min": 1e-9, "max": _MOST_NUDGED},
    "price.nudge": {"min": 1e-9, "max": _MOST_NUDGED},
    "trade_timestamp.delay": {"min": SKEW_BELOW, "max": 43_200.0},
    "trade_timestamp.clock_skew": {"min": 1e-6, "max": SKEW_BELOW},
}
"""Mechanisms that draw a size, with the widest settings that they are recognised by."""

EXPLAINED = tuple(
    name
    for name, entry in CATALOGUE.items()
    if name not in _ALIKE and entry.field not in ("record", "trade_id")
)
"""The mechanisms that a difference between two values is explained by."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One difference: its field, both values, the mechanisms that could have made it, and its size.

    `size` is in the unit of the mechanism's settings: a share of the value, or seconds; NaN where there is
    none. `least` is the size of one unit of the last digit.
    """

    field: str
    ours: str
    theirs: str
    signature: Signature
    size: float = math.nan
    least: float = math.nan


@dataclass(frozen=True, slots=True)
class Observed:
    """One trade that breaks, with all its differences."""

    trade_id: str
    differences: tuple[Seen, ...]
    faults: tuple[str, ...] = ()
    fills: int = 1


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Tells what could have made a difference.

    Attributes
    ----------
    tickers, brokers : collection of str
        The names there are.
    zones : mapping of str to str
        Settings of the mechanism ``trade_timestamp.timezone``; {} where it is not looked for.
    """

    tickers: Collection[str] = ()
    brokers: Collection[str] = ()
    zones: Mapping[str, str] = field(default_factory=dict)

    def differences(self, ours: Record, theirs: Record, fields: Collection[str]) -> Iterator[Seen]:
        """The differences in some fields; brokers that are exchanged are one."""
        left = list(fields)
        parties = ("broker_id", "contra_broker_id")
        if set(parties) <= set(left) and [ours.get(name) for name in parties] == [
            theirs.get(name) for name in reversed(parties)
        ]:
            left = [name for name in left if name not in parties]
            both = frozenset({(_SWAPPED, 0), (_SWAPPED, 1)})
            yield Seen("broker_id", ours["broker_id"], theirs["broker_id"], both)
        for name in left:
            one, other = ours.get(name, ""), theirs.get(name, "")
            signature = self.signature(name, ours, theirs) if one and other else frozenset()
            size, least = _size(name, one, other) if signature else (math.nan, math.nan)
            yield Seen(name, one, other, signature, size, least)

    def signature(self, name: str, ours: Record, theirs: Record) -> Signature:
        """The mechanisms that turn our value into theirs (leg 1), or theirs into ours (leg 0)."""
        found = set()
        for leg, (original, altered) in enumerate(((theirs, ours), (ours, theirs))):
            values, record = (original[name], altered[name]), _Leg(original)
            plain = Difference(*values, record, tickers=self.tickers, brokers=self.brokers)
            for mechanism in _BY_FIELD.get(name, ()):
                if mechanism == _ZONE:
                    if self.zones and CATALOGUE[mechanism].recognises(
                        Difference(*values, record, self.zones)
                    ):
                        # An hour too late on one list is an hour too early on the other.
                        found |= {(mechanism, 0), (mechanism, 1)}
                    continue
                settings = SIZED.get(mechanism)
                if CATALOGUE[mechanism].recognises(
                    Difference(*values, record, settings) if settings else plain
                ):
                    found.add((mechanism, leg))
        return frozenset(found)


class _Leg(dict[str, str]):
    """A record in which a field that is not known is blank."""

    def __missing__(self, key: str) -> str:
        return ""


_BY_FIELD: dict[str, tuple[str, ...]] = {}
for _name in EXPLAINED:
    if _name != _SWAPPED:
        _BY_FIELD[CATALOGUE[_name].field] = (*_BY_FIELD.get(CATALOGUE[_name].field, ()), _name)


def plain_number(name: str, number: Decimal) -> str:
    """A quantity or a price as CSV prints it: prices with two decimals at least."""
    text = f"{number.normalize():f}"
    if name != "price":
        return text
    whole, _, part = text.partition(".")
    return f"{whole}.{part:0<2}"


def is_within(tolerances: Tolerances, name: str, ours: str, theirs: str) -> bool:
    """Whether two values, as CSV prints them, differ by the field's tolerance at most; exactly."""
    tolerance = tolerances.of(name)
    if not (tolerance and ours and theirs):
        return False
    if name in ("date", "trade_timestamp"):
        apart = dt.datetime.fromisoformat(ours) - dt.datetime.fromisoformat(theirs)
        unit_of_time = dt.timedelta(days=1) if name == "date" else dt.timedelta(microseconds=1)
        return abs(apart) <= tolerance.fixed * unit_of_time
    unit = CENTS.unit if name == "price" else 1
    values = [Decimal(text) * unit for text in (ours, theirs)]
    limit = tolerance.fixed or min(values) * tolerance.parts / PARTS
    return abs(values[0] - values[1]) <= limit


def _size(name: str, one: str, other: str) -> tuple[float, float]:
    """How far two values are apart, and what one unit of their last digit is, in the same unit."""
    if name == "trade_timestamp":
        a, b = (_seconds(text) for text in (one, other))
        return abs(a - b), 10.0 ** -max(_decimals(one), _decimals(other))
    if name in ("quantity", "price"):
        first, second = float(one), float(other)
        middle = (abs(first) + abs(second)) / 2
        if not middle:
            return math.nan, math.nan
        step = 0.01 if name == "price" else 10.0 ** -max(_decimals(one), _decimals(other))
        return abs(first - second) / middle, step / middle
    return math.nan, math.nan


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def _seconds(text: str) -> float:
    return (dt.datetime.fromisoformat(text) - dt.datetime(1970, 1, 1)).total_seconds()
