"""The ledger's promises in ordinary use."""

from __future__ import annotations

import os
import pickle
import re
import sys
import threading
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from ledger_files import LARGEST, names_in, run_child, run_sql

from tradegen.errors import LedgerError
from tradegen.ledger import Ledger, create_ledger, open_ledger

# Reserving


def test_ids_start_at_1_and_follow_on(ledger: Ledger) -> None:
    assert [ledger.reserve(15), ledger.reserve(1), ledger.reserve(4), ledger.reserve(1)] == [1, 16, 17, 21]


def test_ids_follow_on_after_reopening(ledger: Ledger) -> None:
    ledger.reserve(15)
    assert open_ledger(ledger.path).reserve(15) == 16


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


def test_ids_pass_eight_digits_without_wrapping(tmp_path: Path) -> None:
    ledger = create_ledger(tmp_path / "wide.db", first_id=99_999_990)
    assert ledger.reserve(15) == 99_999_990
    assert ledger.reserve(15) == 100_000_005


def test_ids_go_up_to_the_largest_and_then_stop(tmp_path: Path) -> None:
    ledger = create_ledger(tmp_path / "last.db", first_id=LARGEST - 9)
    assert ledger.reserve(4) == LARGEST - 9
    with pytest.raises(
        LedgerError, match=r"last\.db has 6 ids left up to 9223372036854775807, and 7 were asked"
    ):
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
        open_ledger(ledger.path, timeout=timeout)


def test_ids_do_not_depend_on_the_clock(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.reserve(15)
    stopped = SimpleNamespace(now=lambda zone: datetime(1970, 1, 1, tzinfo=zone))
    monkeypatch.setattr("tradegen.ledger.layout.datetime", stopped)
    assert ledger.reserve(15) == 16
    assert ledger.show().last.reserved_at.startswith("1970-01-01")  # type: ignore[union-attr]
    assert ledger.check() == []


# The file


def test_reservations_go_to_the_file_now_at_the_path(tmp_path: Path, ledger: Ledger) -> None:
    ledger.reserve(15)
    other = create_ledger(tmp_path / "other.db", first_id=1000)
    other.path.replace(ledger.path)
    assert ledger.reserve(15) == 1000
    ledger.path.unlink()
    with pytest.raises(LedgerError, match="is missing"):
        ledger.reserve(15)


def test_a_symlink_leads_to_the_same_ledger(tmp_path: Path, ledger: Ledger) -> None:
    (tmp_path / "link.db").symlink_to(ledger.path)
    link = open_ledger(tmp_path / "link.db")
    assert [ledger.reserve(5), link.reserve(5), ledger.reserve(5)] == [1, 6, 11]


def test_a_change_of_directory_leads_to_no_other_ledger(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    relative = open_ledger(ledger.path.name)
    monkeypatch.chdir("/")
    assert relative.reserve(1) == 1
    assert relative.path == ledger.path


@pytest.mark.parametrize(
    "name", ["per%20cent.db", "what?mode=ro&x.db", "hash#1.db", "späce 💹.db", "a'b\".db"]
)
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    ledger = create_ledger(tmp_path / name)
    assert [ledger.reserve(2), open_ledger(tmp_path / name).reserve(2)] == [1, 3]
    assert names_in(tmp_path) == {name}


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


# Creating


def test_a_new_ledger_starts_where_it_is_told_to(tmp_path: Path) -> None:
    ledger = create_ledger(tmp_path / "new.db", first_id=501)
    shown = ledger.show()
    assert (shown.first_id, shown.next_id, shown.ranges, shown.ids, shown.last) == (501, 501, 0, 0, None)
    assert ledger.reserve(10) == 501
    assert ledger.check() == []


@pytest.mark.parametrize("first_id", [0, -5, True, 1.5, "1", 2**63])
def test_a_first_id_that_is_no_id_is_refused(tmp_path: Path, first_id: object) -> None:
    with pytest.raises(LedgerError, match=r"^first_id is .+; expected a whole number from 1"):
        create_ledger(tmp_path / "new.db", first_id=first_id)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_creating_never_replaces_what_is_there(tmp_path: Path, ledger: Ledger) -> None:
    ledger.reserve(15)
    (tmp_path / "dangling.db").symlink_to(tmp_path / "nowhere.db")
    (tmp_path / "empty.db").touch()
    for path in (ledger.path, tmp_path / "dangling.db", tmp_path / "empty.db", tmp_path):
        with pytest.raises(
            LedgerError, match=rf"^{re.escape(str(path))} exists; open it, or choose another path$"
        ):
            create_ledger(path)
    assert ledger.reserve(1) == 16
    assert not (tmp_path / "nowhere.db").exists()


def test_a_missing_folder_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"its folder does not exist; create the folder first$"):
        create_ledger(tmp_path / "absent" / "new.db")
    assert list(tmp_path.iterdir()) == []


def test_a_journal_left_over_from_another_ledger_keeps_a_new_one_from_being_created(tmp_path: Path) -> None:
    (tmp_path / "new.db-journal").write_bytes(b"pages of a ledger that was deleted")
    with pytest.raises(LedgerError, match=r"new\.db-journal is left over from another ledger; move it away"):
        create_ledger(tmp_path / "new.db")


def test_of_processes_racing_to_create_one_wins_and_the_others_are_told(tmp_path: Path) -> None:
    """Several rounds; in each, all start at once and only one may succeed, in a folder with no litter."""
    output = run_child(__file__, "race_to_create", tmp_path, 12, 4)
    outcomes = [line.split(maxsplit=1) for line in output.splitlines()]
    for number in range(12):
        told = [what for name, what in outcomes if name == f"{number}.db"]
        assert sorted(what == "created" for what in told) == [False, False, False, True], told
        assert all(what == "created" or "exists; open it" in what for what in told)
        assert open_ledger(tmp_path / f"{number}.db").reserve(5) == 1
    assert names_in(tmp_path) == {f"{number}.db" for number in range(12)}


def race_to_create(folder: str, rounds: str, racers: str) -> None:
    for number in range(int(rounds)):
        gate_out, gate_in = os.pipe()
        children = []
        for _ in range(int(racers)):
            children.append(child := os.fork())
            if child == 0:
                os.close(gate_in)
                os.read(gate_out, 1)  # returns when the parent closes its end
                try:
                    create_ledger(Path(folder, f"{number}.db"))
                    told = "created"
                except LedgerError as error:
                    told = str(error)
                os.write(1, f"{number}.db {told}\n".encode())
                os._exit(0)
        os.close(gate_out)
        os.close(gate_in)
        for child in children:
            os.waitpid(child, 0)


# Showing and checking


def test_show_tells_where_the_ledger_stands(ledger: Ledger) -> None:
    ledger.reserve(15)
    ledger.reserve(30, key="event-1")
    shown = ledger.show()
    assert (shown.path, shown.first_id, shown.next_id, shown.ranges, shown.ids) == (ledger.path, 1, 46, 2, 45)
    assert shown.last is not None
    assert (shown.last.first, shown.last.last, shown.last.key) == (16, 45, "event-1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", shown.last.reserved_at)


TAMPERING = {
    "a count changed": ("UPDATE ranges SET last = last + 1 WHERE first = 21", "does not match its checksum"),
    "a key changed": ("UPDATE ranges SET key = 'k9' WHERE key = 'k1'", "does not match its checksum"),
    "a time changed": ("UPDATE ranges SET reserved_at = '' WHERE first = 6", "does not match its checksum"),
    "a row lost": ("DELETE FROM ranges WHERE first = 11", "from 16 does not follow on from 10"),
    "the opening row lost": ("DELETE FROM ranges WHERE first = 0", "lost its opening row"),
    "all rows lost": ("DELETE FROM ranges", "lost its opening row"),
    "another version": ("PRAGMA user_version = 2", "user_version is 2, expected 1"),
    "another application": ("PRAGMA application_id = 5", "not a tradegen ledger"),
    "an index missing": ("DROP INDEX ranges_by_last", "schema is not the one tradegen writes"),
    "a trigger added": ("CREATE TRIGGER t AFTER INSERT ON ranges BEGIN SELECT 1; END", "schema is not"),
    "a table added": ("CREATE TABLE notes (note)", "schema is not the one tradegen writes"),
    "WAL mode": ("PRAGMA journal_mode = WAL", "journal mode is wal"),
}


@pytest.mark.parametrize("case", TAMPERING)
def test_check_finds_what_was_tampered_with_and_changes_nothing(ledger: Ledger, case: str) -> None:
    for number in range(5):
        ledger.reserve(5, key=f"k{number}")
    assert ledger.check() == []
    sql, expected = TAMPERING[case]
    run_sql(ledger.path, sql)
    before = ledger.path.read_bytes()
    assert any(expected in finding for finding in ledger.check()), ledger.check()
    assert ledger.path.read_bytes() == before


def test_check_reads_long_ledgers_in_chunks(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        ledger.reserve(number + 1)
    for chunk_rows in (1, 2, 3, 11):
        monkeypatch.setattr("tradegen.ledger.checking._CHUNK_ROWS", chunk_rows)
        assert ledger.check() == []
    run_sql(ledger.path, "UPDATE ranges SET last = last + 1 WHERE first = 37")
    monkeypatch.setattr("tradegen.ledger.checking._CHUNK_ROWS", 4)
    assert "the range from 37 does not match its checksum" in ledger.check()


def test_check_reads_what_reserve_may_not_write(ledger: Ledger) -> None:
    ledger.reserve(5)
    ledger.path.chmod(0o444)
    assert ledger.check() == []


def test_a_ledger_put_in_wal_mode_comes_back_to_a_rollback_journal(ledger: Ledger) -> None:
    ledger.reserve(5)
    run_sql(ledger.path, "PRAGMA journal_mode = WAL")
    assert ledger.show().next_id == 6
    assert ledger.reserve(5) == 6
    assert ledger.path.read_bytes()[18:20] == b"\x01\x01"  # the header's mark of a rollback journal
    assert ledger.check() == []


# Child processes run the functions of this file by name.


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
