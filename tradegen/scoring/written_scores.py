"""A score read back from the JSON that it was written as."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from tradegen.errors import ScoringError
from tradegen.scoring.outcomes import Amounts, Outcome, Recall
from tradegen.scoring.score_counts import GROUPS, Benign, Curve, Input, Links, Several, Undecidable
from tradegen.scoring.scores import Score

_PLACES = {"tolerance_sweep": "tolerance", "detection": "size", "thresholds": "score"}


def score_from(values: Mapping[str, Any], source: object) -> Score:
    """The score that `Score.to_dict` made these values of.

    Counts are read, and measures worked out from them anew.

    Parameters
    ----------
    values : mapping
    source : object
        What messages call it.

    Raises
    ------
    ScoringError
        Where it is no score.
    """
    try:
        return _score(values)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else "some count in it is none"
        raise ScoringError(
            f"{source} is no score: {why}; expected what `tradegen score --format json` writes"
        ) from None


def _score(values: Mapping[str, Any]) -> Score:
    links, thresholds = values["links"], values["thresholds"]
    return Score(
        pairs=_counts(Outcome, values["pairs"]),
        fields=None if values["fields"] is None else _counts(Outcome, values["fields"]),
        notional=_counts(Amounts, values["notional_cents"]),
        by={group: _grouped(values["by"][group]) for group in GROUPS},
        records={name: _counts(Recall, counts) for name, counts in values["records"].items()},
        confusion=TypeAdapter(dict[str, dict[str, int]]).validate_python(values["confusion"]),
        several=_counts(Several, values["several"]),
        benign=_counts(Benign, values["benign"]),
        undecidable=_counts(Undecidable, values["undecidable"]),
        links=None if links is None else Links(_counts(Outcome, links), int(links["interchangeable"])),
        tolerance_sweep=tuple(_curve("tolerance_sweep", one) for one in values["tolerance_sweep"]),
        detection=tuple(_curve("detection", one) for one in values["detection"]),
        thresholds=None if thresholds is None else _curve("thresholds", thresholds),
        input=_counts(Input, values["input"]),
        matcher=str(values["matcher"]),
        runs=tuple(_run(one) for one in values["runs"]),
    )


def _run(values: Mapping[str, Any]) -> Score:
    """One of several runs, of which the counts by pair and by field are kept."""
    fields = values["fields"]
    return Score(
        pairs=_counts(Outcome, values),
        fields=None if fields is None else _counts(Outcome, fields),
        matcher=str(values["matcher"]),
    )


def _grouped(values: Mapping[str, Mapping[str, Any]]) -> dict[str, Recall | Outcome]:
    return {
        name: _counts(Outcome if "false_alarms" in counts else Recall, counts)
        for name, counts in values.items()
    }


def _curve(name: str, values: Mapping[str, Any]) -> Curve:
    points = {float(point[_PLACES[name]]): _counts(Outcome, point) for point in values["points"]}
    return Curve(str(values["field"]), str(values["unit"]), points)


def _counts(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """Counts of a kind; what follows from them stands beside them, and is left."""
    names = [field.name for field in dataclasses.fields(kind)]
    adapter = TypeAdapter(kind)
    return adapter.validate_python({name: values[name] for name in names})
