"""What AWS SAM makes of the template, and the function under the emulator that comes with it.

SAM has an environment of its own, since it pins older versions of what tradegen needs.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from emulator import SAM, sam_is_there, started
from lambda_events import rule_event, scheduler_input

from tradegen.ledger import create_ledger

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not sam_is_there() and os.environ.get("CI") != "true",
        reason="`make lambda-local` installs AWS SAM into .venv-sam",
    ),
]

# As CloudFormation does it: SAM's function becomes resources of CloudFormation. No policy is looked up.
TRANSFORM = """
import json, sys
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

class NoManagedPolicies:
    def load(self):
        return {}

template = yaml_parse(open(sys.argv[1]).read())
uri = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/tradegen:1"
template["Resources"]["Function"]["Properties"]["ImageUri"] = uri
json.dump(transform(template, {}, NoManagedPolicies()), sys.stdout)
"""


def run_sam(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    # No credentials, and no report to AWS that SAM was used.
    variables = {"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "eu-central-1", "SAM_CLI_TELEMETRY": "0"}
    variables |= {"HOME": str(cwd)}
    return subprocess.run(command, env=variables, cwd=cwd, capture_output=True, text=True, timeout=180)


def test_sam_takes_the_template_and_its_lint_finds_nothing(tmp_path: Path) -> None:
    ran = run_sam(
        SAM / "bin" / "sam", "validate", "--lint", "-t", ROOT / "lambda" / "template.yaml", cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "is a valid SAM Template" in ran.stdout


@pytest.fixture(scope="module")
def transformed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ran = run_sam(SAM / "bin" / "python", "-c", TRANSFORM, ROOT / "lambda" / "template.yaml")
    assert ran.returncode == 0, ran.stderr
    path = tmp_path_factory.mktemp("transformed") / "template.json"
    path.write_text(ran.stdout)
    for name in ("efs.yaml", "monitoring.yaml"):
        (path.parent / name).write_text((ROOT / "lambda" / name).read_text())
    return path


def test_what_cloudformation_makes_of_the_template_has_no_finding_either(transformed: Path) -> None:
    # W3002: `sam deploy` uploads the nested templates and puts their addresses in.
    ran = run_sam(SAM / "bin" / "cfn-lint", "--ignore-checks", "W3002", "--", transformed)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_sam_adds_a_function_and_its_retries_and_no_role_or_permission_of_its_own(transformed: Path) -> None:
    found: dict[str, Any] = json.loads(transformed.read_text())["Resources"]
    kinds = [one["Type"] for one in found.values()]
    assert (kinds.count("AWS::Lambda::Function"), kinds.count("AWS::Lambda::EventInvokeConfig")) == (1, 1)
    assert (kinds.count("AWS::IAM::Role"), kinds.count("AWS::Lambda::Permission")) == (2, 1)
    [retries] = [
        one["Properties"] for one in found.values() if one["Type"] == "AWS::Lambda::EventInvokeConfig"
    ]
    assert (retries["MaximumRetryAttempts"], retries["MaximumEventAgeInSeconds"]) == (2, 3600)
    assert retries["DestinationConfig"] == {
        "OnFailure": {"Destination": {"Fn::GetAtt": ["ExecutionDeadLetters", "Arn"]}}
    }


def test_under_awss_emulator_an_event_gives_30_records_and_its_redelivery_the_same_bytes(
    tmp_path: Path,
) -> None:
    with started(tmp_path, {"TRADE_IDS": create_ledger(tmp_path / "trade_ids.db").place}) as emulator:
        responses, printed = [], []
        for event in (rule_event(1), rule_event(1), scheduler_input("d32c5kddcf5bb8c3")):
            responses.append(emulator.invoke(event))
            printed.append(emulator.lines())
    assert [one["first_id"] for one in responses] == [1, 1, 16]
    assert all(len(records) == 30 for *records, _ in printed)
    assert printed[0] == printed[1] != printed[2]


def test_under_awss_emulator_an_event_that_is_refused_is_an_error_and_the_next_is_served(
    tmp_path: Path,
) -> None:
    with started(tmp_path, {"TRADE_IDS": create_ledger(tmp_path / "trade_ids.db").place}) as emulator:
        refused = emulator.invoke(rule_event(1, scenario={"pairs": 0}))
        assert (refused["errorType"], [json.loads(line)["level"] for line in emulator.lines()]) == (
            "ScenarioError",
            ["ERROR"],
        )
        assert emulator.invoke(rule_event(2))["first_id"] == 1


def test_under_awss_emulator_a_cold_start_that_cannot_work_says_which_variable_is_wrong(
    tmp_path: Path,
) -> None:
    variables = {"TRADE_IDS": str(tmp_path / "trade_ids.db"), "TRADEGEN_WINDOW": "cron(0/3 * * * ? *)"}
    with started(tmp_path, variables) as emulator:
        refused = emulator.invoke(rule_event(1))
    assert refused["errorType"] == "ScenarioError"
    assert refused["errorMessage"].startswith("TRADEGEN_WINDOW is 'cron(0/3 * * * ? *)'; expected the")
    assert not (tmp_path / "trade_ids.db").exists()
