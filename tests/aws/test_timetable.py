"""When runs of a schedule are due, and what their events are."""

from __future__ import annotations

import datetime as dt

import pytest

from tradegen.aws.environment import Environment
from tradegen.aws.events import read_event
from tradegen.aws.timetable import Timetable, parsed, plain_interval
from tradegen.errors import ScenarioError


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("every", "moment", "latest", "following"),
    [
        ("3m", "2025-07-21T10:33:00", "2025-07-21T10:33:00", "2025-07-21T10:36:00"),
        ("3m", "2025-07-21T10:35:59.999", "2025-07-21T10:33:00", "2025-07-21T10:36:00"),
        ("1h", "2025-07-21T23:10:00", "2025-07-21T23:00:00", "2025-07-22T00:00:00"),
        ("1d", "2025-07-21T23:10:00", "2025-07-21T00:00:00", "2025-07-22T00:00:00"),
        ("10s", "2024-02-29T23:59:55", "2024-02-29T23:59:50", "2024-03-01T00:00:00"),
        # 20,290 days since 1970, and so 29,217,600 minutes: 4,173,942 times 7, and 6 more.
        ("7m", "2025-07-21T00:00:00", "2025-07-20T23:54:00", "2025-07-21T00:01:00"),
        ("3m", "1969-12-31T23:59:00", "1969-12-31T23:57:00", "1970-01-01T00:00:00"),
    ],
)
def test_runs_are_due_at_multiples_of_the_interval(
    every: str, moment: str, latest: str, following: str
) -> None:
    timetable = Timetable(plain_interval(every, "every"))
    assert timetable.latest(at(moment)) == at(latest)
    assert timetable.following(at(moment)) == at(following)


def test_a_day_has_480_runs_at_three_minutes_whose_records_fill_it() -> None:
    timetable = Timetable(dt.timedelta(minutes=3))
    ticks = list(timetable.between(at("2025-07-21"), at("2025-07-22")))
    assert (len(ticks), ticks[0], ticks[-1]) == (480, at("2025-07-21T00:03"), at("2025-07-22"))
    environment = Environment.read({"TRADE_IDS": "trade_ids.db"})
    first, last = (environment.order(timetable.event(tick)).run.scenario for tick in (ticks[0], ticks[-1]))
    assert (str(first.date), str(first.start), str(first.end)) == ("2025-07-21", "00:00:00", "00:03:00")
    assert (str(last.date), str(last.start), str(last.end)) == ("2025-07-21", "23:57:00", "00:00:00")


def test_an_event_is_named_by_interval_and_time_however_the_interval_was_written() -> None:
    tick = at("2025-07-21T10:33")
    keys = {
        every: read_event(Timetable(plain_interval(every, "every")).event(tick)).key
        for every in ("3m", "180s", "1m")
    }
    assert keys["3m"] == keys["180s"] != keys["1m"]


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("3m", 180), ("1h", 3_600), ("1d", 86_400)])
def test_an_interval_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert plain_interval(text, "every").total_seconds() == seconds


@pytest.mark.parametrize(
    "text", ["", "3", "0m", "-3m", "1.5m", "3 m", "3M", "25h", "2d", "86401s", "rate(3 minutes)", "٣m"]
)
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(
        ScenarioError, match=r"^every is .*; expected a day at most, such as 30s, 3m, 1h or 1d$"
    ):
        plain_interval(text, "every")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-07-21", "2025-07-21T00:00"),
        ("2025-07-21T09:30", "2025-07-21T09:30"),
        ("2025-07-21T09:30Z", "2025-07-21T09:30"),
        ("2025-07-21T09:30-04:00", "2025-07-21T13:30"),
    ],
)
def test_a_time_is_in_utc_unless_it_names_a_zone(text: str, moment: str) -> None:
    assert parsed(text, "from") == at(moment)


def test_a_time_between_two_runs_is_refused_with_those_beside_it() -> None:
    with pytest.raises(ScenarioError, match=r"such as 2025-07-21T09:30:00Z or 2025-07-21T09:33:00Z$"):
        Timetable(dt.timedelta(minutes=3)).require_tick(at("2025-07-21T09:31"), "from")
