"""What differs between two records of a trade, and which mechanisms could have made it."""

from __future__ import annotations

import datetime as dt
import functools
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tradegen.core.clock import sessions_after
from tradegen.core.grids import CENTS
from tradegen.mechanisms.allowed_sizes import PARTS
from tradegen.mechanisms.by_kind import FOLLOWS
from tradegen.mechanisms.catalogue import catalogue_with
from tradegen.mechanisms.column_kinds import KindOfColumn
from tradegen.mechanisms.difference import Difference
from tradegen.mechanisms.mechanism import Mechanism
from tradegen.mechanisms.spellings import SPELLINGS

if TYPE_CHECKING:
    from tradegen.scenario.tolerances import Tolerances

Record: TypeAlias = Mapping[str, str]
"""A record's values by field, as CSV prints them; a field that is not known is missing."""

Signature: TypeAlias = frozenset[tuple[str, int]]
"""The mechanisms that could have made a difference, each with the leg it would have altered."""

SKEW_BELOW = 17.0
"""Seconds: a clock is off by less, a delay is more. Between the catalogue's largest skew and least delay."""

_ALIKE = ("tick", "stale")
"""Mechanisms whose differences are, one by one, those of a nudge of the same column."""

_SWAPPED = "broker_id.swapped"
_ZONE = "trade_timestamp.timezone"
_MOST_NUDGED = 0.5  # of the value: what is off by more is no slight error, and waits for another explanation

_SIZED: dict[str, dict[str, Any]] = {
    "nudge": {"min": 1e-9, "max": _MOST_NUDGED},
    "delay": {"min": SKEW_BELOW, "max": 43_200.0},
    "clock_skew": {"min": 1e-6, "max": SKEW_BELOW},
}
"""Mechanisms that draw a size, without their column, with the widest settings that they are recognised by."""

_HOUSE_KINDS = {"quantity": "integer", "price": "decimal", "trade_timestamp": "timestamp"}
_NAMED = ("ticker", "broker_id", "contra_broker_id")


@functools.cache
def _explained(kinds: tuple[KindOfColumn, ...]) -> Mapping[str, tuple[str, ...]]:
    """By field, the mechanisms that a difference between two values is explained by."""
    found: dict[str, tuple[str, ...]] = {}
    for name, entry in catalogue_with(kinds).items():
        way = name.rpartition(".")[2]
        own_zone = way == "timezone" and name != _ZONE
        if entry.field not in ("record", "trade_id") and way not in (*_ALIKE, FOLLOWS) and not own_zone:
            found[entry.field] = (*found.get(entry.field, ()), name)
    return found


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
    kinds : tuple of KindOfColumn
        The columns beside the nine.
    names : mapping of str to collection of str
        By such a column, the names there are.
    by : mapping of str to int
        By such a column that is derived, how many weekdays it comes after the date; 0 for an amount.
    """

    tickers: Collection[str] = ()
    brokers: Collection[str] = ()
    zones: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[KindOfColumn, ...] = ()
    names: Mapping[str, Collection[str]] = field(default_factory=dict)
    by: Mapping[str, int] = field(default_factory=dict)

    @property
    def catalogue(self) -> Mapping[str, Mechanism]:
        """The mechanisms that there are for the nine columns, and for those beside them."""
        return catalogue_with(self.kinds)

    @property
    def sized(self) -> tuple[str, ...]:
        """The mechanisms that draw a size, and can be told by it."""
        ways = [name for names in _explained(self.kinds).values() for name in names]
        return tuple(name for name in ways if name.rpartition(".")[2] in _SIZED)

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
            if one and other:
                signature = self.signature(name, ours, theirs)
                size, least = _size(self._kind(name), name, one, other) if signature else (math.nan, math.nan)
                yield Seen(name, one, other, signature, size, least)
                continue
            missing = f"{name}.blank"
            signature = frozenset({(missing, int(not other))} if missing in self.catalogue else ())
            yield Seen(name, one, other, signature)

    def signature(self, name: str, ours: Record, theirs: Record) -> Signature:
        """The mechanisms that turn our value into theirs (leg 1), or theirs into ours (leg 0)."""
        found = set()
        known, catalogue = self._known(name), self.catalogue
        right = self._as_derived(name, theirs), self._as_derived(name, ours)
        for leg, (original, altered) in enumerate(((theirs, ours), (ours, theirs))):
            if right[1 - leg] and not right[leg]:
                continue  # the value that its own record gives is not the wrong one
            values, record = (original[name], altered[name]), _Leg(original)
            plain = Difference(*values, record, tickers=self.tickers, brokers=self.brokers)
            # A name that there is was not made by spelling one wrongly that there is not.
            backwards = values[0] not in known and values[1] in known
            for mechanism in _explained(self.kinds).get(name, ()):
                way = mechanism.rpartition(".")[2]
                if mechanism == _ZONE:
                    if self.zones and catalogue[mechanism].recognises(
                        Difference(*values, record, self.zones)
                    ):
                        # An hour too late on one list is an hour too early on the other.
                        found |= {(mechanism, 0), (mechanism, 1)}
                    continue
                if (way in SPELLINGS and backwards) or (
                    way == "other" and name in self.names and values[1] not in known
                ):
                    continue
                settings = _SIZED.get(way)
                if catalogue[mechanism].recognises(
                    Difference(*values, record, settings) if settings else plain
                ):
                    found.add((mechanism, leg))
        return frozenset(found)

    def _known(self, name: str) -> Collection[str]:
        """The names of a column, if it is one of names."""
        if name in _NAMED:
            return self.tickers if name == "ticker" else self.brokers
        return self.names.get(name, ())

    def _as_derived(self, name: str, record: Record) -> bool:
        """Whether the value of a derived column is what the record gives; false for any other."""
        column = next((one for one in self.kinds if one.name == name and one.sources), None)
        sources = [record.get(source, "") for source in column.sources] if column else []
        if column is None or not all(sources):
            return False
        if column.kind == "date":
            return str(sessions_after(np.array(sources[0], "datetime64[D]"), self.by[name])) == record[name]
        exact = Decimal(sources[0]) * Decimal(sources[1])
        return abs(abs(exact) - abs(Decimal(record[name]))) < Decimal(column.step)

    def _kind(self, name: str) -> str:
        return _HOUSE_KINDS.get(name) or next((one.kind for one in self.kinds if one.name == name), "")


class _Leg(dict[str, str]):
    """A record in which a field that is not known is blank."""

    def __missing__(self, key: str) -> str:
        return ""


def plain_number(name: str, number: Decimal) -> str:
    """A number as CSV prints it: prices with two decimals at least, own columns with those they have."""
    if name not in ("quantity", "price"):
        return f"{number:f}"
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


def _size(kind: str, name: str, one: str, other: str) -> tuple[float, float]:
    """How far two values are apart, and what one unit of their last digit is, in the same unit."""
    if kind == "timestamp":
        a, b = (_seconds(text) for text in (one, other))
        return abs(a - b), 10.0 ** -max(_decimals(one), _decimals(other))
    if kind in ("integer", "decimal"):
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
