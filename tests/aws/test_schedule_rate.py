"""The schedule's rate: as EventBridge writes it, as the template takes it, and as the records' window."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from conftest import ROOT
from templates import read_template

from tradegen import generate
from tradegen.aws.environment import Environment
from tradegen.aws.timetable import interval
from tradegen.errors import ScenarioError

EVENT = {"id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "time": "2025-07-21T10:33:00Z"}


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [
        ("rate(1 minute)", 60),
        ("rate(3 minutes)", 180),
        ("rate(1440 minutes)", 86_400),
        ("rate(1 hour)", 3_600),
        ("rate(24 hours)", 86_400),
        ("rate(1 day)", 86_400),
    ],
)
def test_a_rate_is_the_time_between_two_runs(rate: str, seconds: int) -> None:
    assert interval(rate, "TRADEGEN_WINDOW") == dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "rate",
    [
        *["", "3 minutes", "rate()", "rate(3)", "rate(minutes)", "rate(3 minutes", "rate(3 minutes) "],
        *["rate(1 minutes)", "rate(3 minute)", "rate(1 hours)", "rate(2 hour)", "rate(1 days)"],
        *[
            "rate(0 minutes)",
            "rate(-3 minutes)",
            "rate(03 minutes)",
            "rate(3.0 minutes)",
            "rate(\u0663 minutes)",
        ],
        *["rate(3  minutes)", "rate( 3 minutes)", "Rate(3 minutes)", "rate(3 seconds)", "rate(1 week)"],
        *[
            "rate(1441 minutes)",
            "rate(25 hours)",
            "rate(2 days)",
            "rate(99999 hours)",
            f"rate({'9' * 5000} days)",
        ],
        *["cron(0/3 * * * ? *)", "at(2025-07-21T10:33:00)", "rate(3 minutes)\n", "\x1b[31m"],
    ],
)
def test_what_is_no_rate_of_a_day_at_most_is_refused_in_one_sentence(rate: str) -> None:
    with pytest.raises(
        ScenarioError, match=r"^TRADEGEN_WINDOW is .*; expected the schedule's rate"
    ) as refused:
        Environment.read({"TRADE_IDS": "ids.db", "TRADEGEN_WINDOW": rate})
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    ("rate", "start", "end"),
    [
        ("rate(1 minute)", "2025-07-21 10:32:00", "2025-07-21 10:33:00"),
        ("rate(3 minutes)", "2025-07-21 10:30:00", "2025-07-21 10:33:00"),
        ("rate(12 hours)", "2025-07-20 22:33:00", "2025-07-21 10:33:00"),
        ("rate(24 hours)", "2025-07-20 10:33:00", "2025-07-21 10:33:00"),
    ],
)
def test_records_lie_in_one_interval_before_the_event_and_reach_both_of_its_ends(
    rate: str, start: str, end: str
) -> None:
    found = Environment.read({"TRADE_IDS": "ids.db", "TRADEGEN_WINDOW": rate})
    order = found.order({**EVENT, "scenario": {"pairs": 10_000, "mismatch_rate": 0.0}})
    times = generate(order.run.scenario, seed=order.run.seed, first_id=1).trades["trade_timestamp"]
    first, last = dt.datetime.fromisoformat(start), dt.datetime.fromisoformat(end)
    assert first <= times.min()
    assert times.max() < last
    # That a hundredth of the interval has none of 10,000 records has a probability of 0.99 ** 10,000 < 1e-43.
    # Times are whole seconds: at least two of them.
    margin = max((last - first) / 100, dt.timedelta(seconds=2))
    assert times.min() < first + margin
    assert times.max() >= last - margin


def pattern() -> re.Pattern[str]:
    parameter: dict[str, Any] = read_template(ROOT / "lambda" / "template.yaml")["Parameters"]["Rate"]
    return re.compile(parameter["AllowedPattern"])


def test_the_template_takes_the_rates_that_its_alarm_can_look_back_on_three_intervals_of() -> None:
    """CloudWatch's rule for an alarm: at most 86,400 seconds in periods below an hour, else 604,800."""
    taken = pattern()
    for number in range(2_000):
        for unit, seconds in [("minute", 60), ("hour", 3_600), ("day", 86_400)]:
            for ending in ("", "s"):
                rate = f"rate({number} {unit}{ending})"
                right = number >= 1 and (number == 1) == (ending == "")
                short = number * seconds <= 86_400
                seen = unit != "minute" or 3 * 60 * number <= 86_400
                # A day is written rate(24 hours).
                assert bool(taken.fullmatch(rate)) == (right and short and seen and unit != "day"), rate


def test_the_function_takes_every_rate_that_the_template_does() -> None:
    taken = pattern()
    rates = [
        f"rate({number} {unit})" for number in range(500) for unit in ("minute", "minutes", "hour", "hours")
    ]
    lengths = [interval(rate, "rate") for rate in rates if taken.fullmatch(rate)]
    assert len(lengths) == 480 + 24
