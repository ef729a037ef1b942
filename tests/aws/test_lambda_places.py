"""Where the Lambda's records go: the log, S3, and metrics. Under AWS's own runtime client, and moto's S3."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import ROOT, absent
from lambda_events import rule_event, scheduler_input
from runtime_api import LambdaEnvironment, lambda_environment
from s3_server import S3, serving

import tradegen
from tradegen.aws.environment import Environment
from tradegen.errors import ScenarioError
from tradegen.ledger import open_ledger

RECORDS, TRUTH = "s3://desk/records/lambda", "s3://vault/truth"


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    if find_spec("awslambdaric") is None:
        absent("awslambdaric")
    with serving() as server:
        for bucket in ("desk", "vault"):
            server.new_bucket(bucket)
        yield server


@pytest.fixture(scope="module")
def storing(s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LambdaEnvironment]:
    """An environment that logs no records, and stores them and their truth in S3."""
    folder = tmp_path_factory.mktemp("environment")
    variables = {"TRADE_IDS": str(folder / "trade_ids.db"), "TRADEGEN_LOG": "manifest", **s3.environment()}
    variables |= {"RECORDS_URI": RECORDS, "TRUTH_URI": TRUTH}
    with lambda_environment(folder, ROOT / "lambda", variables, import_path=[ROOT]) as environment:
        yield environment


@pytest.mark.slow
def test_a_run_leaves_its_records_and_its_truth_in_an_object_each_under_the_time_of_its_event(
    s3: S3, storing: LambdaEnvironment, tmp_path: Path
) -> None:
    invocation = storing.invoke(rule_event(1, "2025-07-21T10:33:00Z", scenario={"mismatch_rate": 1.0}))
    assert invocation.error is None
    [manifest] = map(json.loads, invocation.lines)
    [(name, records)] = s3.objects("desk").items()
    [(answers, truth)] = s3.objects("vault").items()
    assert re.fullmatch(r"records/lambda/2025-07-21/10-33-00-[0-9a-f]{16}\.ndjson", name)
    assert answers == name.replace("records/lambda", "truth")
    # The same run as files of the library: the manifest says all of it.
    replayed = tradegen.generate(**manifest["replay"])
    replayed.write(tmp_path / "trades.ndjson", tmp_path / "truth.ndjson")
    assert records == (tmp_path / "trades.ndjson").read_bytes()
    assert truth == (tmp_path / "truth.ndjson").read_bytes()
    assert len(records.splitlines()) == 30
    assert len(truth.splitlines()) >= 15


@pytest.mark.parametrize("deliver", [lambda: rule_event(2), lambda: scheduler_input("d32c5kddcf5bb8c3")])
def test_a_redelivery_stores_the_same_bytes_under_the_same_names(
    s3: S3, storing: LambdaEnvironment, deliver: object
) -> None:
    assert callable(deliver)
    first = storing.invoke(deliver())
    stored = {bucket: s3.objects(bucket) for bucket in ("desk", "vault")}
    again = storing.invoke(deliver())
    assert again.lines == first.lines
    assert {bucket: s3.objects(bucket) for bucket in ("desk", "vault")} == stored


def test_another_event_of_the_same_time_has_objects_of_its_own(s3: S3, storing: LambdaEnvironment) -> None:
    before = set(s3.objects("desk"))
    storing.invoke(rule_event(3, "2025-07-22T10:33:00Z"))
    storing.invoke(rule_event(4, "2025-07-22T10:33:00Z"))
    storing.invoke(rule_event(4, "2025-07-22T10:33:00Z", scenario={"pairs": 3}))
    assert len(set(s3.objects("desk")) - before) == 3


def test_where_the_bucket_is_missing_nothing_is_logged_and_once_it_is_there_the_event_has_its_ids(
    s3: S3, tmp_path: Path
) -> None:
    ledger = tmp_path / "trade_ids.db"
    variables = {"TRADE_IDS": str(ledger), "TRUTH_URI": "s3://late/truth", **s3.environment()}
    with lambda_environment(tmp_path, ROOT / "lambda", variables, import_path=[ROOT]) as environment:
        refused = environment.invoke(rule_event(1))
        assert refused.error is not None
        assert refused.error["errorType"] == "OutputError"
        assert refused.error["errorMessage"].startswith("s3://late/truth cannot be written (")
        assert '"trade_id": "' not in refused.stdout
        other = environment.invoke(rule_event(2))
        assert other.error is not None
        s3.new_bucket("late")
        served = environment.invoke(rule_event(1))
    assert served.response["first_id"] == 1
    assert len(s3.objects("late")) == 1
    assert open_ledger(ledger).show().next_id == 31


def test_neither_log_nor_metrics_nor_the_records_object_names_an_altered_trade(
    s3: S3, storing: LambdaEnvironment
) -> None:
    invocation = storing.invoke(rule_event(5, scenario={"mismatch_rate": 1.0}))
    _, truth = max(s3.objects("vault").items(), key=lambda item: b'"trade_id"' in item[1])
    altered = json.loads(truth.splitlines()[0])
    assert {"original", "altered", "mechanism"} <= set(altered)
    assert "trade_id" not in invocation.stdout
    assert not any(b'"mechanism"' in content for content in s3.objects("desk").values())


def test_metrics_are_a_line_of_the_embedded_metric_format_as_aws_specifies_it(
    storing: LambdaEnvironment,
) -> None:
    loaders = pytest.importorskip("botocore.loaders", reason="botocore comes with boto3")
    shapes = loaders.Loader().load_service_model("cloudwatch", "service-2")["shapes"]
    event = rule_event(6, scenario={"pairs": 40, "mismatch_rate": 0.5})
    before = time.time() * 1e3 - 1
    invocation = storing.invoke(event)
    [line] = invocation.metrics
    assert invocation.stdout.endswith(json.dumps(line) + "\n")
    told = line.pop("_aws")
    assert before <= told["Timestamp"] <= time.time() * 1e3
    [directive] = told["CloudWatchMetrics"]
    assert set(told) == {"Timestamp", "CloudWatchMetrics"}
    assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
    assert re.fullmatch(shapes["Namespace"]["pattern"], directive["Namespace"])
    assert directive["Dimensions"] == [["FunctionName"]]
    assert line["FunctionName"] == "tradegen"
    for metric in directive["Metrics"]:
        assert metric["Unit"] in shapes["StandardUnit"]["enum"]
        assert isinstance(line[metric["Name"]], (int, float))
    [manifest] = map(json.loads, invocation.lines)
    assert {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]} == {
        "Records": 80,
        "Pairs": 40,
        "MismatchedPairs": manifest["counts"]["mismatched_pairs"],
        "Duration": line["Duration"],
    }
    assert 0 < line["Duration"] < 1e3 * invocation.seconds
    first = invocation.response["first_id"]
    assert (line["firstId"], line["lastId"], line["key"]) == (first, first + 39, manifest["key"])
    assert re.fullmatch("8476a536-e9f4-11e8-9739-[0-9]{12}", line["requestId"])


def test_a_refused_event_has_no_metrics(storing: LambdaEnvironment) -> None:
    assert storing.invoke(rule_event(7, scenario={"pairs": 0})).metrics == []


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"TRADEGEN_LOG": "manifest"},
            "TRADEGEN_LOG is manifest, and the records would go nowhere; expected",
        ),
        ({"RECORDS_URI": "s3://desk", "TRUTH_URI": "s3://desk"}, "expected neither to lie in the other, so"),
        (
            {"RECORDS_URI": "s3://desk/a", "TRUTH_URI": "s3://desk/a/b"},
            "expected neither to lie in the other",
        ),
        (
            {"RECORDS_URI": "s3://desk/a/b", "TRUTH_URI": "s3://desk/a"},
            "expected neither to lie in the other",
        ),
    ],
    ids=str,
)
def test_places_that_lose_records_or_give_answers_away_are_refused_at_cold_start(
    variables: dict[str, str], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        Environment.read({"TRADE_IDS": "trade_ids.db", **variables})


def test_places_side_by_side_are_taken() -> None:
    places = {"RECORDS_URI": "s3://desk/a", "TRUTH_URI": "s3://desk/ab"}
    found = Environment.read({"TRADE_IDS": "trade_ids.db", **places})
    assert (found.records, found.truth) == ("s3://desk/a", "s3://desk/ab")
