"""When a schedule is due on a clock, and the events of its ticks. Times are in UTC, without a zone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tradegen.aws.events import in_utc
from tradegen.errors import ScenarioError, shown

__all__ = ["Timetable", "parsed", "written"]

_EPOCH = dt.datetime(1970, 1, 1)


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
        """Refuse a moment between two ticks.

        Raises
        ------
        ScenarioError
        """
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
    """A date, or a date and a time; in UTC unless it says otherwise.

    Raises
    ------
    ScenarioError
    """
    try:
        return in_utc(text)
    except ValueError:
        raise ScenarioError(
            f"{name} is {shown(text)}; expected a date or a time from 1901 to 2198, such as 2025-07-21 or"
            " 2025-07-21T09:30"
        ) from None
