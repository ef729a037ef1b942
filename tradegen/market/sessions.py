"""When trades happen: the window of trade times."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tradegen.core.clock import DAY, second_of_day

if TYPE_CHECKING:
    from tradegen.scenario.model import Scenario

_EPOCH = dt.date(1970, 1, 1)


def window(scenario: Scenario) -> tuple[int, int]:
    """The first and the last second of the window, since 1970-01-01."""
    if scenario.date is None:
        raise ValueError("the scenario has no date; a shell reads the clock, the core never does")
    midnight = (scenario.date - _EPOCH).days * DAY
    start, end = second_of_day(scenario.start), second_of_day(scenario.end)
    return midnight + start, midnight + end - 1 + (DAY if end <= start else 0)
