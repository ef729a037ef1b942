"""Ledgers in DynamoDB tables: how they are made, what they hold, what is refused, and the command line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from dynamodb_server import Dynamo
from shell import run as shell

from tradegen.errors import LedgerError
from tradegen.ledger import Ledger, copy_ledger, create_ledger, dynamodb_access, open_ledger, open_or_create


@pytest.fixture
def ledger(dynamo: Dynamo) -> Ledger:
    return create_ledger(f"dynamodb://{dynamo.new_table()}")


def client() -> Any:
    """DynamoDB's own operations, to look into a table and to spoil it."""
    return dynamodb_access._client()


def table_of(ledger: Ledger) -> str:
    return ledger.place.removeprefix("dynamodb://")


def items(ledger: Ledger) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client().scan(TableName=table_of(ledger))["Items"]
    return found


def change(ledger: Ledger, **values: int | None) -> None:
    """Change the counter by hand; None removes it."""
    [counter] = [item for item in items(ledger) if item["item"] == {"S": "counter"}]
    for name, value in values.items():
        counter[name] = {"N": str(value)}
    client().put_item(TableName=table_of(ledger), Item=counter)


def remove_counter(ledger: Ledger) -> None:
    client().delete_item(TableName=table_of(ledger), Key={"item": {"S": "counter"}})


def make_table(name: str, *keys: str) -> None:
    """A table as a template would make it, with these parts of a key, all of them texts."""
    kinds = zip(keys, ("HASH", "RANGE"), strict=False)
    client().create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in kinds],
        BillingMode="PAY_PER_REQUEST",
    )


# Created


def test_a_table_made_by_create_is_paid_by_the_request_can_be_restored_and_forgets_keys(
    dynamo: Dynamo, ledger: Ledger
) -> None:
    name = table_of(ledger)
    table = client().describe_table(TableName=name)["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["KeySchema"] == [{"AttributeName": "item", "KeyType": "HASH"}]
    backups = client().describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    expiry = client().describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires")


def test_in_a_table_that_exists_create_adds_the_counter_and_changes_nothing_else(dynamo: Dynamo) -> None:
    name = dynamo.new_table()
    make_table(name, "item")
    dynamo.reset()
    assert create_ledger(f"dynamodb://{name}", first_id=501).reserve(1) == 501
    assert dynamo.operations == ["PutItem", "GetItem", "TransactWriteItems"]


def test_a_creation_without_an_answer_is_done_once_and_is_no_refusal(dynamo: Dynamo) -> None:
    name = dynamo.new_table()
    make_table(name, "item")
    faults = ["cut after"]
    dynamo.fault = lambda operation: faults.pop() if operation == "PutItem" and faults else None
    assert create_ledger(f"dynamodb://{name}", first_id=7).reserve(1) == 7
    assert faults == []


@pytest.mark.parametrize("keys", [("id",), ("item", "other")])
def test_a_table_with_another_key_is_refused(dynamo: Dynamo, keys: tuple[str, ...]) -> None:
    name = dynamo.new_table()
    make_table(name, *keys)
    for use in (create_ledger, open_ledger):
        with pytest.raises(
            LedgerError, match=r"is no table of a ledger \(.+\); expected one with the partition"
        ):
            use(f"dynamodb://{name}")


def test_a_counter_is_never_made_but_by_create(dynamo: Dynamo, ledger: Ledger) -> None:
    ledger.reserve(15)
    remove_counter(ledger)
    for use in (open_ledger, lambda place: open_or_create(place, print), lambda _: ledger.reserve(15)):
        with pytest.raises(
            LedgerError, match=r"has no counter, so that nobody knows which ids are in use; .+N$"
        ):
            use(ledger.place)
    with pytest.raises(LedgerError, match="is missing: there is no such table in eu-central-1"):
        open_or_create(f"dynamodb://{dynamo.new_table()}", print)
    assert "counter" not in str(items(ledger))


def test_a_counter_removed_or_replaced_amid_a_reservation_is_seen(dynamo: Dynamo, ledger: Ledger) -> None:
    def spoil(operation: str) -> None:
        if operation == "TransactWriteItems":
            dynamo.reset()
            remove_counter(ledger)

    dynamo.fault = spoil
    with pytest.raises(LedgerError, match="has no counter"):
        ledger.reserve(15)

    def replace(operation: str) -> None:
        if operation == "TransactWriteItems":
            dynamo.reset()
            remove_counter(ledger)
            create_ledger(ledger.place, first_id=1000)

    create_ledger(ledger.place)
    dynamo.fault = replace
    assert ledger.reserve(15) == 1000


def test_every_read_is_of_what_was_written_last(dynamo: Dynamo, ledger: Ledger) -> None:
    dynamo.reset()
    open_ledger(ledger.place).reserve(15, key="event-1")
    ledger.show()
    ledger.check()
    reads = [request for operation, request in dynamo.requests if operation in ("GetItem", "Scan")]
    assert len(reads) == 5
    assert all(request["ConsistentRead"] is True for request in reads)


# Kept


def test_a_reservation_is_kept_for_30_days_with_what_was_asked(ledger: Ledger) -> None:
    before = time.time()
    ledger.reserve(15, key="event-1")
    ledger.reserve(1)
    kept = {item["first"]["N"]: item for item in items(ledger) if item["item"] != {"S": "counter"}}
    assert (kept["1"]["key"], kept["1"]["count"]) == ({"S": "event-1"}, {"N": "15"})
    assert "key" not in kept["16"]
    for item in kept.values():
        assert 0 <= int(item["expires"]["N"]) - int(before) - 30 * 24 * 3600 <= 60
    assert ["expires" in item for item in items(ledger) if item["item"] == {"S": "counter"}] == [False]


def test_a_key_that_has_expired_gets_new_ids_and_repeats_none(ledger: Ledger) -> None:
    assert ledger.reserve(15, key="event-1") == 1
    for item in items(ledger):
        if "expires" in item:
            client().delete_item(TableName=table_of(ledger), Key={"item": item["item"]})
    assert ledger.reserve(15, key="event-1") == 16


# Refused and found

SPOILT = {
    "a later version": (
        {"version": 2},
        "is a ledger of version 2, and this tradegen knows version 1; upgrade",
    ),
    "no version": ({"version": 0}, "is damaged: its counter is not one that tradegen writes"),
    "before the first": ({"next_id": 0}, "is damaged: its counter is not one that tradegen writes"),
    "past the last": ({"next_id": 2**63 + 1}, "is damaged: its counter is not one that tradegen writes"),
    "more ranges than ids": ({"ranges": 99}, "is damaged: its counter is not one that tradegen writes"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_counter_that_makes_no_sense_is_refused_and_found(ledger: Ledger, case: str) -> None:
    ledger.reserve(15)
    values, message = SPOILT[case]
    change(ledger, **values)
    before = items(ledger)
    for use in (open_ledger, lambda _: ledger.reserve(1), lambda _: ledger.show()):
        with pytest.raises(LedgerError) as refusal:
            use(ledger.place)
        assert str(refusal.value).startswith(f"{ledger.place} {message}")
    assert message.removeprefix("is damaged: ").partition(";")[0] in ledger.check()
    assert items(ledger) == before


def test_check_finds_a_counter_that_was_put_back(ledger: Ledger) -> None:
    for number in range(3):
        ledger.reserve(15, key=str(number))
    change(ledger, next_id=31, ranges=2)
    assert ledger.check() == ["its counter stands at 31, and ids up to 45 have been handed out"]
    ledger.reserve(15)
    assert ledger.check() == ["the range from 31 to 45 has ids of another, or from before the first"]


def test_check_finds_what_the_table_lacks(dynamo: Dynamo) -> None:
    name = dynamo.new_table()
    make_table(name, "item")
    assert create_ledger(f"dynamodb://{name}").check() == [
        "its time to live is off, expected expires: keys are kept for ever",
        "its point-in-time recovery is off",
    ]


def test_check_finds_that_another_region_hands_out_the_same_ids(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """moto has no replicas: the answer is changed to one as AWS documents it."""
    table = client().describe_table(TableName=table_of(ledger))["Table"]
    answer = {"Table": {**table, "Replicas": [{"RegionName": "eu-west-1", "ReplicaStatus": "ACTIVE"}]}}
    monkeypatch.setattr(client(), "describe_table", lambda **_: answer)
    assert ledger.check() == ["it is a global table: what two regions reserve at once has the same ids"]


def test_check_finds_strange_items(ledger: Ledger) -> None:
    client().put_item(TableName=table_of(ledger), Item={"item": {"S": "a note"}})
    assert ledger.check() == ["the item 'a note' is no reservation"]


def test_check_reads_more_than_one_page(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        ledger.reserve(2)
    scan = client().scan
    monkeypatch.setattr(client(), "scan", lambda **request: scan(**request, Limit=2))
    change(ledger, next_id=10)
    assert ledger.check() == ["its counter stands at 10, and ids up to 10 have been handed out"]


@pytest.mark.parametrize(
    "place",
    ["dynamodb://", "dynamodb://ab", "dynamodb://a/b", "dynamodb:///ids", "dynamodb://idé", "dynamodb:/ids",
     "DYNAMODB://ids", "s3://bucket/ids", "sqlite:///ids.db", "dynamodb://" + "x" * 256],
)  # fmt: skip
def test_a_url_that_leads_to_no_ledger_is_refused(place: str) -> None:
    for use in (open_ledger, create_ledger, lambda place: open_or_create(place, print)):
        with pytest.raises(
            LedgerError, match=r" is no ledger; expected a path, or the text dynamodb://TABLE"
        ):
            use(place)


def test_a_table_is_not_copied(ledger: Ledger, tmp_path: Path) -> None:
    for old, new in [(ledger.place, tmp_path / "new.db"), (tmp_path / "old.db", ledger.place)]:
        with pytest.raises(
            LedgerError, match=r"is no file, and only files are copied; to go on there, create"
        ):
            copy_ledger(old, new)


@pytest.mark.parametrize("variable", ["AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"])
def test_without_region_or_credentials_there_is_one_sentence(
    dynamo: Dynamo, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv(variable)
    monkeypatch.setattr(dynamodb_access, "_client", dynamodb_access._client.__wrapped__)
    with pytest.raises(LedgerError) as refusal:
        open_ledger("dynamodb://ids")
    assert re.fullmatch(
        r"dynamodb://ids [^\n]+; (set AWS_DEFAULT_REGION|see to the cred[^\n]+)", str(refusal.value)
    )


@pytest.mark.slow
def test_an_endpoint_that_is_no_url_is_refused(dynamo: Dynamo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "::nonsense")
    monkeypatch.setattr(dynamodb_access, "_client", dynamodb_access._client.__wrapped__)
    with pytest.raises(LedgerError, match=r"^dynamodb://ids cannot be used \(Invalid endpoint: .+\); see to"):
        open_ledger("dynamodb://ids")


def test_without_boto3_there_is_a_sentence_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    dynamodb_access._client.cache_clear()
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(LedgerError) as refusal:
        open_ledger("dynamodb://ids")
    assert str(refusal.value) == (
        "dynamodb://ids needs boto3, which is not installed; pip install 'tradegen[aws]' brings it"
    )


# The command line


@pytest.mark.slow
def test_the_command_line_creates_shows_checks_and_takes_ids(dynamo: Dynamo, tmp_path: Path) -> None:
    place, environment = f"dynamodb://{dynamo.new_table()}", dynamo.environment()
    refused = shell("ledger", "show", place, cwd=tmp_path, **environment)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(f"tradegen: {place} is missing: there is no such table in eu-central-1; ")
    made = shell("ledger", "create", place, "--first-id", "501", cwd=tmp_path, **environment)
    assert (made.code, made.out, made.err) == (
        0,
        "",
        f"tradegen: created {place}; ids start at tid00000501\n",
    )
    assert shell("ledger", "create", place, cwd=tmp_path, **environment).code == 2
    done = shell("generate", "--ledger", place, cwd=tmp_path, **environment)
    assert done.code == 0, done.err
    assert sorted({record["trade_id"] for record in json.loads(done.out)})[0] == "tid00000501"
    shown = shell("ledger", "show", place, cwd=tmp_path, **environment)
    assert shown.out.split() == [
        "ledger", place, "next", "id", "tid00000516", "ids", "handed", "out", "15", "reservations", "1",
    ]  # fmt: skip
    checked = shell("ledger", "check", place, cwd=tmp_path, **environment)
    assert (checked.code, checked.out) == (0, f"{place} is in order\n")
    change(open_ledger(place), next_id=501, ranges=0)
    checked = shell("ledger", "check", place, cwd=tmp_path, **environment)
    assert (checked.code, checked.out) == (
        1,
        "its counter stands at 501, and ids up to 515 have been handed out\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_aws_is_imported_for_a_ledger_in_a_file(tmp_path: Path) -> None:
    code = (
        "import sys, contextlib; import tradegen.aws.function; from tradegen.cli.main import main\n"
        "sys.argv = ['tradegen', 'generate']\n"
        "with contextlib.suppress(SystemExit): main()\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('boto3', 'botocore', 'urllib3')"
        " or 'dynamodb' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.count('"trade_id"') == 30
    assert done.stdout.splitlines()[-1] == "[]"
