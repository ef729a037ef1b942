"""Times of day, as seconds, stretches of the day, which may cross midnight, and weekdays."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

import numpy as np

from tradegen.core.columns import Array
from tradegen.errors import shown

DAY = 86_400
"""Seconds in a day."""

_HOURS = re.compile(r"([0-2]\d:[0-5]\d(?::[0-5]\d)?)-([0-2]\d:[0-5]\d(?::[0-5]\d)?)")


def second_of_day(time: dt.time) -> int:
    """A time of day as seconds since midnight."""
    return time.hour * 3600 + time.minute * 60 + time.second


def within_day(start: int, end: int) -> list[tuple[int, int]]:
    """A stretch from one second of the day to before another: two parts, where that is no later."""
    return [(start, end)] if start < end else [(start, DAY), (0, end)]


def stretches(hours: Iterable[str]) -> list[tuple[int, int]]:
    """``"10:00-10:30"`` as seconds of the day, the first and the one past the last; across midnight, as two.

    Raises
    ------
    ValueError
        Where a text is not of this form.
    """
    found: list[tuple[int, int]] = []
    for text in hours:
        parts = _HOURS.fullmatch(text)
        try:
            times = [dt.time.fromisoformat(part) for part in parts.groups()] if parts else []
        except ValueError:
            times = []
        start, end = map(second_of_day, times) if times else (0, 0)
        if start == end:
            raise ValueError(f"hours is {shown(text)}; expected a stretch of the day such as 10:00-10:30")
        found += within_day(start, end)
    return found


def sessions_after(days: Array, by: int) -> Array:
    """The days so many weekdays later, or earlier if `by` is below 0; ``datetime64[D]``, shape as `days`.

    With 0, the weekday itself, or the first one after a weekend.
    """
    # From a weekend, first roll against the step, so that Saturday's next is Monday and not Tuesday.
    found: Array = np.busday_offset(days, by, roll="backward" if by > 0 else "forward")
    return found
