"""What was to be reported, what was, and the measures that follow from the two.

Counts are whole numbers and add up over datasets; every measure is worked out from them anew. A measure of
nothing (the recall where nothing was to be found) is NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from tradegen.core.statistics import wilson_interval

Interval: TypeAlias = tuple[float, float]

_MOST_EXAMPLES = 5


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _interval(part: int, whole: int) -> Interval:
    low, high = wilson_interval(part, whole)
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts that add up, field by field; what one does not know (None), the sum does not know either."""

    def __add__(self, other: Self) -> Self:
        make: Any = type(self)
        names = self.__dataclass_fields__
        total: Self = make(*(_added(getattr(self, name), getattr(other, name)) for name in names))
        return total


def _added(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return None
    return (one + other)[:_MOST_EXAMPLES] if isinstance(one, tuple) else one + other


class _Found(Counts):
    """What follows from how much was to be reported, and how much of it was."""

    __slots__ = ()
    expected: int
    found: int

    @property
    def missed(self) -> int:
        """What was to be reported, and was not."""
        return self.expected - self.found

    @property
    def recall(self) -> float:
        """The share of `expected` that was found, 0 to 1."""
        return _share(self.found, self.expected)

    @property
    def recall_interval(self) -> Interval:
        """Wilson's 95% interval for the recall."""
        return _interval(self.found, self.expected)


@dataclass(frozen=True, slots=True)
class Recall(_Found):
    """How much of what was to be reported was.

    Attributes
    ----------
    expected : int
        Pairs, or truth rows, that a matcher must report.
    found : int
        Of these, the ones it did report.
    """

    expected: int = 0
    found: int = 0


@dataclass(frozen=True, slots=True)
class Outcome(_Found):
    """What was to be reported, what was, and what was reported without cause.

    Attributes
    ----------
    expected, found : int
        As in `Recall`.
    false_alarms : int
        Reported, and clean or within its tolerance.
    unknown : int
        Reported by an id that is not in the data: false as well, and counted apart.
    quiet : int or None
        All that must not be reported; None where the data's extent is not known.
    """

    expected: int = 0
    found: int = 0
    false_alarms: int = 0
    unknown: int = 0
    quiet: int | None = None

    @property
    def reported(self) -> int:
        """All that was reported, right or wrong, each once."""
        return self.found + self.false_alarms + self.unknown

    @property
    def precision(self) -> float:
        """The share of `reported` that was right, 0 to 1."""
        return _share(self.found, self.reported)

    @property
    def precision_interval(self) -> Interval:
        """Wilson's 95% interval for the precision."""
        return _interval(self.found, self.reported)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall: 2 found / (expected + reported)."""
        return _share(2 * self.found, self.expected + self.reported)

    @property
    def false_alarm_rate(self) -> float:
        """The share of `quiet` that was reported; NaN where it is not known."""
        return _share(self.false_alarms, self.quiet or 0)

    @property
    def false_alarm_interval(self) -> Interval:
        """Wilson's 95% interval for the false-alarm rate; 0 to 1 where it is not known."""
        return _interval(self.false_alarms, self.quiet) if self.quiet else (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Amounts(Counts):
    """The same, weighted by what the clean pairs are worth, in cents.

    Attributes
    ----------
    expected, found : int
        Notional of the mismatched pairs, and of those that were reported.
    false_alarms : int or None
        Notional of pairs that were reported without cause; None without the trades, which say it.
    """

    expected: int = 0
    found: int = 0
    false_alarms: int | None = None

    @property
    def recall(self) -> float:
        """The share of the mismatched notional that was found, 0 to 1."""
        return _share(self.found, self.expected)

    @property
    def precision(self) -> float:
        """The share of the reported notional that was right; NaN where it is not known."""
        return math.nan if self.false_alarms is None else _share(self.found, self.found + self.false_alarms)
