"""The ledger's promises in ordinary use."""

from __future__ import annotations

import os
import re
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from ledger_files import names_in, run_child, run_sql

from tradegen.errors import LedgerError
from tradegen.ledger import Ledger, create_ledger, open_ledger

# Reserving


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


# Creating


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


@pytest.mark.slow
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
