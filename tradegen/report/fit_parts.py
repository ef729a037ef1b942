"""The parts of a report that are about a fit, from the JSON that it was written as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from tradegen.desk.fit_text import as_html, closing_sentences
from tradegen.desk.numbers import Number
from tradegen.errors import FitError, TradegenError
from tradegen.scenario.model import Scenario


def fit_parts(values: Mapping[str, Any], source: object) -> list[str]:
    """What was measured, and the scenario that it makes, as HTML.

    Parameters
    ----------
    values : mapping
        As `Fit.to_json` writes them.
    source : object
        What messages call it.

    Raises
    ------
    FitError
        Where they are no fit.
    """
    try:
        numbers = TypeAdapter(tuple[Number, ...]).validate_python(values["numbers"])
        closing = closing_sentences(
            TypeAdapter(list[str]).validate_python(values["remarks"]),
            float(values["confidence"]),
            int(values["groups_looked_at"]),
            values["tolerances"],
        )
        scenario = Scenario.load(values["scenario"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        why = str(error) if isinstance(error, TradegenError) else "a number of it is missing, or none"
        raise FitError(
            f"{source} is no fit: {why}; expected what `tradegen fit --format json` prints"
        ) from None
    return [
        "<h2>What was fitted</h2>",
        as_html(numbers, {}, closing),
        "<h3>The scenario, where it is not the default, and its weights</h3>",
        scenario._repr_html_(),
    ]
