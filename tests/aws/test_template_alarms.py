"""The template's alarms: there under their conditions, on what they are to watch, and sent to who asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from deployments import MAIN, ON_EFS, deployments, monitoring
from templates import Stack

from tradegen.ledger import open_or_create


def test_every_alarm_is_there_and_goes_to_the_address_that_was_given() -> None:
    for choice, _, stack in deployments():
        alarms = dict(stack.of_type("AWS::CloudWatch::Alarm"))
        assert set(alarms) == {
            *{"Errors", "Throttles", "NotDelivered", "NotDone"},
            *({"NothingInvoked"} if choice["Enabled"] == "true" else ()),
            *({"NewLedger"} if choice["Ledger"] == "efs" else ()),
        }
        for alarm in alarms.values():
            expected = ["${Topic}"] if "AlarmEmail" in choice else None
            assert (alarm.get("AlarmActions"), alarm.get("OKActions")) == (expected, expected)
        assert bool(list(stack.of_type("AWS::SNS::Topic"))) == ("AlarmEmail" in choice)


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [
        *[("rate(1 minute)", 180), ("rate(3 minutes)", 540), ("rate(480 minutes)", 86_400)],
        *[("rate(1 hour)", 10_800), ("rate(24 hours)", 259_200)],
    ],
)
def test_the_alarm_that_nothing_was_invoked_looks_back_over_three_intervals(rate: str, seconds: int) -> None:
    stack = monitoring(Stack(MAIN, {"Rate": rate, "Enabled": "true"}))
    alarm = stack.resources["NothingInvoked"]["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == (
        "AWS/Lambda",
        "Invocations",
        "Sum",
    )
    assert int(alarm["EvaluationPeriods"]) * alarm["Period"] == seconds
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"


def test_the_alarm_of_a_new_ledger_counts_the_line_that_a_cold_start_prints(tmp_path: Path) -> None:
    stack = monitoring(Stack(MAIN, ON_EFS))
    notices: list[str] = []
    open_or_create(tmp_path / "trade_ids.db", notices.append)
    _, counted = stack.one("AWS::Logs::MetricFilter")
    assert counted["FilterPattern"].strip('"') in notices[0]
    [transformation] = counted["MetricTransformations"]
    alarm = stack.resources["NewLedger"]["Properties"]
    metric = (transformation["MetricNamespace"], transformation["MetricName"])
    assert (alarm["Namespace"], alarm["MetricName"]) == metric


def test_alarms_watch_the_function_and_each_of_the_queues() -> None:
    alarms = dict(monitoring(Stack(MAIN, {"Enabled": "true"})).of_type("AWS::CloudWatch::Alarm"))
    watched = {name: (one["MetricName"], one["Dimensions"][0]["Value"]) for name, one in alarms.items()}
    messages = "ApproximateNumberOfMessagesVisible"
    assert watched == {
        "Errors": ("Errors", "${Function}"),
        "Throttles": ("Throttles", "${Function}"),
        "NothingInvoked": ("Invocations", "${Function}"),
        "NotDelivered": (messages, "${InvocationDeadLetters.QueueName}"),
        "NotDone": (messages, "${ExecutionDeadLetters.QueueName}"),
    }
