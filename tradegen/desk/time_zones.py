"""The time zone that a desk's timestamps were written in by mistake, told from quarter-hours between them."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Mapping

from tradegen.mechanisms.catalogue import CATALOGUE
from tradegen.mechanisms.difference import Difference

_ENTRY = CATALOGUE["trade_timestamp.timezone"]
_HOME = next(str(setting.default) for setting in _ENTRY.settings if setting.name == "zone")
_OTHERS = (
    "Europe/London",
    "America/Chicago",
    "America/Los_Angeles",
    "UTC",
    "Europe/Paris",
    "America/Denver",
    "Asia/Tokyo",
    "Asia/Hong_Kong",
    "Asia/Dubai",
    "Australia/Sydney",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
)
"""Where markets are; of two with the same time, the first is taken."""

_FEWEST = 3  # differences that a zone explains


def zones_of(times: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Settings of the mechanism ``trade_timestamp.timezone`` that explain most differences; {} for none.

    Parameters
    ----------
    times : iterable of (str, str)
        Both values of each timestamp that differs.
    """
    same_seconds = [pair for pair in times if pair[0][16:] == pair[1][16:]]
    counts = {}
    for other in _OTHERS:
        settings = {"zone": _HOME, "other_zone": other}
        counts[other] = sum(
            any(_ENTRY.recognises(Difference(*values, {}, settings)) for values in (pair, pair[::-1]))
            for pair in same_seconds
        )
    best = max(counts, key=counts.__getitem__)
    return {"zone": _HOME, "other_zone": best} if counts[best] >= _FEWEST else {}


def clock_difference(zones: Mapping[str, str]) -> dt.timedelta:
    """By how much the other zone's clock is ahead, for most of the year."""
    noon = dt.datetime(2025, 7, 1, 12)
    ahead = [zoneinfo.ZoneInfo(name).utcoffset(noon) or dt.timedelta() for name in zones.values()]
    return ahead[1] - ahead[0]
