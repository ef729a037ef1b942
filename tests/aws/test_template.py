"""The template: what is deployed under each combination of its choices.

There is no AWS where tests run. cfn-lint knows the resources; what they are to be is said here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest
from conftest import ROOT, absent
from deployments import EFS, FOLDER, MAIN, MONITORING, ON_EFS, deployments
from templates import ACCOUNT, REGION, Stack

from tradegen.aws.environment import Environment
from tradegen.errors import ScenarioError
from tradegen.scenario.model import Scenario


@pytest.mark.slow
def test_cfn_lint_finds_nothing() -> None:
    if find_spec("cfnlint") is None:
        absent("cfn-lint")
    command = [sys.executable, "-c", "import sys; from cfnlint.runner import main; sys.exit(main())"]
    files = [str(FOLDER / f"{name}.yaml") for name in ("template", "monitoring", "efs")]
    ran = subprocess.run([*command, *files], capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_in_every_combination_one_trigger_invokes_one_function_at_the_rate_asked_for() -> None:
    for choice, stack, _ in deployments():
        found = [
            *stack.of_type("AWS::Scheduler::Schedule"),
            *stack.of_type("AWS::Events::Rule"),
        ]
        [(name, trigger)] = found
        assert name == {"scheduler": "Schedule", "rule": "Rule"}[choice["Trigger"]]
        assert trigger["ScheduleExpression"] == choice.get("Rate", "rate(3 minutes)")
        assert trigger["State"] == ("ENABLED" if choice["Enabled"] == "true" else "DISABLED")
        [target] = trigger.get("Targets", [trigger.get("Target")])
        assert target["Arn"] == "${Function.Arn}"
        assert target["RetryPolicy"] == {"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 3600}
        assert target["DeadLetterConfig"] == {"Arn": "${InvocationDeadLetters.Arn}"}


def test_in_every_combination_the_function_takes_its_variables_and_the_schedules_own_window() -> None:
    # Address, key and state of the schedule change no variable.
    for choice, stack, _ in deployments():
        if {"AlarmEmail", "KmsKeyArn"} & set(choice) or choice["Enabled"] == "true":
            continue
        variables = stack.one("AWS::Serverless::Function")[1]["Environment"]["Variables"]
        found = Environment.read({name: str(value) for name, value in variables.items()})
        minutes = {"rate(1 minute)": 1, "rate(12 hours)": 720}.get(choice.get("Rate", ""), 3)
        assert found.window.total_seconds() == 60 * minutes
        assert (found.log, found.scenario.pairs) == (choice.get("LogForm", "records"), 15)
        assert (found.records, found.truth) == (choice.get("RecordsUri"), choice.get("TruthUri"))
        assert found.scenario.mismatch_rate == (0.5 if "MismatchRate" in choice else 0.3)


def test_the_ledger_is_the_stacks_table_a_given_one_or_a_file_on_efs() -> None:
    ledgers = set()
    for _, stack, _ in deployments():
        variables = stack.one("AWS::Serverless::Function")[1]["Environment"]["Variables"]
        tables = [name for name, _ in stack.of_type("AWS::DynamoDB::Table")]
        nested = "LedgerOnEfs" in stack.resources
        ledgers.add((variables["TRADE_IDS"], *tables, nested))
    assert ledgers == {
        ("dynamodb://${LedgerTable}", "LedgerTable", False),
        ("dynamodb://ids-restored", False),
        ("/mnt/ledger/trade_ids.db", True),
    }


def test_the_table_has_the_ledgers_key_expiry_and_recovery_and_outlives_the_stack() -> None:
    stack = Stack(MAIN, {})
    _, table = stack.one("AWS::DynamoDB::Table")
    assert table == {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "item", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "item", "KeyType": "HASH"}],
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    }
    assert stack.resources["LedgerTable"]["DeletionPolicy"].startswith("Retain")
    assert stack.resources["LedgerTable"]["UpdateReplacePolicy"] == "Retain"
    assert stack.outputs["CreateLedger"] == "tradegen ledger create dynamodb://${LedgerTable}"


def test_the_file_system_outlives_the_stack_and_one_run_at_a_time_mounts_the_folder_of_the_file() -> None:
    stack = Stack(MAIN, ON_EFS)
    nested = Stack(EFS, stack.resources["LedgerOnEfs"]["Properties"]["Parameters"])
    assert nested.resources["FileSystem"]["DeletionPolicy"].startswith("Retain")
    assert nested.resources["FileSystem"]["UpdateReplacePolicy"] == "Retain"
    assert nested.outputs["AccessPointArn"] == "${AccessPoint.Arn}"
    _, function = stack.one("AWS::Serverless::Function")
    assert function["FileSystemConfigs"] == [
        {"Arn": "${LedgerOnEfs.Outputs.AccessPointArn}", "LocalMountPath": "/mnt/ledger"}
    ]
    assert function["VpcConfig"]["SubnetIds"] == ["${LedgerOnEfs.Outputs.SubnetId}"]
    assert function["ReservedConcurrentExecutions"] == 1
    _, group = nested.one("AWS::EC2::SecurityGroupIngress")
    assert (group["FromPort"], group["ToPort"]) == (2049, 2049)
    assert group["SourceSecurityGroupId"] == "${FunctionSecurityGroup.GroupId}"


def test_without_efs_nothing_is_reserved_and_there_is_no_network() -> None:
    for choice, stack, _ in deployments():
        if choice["Ledger"] == "dynamodb":
            _, function = stack.one("AWS::Serverless::Function")
            assert not {"ReservedConcurrentExecutions", "VpcConfig", "FileSystemConfigs"} & set(function)


def test_efs_without_a_network_is_refused_by_a_rule_of_the_template() -> None:
    rule = MAIN["Rules"]["EfsNeedsANetwork"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Ledger"}, "efs"]}
    asserted = [one["Assert"] for one in rule["Assertions"]]
    assert asserted == [{"Fn::Not": [{"Fn::Equals": [{"Ref": name}, ""]}]} for name in ("VpcId", "SubnetId")]


def test_a_log_without_records_is_refused_by_a_rule_of_the_template_unless_they_go_to_s3() -> None:
    rule = MAIN["Rules"]["RecordsGoSomewhere"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "LogForm"}, "manifest"]}
    [asserted] = [one["Assert"] for one in rule["Assertions"]]
    assert asserted == {"Fn::Not": [{"Fn::Equals": [{"Ref": "RecordsUri"}, ""]}]}


def test_lambda_itself_writes_its_log_as_json_and_leaves_out_nothing_that_is_printed() -> None:
    _, function = Stack(MAIN, {}).one("AWS::Serverless::Function")
    # A printed line has the level INFO (AWS, "Log-level filtering").
    assert function["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
        "LogGroup": "${FunctionLog}",
    }


def test_failed_runs_are_tried_twice_more_within_an_hour_and_then_kept_apart_from_lost_events() -> None:
    stack = Stack(MAIN, {})
    _, function = stack.one("AWS::Serverless::Function")
    assert function["EventInvokeConfig"] == {
        "MaximumRetryAttempts": 2,
        "MaximumEventAgeInSeconds": 3600,
        "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": "${ExecutionDeadLetters.Arn}"}},
    }
    queues = dict(stack.of_type("AWS::SQS::Queue"))
    assert set(queues) == {"InvocationDeadLetters", "ExecutionDeadLetters"}
    for queue in queues.values():
        # The longest that SQS keeps, and less than the 30 days that a ledger keeps the key of an event.
        assert queue["MessageRetentionPeriod"] == 14 * 86_400 < 30 * 86_400


def test_the_image_is_built_from_the_dockerfile_that_the_tests_lay_out() -> None:
    metadata = MAIN["Resources"]["Function"]["Metadata"]
    context = (FOLDER / metadata["DockerContext"]).resolve()
    assert context == ROOT
    assert (context / metadata["Dockerfile"]).samefile(FOLDER / "Dockerfile")
    assert MAIN["Parameters"]["Architecture"]["Default"] == "arm64"


def test_the_schedules_input_is_an_event_whose_retries_have_the_same_key() -> None:
    _, schedule = Stack(MAIN, {}).one("AWS::Scheduler::Schedule")
    keys = set()
    for execution, attempt in [("d32c5kddcf5bb8c3", "1"), ("a77b1kddcf5bb8c3", "2")]:
        text = schedule["Target"]["Input"]
        for name, value in {
            "schedule-arn": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/tradegen/tradegen",
            "scheduled-time": "2025-07-21T10:33:00Z",
            "execution-id": execution,
            "attempt-number": attempt,
        }.items():
            text = text.replace(f"<aws.scheduler.{name}>", value)
        keys.add(Environment.read({"TRADE_IDS": "trade_ids.db"}).order(json.loads(text)).key)
    [key] = keys
    assert key.startswith(
        f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/tradegen/tradegen 2025-07-21T10:33:00Z "
    )


def test_every_mismatch_rate_and_scenario_that_the_template_takes_is_one_that_the_function_can_read() -> None:
    taken = re.compile(MAIN["Parameters"]["MismatchRate"]["AllowedPattern"])
    rates = [
        "0",
        "1",
        "0.0",
        "0.3",
        "0.125",
        "1.0",
        ".5",
        "5",
        "1.5",
        "-0.1",
        "30%",
        "nan",
        "1e-3",
        "0.",
        "01",
    ]
    readable = {"0", "1", "0.0", "0.3", "0.125", "1.0"}
    assert {rate for rate in rates if taken.fullmatch(rate)} == readable
    for rate in readable:
        found = Environment.read({"TRADE_IDS": "ids.db", "TRADEGEN_MISMATCH_RATE": rate})
        assert found.scenario.mismatch_rate == float(rate)
    names = re.compile(MAIN["Parameters"]["Scenario"]["AllowedPattern"])
    assert names.fullmatch("us_equity_t1")
    assert not names.fullmatch("/etc/passwd")
    assert Scenario.load("us_equity_t1").view == "single"


@pytest.mark.parametrize("name", ["RecordsUri", "TruthUri"])
def test_every_address_that_the_template_takes_is_one_that_the_function_can_read(name: str) -> None:
    taken = re.compile(MAIN["Parameters"][name]["AllowedPattern"])
    variable = {"RecordsUri": "RECORDS_URI", "TruthUri": "TRUTH_URI"}[name]
    places = [
        "s3://desk",
        "s3://desk.of.2025/a/b_c/year=2025",
        "s3://desk/",
        "s3://de",
        "s3:///a",
        "/a",
        "desk",
    ]
    places += [
        "s3://Desk",
        "s3://desk/a*",
        "s3://desk/${Function}",
        "s3://desk/a b",
        "s3://desk//a",
        "gs://desk",
    ]
    readable = {"s3://desk", "s3://desk.of.2025/a/b_c/year=2025"}
    assert {place for place in places if taken.fullmatch(place)} == readable
    for place in places:
        variables = {"TRADE_IDS": "ids.db", variable: place}
        if place in readable:
            found = Environment.read(variables)
            assert place in (found.records, found.truth)
        else:
            with pytest.raises(ScenarioError, match=f"^{variable} is "):
                Environment.read(variables)


def test_each_finding_of_checkov_that_is_skipped_has_a_reason() -> None:
    for template in (MAIN, MONITORING, EFS):
        for one in template["Resources"].values():
            for skip in one.get("Metadata", {}).get("checkov", {}).get("skip", []):
                assert len(skip["comment"]) > 40


def test_the_page_on_deploying_names_every_parameter_and_alarm_and_how_many_combinations_were_tried() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    alarms = [
        name for name, one in MONITORING["Resources"].items() if one["Type"] == "AWS::CloudWatch::Alarm"
    ]
    for name in [*MAIN["Parameters"], *alarms]:
        assert f"`{name}`" in page or f"`{name}=" in page, name
    assert f"each of {len(deployments())} combinations" in page
