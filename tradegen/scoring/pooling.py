"""Scores of several datasets or seeds as one, with the spread between them: one seed misleads."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tradegen.errors import ScoringError, shown
from tradegen.scoring.score_counts import GROUPS, Curve
from tradegen.scoring.scores import Score


def pool(scores: Iterable[Score]) -> Score:
    """Add up the scores of several datasets or seeds; `Score.runs` keeps each, for the spread.

    What is not known of every run is not known of all of them: fields, where the findings of one name none.

    Raises
    ------
    ScoringError
        If there is none, or something else among them.
    """
    given = list(scores)
    odd = next((score for score in given if not isinstance(score, Score)), None)
    if odd is not None:
        raise ScoringError(f"pool is given {shown(odd)}; expected what score(...) returns")
    runs = tuple(run for score in given for run in (score.runs or (score,)))
    if not runs:
        raise ScoringError("there are no scores to pool; expected one or more")
    if len(runs) == 1:
        return runs[0]
    first = runs[0]
    fields = [run.fields for run in runs]
    named = all(one is not None for one in fields)
    links = [run.links for run in runs if run.links is not None]
    return Score(
        pairs=_total([run.pairs for run in runs]),
        fields=_total(fields) if named else None,
        notional=_total([run.notional for run in runs]),
        by={
            group: _total([run.by.get(group, {}) for run in runs]) if named or group != "field" else {}
            for group in GROUPS
        },
        records=_total([run.records for run in runs]),
        confusion=_total([run.confusion for run in runs]),
        several=_total([run.several for run in runs]),
        benign=_total([run.benign for run in runs]),
        undecidable=_total([run.undecidable for run in runs]),
        links=_total(links) if links else None,
        tolerance_sweep=_curves([run.tolerance_sweep for run in runs]) if named else (),
        detection=_curves([run.detection for run in runs]),
        thresholds=None,  # scores of different runs need not mean the same
        input=_total([run.input for run in runs]),
        matcher=first.matcher if len({run.matcher for run in runs}) == 1 else "",
        runs=runs,
    )


def _total(values: Sequence[Any]) -> Any:
    """The sum of counts; of mappings, that of each name, in the order in which the names come."""
    if not isinstance(values[0], Mapping):
        return functools.reduce(operator.add, values)
    names = dict.fromkeys(name for value in values for name in value)
    return {name: _total([value[name] for value in values if name in value]) for name in names}


def _curves(runs: Sequence[tuple[Curve, ...]]) -> tuple[Curve, ...]:
    total = _total([{(curve.field, curve.unit): curve.points for curve in curves} for curves in runs])
    return tuple(Curve(field, unit, dict(sorted(points.items()))) for (field, unit), points in total.items())
