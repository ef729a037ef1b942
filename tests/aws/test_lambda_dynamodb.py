"""The Lambda with its ledger in a DynamoDB table, under AWS's own runtime client."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import ROOT, absent
from dynamodb_server import Dynamo
from lambda_events import rule_event
from runtime_api import LambdaEnvironment, lambda_environment

from tradegen.ledger import create_ledger, open_ledger


@pytest.fixture
def place(dynamo: Dynamo) -> str:
    if find_spec("awslambdaric") is None:
        absent("awslambdaric")
    return f"dynamodb://{dynamo.new_table()}"


def printed(environment: LambdaEnvironment, number: int) -> str:
    answer = environment.invoke(rule_event(number))
    assert answer.error is None
    return "\n".join(answer.lines)


@pytest.mark.slow
def test_two_environments_at_once_give_no_id_twice_and_a_redelivery_the_same_bytes(
    dynamo: Dynamo, place: str, tmp_path: Path
) -> None:
    create_ledger(place, first_id=501)
    # A ledger under /tmp is refused: no exception is needed here.
    variables = {"TRADE_IDS": place, "TRADEGEN_ALLOW_REPEATED_IDS": "0", **dynamo.environment()}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with (
        lambda_environment(tmp_path / "one", ROOT / "lambda", variables, import_path=[ROOT]) as one,
        lambda_environment(tmp_path / "two", ROOT / "lambda", variables, import_path=[ROOT]) as two,
    ):
        for environment in (one, two):
            assert environment.init_error() is None
            environment.printed()
        first = printed(one, 1)
        assert '"trade_id": "tid00000501"' in first
        assert '"trade_id": "tid00000516"' in printed(two, 2)
        assert printed(two, 1) == first
        dynamo.writes_meet("cut after")
        assert '"trade_id": "tid00000531"' in printed(one, 3)
    assert open_ledger(place).show().next_id == 546


@pytest.mark.slow
def test_an_environment_creates_no_counter_and_says_what_to_do(
    dynamo: Dynamo, place: str, tmp_path: Path
) -> None:
    variables = {"TRADE_IDS": place, **dynamo.environment()}
    with lambda_environment(tmp_path, ROOT / "lambda", variables, import_path=[ROOT]) as environment:
        error = environment.init_error()
    assert error is not None
    assert error["errorMessage"].startswith(f"{place} is missing: there is no such table in eu-central-1; ")
    assert "CreateTable" not in dynamo.operations
    assert "PutItem" not in dynamo.operations
