"""Wrong dates and times in a column that is none of the nine."""

from __future__ import annotations

import numpy as np

from tradegen.core.columns import MICROSECONDS, MICROSECONDS_A_DAY, Array
from tradegen.mechanisms.column_kinds import KindOfColumn, needs_of
from tradegen.mechanisms.difference import Difference
from tradegen.mechanisms.displacement import Ranges
from tradegen.mechanisms.mechanism import Case, Mechanism, Setting, Shown
from tradegen.mechanisms.shapes import alike
from tradegen.mechanisms.times import TIMES

_HOUSE = {entry.name: entry for entry in TIMES}
_SHIFTS = {
    "delay": (
        Setting("min", 60.0, 0, 43_200, "number of seconds", "smallest error, seconds"),
        Setting("max", 1800.0, 0, 43_200, "number of seconds", "largest error, seconds"),
    )
}


def dated(column: KindOfColumn, house: Mechanism) -> Mechanism:
    """One of the mechanisms of the trade date, for another date."""
    what = house.name.partition(".")[2]
    sentence = {
        "next_session": f"{column.called} is the next weekday.",
        "previous_session": f"{column.called} is the weekday before.",
        "day_month_swap": f"Day and month of {column.called} changed places, where that is another date.",
    }[what]
    return Mechanism(
        name=f"{column.name}.{what}",
        sentence=sentence,
        examples=house.examples,
        alter=house.alter,
        recognises=house.recognises,
        needs=needs_of(house, column),
        shows=(Shown((column.name,), "no clean date is that far from the trade's"),),
        excludes=column.excludes,
        reach=house.reach,
    )


def shifted(column: KindOfColumn, way: str) -> Mechanism:
    """A time that is off by some seconds: minutes of delay, or a clock that is wrong."""
    house = _HOUSE[f"trade_timestamp.{way}"]
    sentence = {
        "delay": f"{column.called} is minutes late, or early, within the same day.",
        "clock_skew": f"{column.called} is of a clock that was off by seconds or less, by one step at least.",
    }[way]

    def alter(case: Case) -> Array:
        step = case.context.step
        least, most = (max(round(case.settings[name] * MICROSECONDS) // step, 1) for name in ("min", "max"))
        sizes = case.sizes(alike(least, most), step)
        units, rest = np.divmod(case.original, step)
        days, each = np.unique(case.original // MICROSECONDS_A_DAY, return_inverse=True)
        midnight = days * (MICROSECONDS_A_DAY // step)
        last = midnight + MICROSECONDS_A_DAY // step - 1
        ranges = Ranges(midnight, last, each, floor=midnight, top=last)
        return case.displaced(units, ranges, sizes) * step + rest

    def recognises(seen: Difference) -> bool:
        original, altered = seen.times
        apart = abs((altered - original).total_seconds())
        least, most = seen.settings["min"], max(seen.settings["max"], 1)
        return original.date() == altered.date() and min(least, 1) <= apart <= most

    return Mechanism(
        name=f"{column.name}.{way}",
        sentence=sentence,
        examples=house.examples,
        alter=alter,
        recognises=recognises,
        settings=_SHIFTS.get(way, house.settings),
        shows=(Shown((column.name,), "no clean time is that far from the trade's"),),
        excludes=column.excludes,
        sized=True,
        reach=house.reach,
    )


def timed(column: KindOfColumn, way: str) -> Mechanism:
    """One of the mechanisms of the trade's time that draw no size, for another time."""
    house = _HOUSE[f"trade_timestamp.{way}"]
    sentence, shown = {
        "timezone": (
            f"{column.called} was written in another zone, whole quarter-hours apart.",
            "hours from where clean times lie",
        ),
        "truncated": (f"The seconds of {column.called} were cut off.", "on the full minute"),
    }[way]
    return Mechanism(
        name=f"{column.name}.{way}",
        sentence=sentence,
        examples=house.examples,
        alter=house.alter,
        recognises=house.recognises,
        needs=needs_of(house, column),
        settings=house.settings,
        shows=(Shown((column.name,), shown),),
        excludes=column.excludes,
        reach=house.reach,
    )
