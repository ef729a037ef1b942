"""Wrong timestamps. Neither ISO 20022 nor FIX has a code for them."""

from __future__ import annotations

import datetime as dt
import functools

import numpy as np

from tradegen.core.columns import MICROSECONDS, Array
from tradegen.mechanisms.displacement import move
from tradegen.mechanisms.mechanism import Case, Mechanism, Setting, Values, Zone

__all__ = ["TIMES"]

# Up to half a day, one of the two directions always stays within the day.
_HALF_A_DAY = 43_200
_MINUTE = 60 * MICROSECONDS
_HOUR = 60 * _MINUTE
_EPOCH = dt.datetime(1970, 1, 1)
_MILLISECOND = 1_000


def shift(case: Case) -> Array:
    """Shift timestamps by `min` to `max` seconds, late or early, never across midnight.

    They stay inside the window of trade times if possible. Sizes are whole steps of the written precision,
    and whole milliseconds where it is finer, one step at the least.
    """
    step = case.context.step
    unit = max(step, _MILLISECOND)
    least, most = (round(case.settings[name] * MICROSECONDS) for name in ("min", "max"))
    least = max(-(-least // unit), 1)
    most = max(most // unit, least)

    def bounds(value: Array) -> tuple[Array, Array]:
        shape = np.shape(value)
        # Values come counted in units from the epoch; the tolerance of a timestamp does not depend on it.
        return case.sizes.bounds(np.full(shape, least), np.full(shape, most), value, case.raw, unit)

    place, rest = np.divmod(case.original, unit)
    moved = move(place, case.raw, case.context.time_ranges(case.original, unit), bounds, case.sizes.drawn)
    shifted: Array = moved * unit + rest
    return shifted


def _shift_reach(settings: Values, _largest: int) -> int:
    # A whole second at least, where that is the precision.
    return max(int(settings["max"] * MICROSECONDS), MICROSECONDS)


def timezone(case: Case) -> Array:
    """Write the time of `other_zone` for that of `zone`, where they are whole hours apart."""
    hours, place = np.unique(case.original // _HOUR, return_inverse=True)
    zones = case.settings["zone"], case.settings["other_zone"]
    apart = np.array([_apart(*zones, hour) for hour in hours.tolist()], np.int64)[place]
    return np.where(apart % _HOUR == 0, case.original + apart, case.original)


@functools.lru_cache(maxsize=4096)
def _apart(zone: str, other: str, hour: int) -> int:
    """How far the other zone's clock is ahead, in microseconds, at an hour of the zone's own."""
    import zoneinfo  # rarely needed, and not at import

    here = (_EPOCH + dt.timedelta(hours=hour)).replace(tzinfo=zoneinfo.ZoneInfo(zone))
    there = here.astimezone(zoneinfo.ZoneInfo(other))
    apart: int = (there.replace(tzinfo=None) - here.replace(tzinfo=None)) // dt.timedelta(microseconds=1)
    return apart


def truncated(case: Case) -> Array:
    """Cut timestamps to the minute; those on the full minute stay."""
    cut: Array = case.original - case.original % _MINUTE
    return cut


TIMES = (
    Mechanism(
        name="trade_timestamp.delay",
        sentence="The timestamp is minutes late, or early, within the same day.",
        example="2025-07-21 10:33:00 -> 2025-07-21 10:41:27",
        alter=shift,
        # 1 to 30 minutes: assumed, as the original script had it.
        settings=(
            Setting("min", 60, 1, _HALF_A_DAY, "seconds", "smallest shift, seconds"),
            Setting("max", 1_800, 1, _HALF_A_DAY, "seconds", "largest shift, seconds"),
        ),
        sized=True,
        reach=_shift_reach,
    ),
    Mechanism(
        name="trade_timestamp.clock_skew",
        sentence="The clock was off by seconds or less, by one step of the written precision at least.",
        example="2025-07-21 10:33:00.120 -> 2025-07-21 10:33:00.874",
        alter=shift,
        settings=(
            # FINRA Rule 6820: business clocks within 50 milliseconds of NIST's.
            Setting("min", 0.05, 0, 3_600, "number of seconds", "smallest shift, seconds"),
            Setting("max", 5.0, 0, 3_600, "number of seconds", "largest shift, seconds"),  # assumed
        ),
        sized=True,
        reach=_shift_reach,
    ),
    Mechanism(
        name="trade_timestamp.timezone",
        sentence="The time was written in another zone, whole hours apart.",
        example="2025-07-21 10:33:00 -> 2025-07-21 15:33:00",
        alter=timezone,
        settings=(
            Zone("zone", "America/New_York", "zone of the trade times"),
            Zone("other_zone", "Europe/London", "zone that the leg was written in"),
        ),
    ),
    Mechanism(
        name="trade_timestamp.truncated",
        sentence="The seconds were cut off.",
        example="2025-07-21 10:33:27 -> 2025-07-21 10:33:00",
        alter=truncated,
        reach=lambda _settings, _largest: _MINUTE - 1,
    ),
)
