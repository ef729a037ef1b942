"""How often a schedule runs: ``rate(3 minutes)`` as EventBridge writes it, or ``3m`` on the command line."""

from __future__ import annotations

import datetime as dt
import re

from tradegen.errors import ScenarioError, shown

__all__ = ["interval", "plain_interval"]

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
