"""What a score counts, in every respect that the truth knows. Counts are frozen, and they add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from tradegen.scoring.outcomes import Amounts, Counts, Outcome, Recall

GROUPS = ("mechanism", "field", "cause", "leg", "notional")
"""What a score is broken down by."""

MEASURES = ("recall", "precision", "f1", "false_alarm_rate", "field_recall", "field_precision")
"""The measures of a run that can be required, and that are compared between runs."""


def _none() -> Mapping[Any, Any]:
    # A value of its own for each: Python 3.11 takes no read-only mapping as a default.
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Input(Counts):
    """What the findings were.

    Attributes
    ----------
    rows : int
        Findings as given.
    repeated : int
        Rows that repeat another one.
    unnamed : int
        Rows without a field.
    unknown : int
        Distinct ids that are not in the data.
    examples : tuple of str
        Up to five of these.
    left_out : int
        Findings that were not scored: those that `where` or `ignore_fields` left out.
    """

    rows: int = 0
    repeated: int = 0
    unnamed: int = 0
    unknown: int = 0
    examples: tuple[str, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Several(Counts):
    """Pairs with several mismatched fields: of how many were all, some or none of them named."""

    all: int = 0
    some: int = 0
    none: int = 0


@dataclass(frozen=True, slots=True)
class Benign(Counts):
    """Differences within their tolerance, and how many of them were reported all the same."""

    rows: int = 0
    reported: int = 0


@dataclass(frozen=True, slots=True)
class Undecidable(Counts):
    """What two truths fit, and counts neither for nor against a matcher.

    Attributes
    ----------
    legs_right, legs_wrong : int
        Legs named where the two records alone do not say which of them was altered.
    rows_behind_orphans, found_behind_orphans : int
        Fields altered in a pair whose id was mistyped, too: two missing records explain it as well. And
        those of them that were reported all the same.
    """

    legs_right: int = 0
    legs_wrong: int = 0
    rows_behind_orphans: int = 0
    found_behind_orphans: int = 0


@dataclass(frozen=True, slots=True)
class Links(Counts):
    """Records linked without ids, as pairs.

    Attributes
    ----------
    outcome : Outcome
        Pairs that could be linked, those that were, and links between different trades.
    interchangeable : int
        Links between different trades whose records are alike in everything but the id: no data tells them
        apart, and they count neither way.
    """

    outcome: Outcome = field(default_factory=Outcome)
    interchangeable: int = 0


@dataclass(frozen=True, slots=True)
class Curve:
    """Counts along a scale that is the same for every dataset, so that curves add up.

    Attributes
    ----------
    field : str
        A measured field, or ``""`` where it is about pairs.
    unit : str
        Shares, dollars, bps, days, seconds; or score.
    points : mapping of float to Outcome
        By place on the scale: a tolerance, the lower end of a range of sizes, or a score.
    """

    field: str
    unit: str
    points: Mapping[float, Outcome]


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """The counts of a score.

    Attributes
    ----------
    pairs : Outcome
        By pair: it is to be reported where one of its differences is no benign one.
    fields : Outcome or None
        By pair and field; None where the findings name no field.
    notional : Amounts
        By pair, weighted by what it is worth.
    by : mapping of str to mapping of str to Outcome or Recall
        For each of `GROUPS`, by its values. By ``mechanism``, ``cause`` and ``leg``: `Recall`, of truth rows;
        by ``field``: `Outcome`, of pairs with that field; by ``notional``, from one power of ten to the
        next: `Outcome`, of pairs.
    records : mapping of str to Recall
        Of the pairs with a ``missing``, ``duplicate``, ``split`` or ``orphan`` record: those reported.
    confusion : mapping of str to mapping of str to int
        Of pairs with one mismatched field, by that field: how many were reported as which one. Also rows
        ``(benign)`` and ``(clean)``, and columns ``(no field)`` and ``(not reported)``.
    several : Several
    benign : Benign
    undecidable : Undecidable
    links : Links or None
        None where the findings link nothing.
    tolerance_sweep : tuple of Curve
        By field: the truth labelled anew, where every difference up to a tolerance is benign.
    detection : tuple of Curve
        By field: recall against the size of the difference.
    thresholds : Curve or None
        Pairs reported with at least a score; None where the findings have no scores.
    input : Input
    matcher : str
        What the findings are called.
    runs : tuple of ScoreCounts
        The scores that were pooled into this one; empty for a single dataset.
    """

    pairs: Outcome
    fields: Outcome | None = None
    notional: Amounts = field(default_factory=Amounts)
    by: Mapping[str, Mapping[str, Recall | Outcome]] = field(default_factory=_none)
    records: Mapping[str, Recall] = field(default_factory=_none)
    confusion: Mapping[str, Mapping[str, int]] = field(default_factory=_none)
    several: Several = field(default_factory=Several)
    benign: Benign = field(default_factory=Benign)
    undecidable: Undecidable = field(default_factory=Undecidable)
    links: Links | None = None
    tolerance_sweep: tuple[Curve, ...] = ()
    detection: tuple[Curve, ...] = ()
    thresholds: Curve | None = None
    input: Input = field(default_factory=Input)
    matcher: str = ""
    runs: tuple[Self, ...] = ()

    @property
    def measures(self) -> dict[str, float]:
        """The `MEASURES` by name; one of nothing is NaN."""
        fields = self.fields or Outcome()
        return {
            "recall": self.pairs.recall,
            "precision": self.pairs.precision,
            "f1": self.pairs.f1,
            "false_alarm_rate": self.pairs.false_alarm_rate,
            "field_recall": fields.recall,
            "field_precision": fields.precision,
        }
