"""DynamoDB that throttles, is busy, cuts connections or answers too late: no id twice, and none lost."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from functools import partial
from itertools import combinations_with_replacement

import pytest
from dynamodb_server import LOSING, READ_SECONDS, REFUSING, Dynamo
from forked import fork, wait_for
from sizes import size

from tradegen.errors import LedgerError
from tradegen.ledger import Ledger, create_ledger, dynamodb_access, ledger_at, open_ledger


@pytest.fixture(scope="module", autouse=True)
def _impatient() -> Iterator[None]:
    """Requests give up soon."""
    dynamodb_access._client.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamodb_access, "READ_SECONDS", READ_SECONDS)
        yield
    dynamodb_access._client.cache_clear()


@pytest.fixture
def ledger(dynamo: Dynamo) -> Ledger:
    return create_ledger(f"dynamodb://{dynamo.new_table()}")


@pytest.mark.parametrize("key", [None, "event-1"])
@pytest.mark.parametrize("fault", REFUSING + LOSING)
def test_after_a_fault_the_next_try_gets_the_ids_and_none_are_skipped(
    dynamo: Dynamo, ledger: Ledger, fault: str, key: str | None
) -> None:
    dynamo.writes_meet(fault)
    assert ledger.reserve(15, key) == 1
    assert dynamo.operations.count("TransactWriteItems") >= 2  # more where the machine is busy
    assert ledger.reserve(15) == 16
    time.sleep(READ_SECONDS if fault == "late write" else 0)  # until it has been made, or refused
    assert (ledger.show().next_id, ledger.check()) == (31, [])


def test_two_faults_one_after_the_other_change_nothing(dynamo: Dynamo, ledger: Ledger) -> None:
    expected = 1
    for pair in combinations_with_replacement(("throttle", "conflict", "cut before", "cut after"), 2):
        dynamo.writes_meet(*pair)
        assert ledger.reserve(3, key=str(pair)) == expected
        expected += 3
    assert ledger.show().next_id == expected


def test_reading_the_counter_is_tried_again_too(dynamo: Dynamo, ledger: Ledger) -> None:
    faults = ["throttle", "error", "cut before"]
    dynamo.fault = lambda operation: faults.pop() if operation == "GetItem" and faults else None
    assert ledger.reserve(15) == 1
    assert faults == []


@pytest.mark.parametrize("fault", REFUSING + LOSING)
def test_a_fault_that_lasts_is_one_sentence_soon_after_the_deadline(
    dynamo: Dynamo, ledger: Ledger, fault: str
) -> None:
    dynamo.fault = lambda operation: fault if operation == "TransactWriteItems" else None
    began = time.monotonic()
    with pytest.raises(LedgerError) as refusal:
        ledger_at(ledger.place, 0.5).reserve(15, key="event-1")
    assert time.monotonic() - began < 0.5 + READ_SECONDS + 2  # and what a busy machine takes
    sentence = str(refusal.value)
    assert sentence.startswith(f"{ledger.place} is busy or out of reach (")
    assert "; try again" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("fault", LOSING)
def test_a_reservation_given_up_has_its_ids_for_its_key_alone(
    dynamo: Dynamo, ledger: Ledger, fault: str
) -> None:
    dynamo.writes_meet(fault, *["throttle"] * 99)
    with pytest.raises(LedgerError):
        ledger_at(ledger.place, 0).reserve(15, key="event-1")
    assert dynamo.operations.count("TransactWriteItems") == 1
    time.sleep(READ_SECONDS if fault == "late write" else 0)
    dynamo.reset()
    # The control: but for the first of these faults, the ids have been written.
    assert ledger.show().next_id == (1 if fault == "cut before" else 16)
    first = ledger.reserve(15, key="event-1")
    other = ledger.reserve(15, key="event-2")
    assert sorted([first, other]) == [1, 16]
    assert ledger.reserve(15, key="event-1") == first


def test_what_credentials_may_not_do_is_refused_at_once(dynamo: Dynamo, ledger: Ledger) -> None:
    dynamo.fault = lambda operation: "denied" if operation == "TransactWriteItems" else None
    with pytest.raises(LedgerError, match=r"closed to these credentials .+; allow them that action"):
        ledger.reserve(15)
    assert dynamo.operations.count("TransactWriteItems") == 1


def test_a_server_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch, dynamo: Dynamo) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
    monkeypatch.setattr(dynamodb_access, "_client", dynamodb_access._client.__wrapped__)
    with pytest.raises(LedgerError, match=r"^dynamodb://ids is busy or out of reach \(Could not connect"):
        open_ledger("dynamodb://ids", timeout=0.2)


def test_a_forked_process_has_a_connection_of_its_own(dynamo: Dynamo, ledger: Ledger) -> None:
    """On one connection, two processes would read each other's answers, and so each other's ids."""
    dynamo.reset()
    ledger.reserve(15)
    [ours] = set(dynamo.ports)
    dynamo.reset()
    wait_for([fork(lambda: ledger.reserve(15))])
    assert len(set(dynamo.ports)) == 1
    assert ours not in dynamo.ports
    ledger.reserve(15)
    assert dynamo.ports[-1] == ours


def random_faults(seed: int, share: float) -> partial[str | None]:
    """One fault for a share of all operations; a late write is a rare one, as it holds up its client."""
    draws = random.Random(seed)
    faults = (*REFUSING, *LOSING)
    weights = [1 if fault.startswith("late") else 4 for fault in faults]
    return partial(lambda _: draws.choices(faults, weights)[0] if draws.random() < share else None)


@pytest.mark.slow
@pytest.mark.sized
def test_threads_under_random_faults_get_every_id_once(dynamo: Dynamo, ledger: Ledger) -> None:
    """Half of the reservations have a key, and are made twice."""
    dynamo.fault = random_faults(seed=16, share=0.15)
    threads, times = size(4, 8), size(8, 30)
    patient = ledger_at(ledger.place, timeout=120)
    given: dict[str, int] = {}
    failures: list[Exception] = []

    def reserve(number: int) -> None:
        try:
            for one in range(times):
                key = f"{number}-{one}"
                given[key] = patient.reserve(2, key if one % 2 else None)
                if one % 2:
                    assert patient.reserve(2, key) == given[key]
        except Exception as error:  # noqa: BLE001  # it is reported below
            failures.append(error)

    workers = [threading.Thread(target=reserve, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    assert sorted(given.values()) == list(range(1, 2 * threads * times, 2))
    dynamo.reset()
    assert (ledger.show().ids, ledger.check()) == (2 * threads * times, [])
