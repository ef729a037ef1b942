"""Events that are delivered again, in turn and at once: one range of ids an event, and the same bytes."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import absent
from emulator import Emulator, sam_is_there, started
from forked import fork, wait_for
from lambda_events import rule_event, scheduler_default, scheduler_input
from lambda_handler import Function
from ledger_files import run_child
from sizes import size

from tradegen.ledger import create_ledger, is_url, open_ledger

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
@pytest.mark.parametrize("environments", [1, DELIVERIES])
def test_under_awss_emulator_deliveries_in_turn_and_at_once_log_the_same_bytes(
    place: str, environments: int, in_memory: Path, request: pytest.FixtureRequest
) -> None:
    if not sam_is_there():
        absent("AWS SAM")
    variables = {"TRADE_IDS": place}
    if is_url(place):
        variables |= request.getfixturevalue("dynamo").environment()
    barrier, logged = threading.Barrier(environments), [[""] * EVENTS for _ in range(DELIVERIES)]

    def work(emulator: Emulator, deliveries: range) -> None:
        for number in range(EVENTS):
            barrier.wait(60)
            for delivery in deliveries:
                assert emulator.invoke(event_of(number, delivery))["records"] == 30
                # But for what a cold start says of itself, such as where boto3 found its credentials.
                lines = (line for line in emulator.lines() if '"level": ' not in line)
                logged[delivery][number] = "\n".join(lines)

    with ExitStack() as stack, ThreadPoolExecutor(environments) as pool:
        begun = []
        for first in range(environments):
            (folder := in_memory / str(first)).mkdir()
            emulator = stack.enter_context(started(folder, variables))
            begun.append(pool.submit(work, emulator, range(first, DELIVERIES, environments)))
        for one in begun:
            one.result()
    assert logged[0] == logged[1] == logged[2]
    ids = re.findall(r'"trade_id": "tid(\d+)"', "\n".join(logged[0]))
    assert sorted({int(one) for one in ids}) == list(range(1, 1 + 15 * EVENTS))
    assert len(ids) == 30 * EVENTS
    assert open_ledger(place).show().next_id == 1 + 15 * EVENTS


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
