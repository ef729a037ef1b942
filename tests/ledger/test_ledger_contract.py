"""What every ledger promises, wherever it is kept: the same tests of a file and of a DynamoDB table."""

from __future__ import annotations

import multiprocessing
import pickle
import re
import threading
from pathlib import Path

import numpy as np
import pytest
from ledger_files import LARGEST
from sizes import size

from tradegen.errors import LedgerError
from tradegen.ledger import Ledger, create_ledger, open_ledger, open_or_create


@pytest.fixture(params=["file", "table"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a ledger can be created: a path, or the URL of a table."""
    if request.param == "file":
        return str(tmp_path / "trade_ids.db")
    return f"dynamodb://{request.getfixturevalue('dynamo').new_table()}"


@pytest.fixture
def ledger(place: str) -> Ledger:
    return create_ledger(place, timeout=60)  # for moto on a busy machine


def test_ids_start_at_1_and_follow_on(ledger: Ledger) -> None:
    assert [ledger.reserve(15), ledger.reserve(1), ledger.reserve(4), ledger.reserve(1)] == [1, 16, 17, 21]


def test_ids_follow_on_after_reopening(ledger: Ledger) -> None:
    ledger.reserve(15)
    assert open_ledger(ledger.place).reserve(15) == 16


def test_a_known_key_gets_its_range_again_and_takes_no_new_ids(ledger: Ledger) -> None:
    ledger.reserve(7)
    assert ledger.reserve(15, key="event-1") == 8
    assert ledger.reserve(15, key="event-2") == 23
    assert [ledger.reserve(15, key="event-1") for _ in range(3)] == [8, 8, 8]
    assert [ledger.reserve(1, key="a single id") for _ in range(2)] == [38, 38]
    assert ledger.reserve(1) == 39


def test_keys_are_told_apart_to_the_letter(ledger: Ledger) -> None:
    keys = ["a", "A", "a ", "á", "a\u0301", "1", "01", "x" * 512, "💹" * 512, "' OR 1=1 --"]
    firsts = [ledger.reserve(2, key=key) for key in keys]
    assert firsts == [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]
    assert [ledger.reserve(2, key=key) for key in keys] == firsts
    assert ledger.check() == []


def test_a_known_key_with_another_count_is_refused(ledger: Ledger) -> None:
    ledger.reserve(15, key="event-1")
    with pytest.raises(
        LedgerError, match=r"holds 15 ids under the key 'event-1', and 16 were asked for; use"
    ):
        ledger.reserve(16, key="event-1")
    assert ledger.reserve(1) == 16


def test_ids_pass_eight_digits_without_wrapping(place: str) -> None:
    ledger = create_ledger(place, first_id=99_999_990)
    assert ledger.reserve(15) == 99_999_990
    assert ledger.reserve(15) == 100_000_005


def test_ids_go_up_to_the_largest_and_then_stop(place: str) -> None:
    ledger = create_ledger(place, first_id=LARGEST - 9)
    assert ledger.reserve(4) == LARGEST - 9
    with pytest.raises(LedgerError, match=r"has 6 ids left up to 9223372036854775807, and 7 were asked"):
        ledger.reserve(7)
    assert ledger.reserve(6) == LARGEST - 5
    with pytest.raises(LedgerError, match=r"has 0 ids left"):
        ledger.reserve(1)
    assert ledger.check() == []


def test_all_ids_can_go_in_one_reservation(ledger: Ledger) -> None:
    assert ledger.reserve(LARGEST) == 1
    assert ledger.show().next_id == 2**63


def test_numpy_integers_count(ledger: Ledger) -> None:
    assert ledger.reserve(np.int64(15)) == 1
    assert ledger.reserve(np.uint8(15)) == 16


@pytest.mark.parametrize(
    "count", [0, -1, True, False, 1.0, 15.5, "15", None, 2**63, np.bool_(True), np.float64(3)]
)
def test_a_count_that_is_no_count_is_refused(ledger: Ledger, count: object) -> None:
    with pytest.raises(
        LedgerError, match=r"^count is .+; expected a whole number from 1 to 9223372036854775807$"
    ):
        ledger.reserve(count)  # type: ignore[arg-type]
    assert ledger.reserve(1) == 1


@pytest.mark.parametrize("key", ["", "x" * 513, "a\0b", "\ud800", 7, b"event"])
def test_a_key_that_is_no_key_is_refused(ledger: Ledger, key: object) -> None:
    with pytest.raises(LedgerError, match=r"^key is .+; expected text of 1 to 512 characters"):
        ledger.reserve(1, key=key)  # type: ignore[arg-type]
    assert ledger.reserve(1) == 1


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("inf"), 1e9])
def test_a_timeout_that_is_no_wait_is_refused(ledger: Ledger, timeout: float) -> None:
    with pytest.raises(LedgerError, match=r"^timeout is .+; expected seconds from 0 to 86400$"):
        open_ledger(ledger.place, timeout=timeout)


def test_a_ledger_can_be_pickled(ledger: Ledger) -> None:
    ledger.reserve(3)
    assert pickle.loads(pickle.dumps(ledger)).reserve(3) == 4


def test_threads_share_a_ledger_without_duplicates(ledger: Ledger) -> None:
    firsts: list[int] = []
    threads = [
        threading.Thread(target=lambda: firsts.extend(ledger.reserve(3) for _ in range(10))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(firsts) == list(range(1, 241, 3))


def test_a_new_ledger_starts_where_it_is_told_to(place: str) -> None:
    ledger = create_ledger(place, first_id=501)
    shown = ledger.show()
    assert (shown.first_id, shown.next_id, shown.ranges, shown.ids, shown.last) == (501, 501, 0, 0, None)
    assert ledger.reserve(10) == 501
    assert ledger.check() == []


@pytest.mark.parametrize("first_id", [0, -5, True, 1.5, "1", 2**63])
def test_a_first_id_that_is_no_id_is_refused(place: str, first_id: object) -> None:
    with pytest.raises(LedgerError, match=r"^first_id is .+; expected a whole number from 1"):
        create_ledger(place, first_id=first_id)  # type: ignore[arg-type]
    with pytest.raises(LedgerError, match="is missing"):
        open_ledger(place)


def test_show_tells_where_the_ledger_stands(ledger: Ledger, place: str) -> None:
    ledger.reserve(15)
    ledger.reserve(30, key="event-1")
    shown = ledger.show()
    assert (shown.place, shown.first_id, shown.next_id, shown.ranges, shown.ids) == (place, 1, 46, 2, 45)
    assert shown.last is not None
    assert (shown.last.first, shown.last.last, shown.last.key) == (16, 45, "event-1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", shown.last.reserved_at)


def test_a_known_key_gets_its_range_again_where_no_id_is_left(place: str) -> None:
    ledger = create_ledger(place, first_id=LARGEST - 9)
    assert ledger.reserve(10, key="event-1") == LARGEST - 9
    with pytest.raises(LedgerError, match="has 0 ids left"):
        ledger.reserve(10, key="event-2")
    assert ledger.reserve(10, key="event-1") == LARGEST - 9


def test_a_ledger_that_exists_is_not_created_again(ledger: Ledger) -> None:
    ledger.reserve(15)
    with pytest.raises(LedgerError, match=r"exists; open it, or choose another"):
        create_ledger(ledger.place, first_id=1)
    assert ledger.reserve(1) == 16


def test_a_ledger_that_is_not_there_is_refused_with_the_way_out(place: str) -> None:
    with pytest.raises(LedgerError) as refusal:
        open_ledger(place)
    sentence = str(refusal.value)
    assert sentence.startswith(f"{place} is missing")
    assert "; correct the " in sentence
    assert f"tradegen ledger create {place}" in sentence


def test_opening_a_ledger_that_is_there_creates_nothing_and_says_nothing(ledger: Ledger) -> None:
    ledger.reserve(15)
    notices: list[str] = []
    assert open_or_create(ledger.place, notices.append).reserve(1) == 16
    assert notices == []


def test_under_the_same_keys_threads_get_the_same_ranges(ledger: Ledger) -> None:
    """Each event is delivered four times at once."""
    given: list[tuple[str, int]] = []

    def deliver() -> None:
        given.extend((key, ledger.reserve(3, key=key)) for key in map(str, range(6)))

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == 4 * 6
    assert sorted({first for _, first in given}) == list(range(1, 18, 3))
    assert len(set(given)) == 6


@pytest.mark.sized
def test_processes_share_a_ledger_without_duplicate_or_gap(ledger: Ledger) -> None:
    """They are forked from one that has used the ledger, as workers are."""
    ledger.reserve(2)
    processes, times = size(3, 8), size(6, 25)
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        given = pool.starmap(reserve_often, [(ledger, times)] * processes)
        # They end by themselves. At its end, a pool sends SIGTERM to those that are left, and where a command
        # ran in this process before, they have its handler, which a process that waits for a lock can miss.
        pool.close()
        pool.join()
    firsts = sorted(first for one in given for first in one)
    assert firsts == list(range(3, 3 + 2 * processes * times, 2))
    assert ledger.check() == []


def reserve_often(ledger: Ledger, times: int) -> list[int]:
    return [ledger.reserve(2) for _ in range(times)]
