"""No id twice: under concurrency, under kill -9 and across forks.

Each test runs one child process of this file, which forks the processes that reserve: fresh ones would
spend the time importing. Whatever they print, they print after `reserve` has returned, as callers would.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from forked import assert_contiguous_from_1, fork, print_range, read_ranges, wait_for
from ledger_files import run_child
from sizes import size

from tradegen.ledger import create_ledger, ledger_at, open_ledger

pytestmark = pytest.mark.sized
PROCESSES, RESERVATIONS = 8, size(100, 250)
KILLS = size(80, 2_000)
EACH = 1_000


@pytest.mark.slow
def test_eight_processes_reserve_without_duplicate_gap_or_refusal(tmp_path: Path) -> None:
    ledger = create_ledger(tmp_path / "trade_ids.db")
    printed = read_ranges(run_child(__file__, "reserve_in_processes", ledger.path))
    assert len(printed) == PROCESSES * RESERVATIONS
    assert_contiguous_from_1(printed)
    assert ledger.check() == []
    assert (ledger.show().ranges, ledger.show().next_id) == (
        len(printed),
        max(last for _, last in printed) + 1,
    )


def reserve_in_processes(path: str) -> None:
    def reserve(seed: int) -> None:
        sizes, ledger = random.Random(seed), open_ledger(path)
        for _ in range(RESERVATIONS):
            print_range(ledger, sizes.randint(1, 1000))

    wait_for([fork(partial(reserve, seed)) for seed in range(PROCESSES)])


@pytest.mark.large
def test_thirty_two_processes_reserve_a_thousand_times_each(in_memory: Path) -> None:
    """In memory, where nobody waits for a disk, and so all wait for each other."""
    ledger = create_ledger(in_memory / "trade_ids.db")
    output = run_child(__file__, "reserve_with_thirty_two", ledger.path, timeout=1200)
    printed = read_ranges(output)
    assert len(printed) == 32 * EACH
    assert_contiguous_from_1(printed)
    assert ledger.check() == []


def reserve_with_thirty_two(path: str) -> None:
    ledger = open_ledger(path)
    wait_for([fork(lambda: [print_range(ledger, 3) for _ in range(EACH)]) for _ in range(32)])


@pytest.mark.slow
def test_checking_and_showing_meanwhile_neither_fail_nor_make_reservations_fail(tmp_path: Path) -> None:
    ledger = create_ledger(tmp_path / "trade_ids.db")
    printed = read_ranges(run_child(__file__, "reserve_while_others_read", ledger.path))
    assert len(printed) == 300
    assert_contiguous_from_1(printed)


def reserve_while_others_read(path: str) -> None:
    ledger = open_ledger(path)

    def read() -> None:
        while ledger.show().next_id <= 300:
            assert ledger.check() == []

    def reserve() -> None:
        for _ in range(100):
            print_range(ledger, 1)

    wait_for([fork(read), fork(read), fork(reserve), fork(reserve), fork(reserve)])


@pytest.mark.slow
def test_kill_9_at_random_moments_repeats_no_id_and_leaves_a_clean_ledger(in_memory: Path) -> None:
    ledger = create_ledger(in_memory / "trade_ids.db")
    *lines, journals = run_child(__file__, "reserve_and_be_killed", ledger.path, timeout=600).splitlines()
    printed = read_ranges("\n".join(lines))
    # The positive control: lives are long enough to reserve, on a busy machine too, and some end in the midst
    # of a commit.
    assert len(printed) > KILLS // 10
    assert int(journals) > KILLS // 40
    ids = list(itertools.chain.from_iterable(range(first, last + 1) for first, last in printed))
    assert len(ids) == len(set(ids))
    assert open_ledger(ledger.path).check() == []
    next_id = ledger.show().next_id
    assert next_id > max(ids)
    assert ledger.reserve(15) == next_id
    assert ledger.check() == []


def reserve_and_be_killed(path: str) -> None:
    moments, journal, journals = random.Random(20250721), Path(f"{path}-journal"), 0
    ledger = ledger_at(Path(path))
    began = time.perf_counter()
    for _ in range(10):
        print_range(ledger, 1)
    reservation = (time.perf_counter() - began) / 10

    def reserve_forever(seed: int) -> None:
        for number in itertools.count():
            print_range(ledger, 1 + (seed + number) % 9, key=f"{seed}-{number}" if number % 2 else None)

    for seed in range(KILLS):
        child = fork(partial(reserve_forever, seed))
        # A life lasts for some reservations of this disk, slow or fast.
        time.sleep(moments.uniform(0.002, 0.002 + 8 * reservation))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        journals += journal.exists()
    os.write(1, f"{journals}\n".encode())


@pytest.mark.slow
def test_a_fork_amid_other_threads_reservations_shares_no_ids_and_no_locks(tmp_path: Path) -> None:
    ledger = create_ledger(tmp_path / "trade_ids.db")
    printed = read_ranges(run_child(__file__, "fork_amid_threads", ledger.path))
    assert len(printed) == 4 * 50 + 20 * 5
    assert_contiguous_from_1(printed)
    assert ledger.check() == []


def fork_amid_threads(path: str) -> None:
    ledger = open_ledger(path)

    def reserve(times: int) -> None:
        for _ in range(times):
            print_range(ledger, 3)

    threads = [threading.Thread(target=reserve, args=(50,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_for([fork(lambda: reserve(5)) for _ in range(20)])
    for thread in threads:
        thread.join()


@pytest.mark.slow
def test_nobody_starves_while_others_reserve_without_pause(tmp_path: Path) -> None:
    """Every wait stays well below the deadline, 15 s by default."""
    path = create_ledger(tmp_path / "trade_ids.db").path
    longest = [float(line) for line in run_child(__file__, "time_the_longest_wait", path).split()]
    assert len(longest) == 6
    assert max(longest) < 5.0


def time_the_longest_wait(path: str) -> None:
    ledger = open_ledger(path)

    def measure() -> None:
        waits, end = [], time.monotonic() + 2.0
        while (start := time.monotonic()) < end:
            ledger.reserve(1)
            waits.append(time.monotonic() - start)
        os.write(1, f"{max(waits)}\n".encode())

    wait_for([fork(measure) for _ in range(6)])


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
