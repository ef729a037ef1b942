"""Every way to deploy lambda/template.yaml: its choices, combined."""

from __future__ import annotations

import functools
import itertools

from conftest import ROOT
from templates import ACCOUNT, REGION, Stack, read_template

FOLDER = ROOT / "lambda"
MAIN, MONITORING, EFS = (read_template(FOLDER / f"{name}.yaml") for name in ("template", "monitoring", "efs"))
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ON_EFS = {"Ledger": "efs", "VpcId": "vpc-1", "SubnetId": "subnet-1"}
CHOICES: dict[str, list[dict[str, str]]] = {
    "enabled": [{"Enabled": "true"}, {"Enabled": "false"}],
    "trigger": [{"Trigger": "scheduler"}, {"Trigger": "rule"}],
    "ledger": [
        {"Ledger": "dynamodb"},
        {"Ledger": "dynamodb", "TableName": "ids-restored"},
        ON_EFS,
    ],
    "log": [
        {},
        {"LogForm": "array", "TruthUri": "s3://desk/answers"},
        {"LogForm": "manifest", "RecordsUri": "s3://desk/records"},
    ],
    "email": [{}, {"AlarmEmail": "desk@example.com"}],
    "key": [{}, {"KmsKeyArn": KEY}],
    "rate": [{}, {"Rate": "rate(1 minute)"}, {"Rate": "rate(12 hours)"}],
    "scenario": [{}, {"Scenario": "original", "MismatchRate": "0.5"}],
}
ALL = [
    {name: value for choice in choices for name, value in choice.items()}
    for choices in itertools.product(*CHOICES.values())
]


def monitoring(stack: Stack) -> Stack:
    return Stack(MONITORING, stack.resources["Monitoring"]["Properties"]["Parameters"])


@functools.cache
def deployments() -> list[tuple[dict[str, str], Stack, Stack]]:
    """Each combination, its stack, and the stack of alarms and queries in it."""
    stacks = [(choice, Stack(MAIN, choice)) for choice in ALL]
    return [(choice, stack, monitoring(stack)) for choice, stack in stacks]
