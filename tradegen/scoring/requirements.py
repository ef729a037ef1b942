"""What a score has to reach: a measure by its name, and the bound that is set for it.

A name is one of `MEASURES`, or ``recall.`` and the full name of a mechanism, such as ``recall.price.nudge``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import NamedTuple

from tradegen.errors import ScoringError, nearest, shown
from tradegen.mechanisms.by_kind import is_own_mechanism
from tradegen.mechanisms.catalogue import HOUSE
from tradegen.scoring.outcomes import Outcome
from tradegen.scoring.score_counts import MEASURES, ScoreCounts

_AT_MOST = "false_alarm_rate"


class Measured(NamedTuple):
    """One measure of a score.

    Attributes
    ----------
    name : str
    value : float
        From 0 to 1; NaN where there is nothing to measure.
    counted : str
        The counts behind it, for a person; or why there is nothing to measure.
    """

    name: str
    value: float
    counted: str

    def __str__(self) -> str:
        return f"{_called(self.name)} {self.share} ({self.counted})"

    @property
    def share(self) -> str:
        """The value with four decimals, never rounded to where it would seem to meet a bound it misses."""
        if math.isnan(self.value):
            return "of nothing"
        worse = ROUND_CEILING if self.name == _AT_MOST else ROUND_FLOOR
        return str(Decimal(str(self.value)).quantize(Decimal("0.0001"), worse))


class Requirement(NamedTuple):
    """A measure by its name, and the share that it must reach; a false-alarm rate must not go beyond it."""

    name: str
    bound: float

    def missed(self, score: ScoreCounts) -> str | None:
        """A sentence if it is missed, otherwise None.

        If there is nothing to find and nothing was reported, it is met. Any other measure of nothing, such as
        the precision of a matcher that reports nothing, is missed.
        """
        found = measured(score, self.name)
        if not score.pairs.expected and not score.pairs.reported and "." not in self.name:
            return None
        most = self.name == _AT_MOST
        asked = f"expected at {'most' if most else 'least'} {str(self.bound).removesuffix('.0')}"
        if math.isnan(found.value):
            return f"{_called(self.name)} cannot be measured, {asked}: {found.counted}"
        # A quotient of whole numbers and a decimal that are equal have the same nearest double.
        holds = found.value <= self.bound if most else found.value >= self.bound
        return None if holds else f"{_called(self.name)} is {found.share}, {asked}: {found.counted}"


def requirement(name: str, value: str) -> Requirement:
    """Read a requirement.

    Parameters
    ----------
    name : str
        One of `MEASURES`, or ``recall.`` and the full name of a mechanism.
    value : str
        From 0 to 1.

    Raises
    ------
    ScoringError
        If the name is unknown, or the value is no share.
    """
    return _checked(name, value, decimal(value))


def required(
    score: ScoreCounts, bounds: Mapping[str, float | None], mechanisms: Mapping[str, float] | None = None
) -> list[Requirement]:
    """What a test requires of a score.

    Parameters
    ----------
    score : ScoreCounts
    bounds : mapping of str to float or None
        By name, of `MEASURES`; None asks for nothing. Without any bound, the score must be perfect.
    mechanisms : mapping of str to float, optional
        The recall that is asked of single mechanisms.

    Raises
    ------
    ScoringError
        If a bound is no share, a mechanism is unknown or not in the data, or fields are asked for and the
        findings name none: what is asked would never fail.
    """
    asked: dict[str, object] = {name: bound for name, bound in bounds.items() if bound is not None}
    asked |= {f"recall.{name}": bound for name, bound in (mechanisms or {}).items()}
    asked = asked or {"recall": 1.0, "precision": 1.0}
    found = []
    for name, bound in asked.items():
        number = bound if isinstance(bound, (int, float)) and not isinstance(bound, bool) else None
        found.append(_checked(name, bound, number))
        if name.startswith("recall.") and math.isnan(measured(score, name).value):
            present = ", ".join(key for key, value in score.by.get("mechanism", {}).items() if value.expected)
            raise ScoringError(
                f"{_called(name)} is asked for, and the truth has no mismatch by it; "
                f"{f'expected one of: {present}' if present else 'it has none at all'}"
            )
        some = score.pairs.expected or score.pairs.reported
        if name.startswith("field_") and score.fields is None and some:
            raise ScoringError(
                f"{name} is asked for, and the findings name no field; expected one for each, such as "
                "(trade_id, 'price')"
            )
    return found


def decimal(text: str) -> Decimal | None:
    """A finite number as it is written, or None."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def measured(score: ScoreCounts, name: str) -> Measured:
    """Measure a score.

    Parameters
    ----------
    score : ScoreCounts
    name : str
        One of `MEASURES`, or ``recall.`` and the full name of a mechanism.
    """
    kind, _, mechanism = name.partition(".")
    if mechanism:
        rows = score.by.get("mechanism", {}).get(mechanism)
        if rows is None or not rows.expected:
            return Measured(name, math.nan, f"the truth has no mismatch by {mechanism}")
        return Measured(name, rows.recall, f"{rows.found:,} of {rows.expected:,} truth rows found")
    measure, unit = kind.removeprefix("field_"), "fields" if kind.startswith("field_") else "pairs"
    outcome = score.fields if unit == "fields" else score.pairs
    if outcome is None:
        return Measured(name, math.nan, "the findings name no field")
    value: float = getattr(outcome, measure)
    counted = _nothing(outcome, measure) if math.isnan(value) else _counted(outcome, measure, unit)
    return Measured(name, value, counted)


def _counted(outcome: Outcome, measure: str, unit: str) -> str:
    found = f"{outcome.found:,} of {outcome.expected:,} mismatched {unit} found"
    if measure == "recall":
        return found
    if measure == "precision":
        return f"{outcome.found:,} of {outcome.reported:,} reported {unit} right"
    if measure == "false_alarm_rate":
        return f"{outcome.false_alarms:,} of {outcome.quiet:,} {unit} without a mismatch reported"
    return f"{found}, {outcome.reported:,} {unit} reported"


def _nothing(outcome: Outcome, measure: str) -> str:
    """Why a measure is of nothing."""
    if measure == "recall":
        return "there is nothing to find"
    if measure == "precision":
        return "nothing was reported"
    if measure == "false_alarm_rate":
        quiet = "pairs are without a mismatch"
        return f"no {quiet}" if outcome.quiet == 0 else f"neither trades nor manifest say how many {quiet}"
    return "there is nothing to find, and nothing was reported"


def _called(name: str) -> str:
    """A measure's name in a sentence."""
    return name.replace(".", " of ", 1)


def _checked(name: str, given: object, bound: Decimal | float | None) -> Requirement:
    """A requirement, after a look at its name, and at the number that was read of what was given."""
    kind, _, mechanism = name.partition(".")
    if kind == "recall" and mechanism:
        if mechanism not in HOUSE and not is_own_mechanism(mechanism):
            raise ScoringError(f"mechanism {shown(mechanism)} is unknown; {nearest(mechanism, HOUSE)}")
    elif name not in MEASURES:
        raise ScoringError(f"measure {shown(name)} is unknown; {nearest(name, MEASURES)}")
    if bound is None or not 0 <= bound <= 1:
        raise ScoringError(f"{_called(name)} is required to be {shown(given)}; expected a share from 0 to 1")
    return Requirement(name, float(bound))
