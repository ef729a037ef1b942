"""Wrong dates: the neighbouring weekday, or day and month exchanged.

A session is a weekday here; exchange holidays are not known.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from tradegen.core.clock import sessions_after
from tradegen.core.columns import Array
from tradegen.mechanisms.difference import Difference, Leg, Settings
from tradegen.mechanisms.mechanism import Case, Mechanism, Needs, Shown

_SATURDAY = 5  # as Python numbers weekdays


def next_session(case: Case) -> Array:
    """The first weekday after each day; nothing is drawn."""
    return _weekday_from(case.original, +1)


def previous_session(case: Case) -> Array:
    """The last weekday before each day; nothing is drawn."""
    return _weekday_from(case.original, -1)


def _weekday_from(days: Array, step: int) -> Array:
    return sessions_after(days.astype("datetime64[D]"), step).astype(np.int64)


def _neighbouring_session(seen: Difference, step: int) -> bool:
    """Whether the altered date is the first weekday that comes up, going by `step` days."""
    day, altered = seen.dates
    day += dt.timedelta(days=step)
    while day.weekday() >= _SATURDAY:
        day += dt.timedelta(days=step)
    return day == altered


def day_month_swap(case: Case) -> Array:
    """Exchange day and month, where the day is a month's number and another than the date's own."""
    days = case.original.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    day = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    month = months.astype(np.int64) % 12 + 1
    swapped_months = months + (day - month)
    swapped = swapped_months.astype("datetime64[D]") + (month - 1)
    return np.where(day <= 12, swapped.astype(np.int64), case.original)


def _exchanged(text: str) -> str:
    year, month, day = text.split("-")
    return f"{year}-{day}-{month}"


def _exchangeable(leg: Leg, _settings: Settings) -> bool:
    _, month, day = leg["date"].split("-")
    return day != month and int(day) <= 12


def _over_a_weekend(_settings: Settings, _largest: int) -> int:
    return 3


_KEEPS_THE_DAY = (Shown(("date",), "the timestamp, and the rest of the list, keep the day"),)
DATES = (
    Mechanism(
        name="date.next_session",
        sentence="The trade is booked on the next weekday; its timestamp stays.",
        examples=(("2025-07-18", "2025-07-21"),),
        alter=next_session,
        recognises=lambda seen: _neighbouring_session(seen, +1),
        shows=_KEEPS_THE_DAY,
        iso="DTRD",
        fix="3",
        reach=_over_a_weekend,
    ),
    Mechanism(
        name="date.previous_session",
        sentence="The trade is booked on the weekday before; its timestamp stays.",
        examples=(("2025-07-21", "2025-07-18"),),
        alter=previous_session,
        recognises=lambda seen: _neighbouring_session(seen, -1),
        shows=_KEEPS_THE_DAY,
        iso="DTRD",
        fix="3",
        reach=_over_a_weekend,
    ),
    Mechanism(
        name="date.day_month_swap",
        sentence="Day and month changed places, where that is another valid date.",
        examples=(("2025-07-08", "2025-08-07"),),
        alter=day_month_swap,
        recognises=lambda seen: seen.altered == _exchanged(seen.original) != seen.original,
        needs=Needs("a day that is the number of another month", _exchangeable),
        shows=_KEEPS_THE_DAY,
        iso="DTRD",
        fix="3",
    ),
)
