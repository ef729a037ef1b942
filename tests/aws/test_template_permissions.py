"""The template: who may do what, under each combination of its choices."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from deployments import EFS, KEY, MAIN, ON_EFS, deployments, monitoring
from templates import ACCOUNT, REGION, Stack


def statements(stack: Stack) -> list[tuple[str, dict[str, Any]]]:
    """Every statement of every policy, with the name of what it belongs to."""
    found = []
    for name, one in stack.resources.items():
        properties = one.get("Properties", {})
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        documents += [
            properties[key] for key in ("PolicyDocument", "AssumeRolePolicyDocument") if key in properties
        ]
        found += [(name, statement) for document in documents for statement in document["Statement"]]
    return found


def actions(statement: dict[str, Any]) -> list[str]:
    return statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]


def test_no_statement_allows_everything_or_everyone() -> None:
    for _, stack, alarms in deployments():
        for name, statement in [*statements(stack), *statements(alarms)]:
            assert statement["Effect"] == "Allow"
            assert all(
                re.fullmatch(r"[a-z0-9]+:[A-Z][A-Za-z]+\*?", action) for action in actions(statement)
            ), name
            if actions(statement) == ["s3:PutObject"]:
                assert all(re.fullmatch(r"arn:aws:s3:::desk/[a-z]+/\*", one) for one in statement["Resource"])
            elif "sts:AssumeRole" not in actions(statement):
                assert "*" not in statement["Resource"], name
            if "Principal" in statement:
                [(kind, service)] = statement["Principal"].items()
                assert kind == "Service"
                # Lambda assumes a role for the function alone, and sends no source.
                assert (service == "lambda.amazonaws.com") != ("Condition" in statement)


def test_a_service_acts_only_for_this_account_and_for_the_resource_meant() -> None:
    sources = set()
    for _, stack, alarms in deployments():
        for _, statement in [*statements(stack), *statements(alarms)]:
            if "Principal" in statement and "Condition" in statement:
                keys = {key: value for one in statement["Condition"].values() for key, value in one.items()}
                assert keys.pop("aws:SourceAccount") == ACCOUNT
                sources.add(
                    (statement["Principal"]["Service"], *actions(statement), keys.pop("aws:SourceArn"))
                )
                assert not keys
    assert sources == {
        ("scheduler.amazonaws.com", "sts:AssumeRole", "${ScheduleGroup.Arn}"),
        ("events.amazonaws.com", "sqs:SendMessage", "${Rule.Arn}"),
        ("cloudwatch.amazonaws.com", "sns:Publish", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"),
    }


def test_a_rule_may_invoke_by_a_permission_of_the_function_that_names_rule_and_account() -> None:
    _, permission = Stack(MAIN, {"Trigger": "rule"}).one("AWS::Lambda::Permission")
    assert permission == {
        "FunctionName": "${Function}",
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceAccount": ACCOUNT,
        "SourceArn": "${Rule.Arn}",
    }
    assert not list(Stack(MAIN, {"Trigger": "scheduler"}).of_type("AWS::Lambda::Permission"))


@pytest.mark.parametrize("key", [{}, {"KmsKeyArn": KEY}])
def test_the_function_may_log_report_failures_read_and_write_its_ledger_and_use_the_key_if_there_is_one(
    key: dict[str, str],
) -> None:
    ledgers = {
        "${LedgerTable.Arn}": {},
        f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ids-restored": {"TableName": "ids-restored"},
        "${LedgerOnEfs.Outputs.FileSystemArn}": ON_EFS,
    }
    for resource, choice in ledgers.items():
        stack = Stack(MAIN, {**choice, **key})
        allowed = {
            (action, statement["Resource"])
            for name, statement in statements(stack)
            if name == "FunctionRole" and "Principal" not in statement
            for action in actions(statement)
        }
        mine = {f"elasticfilesystem:Client{what}" for what in ("Mount", "Write")}
        if "dynamodb" in choice.get("Ledger", "dynamodb"):
            mine = {"dynamodb:GetItem", "dynamodb:PutItem"}
        uses = {"Decrypt", "Encrypt", "GenerateDataKey*", "ReEncrypt*", "DescribeKey"} if key else set()
        assert allowed == {
            ("logs:CreateLogStream", "${FunctionLog.Arn}"),
            ("logs:PutLogEvents", "${FunctionLog.Arn}"),
            ("sqs:SendMessage", "${ExecutionDeadLetters.Arn}"),
            *((action, resource) for action in mine),
            *((f"kms:{use}", KEY) for use in uses),
        }


@pytest.mark.parametrize(
    ("choice", "resources"),
    [
        ({}, []),
        ({"RecordsUri": "s3://desk"}, ["arn:aws:s3:::desk/*"]),
        ({"TruthUri": "s3://desk/a/b"}, ["arn:aws:s3:::desk/a/b/*"]),
        (
            {"RecordsUri": "s3://desk/records", "TruthUri": "s3://vault"},
            ["arn:aws:s3:::desk/records/*", "arn:aws:s3:::vault/*"],
        ),
    ],
    ids=str,
)
def test_the_function_may_put_objects_under_the_addresses_given_and_do_nothing_else_in_s3(
    choice: dict[str, str], resources: list[str]
) -> None:
    found = [
        (actions(statement), statement["Resource"])
        for name, statement in statements(Stack(MAIN, choice))
        if name == "FunctionRole" and any(action.startswith("s3:") for action in actions(statement))
    ]
    assert found == ([(["s3:PutObject"], resources)] if resources else [])


def test_a_key_encrypts_ledger_queues_log_variables_schedule_and_topic() -> None:
    for ledger in ({}, ON_EFS):
        stack = Stack(MAIN, {"KmsKeyArn": KEY, "AlarmEmail": "desk@example.com", **ledger})
        parts = {**stack.resources, **monitoring(stack).resources}
        if ledger:
            parts.update(Stack(EFS, stack.resources["LedgerOnEfs"]["Properties"]["Parameters"]).resources)
        with_key = {name for name, one in parts.items() if KEY in json.dumps(one.get("Properties", {}))}
        assert with_key - {"LedgerOnEfs", "Monitoring", "FunctionRole", "ScheduleRole"} == {
            *{
                "Function",
                "FunctionLog",
                "InvocationDeadLetters",
                "ExecutionDeadLetters",
                "Schedule",
                "Topic",
            },
            "FileSystem" if ledger else "LedgerTable",
        }
    assert KEY not in json.dumps(Stack(MAIN, {}).resources)
