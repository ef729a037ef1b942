"""Making a table for a ledger, and looking for what is wrong with one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from tradegen.errors import LedgerError
from tradegen.ledger.access import deadline_in
from tradegen.ledger.dynamodb_access import ITEM_KEY, NoTableError, Table, nap
from tradegen.ledger.dynamodb_items import COUNTER, EXPIRES, Counter, Reservation, primary_key

_KEY_SCHEMA = [{"AttributeName": ITEM_KEY, "KeyType": "HASH"}]
_MAKING_SECONDS = 180.0  # a table is usually there within half a minute


def create_table(table: Table) -> None:
    """Make a table and wait until it can be used: paid for by the request, with recovery and expiry.

    Raises
    ------
    LedgerError
        If it cannot be made, or not be set up. Then it has no counter, and gives no id.
    """
    deadline = deadline_in(_MAKING_SECONDS)
    make = {
        "AttributeDefinitions": [{"AttributeName": ITEM_KEY, "AttributeType": "S"}],
        "KeySchema": _KEY_SCHEMA,
        "BillingMode": "PAY_PER_REQUEST",
    }
    try:
        table.call("create_table", deadline, TableName=table.name, **make)
    except LedgerError:
        # Another process was first, or a request without an answer was carried out.
        if not _exists(table, deadline):
            raise
    for number in itertools.count():
        if _exists(table, deadline) and _description(table, deadline)["TableStatus"] == "ACTIVE":
            break
        if not nap(number, deadline):
            raise LedgerError(
                f"{table.place} is still being made after {_MAKING_SECONDS:.0f} seconds; try again"
            )
    expiry = {"Enabled": True, "AttributeName": EXPIRES}
    recovery = {"PointInTimeRecoveryEnabled": True}
    if _expiry(table, deadline) != EXPIRES:
        table.call("update_time_to_live", deadline, TableName=table.name, TimeToLiveSpecification=expiry)
    table.call(
        "update_continuous_backups",
        deadline,
        TableName=table.name,
        PointInTimeRecoverySpecification=recovery,
    )


def findings(table: Table, timeout: float) -> Iterator[str]:
    """What is wrong with a table as a ledger. `timeout` is in seconds, for which a request is tried again."""
    description = _description(table, deadline_in(timeout))
    if description["KeySchema"] != _KEY_SCHEMA:
        yield f"its key is {_names(description['KeySchema'])}, expected the partition key {ITEM_KEY} alone"
        return
    if description.get("Replicas"):
        yield "it is a global table: what two regions reserve at once has the same ids"
    if (expiry := _expiry(table, deadline_in(timeout))) != EXPIRES:
        yield f"its time to live is {expiry or 'off'}, expected {EXPIRES}: keys are kept for ever"
    backups = table.call("describe_continuous_backups", deadline_in(timeout), TableName=table.name)
    recovery = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        yield "its point-in-time recovery is off"
    yield from _item_findings(table, timeout)


def _item_findings(table: Table, timeout: float) -> Iterator[str]:
    """Every reservation that is kept against the others and the counter, which is read last."""
    kept: list[tuple[int, int]] = []
    for item in _items(table, timeout):
        try:
            if item.get(ITEM_KEY) != {"S": COUNTER}:
                one = Reservation.read(table.place, item)
                kept.append((one.first, one.first + one.count - 1))
        except LedgerError as error:
            yield _finding(table, error)
    request = {"TableName": table.name, "Key": primary_key(COUNTER), "ConsistentRead": True}
    try:
        found = table.call("get_item", deadline_in(timeout), **request).get("Item")
        counter = Counter.read(table.place, found)
    except LedgerError as error:
        yield _finding(table, error)
        return
    kept.sort()
    for (_, before), (first, last) in itertools.pairwise([(0, counter.first_id - 1), *kept]):
        if first <= before:
            yield f"the range from {first} to {last} has ids of another, or from before the first"
    if kept and kept[-1][1] >= counter.next_id:
        yield f"its counter stands at {counter.next_id}, and ids up to {kept[-1][1]} have been handed out"


def _finding(table: Table, error: LedgerError) -> str:
    """What an error says is wrong, as a finding about the table."""
    return (
        str(error)
        .partition(";")[0]
        .removeprefix(f"{table.place} is damaged: ")
        .removeprefix(f"{table.place} ")
    )


def _items(table: Table, timeout: float) -> Iterator[dict[str, Any]]:
    start: dict[str, Any] = {}
    while True:
        request = {"TableName": table.name, "ConsistentRead": True, **start}
        page = table.call("scan", deadline_in(timeout), **request)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _description(table: Table, deadline: float) -> dict[str, Any]:
    found: dict[str, Any] = table.call("describe_table", deadline, TableName=table.name)["Table"]
    return found


def _exists(table: Table, deadline: float) -> bool:
    try:
        return bool(_description(table, deadline))
    except NoTableError:
        return False


def _expiry(table: Table, deadline: float) -> str | None:
    """The attribute of the table's time to live; None where it is off."""
    answer = table.call("describe_time_to_live", deadline, TableName=table.name)["TimeToLiveDescription"]
    on = answer["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
    return str(answer.get("AttributeName")) if on else None


def _names(schema: list[dict[str, str]]) -> str:
    return ", ".join(one["AttributeName"] for one in schema)
