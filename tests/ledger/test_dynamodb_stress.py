"""No id twice in a DynamoDB table: with many processes at one counter, and with processes that are killed."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from functools import partial

import pytest
from dynamodb_server import Dynamo
from forked import assert_contiguous_from_1, fork, print_range, read_ranges, wait_for
from ledger_files import run_child
from sizes import size

from tradegen.ledger import Ledger, create_ledger, dynamodb_access, ledger_at, open_ledger

LIVES = size(4, 100, full=2_000)
EACH = size(10, 50, full=1_000)
PATIENCE = 60.0  # seconds for an answer


@pytest.fixture(scope="module", autouse=True)
def _patient() -> Iterator[None]:
    """Requests wait for a server that many ask at once, or that reads all of a large table."""
    dynamodb_access._client.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamodb_access, "READ_SECONDS", PATIENCE)
        yield
    dynamodb_access._client.cache_clear()


@pytest.fixture
def ledger(dynamo: Dynamo) -> Ledger:
    return create_ledger(f"dynamodb://{dynamo.new_table()}")


@pytest.mark.slow
@pytest.mark.sized
def test_events_whose_processes_are_killed_have_one_range_each_however_often_they_are_delivered(
    dynamo: Dynamo, ledger: Ledger
) -> None:
    output = run_child(__file__, "deliver_and_be_killed", ledger.place, timeout=7200)
    *lines, unanswered = output.splitlines()
    ranges = read_ranges("\n".join(lines))
    # The controls: lives are long enough to reserve, on a busy machine too. Some of them were killed when
    # their ids were reserved, and before they knew it.
    assert len(ranges) > LIVES // 2
    assert int(unanswered) >= LIVES // 50
    # Each event was delivered until it was done, and then the next one. So its ids follow on, without a gap.
    assert ranges == sorted(ranges)
    assert_contiguous_from_1(ranges)
    assert ledger.show().next_id == ranges[-1][1] + 1
    assert [ledger.reserve(ids_of(number), key_of(number)) for number in range(len(ranges))] == [
        first for first, _ in ranges
    ]
    assert ledger.check() == []


def key_of(event: int) -> str:
    return f"event {event}"


def ids_of(event: int) -> int:
    return 1 + event % 5


def deliver_and_be_killed(place: str) -> None:
    """Have each life carry on with the event amid which the one before was killed."""
    import boto3

    # With a session of its own, a life would spend its time on reading what operations DynamoDB has.
    session = boto3.session.Session()
    boto3.session.Session = lambda: session
    ledger, moments = open_ledger(place), random.Random(16)

    def deliver(events: range, out: int) -> None:
        for event in events:
            first = ledger.reserve(ids_of(event), key_of(event))
            os.write(out, f"{first} {first + ids_of(event) - 1}\n".encode())

    def live(events: range, seconds: float) -> tuple[list[str], float]:
        """What a process prints that is killed so long after its first event, and how long that one took."""
        printed, out = os.pipe()
        began = time.perf_counter()
        child = fork(partial(deliver, events, out))
        os.close(out)
        with os.fdopen(printed) as lines:
            first = lines.readline()
            took = time.perf_counter() - began
            time.sleep(seconds)
            os.kill(child, 9)
            os.waitpid(child, 0)
            return [line.strip() for line in (first, *lines)], took

    done, longest = live(range(1), 0)
    unanswered = 0
    for _ in range(LIVES):
        # The last event that was done is delivered once more, too.
        (again, *more), took = live(range(len(done) - 1, sys.maxsize), longest * moments.random())
        assert again == done[-1]
        done += more
        unanswered += ledger.show().next_id > int(done[-1].split()[1]) + 1
        # As busy as the machine is by now.
        longest = (longest + took) / 2
    # What the last life was killed amid.
    done += live(range(len(done), len(done) + 1), 0)[0]
    os.write(1, "".join(f"{line}\n" for line in (*done, unanswered)).encode())


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
    # All on one counter, on a server that serves one at a time: some wait for long. Who gives up
    # would leave it with an answer that nobody reads.
    dynamodb_access.READ_SECONDS = PATIENCE
    ledger = ledger_at(place, timeout=600)
    wait_for([fork(lambda: [print_range(ledger, 3) for _ in range(EACH)]) for _ in range(32)])


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
