"""What an entry of the catalogue is: a mechanism, its settings, and the case that it alters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tradegen.core.columns import Array
from tradegen.mechanisms.allowed_sizes import AllowedSizes
from tradegen.mechanisms.difference import Difference, Leg, Settings
from tradegen.mechanisms.displacement import Ranges, displaced
from tradegen.mechanisms.shapes import Bounds, Sizes, shape_of


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


class Context(Protocol):
    """What a mechanism may know of the block around the legs that it alters."""

    @property
    def ids(self) -> tuple[int, int]:
        """The first and the last id of the run."""

    @property
    def step(self) -> int:
        """The smallest step of a timestamp, in microseconds."""

    @property
    def quantity_step(self) -> int:
        """What quantities are multiples of, in units of their last decimal place."""

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
        """Ranges around quantities, in shares, in which changes by up to a `share` of them stay hidden."""

    def time_ranges(self, timestamps: Array, unit: int) -> Ranges:
        """The ranges of clean timestamps of each day, in units of so many microseconds."""

    def own_ranges(self, column: str, values: Array, share: float) -> Ranges:
        """Ranges around values of a scenario's own column, in its unit, as `quantity_ranges` has them."""

    def names(self, column: str) -> int:
        """How many names a scenario's own column has; their codes count up from 0."""

    def weights(self, column: str) -> tuple[float, ...] | None:
        """How frequent each of a scenario's own column's names is, in any unit; None where all are alike."""

    def misspelled(self, column: str, way: str) -> tuple[Array, Array]:
        """The codes of a column's wrong spellings, and how many each name has (`spellings.Names`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Legs of one block that a mechanism is to alter, n of them.

    `context` is the block around them, and `allowed` says how large a difference may be. `limited` is for
    `displaced` to fill in.
    """

    original: Array  # int64, shape (n,): the field's clean values
    raw: Array  # uint64, shape (n,): one raw draw each
    pairs: Array  # int64, shape (n,): positions of the pairs in the block
    legs: Array  # int8, shape (n,): 0 or 1
    settings: Settings
    allowed: AllowedSizes
    context: Context
    keep_in_range: bool  # whether displaced values are to lie where clean ones do
    limited: Array  # bool, shape (n,): where the range of clean values is too narrow for sizes as asked for

    def displaced(self, values: Array, ranges: Ranges, sizes: Sizes) -> Array:
        """The values, displaced by the sizes given (int64, shape (n,))."""
        by_draw = self.allowed.by_draw
        altered, self.limited[:] = displaced(
            values, self.raw, ranges, sizes, keep_in_range=self.keep_in_range, by_draw=by_draw
        )
        return altered

    def joined(self, ranges: Ranges, sizes: Sizes) -> Ranges:
        """Ranges that lie end to end, with the upper ones made one where that one is wide enough."""
        return ranges if self.allowed.by_draw else ranges.joined(sizes.bounds)

    def sizes(self, outer: Bounds, unit: int = 1) -> Sizes:
        """The sizes from `min` to `max`, as far as they are allowed, in the shape that the settings ask for.

        `outer` gives them by value, in multiples of `unit`.
        """

        def bounds(value: Array) -> tuple[Array, Array]:
            return self.allowed.bounds(*outer(value), value, self.raw, unit)

        own = not self.allowed.benign and not self.allowed.at_boundary
        return Sizes(bounds, outer, shape_of(self.settings) if own else None)

    def on_leg(self, field: str) -> Array:
        """Another field's clean values on these legs (int64, shape (n,))."""
        return self.context.on_leg(field, self.pairs, self.legs)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a leg needs for a mechanism to be possible: in words, and as a chance.

    `chance` is the probability, over draws, that a leg with these clean values can be altered; None where it
    depends on more than the leg.
    """

    words: str
    chance: Callable[[Leg, Settings], float] | None


@dataclass(frozen=True, slots=True)
class Shown:
    """Groups of features that, taken together, a mechanism gives itself away in on its own leg, and why.

    Groups are those of the leak audit (``benchmarks/leak_features.py``).
    """

    groups: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """One way for a leg to be wrong, with all that the generator, the docs, the tests and the audit need."""

    name: str
    """Its field, a dot, and what it does to it. Random streams and manifests go by this name."""

    sentence: str
    """What is wrong with the leg."""

    examples: tuple[tuple[str, str], ...]
    """Original and altered values, as CSV prints them; docs show the first."""

    alter: Callable[[Case], Array]
    """Takes a case and gives what the values become: int64, shape (n,), or (fields, n) with `more_fields`.

    Where a leg cannot be altered in this way, its value stays as it was: that leg meets another mechanism.
    """

    recognises: Callable[[Difference], bool]
    """Whether a difference looks like one of this mechanism, from the written values alone.

    It is worked out apart from `alter`, for the tests to hold one against the other.
    """

    needs: Needs | None = None
    """What a leg needs for this to be possible; None where any leg will do."""

    shows: tuple[Shown, ...] = ()
    """How it gives itself away on its own leg: nothing, or ways that the audit leaves out one by one."""

    settings: tuple[Setting | Zone, ...] = ()
    more_fields: tuple[str, ...] = ()
    excludes: frozenset[str] = frozenset()
    """Fields, or mechanisms, that cannot be altered along with it."""

    iso: str = ""
    """The unmatched reason of ISO 20022 and 15022 that such a difference is reported by; "" for none."""

    fix: str = ""
    """The value of FIX tag 2774 that it is reported by; "" for none."""

    sized: bool = False
    """Whether it draws a size, and can keep to any range of sizes."""

    by_digits: bool = False
    """Whether it works on a number's digits; any other one on a grid sees numbers counted in steps."""

    tolerated: bool = True
    """Whether a difference may be within the tolerance of its field: a value that is missing never is."""

    reach: Callable[[Settings, int], int] | None = None
    """How far it can move a value at most, by its settings and the largest clean value, both counted as its
    values are; None where there is no such limit."""

    @property
    def field(self) -> str:
        """The altered field: the part of the name before the last dot, since a user's column may have one."""
        return self.name.rpartition(".")[0]

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields that it alters."""
        return (self.field, *self.more_fields)

    def conflicts(self, other: Mechanism) -> bool:
        """Whether one leg cannot have both: they alter the same field, or one excludes the other."""
        return (
            not set(self.fields).isdisjoint(other.fields)
            or not self.excludes.isdisjoint({*other.fields, other.name})
            or not other.excludes.isdisjoint({*self.fields, self.name})
        )
