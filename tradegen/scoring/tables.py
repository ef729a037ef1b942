"""A score's tables, as frames for people and as plain values for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

import pandas as pd

from tradegen.errors import ScoringError, nearest
from tradegen.scoring.outcomes import Amounts, Outcome, Recall
from tradegen.scoring.scores import GROUPS, Curve

if TYPE_CHECKING:
    from tradegen.scoring.scores import Score

__all__ = [
    "MEASURES",
    "TABLES",
    "as_dict",
    "frame",
    "measures",
    "of_run",
    "reported_as",
    "shown_group",
    "spread",
]

TABLES = (*GROUPS, "records", "confusion", "detection", "tolerance_sweep", "thresholds", "runs")
"""What a score has a frame of."""

MEASURES = ("recall", "precision", "f1", "false_alarm_rate", "field_recall", "field_precision")
"""The measures of one run that are compared between runs."""

_PLACES = {"detection": "size", "tolerance_sweep": "tolerance", "thresholds": "score"}


def frame(score: Score, by: str) -> pd.DataFrame:
    """One of a score's tables.

    Parameters
    ----------
    score : Score
    by : str
        One of `TABLES`.

    Returns
    -------
    DataFrame
        By group, or by record: ``expected``, ``found``, ``missed``, ``recall`` and its 95% interval, ``low``
        to ``high``. By field and notional band, and in ``tolerance_sweep`` and ``thresholds``, also
        ``false_alarms``, ``unknown``, ``precision`` with its interval and ``f1``; where the pairs that must
        not be reported are known, also ``quiet`` and ``false_alarm_rate``.

        ``confusion``: counts of pairs, by mismatched field and by the field that was named. ``detection``
        and ``tolerance_sweep``: a row for each measured field, unit and place on its scale; in ``detection``
        a ``size`` stands for the range up to the next one, ``below``, and ranges without a difference are
        left out. ``runs``: a row for each run, with the counts of pairs and the `MEASURES`.

        Shares are from 0 to 1, and NaN where there is nothing to measure.

    Raises
    ------
    ScoringError
        Where `by` is something else.
    """
    if by in GROUPS:
        return _grouped(by, shown_group(score, by))
    if by == "records":
        return _grouped("record", score.records)
    if by == "confusion":
        counts = score.confusion
        columns = reported_as(counts)
        rows = [[counts[row].get(column, 0) for column in columns] for row in counts]
        table = pd.DataFrame(rows, pd.Index(list(counts), dtype="str"), columns, dtype="int64")
        return table.rename_axis(index="mismatched", columns="reported as")
    if by in ("detection", "tolerance_sweep"):
        return _curves(getattr(score, by), _PLACES[by])
    if by == "thresholds":
        curves = () if score.thresholds is None else (score.thresholds,)
        return _curves(curves, _PLACES[by]).drop(columns=["field", "unit"])
    if by == "runs":
        return _runs(score)
    raise ScoringError(f"by is {by!r}; {nearest(str(by), TABLES)}")


def shown_group(score: Score, by: str) -> dict[str, Recall | Outcome]:
    """The values of a group that anything is to be said of; no cause is called ``(none)``."""
    return {
        name or "(none)": value
        for name, value in score.by.get(by, {}).items()
        if value.expected or getattr(value, "false_alarms", 0) or getattr(value, "quiet", 0)
    }


def measures(value: Recall | Outcome | Amounts) -> dict[str, Any]:
    """Counts and every measure that follows from them, in the order in which they are read.

    Intervals are tuples of low and high; a measure of nothing is NaN.
    """
    found: dict[str, Any] = {"expected": value.expected, "found": value.found}
    if isinstance(value, Amounts):
        return found | {
            "false_alarms": value.false_alarms,
            "recall": value.recall,
            "precision": value.precision,
        }
    found |= {"missed": value.missed, "recall": value.recall, "recall_interval": value.recall_interval}
    if isinstance(value, Outcome):
        found |= {
            "false_alarms": value.false_alarms,
            "unknown": value.unknown,
            "reported": value.reported,
            "precision": value.precision,
            "precision_interval": value.precision_interval,
            "f1": value.f1,
            "quiet": value.quiet,
            "false_alarm_rate": value.false_alarm_rate,
            "false_alarm_interval": value.false_alarm_interval if value.quiet else None,
        }
    return found


def spread(score: Score) -> dict[str, dict[str, float]]:
    """How far the runs of a pooled score lie apart.

    Returns
    -------
    dict of str to dict of str to float
        By measure that every run has, of `MEASURES`: its ``mean`` over the runs, ``standard_deviation`` (of
        a sample: n - 1), ``lowest`` and ``highest``. Empty where nothing was pooled.
    """
    found = {}
    for name in MEASURES if score.runs else ():
        values = [of_run(run)[name] for run in score.runs]
        if not any(map(math.isnan, values)):
            found[name] = {
                "mean": fmean(values),
                "standard_deviation": stdev(values),
                "lowest": min(values),
                "highest": max(values),
            }
    return found


def of_run(score: Score) -> dict[str, float]:
    """The `MEASURES` of a score."""
    fields = score.fields or Outcome()
    return {
        "recall": score.pairs.recall,
        "precision": score.pairs.precision,
        "f1": score.pairs.f1,
        "false_alarm_rate": score.pairs.false_alarm_rate,
        "field_recall": fields.recall,
        "field_precision": fields.precision,
    }


def as_dict(score: Score) -> dict[str, Any]:
    """All of a score in JSON's own types: NaN as None, intervals as lists, amounts in cents."""
    found = {
        "matcher": score.matcher,
        "pairs": measures(score.pairs),
        "fields": score.fields and measures(score.fields),
        "notional_cents": measures(score.notional),
        "by": {group: _measured(shown_group(score, group)) for group in GROUPS},
        "records": _measured(score.records),
        "confusion": score.confusion,
        "several": asdict(score.several),
        "benign": asdict(score.benign),
        "undecidable": asdict(score.undecidable),
        "links": score.links
        and {**measures(score.links.outcome), "interchangeable": score.links.interchangeable},
        "tolerance_sweep": [_points(curve, "tolerance") for curve in score.tolerance_sweep],
        "detection": [_points(curve, "size") for curve in score.detection],
        "thresholds": score.thresholds and _points(score.thresholds, "score"),
        "input": asdict(score.input),
        "runs": [{"matcher": run.matcher, **measures(run.pairs), **of_run(run)} for run in score.runs],
        "spread": spread(score),
    }
    plain: dict[str, Any] = _json(found)
    return plain


def _measured(group: Mapping[str, Recall | Outcome]) -> dict[str, Any]:
    return {name: measures(value) for name, value in group.items()}


def _points(curve: Curve, place: str) -> dict[str, Any]:
    points = [{place: at, **measures(value)} for at, value in sorted(curve.points.items())]
    return {"field": curve.field, "unit": curve.unit, "points": points}


def reported_as(table: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The columns of the confusion table: fields in the order of the rows, and last what names none."""
    unnamed = ("(no field)", "(not reported)")
    found = {column for counts in table.values() for column, count in counts.items() if count}
    rows = [row for row in table if row in found]
    return [*rows, *sorted(found - {*rows, *unnamed}), *(name for name in unnamed if name in found)]


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def _row(value: Recall | Outcome) -> dict[str, Any]:
    """The measures of one row of a frame, intervals as two columns."""
    row: dict[str, Any] = {}
    for name, measure in measures(value).items():
        if name.endswith("_interval"):
            prefix = {"recall_interval": "", "precision_interval": "precision_"}.get(name, "false_alarm_")
            low, high = (math.nan, math.nan) if measure is None else measure
            row |= {f"{prefix}low": low, f"{prefix}high": high}
        else:
            row[name] = measure
    return row


def _columns(table: pd.DataFrame) -> pd.DataFrame:
    """Without what is known of no row."""
    unknown = [name for name in ("quiet", "false_alarm_rate") if name in table and table[name].isna().all()]
    if unknown:
        return table.drop(columns=["quiet", "false_alarm_rate", "false_alarm_low", "false_alarm_high"])
    return table


def _grouped(name: str, group: Mapping[str, Recall | Outcome]) -> pd.DataFrame:
    index = pd.Index(list(group), name=name, dtype="str")
    rows = [_row(value) for value in group.values()]
    return _columns(pd.DataFrame(rows, index=index, columns=None if rows else list(_row(Recall()))))


def _curves(curves: tuple[Curve, ...], place: str) -> pd.DataFrame:
    rows = [row for curve in curves for row in _places(curve, place)]
    return _columns(pd.DataFrame(rows, columns=None if rows else ["field", "unit", place, *_row(Recall())]))


def _places(curve: Curve, place: str) -> Iterator[dict[str, Any]]:
    places = sorted(curve.points)
    for at, next_one in zip(places, [*places[1:], math.inf], strict=True):
        start: dict[str, Any] = {"field": curve.field, "unit": curve.unit, place: at}
        value = curve.points[at]
        if place != "size":
            yield start | _row(value)
        elif value.expected:
            yield start | {"below": next_one} | _row(Recall(value.expected, value.found))


def _runs(score: Score) -> pd.DataFrame:
    runs = score.runs or (score,)
    rows = [
        {
            "matcher": run.matcher,
            "expected": run.pairs.expected,
            "found": run.pairs.found,
            "false_alarms": run.pairs.false_alarms,
            "unknown": run.pairs.unknown,
            **of_run(run),
        }
        for run in runs
    ]
    return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="run"))
