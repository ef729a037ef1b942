"""Wrong timestamps. Neither ISO 20022 nor FIX has a code for them."""

from __future__ import annotations

import datetime as dt
import functools
import math
from decimal import Decimal

import numpy as np

from tradegen.core.columns import MICROSECONDS, Array
from tradegen.mechanisms.difference import Difference, Settings
from tradegen.mechanisms.mechanism import Case, Mechanism, Needs, Setting, Shown, Zone
from tradegen.mechanisms.shapes import alike

# Up to half a day, one of the two directions always stays within the day.
_HALF_A_DAY = 43_200
_MINUTE = 60 * MICROSECONDS
_QUARTER = 15 * _MINUTE
_EPOCH = dt.datetime(1970, 1, 1)
_MILLISECOND = 1_000
_SAME_LIST = ("neighbours", "neighbours in ticker")


def shift(case: Case) -> Array:
    """Shift timestamps by `min` to `max` seconds, late or early, never across midnight.

    They stay inside the window of trade times if possible. Sizes are whole steps of the written precision,
    and whole milliseconds where it is finer, one step at the least.
    """
    unit = max(case.context.step, _MILLISECOND)
    least, most = (round(case.settings[name] * MICROSECONDS) for name in ("min", "max"))
    least = max(-(-least // unit), 1)
    most = max(most // unit, least)

    # Values come counted in units from the epoch; the tolerance of a timestamp does not depend on it.
    sizes = case.sizes(alike(least, most), unit)
    units, rest = np.divmod(case.original, unit)
    ranges = case.context.time_ranges(case.original, unit)
    shifted: Array = case.displaced(units, ranges, sizes) * unit
    return shifted + rest


def _shift_reach(settings: Settings, _largest: int) -> int:
    # A whole second at least, where that is the precision.
    return max(int(settings["max"] * MICROSECONDS), MICROSECONDS)


def _shifted(seen: Difference) -> bool:
    """Whether both times are of one day, and `min` to `max` seconds apart, in whole units."""
    original, altered = seen.times
    apart = abs(altered - original) // dt.timedelta(microseconds=1)
    settings = seen.settings
    least, most = _shift_limits(settings["min"], settings["max"], fine="." in seen.original)
    return original.date() == altered.date() and least <= apart <= most


@functools.lru_cache(maxsize=256)  # a fit asks for thousands of differences, always with the same settings
def _shift_limits(least: float, most: float, *, fine: bool) -> tuple[Decimal, Decimal]:
    """The smallest and the largest shift, in microseconds; `fine` for times in milliseconds."""
    unit = Decimal("0.001") if fine else Decimal(1)
    smallest = max(math.ceil(Decimal(str(least)) / unit), 1) * unit
    return smallest * MICROSECONDS, max(Decimal(str(most)), smallest) * MICROSECONDS


def timezone(case: Case) -> Array:
    """Write the time of `other_zone` for that of `zone`, where they are whole quarter-hours apart."""
    quarters, row = np.unique(case.original // _QUARTER, return_inverse=True)
    zones = case.settings["zone"], case.settings["other_zone"]
    apart = np.array([_apart(*zones, quarter) for quarter in quarters.tolist()], np.int64)[row]
    return np.where(apart % _QUARTER == 0, case.original + apart, case.original)


@functools.lru_cache(maxsize=4096)
def _apart(zone: str, other: str, quarter: int) -> int:
    """How far the other zone's clock is ahead, in microseconds, at a quarter-hour of the zone's own.

    Clocks change on a whole hour of UTC, which is a quarter past or to the hour in Kathmandu.
    """
    time = _EPOCH + dt.timedelta(minutes=15 * quarter)
    apart: int = (_in_zone(time, zone, other) - time) // dt.timedelta(microseconds=1)
    return apart


def _in_zone(time: dt.datetime, zone: str, other: str) -> dt.datetime:
    """The other zone's local time at a local time of the zone's."""
    import zoneinfo  # rarely needed, and not at import

    zoned = time.replace(tzinfo=zoneinfo.ZoneInfo(zone))
    return zoned.astimezone(zoneinfo.ZoneInfo(other)).replace(tzinfo=None)


def _in_the_other_zone(seen: Difference) -> bool:
    original, altered = seen.times
    return altered == _in_zone(original, seen.settings["zone"], seen.settings["other_zone"]) != original


def truncated(case: Case) -> Array:
    """Cut timestamps to the minute; those on the full minute stay."""
    cut: Array = case.original - case.original % _MINUTE
    return cut


def _on_the_minute(text: str) -> bool:
    return set(text[17:]) <= set("0.")


TIMES = (
    Mechanism(
        name="trade_timestamp.delay",
        sentence="The timestamp is minutes late, or early, within the same day.",
        examples=(("2025-07-21 10:33:00", "2025-07-21 10:41:27"),),
        alter=shift,
        recognises=_shifted,
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
        examples=(
            ("2025-07-21 10:33:00.120", "2025-07-21 10:33:00.874"),
            ("2025-07-21 10:33:00", "2025-07-21 10:32:58"),
        ),
        alter=shift,
        recognises=_shifted,
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
        sentence="The time was written in another zone, whole quarter-hours apart.",
        examples=(("2025-07-21 10:33:00", "2025-07-21 15:33:00"),),
        alter=timezone,
        recognises=_in_the_other_zone,
        shows=(Shown(("time", *_SAME_LIST), "hours later: out of the session, mostly"),),
        settings=(
            Zone("zone", "America/New_York", "zone of the trade times"),
            Zone("other_zone", "Europe/London", "zone that the leg was written in"),
        ),
    ),
    Mechanism(
        name="trade_timestamp.truncated",
        sentence="The seconds were cut off.",
        examples=(("2025-07-21 10:33:27", "2025-07-21 10:33:00"),),
        alter=truncated,
        recognises=lambda seen: (
            seen.altered != seen.original
            and seen.altered[:17] == seen.original[:17]
            and _on_the_minute(seen.altered)
        ),
        needs=Needs(
            "seconds that are not zero", lambda leg, _settings: not _on_the_minute(leg["trade_timestamp"])
        ),
        shows=(Shown(("time", *_SAME_LIST), "on the full minute"),),
        reach=lambda _settings, _largest: _MINUTE - 1,
    ),
)
