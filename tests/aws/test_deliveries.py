"""Events that are delivered again, in turn and at once: one range of ids an event, and the same bytes."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import ROOT, absent
from forked import fork, wait_for
from lambda_events import rule_event, scheduler_default, scheduler_input
from lambda_handler import Function
from ledger_files import run_child
from runtime_api import lambda_environment
from sizes import size

from tradegen.ledger import create_ledger, open_ledger

EVENTS, DELIVERIES = size(12, 1_000), 3


@pytest.fixture(params=["file", "table"])
def place(request: pytest.FixtureRequest, in_memory: Path) -> str:
    """A new ledger, in a file or in a table."""
    if request.param == "file":
        return create_ledger(in_memory / "trade_ids.db").place
    return create_ledger(f"dynamodb://{request.getfixturevalue('dynamo').new_table()}").place


def event_of(number: int, delivery: int) -> dict[str, object]:
    """An event of each kind, in turn. Scheduler gives each delivery another execution."""
    time = f"2025-07-{1 + number // 480:02}T{number // 20 % 24:02}:{number % 20 * 3:02}:00Z"
    if number % 3:
        return (scheduler_input, scheduler_default)[number % 2](f"execution-{delivery}", time)
    return rule_event(number, time)


def deliver(function: Function, number: int, delivery: int) -> None:
    """Print the event's number, its first id, and a digest of all that was logged."""
    handled = function.handle(event_of(number, delivery))
    digest = hashlib.sha256(handled.printed.encode()).hexdigest()
    os.write(1, f"{number} {handled.response['first_id']} {digest}\n".encode())


@pytest.mark.sized
@pytest.mark.parametrize("order", ["in_turn", "at_once"])
def test_an_event_delivered_three_times_has_one_range_of_ids_and_one_set_of_bytes(
    place: str, order: str
) -> None:
    printed = run_child(__file__, order, place, timeout=3600).splitlines()
    assert len(printed) == DELIVERIES * EVENTS
    given = {tuple(line.split()) for line in printed}
    assert len(given) == EVENTS
    assert len({digest for _, _, digest in given}) == EVENTS
    assert sorted(int(number) for number, _, _ in given) == list(range(EVENTS))
    assert sorted(int(first) for _, first, _ in given) == list(range(1, 1 + 15 * EVENTS, 15))
    ledger = open_ledger(place)
    assert (ledger.show().next_id, ledger.check()) == (1 + 15 * EVENTS, [])


def in_turn(place: str) -> None:
    function = Function(TRADE_IDS=place)
    for number in range(EVENTS):
        for delivery in range(DELIVERIES):
            deliver(function, number, delivery)


def at_once(place: str) -> None:
    """Each delivery is to another environment, and all get an event at the same moment."""
    function = Function(TRADE_IDS=place)
    barrier = multiprocessing.get_context("fork").Barrier(DELIVERIES)

    def work(delivery: int) -> None:
        for number in range(EVENTS):
            barrier.wait(60)
            deliver(function, number, delivery)

    wait_for([fork(lambda delivery=delivery: work(delivery)) for delivery in range(DELIVERIES)])


@pytest.mark.large
def test_under_awss_runtime_client_deliveries_at_once_log_the_same_bytes(in_memory: Path) -> None:
    if find_spec("awslambdaric") is None:
        absent("awslambdaric")
    ledger, printed = create_ledger(in_memory / "trade_ids.db"), [[""] * 20 for _ in range(DELIVERIES)]
    barrier = threading.Barrier(DELIVERIES)

    def work(delivery: int) -> None:
        folder = in_memory / str(delivery)
        folder.mkdir()
        with lambda_environment(
            folder, ROOT / "lambda", {"TRADE_IDS": ledger.place}, import_path=[ROOT]
        ) as environment:
            assert environment.init_error() is None
            environment.printed()
            for number in range(20):
                barrier.wait(60)
                printed[delivery][number] = environment.invoke(event_of(number, delivery)).stdout

    threads = [threading.Thread(target=work, args=(delivery,)) for delivery in range(DELIVERIES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert printed[0] == printed[1] == printed[2]
    assert len(set(printed[0])) == 20
    assert '"trade_id": "tid' in min(printed[0])
    assert ledger.show().next_id == 301


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
