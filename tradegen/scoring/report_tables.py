"""The tables of a report: every count of a score, with the measures that follow from it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterable, Mapping
from statistics import fmean, stdev
from typing import Any

from tradegen.scoring.outcomes import Amounts, Outcome, Recall
from tradegen.scoring.report import Column, Row, Table
from tradegen.scoring.score_counts import GROUPS, MEASURES, Curve, ScoreCounts

_NOT_FIELDS = ("(no field)", "(not reported)")

_RECALL = (
    Column("expected", "count", "expected"),
    Column("found", "count", "found"),
    Column("missed", "count", "missed"),
    Column("recall", "share", "recall"),
    Column("recall_interval", "interval", "95% interval"),
)
_OUTCOME = (
    *_RECALL,
    Column("false_alarms", "count", "false"),
    Column("unknown", "count", "unknown"),
    Column("reported"),
    Column("precision", "share", "precision"),
    Column("precision_interval", "interval"),
    Column("f1", "share"),
    Column("quiet"),
    Column("false_alarm_rate", "share"),
    Column("false_alarm_interval", "interval"),
)
_SPREAD = (
    Column("measure", "name", "measure"),
    Column("mean", "share", "mean"),
    Column("standard_deviation", "deviation", "standard deviation"),
    Column("lowest", "share", "lowest"),
    Column("highest", "share", "highest"),
)


def facts_of(score: ScoreCounts) -> dict[str, Mapping[str, Any] | None]:
    """The counts and measures of the whole score."""
    links = (
        None
        if score.links is None
        else {
            **_measures(score.links.outcome),
            "interchangeable": score.links.interchangeable,
        }
    )
    return {
        "pairs": _measures(score.pairs),
        "fields": None if score.fields is None else _measures(score.fields),
        "notional_cents": _measures(score.notional),
        "several": dataclasses.asdict(score.several),
        "benign": dataclasses.asdict(score.benign),
        "undecidable": dataclasses.asdict(score.undecidable),
        "links": links,
        "input": dataclasses.asdict(score.input),
    }


def tables_of(score: ScoreCounts) -> dict[str, Table]:
    """Every table by name: those of `report.TABLES`, and ``spread``."""
    thresholds = () if score.thresholds is None else (score.thresholds,)
    return {
        **{group: _grouped(group, _reportable(score.by.get(group, {}))) for group in GROUPS},
        "records": _grouped("record", score.records),
        "confusion": _confusion(score.confusion),
        "detection": _curves(score.detection, "size"),
        "tolerance_sweep": _curves(score.tolerance_sweep, "tolerance"),
        "thresholds": _curves(thresholds, "score"),
        "runs": _runs(score),
        "spread": _spread(score),
    }


def _measures(value: Recall | Outcome | Amounts) -> dict[str, Any]:
    """Counts, and every measure that follows from them, in the order in which they are read."""
    if isinstance(value, Amounts):
        return {
            name: getattr(value, name)
            for name in ("expected", "found", "false_alarms", "recall", "precision")
        }
    columns = _OUTCOME if isinstance(value, Outcome) else _RECALL
    found = {column.name: getattr(value, column.name) for column in columns}
    if isinstance(value, Outcome) and not value.quiet:
        found["false_alarm_interval"] = None
    return found


def _reportable(group: Mapping[str, Recall | Outcome]) -> dict[str, Recall | Outcome]:
    """The values that have any count; the empty cause is called ``(none)``."""
    return {
        name or "(none)": value
        for name, value in group.items()
        if value.expected or getattr(value, "false_alarms", 0) or getattr(value, "quiet", 0)
    }


def _grouped(key: str, group: Mapping[str, Recall | Outcome]) -> Table:
    outcomes = [value for value in group.values() if isinstance(value, Outcome)]
    columns: tuple[Column, ...] = _RECALL
    if outcomes:
        unknown = any(value.unknown for value in outcomes)
        # Without trades, nothing says what the clean pairs are worth, and so how many false alarms there are.
        known = key == "field" or any(value.quiet is not None for value in outcomes)
        hidden = {"false_alarms": not known, "unknown": not unknown, "precision": not (known or unknown)}
        columns = _without_headers(_OUTCOME, {name for name, hide in hidden.items() if hide})
    rows = tuple({key: name, **_measures(value)} for name, value in group.items())
    return Table((Column(key, "name", key), *columns), rows, key)


def _without_headers(columns: Iterable[Column], names: Collection[str]) -> tuple[Column, ...]:
    return tuple(
        dataclasses.replace(column, header="") if column.name in names else column for column in columns
    )


def _confusion(counts: Mapping[str, Mapping[str, int]]) -> Table:
    """By mismatched field: fields in the order of the rows, and last what names none."""
    reported = {name for row in counts.values() for name, count in row.items() if count}
    rows = [name for name in counts if name in reported]
    others = sorted(reported - {*rows, *_NOT_FIELDS})
    names = [*rows, *others, *(name for name in _NOT_FIELDS if name in reported)]
    columns = (Column("mismatched", "name", "mismatched"), *(Column(name, header=name) for name in names))
    return Table(
        columns, tuple({"mismatched": name, **row} for name, row in counts.items()), "mismatched", True
    )


def _curves(curves: Iterable[Curve], place: str) -> Table:
    rows: tuple[Row, ...] = tuple(
        {"field": curve.field, "unit": curve.unit, place: position, **_measures(outcome)}
        for curve in curves
        for position, outcome in sorted(curve.points.items())
    )
    return Table((Column("field", "name"), Column("unit", "name"), Column(place), *_OUTCOME), rows)


def _runs(score: ScoreCounts) -> Table:
    rows = tuple(
        {
            "matcher": run.matcher,
            **_measures(run.pairs),
            **run.measures,
            "fields": None if run.fields is None else _measures(run.fields),
        }
        for run in score.runs or (score,)
    )
    fields = (Column("field_recall", "share"), Column("field_precision", "share"))
    return Table((Column("matcher", "name"), *_OUTCOME, *fields), rows)


def _spread(score: ScoreCounts) -> Table:
    """How far the runs of a pooled score lie apart, by each measure that all of them have.

    The standard deviation is that of a sample: over n - 1.
    """
    rows: list[Row] = []
    for name in MEASURES if score.runs else ():
        values = [run.measures[name] for run in score.runs]
        if not any(map(math.isnan, values)):
            rows.append(
                {
                    "measure": name,
                    "mean": fmean(values),
                    "standard_deviation": stdev(values),
                    "lowest": min(values),
                    "highest": max(values),
                }
            )
    return Table(_SPREAD, tuple(rows), "measure")
