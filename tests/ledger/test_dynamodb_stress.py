"""No id twice in a DynamoDB table: with many processes at one counter, and with processes that are killed."""

from __future__ import annotations

import os
import random
import sys
import time
from functools import partial

import pytest
from dynamodb_server import Dynamo
from forked import assert_contiguous_from_1, fork, print_range, read_ranges, wait_for
from ledger_files import run_child
from sizes import size

from tradegen.ledger import Ledger, create_ledger, ledger_at, open_ledger

LIVES = size(4, 200)
# With 1,000, moto takes more than 11 GB.
EACH = 10


@pytest.fixture
def ledger(dynamo: Dynamo) -> Ledger:
    return create_ledger(f"dynamodb://{dynamo.new_table()}")


@pytest.mark.sized
def test_processes_killed_amid_reservations_repeat_no_id(dynamo: Dynamo, ledger: Ledger) -> None:
    printed = read_ranges(run_child(__file__, "reserve_and_be_killed", ledger.place, timeout=7200))
    # The positive control: lives are long enough to reserve, on a busy machine too.
    assert len(printed) > LIVES // 2
    ids = [one for first, last in printed for one in range(first, last + 1)]
    assert len(ids) == len(set(ids))
    assert ledger.reserve(1) > max(ids)
    assert ledger.check() == []


def reserve_and_be_killed(place: str) -> None:
    ledger, moments = open_ledger(place), random.Random(16)

    def reserve_forever(life: int) -> None:
        number = 0
        while True:
            number += 1
            print_range(ledger, 1 + number % 5, key=f"{life}-{number}" if number % 2 else None)

    began = time.perf_counter()
    wait_for([fork(lambda: print_range(ledger, 1))])
    first = time.perf_counter() - began
    for life in range(LIVES):
        child = fork(partial(reserve_forever, life))
        time.sleep(first * moments.uniform(0.7, 4))
        os.kill(child, 9)
        os.waitpid(child, 0)


@pytest.mark.large
def test_thirty_two_processes_reserve_without_duplicate_gap_or_refusal(
    dynamo: Dynamo, ledger: Ledger
) -> None:
    printed = read_ranges(run_child(__file__, "reserve_with_thirty_two", ledger.place, timeout=7200))
    assert len(printed) == 32 * EACH
    assert_contiguous_from_1(printed)
    # The control: they were in each other's way, and many transactions were refused.
    assert dynamo.operations.count("TransactWriteItems") > 1.2 * len(printed)
    assert ledger.check() == []


def reserve_with_thirty_two(place: str) -> None:
    # All on one counter, on a server that serves one at a time: some wait for long.
    ledger = ledger_at(place, timeout=600)
    wait_for([fork(lambda: [print_range(ledger, 3) for _ in range(EACH)]) for _ in range(32)])


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
