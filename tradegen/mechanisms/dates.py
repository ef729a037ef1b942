"""Wrong dates: the neighbouring weekday, or day and month exchanged.

A session is a weekday here; exchange holidays are not known.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from tradegen.core.columns import Array
from tradegen.mechanisms.mechanism import Case, Mechanism, Values

__all__ = ["DATES"]


def next_session(case: Case) -> Array:
    """The first weekday after each day; nothing is drawn."""
    return _weekday_from(case.original, +1, roll="backward")


def previous_session(case: Case) -> Array:
    """The last weekday before each day; nothing is drawn."""
    return _weekday_from(case.original, -1, roll="forward")


def _weekday_from(days: Array, step: int, roll: Literal["backward", "forward"]) -> Array:
    # From a weekend, first roll against the step, so that Saturday's next is Monday and not Tuesday.
    moved: Array = np.busday_offset(days.astype("datetime64[D]"), step, roll=roll)
    return moved.astype(np.int64)


def day_month_swap(case: Case) -> Array:
    """Exchange day and month, where the day is a month's number and another than the date's own."""
    days = case.original.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    day = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    month = months.astype(np.int64) % 12 + 1
    swapped = months + (day - month)
    moved = swapped.astype("datetime64[D]") + (month - 1)
    return np.where(day <= 12, moved.astype(np.int64), case.original)


def _over_a_weekend(_settings: Values, _largest: int) -> int:
    return 3


DATES = (
    Mechanism(
        name="date.next_session",
        sentence="The trade is booked on the next weekday; its timestamp stays.",
        example="2025-07-18 -> 2025-07-21",
        alter=next_session,
        iso="DTRD",
        fix="3",
        reach=_over_a_weekend,
    ),
    Mechanism(
        name="date.previous_session",
        sentence="The trade is booked on the weekday before; its timestamp stays.",
        example="2025-07-21 -> 2025-07-18",
        alter=previous_session,
        iso="DTRD",
        fix="3",
        reach=_over_a_weekend,
    ),
    Mechanism(
        name="date.day_month_swap",
        sentence="Day and month changed places, where that is another valid date.",
        example="2025-07-08 -> 2025-08-07",
        alter=day_month_swap,
        iso="DTRD",
        fix="3",
    ),
)
