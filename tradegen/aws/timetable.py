"""How often a schedule runs, when it is due on a clock, and the events of its ticks.

Its rate is ``rate(3 minutes)`` as EventBridge writes it, or ``3m`` on the command line. Times are in UTC,
without a zone.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tradegen.aws.events import in_utc
from tradegen.errors import ScenarioError, shown

_EPOCH = dt.datetime(1970, 1, 1)
_RATE = re.compile(r"rate\(([1-9][0-9]{0,4}) (minute|hour|day)(s?)\)", re.ASCII)
_PLAIN = re.compile(r"([1-9][0-9]{0,4})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DAY = dt.timedelta(days=1)


def interval(rate: str, name: str) -> dt.timedelta:
    """The time between two runs of a schedule.

    Parameters
    ----------
    rate : str
        As EventBridge writes it: a number from 1 on, and ``minute``, ``hour`` or ``day``, with an s unless
        the number is 1.
    name : str
        What an error calls it.

    Raises
    ------
    ScenarioError
        If it is no such rate, or longer than a day, in which times of day would repeat. Of a cron expression,
        too: the time between its runs differs.
    """
    found = _RATE.fullmatch(rate)
    if found and (found[1] == "1") != bool(found[3]):
        between = int(found[1]) * dt.timedelta(**{f"{found[2]}s": 1})
        if between <= _DAY:
            return between
    raise ScenarioError(
        f"{name} is {shown(rate)}; expected the schedule's rate, of a day at most, such as rate(1 minute),"
        " rate(3 minutes) or rate(24 hours); a cron expression has no rate"
    )


def plain_interval(text: str, name: str) -> dt.timedelta:
    """The time between two runs, as people write it: ``30s``, ``3m``, ``1h`` or ``1d``.

    Raises
    ------
    ScenarioError
        If it is none, or longer than a day.
    """
    found = _PLAIN.fullmatch(text)
    if found and (between := dt.timedelta(**{_UNITS[found[2]]: int(found[1])})) <= _DAY:
        return between
    raise ScenarioError(f"{name} is {shown(text)}; expected a day at most, such as 30s, 3m, 1h or 1d")


@dataclass(frozen=True, slots=True)
class Timetable:
    """The ticks of a schedule: every multiple of `every` since 1970 began.

    So every scheduler has the same ticks, whenever it was started: of three minutes, :00, :03 and so on.

    Parameters
    ----------
    every : timedelta
        Whole seconds.
    """

    every: dt.timedelta

    def latest(self, moment: dt.datetime) -> dt.datetime:
        """The last tick that is not after the moment."""
        return _EPOCH + (moment - _EPOCH) // self.every * self.every

    def following(self, moment: dt.datetime) -> dt.datetime:
        """The first tick after the moment."""
        return self.latest(moment) + self.every

    def require_tick(self, moment: dt.datetime, name: str) -> None:
        """Refuse a moment between two ticks."""
        if (before := self.latest(moment)) != moment:
            raise ScenarioError(
                f"{name} is {written(moment)}; expected a time at which a run is due, such as"
                f" {written(before)} or {written(before + self.every)}"
            )

    def between(self, start: dt.datetime, stop: dt.datetime) -> Iterator[dt.datetime]:
        """The ticks after `start`, up to `stop`. The times of their records fill the span."""
        tick = start + self.every
        while tick <= stop:
            yield tick
            tick += self.every

    def event(self, tick: dt.datetime) -> dict[str, Any]:
        """The event of a tick: as EventBridge Scheduler sends it, from a schedule that nobody else has."""
        seconds = int(self.every.total_seconds())
        return {"schedule_arn": f"tradegen schedule, every {seconds} s", "scheduled_time": written(tick)}


def written(moment: dt.datetime) -> str:
    """A moment as events have it: ``2025-07-21T10:33:00Z``."""
    return f"{moment.isoformat(timespec='seconds')}Z"


def parsed(text: str, name: str) -> dt.datetime:
    """A date, or a date and a time; in UTC unless it says otherwise."""
    try:
        return in_utc(text)
    except ValueError:
        raise ScenarioError(
            f"{name} is {shown(text)}; expected a date or a time from 1901 to 2198, such as 2025-07-21 or"
            " 2025-07-21T09:30"
        ) from None
