"""The template's alarms: there under their conditions, on what they are to watch, and sent to who asked."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest
from deployments import MAIN, ON_EFS, deployments, monitoring
from templates import Stack

from tradegen import generate
from tradegen.aws.log_lines import metrics_line
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


def test_the_saved_queries_ask_for_fields_that_the_lines_of_a_run_have() -> None:
    records = '{"trade_id": "tid00000021", "ticker": "AAPL", "broker_id": "B", "contra_broker_id": "C", '
    records += '"quantity": 1, "price": 1.00, "order_type": "BUY", "date": "D", "trade_timestamp": "T"}'
    manifest = generate(pairs=1, seed=1, first_id=21).manifest
    metrics = json.loads(metrics_line("tradegen", "8476a536", manifest, 0.004, "key"))
    stack = monitoring(Stack(MAIN, {}))
    for name, line in {"RecordsQuery": json.loads(records), "RunsQuery": metrics}.items():
        [asked] = re.findall(r"^fields (.+)$", query(stack, name), re.MULTILINE)
        [present] = re.findall(r"^\| filter ispresent\((\w+)\)$", query(stack, name), re.MULTILINE)
        assert {*asked.split(", "), present} - {"@timestamp"} <= line.keys()
    # Of an array at the top of a line there are no fields, only the line.
    arrays = query(monitoring(Stack(MAIN, {"LogForm": "array"})), "RecordsQuery")
    [found] = re.findall(r"like /(.+)/$", arrays, re.MULTILINE)
    assert re.search(found, f"[{records}]")


def test_the_query_of_failures_finds_the_levels_that_the_runtime_writes_and_leaves_out_records() -> None:
    filtered = query(monitoring(Stack(MAIN, {})), "FailuresQuery")
    [levels] = re.findall(r"level in \[(.+?)\]", filtered)
    # Python's own names. INFO is what Lambda makes of each line that is printed.
    assert set(re.findall(r'"(\w+)"', levels)) == {
        logging.getLevelName(level) for level in (logging.WARNING, logging.ERROR, logging.CRITICAL)
    }
    # Every status of a run except success (AWS, "Telemetry API Event schema reference").
    [states] = re.findall(r"record\.status in \[(.+?)\]", filtered)
    assert set(re.findall(r'"(\w+)"', states)) == {"failure", "error", "timeout"}


def query(stack: Stack, name: str) -> str:
    return str(stack.resources[name]["Properties"]["QueryString"])
