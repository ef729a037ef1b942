"""What an entry of the catalogue is: a mechanism, its settings, and the case that it alters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from tradegen.core.columns import FIELDS, Array
from tradegen.mechanisms.allowed_sizes import AllowedSizes
from tradegen.mechanisms.displacement import Ranges

__all__ = ["Case", "Context", "Mechanism", "Setting", "Values", "Zone"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a mechanism that is a number; a whole number if its default is one.

    `least` itself is excluded for a number that need not be whole, and included for a whole one.
    """

    name: str
    default: float
    least: float
    most: float
    unit: str
    about: str

    @property
    def whole(self) -> bool:
        """Whether it takes whole numbers alone."""
        return isinstance(self.default, int)

    @property
    def expected(self) -> str:
        """What it takes, for messages."""
        if self.whole:
            return f"whole {self.unit} from {self.least} to {self.most}"
        return f"a {self.unit} above {self.least:g} and at most {self.most:g}"


@dataclass(frozen=True, slots=True)
class Zone:
    """One setting of a mechanism that is a time zone, by its IANA name."""

    name: str
    default: str
    about: str
    unit: str = "time zone"
    expected: str = "the IANA name of a time zone, such as Europe/London"


Values: TypeAlias = Mapping[str, Any]
"""A mechanism's settings by name."""


class Context(Protocol):
    """What a mechanism may know of the block around the legs that it alters."""

    @property
    def ids(self) -> tuple[int, int]:
        """The first and the last id of the run."""

    @property
    def step(self) -> int:
        """The smallest step of a timestamp, in microseconds."""

    @property
    def ticker_count(self) -> int:
        """How many tickers there are; their codes count up from 0."""

    @property
    def broker_count(self) -> int:
        """How many brokers there are; their codes count up from 0."""

    @property
    def share_classes(self) -> Array:
        """By ticker, the code of the company's other share class, or -1 (int64, shape (tickers,))."""

    @property
    def previous_price(self) -> Array:
        """Each pair's ticker's price before this trade, in ticks (int64, shape (pairs,))."""

    def on_leg(self, field: str, pairs: Array, legs: Array) -> Array:
        """A field's clean values on legs, in the field's integer unit (int64, shape (n,))."""

    def price_ranges(self, pairs: Array) -> Ranges:
        """The ranges of clean prices of the pairs' tickers, in ticks."""

    def quantity_ranges(self, quantity: Array, share: float) -> Ranges:
        """Ranges around quantities, in shares, in which moves of up to a `share` of them stay hidden."""

    def time_ranges(self, moment: Array, unit: int) -> Ranges:
        """The ranges of clean timestamps of each day, in units of so many microseconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Legs of one block that a mechanism is to alter, n of them.

    `context` is the block around them, and `sizes` says how large a difference is to be.
    """

    original: Array  # int64, shape (n,): the field's clean values
    raw: Array  # uint64, shape (n,): one raw draw each
    pairs: Array  # int64, shape (n,): positions of the pairs in the block
    legs: Array  # int8, shape (n,): 0 or 1
    settings: Values
    sizes: AllowedSizes
    context: Context

    def on_leg(self, field: str) -> Array:
        """Another field's clean values on these legs (int64, shape (n,))."""
        return self.context.on_leg(field, self.pairs, self.legs)


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One way for a leg to be wrong.

    `alter` takes a case and returns what the values become: int64, of shape (n,), or (fields, n) where there
    are `more_fields`. Where a leg cannot be altered in this way, its value stays as it was: that leg is not
    eligible, and meets another mechanism.

    `iso` and `fix` are the codes by which matching services report such a difference, "" where there is none:
    the ISO 20022 and 15022 unmatched reason, and the value of FIX tag 2774.

    `reach` is how far it can move a value at most, in the field's integer unit, from its settings and the
    largest clean value; None where there is no such limit.
    """

    name: str
    sentence: str
    example: str
    alter: Callable[[Case], Array]
    settings: tuple[Setting | Zone, ...] = ()
    more_fields: tuple[str, ...] = ()
    excludes: frozenset[str] = frozenset()  # fields, or mechanisms, that cannot be altered along with it
    iso: str = ""
    fix: str = ""
    sized: bool = False  # whether it draws a size, and can keep to any range
    reach: Callable[[Values, int], int] | None = None

    @property
    def field(self) -> str:
        """The altered field: the part of the name before the dot."""
        return self.name.partition(".")[0]

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields that it alters."""
        return (self.field, *self.more_fields)

    @property
    def field_codes(self) -> tuple[int, ...]:
        """Their positions in `schema.FIELDS`."""
        return tuple(map(FIELDS.index, self.fields))

    def conflicts(self, other: Mechanism) -> bool:
        """Whether one leg cannot have both: they alter the same field, or one excludes the other."""
        return (
            not set(self.fields).isdisjoint(other.fields)
            or not self.excludes.isdisjoint({*other.fields, other.name})
            or not other.excludes.isdisjoint({*self.fields, self.name})
        )
