"""`copy_ledger`: whole and checked, or nothing; the way out for a ledger with two names."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from ledger_files import names_in, original_ledger, run_sql
from shell import run
from test_ledger_names import interrupt

from tradegen.errors import LedgerError
from tradegen.ledger import Ledger, copy_ledger, create_ledger, open_ledger


def test_a_copy_goes_on_where_the_ledger_stands_and_knows_its_keys(tmp_path: Path, ledger: Ledger) -> None:
    ledger.reserve(7)
    ledger.reserve(15, key="event-1")
    before = ledger.path.read_bytes()
    copy = copy_ledger(ledger.path, tmp_path / "new.db")
    assert (copy.path, copy.check()) == (tmp_path / "new.db", [])
    assert [copy.reserve(15, key="event-1"), copy.reserve(1)] == [8, 23]
    assert ledger.path.read_bytes() == before
    assert names_in(tmp_path) == {"trade_ids.db", "new.db"}


def test_a_ledger_with_two_names_is_copied_with_all_that_either_gave(tmp_path: Path, ledger: Ledger) -> None:
    """The ledger was interrupted under one name, and went on under the other before that was refused."""
    interrupt(ledger.path)
    journal = Path(f"{ledger.path}-journal")
    aside = journal.rename(tmp_path / "aside")
    assert ledger.reserve(5) == 6
    aside.rename(journal)
    os.link(ledger.path, tmp_path / "second.db")
    before = ledger.path.read_bytes()
    for name in ("trade_ids.db", "second.db"):
        copy = copy_ledger(tmp_path / name, tmp_path / f"copy of {name}")
        assert copy.check() == []
        assert copy.reserve(5) == 11
    assert ledger.path.read_bytes() == before
    assert journal.exists()


def test_an_interrupted_reservation_is_undone_before_a_ledger_with_one_name_is_copied(
    tmp_path: Path, ledger: Ledger
) -> None:
    ledger.reserve(7)
    interrupt(ledger.path)
    assert copy_ledger(ledger.path, tmp_path / "new.db").reserve(5) == 8
    assert names_in(tmp_path) == {"trade_ids.db", "new.db"}


@pytest.mark.parametrize("names", [1, 2])
def test_a_ledger_of_the_original_script_is_carried_on_in_the_copy(tmp_path: Path, names: int) -> None:
    path = original_ledger(tmp_path / "old.db")
    if names == 2:
        os.link(path, tmp_path / "second.db")
    copy = copy_ledger(path, tmp_path / "new.db")
    assert copy.check() == []
    assert copy.reserve(1) == 21


def test_nothing_that_exists_is_copied_over(tmp_path: Path, ledger: Ledger) -> None:
    other = create_ledger(tmp_path / "other.db", first_id=500)
    (tmp_path / "dangling.db").symlink_to(tmp_path / "nowhere.db")
    for new in (other.path, ledger.path, tmp_path / "dangling.db", tmp_path):
        with pytest.raises(LedgerError, match=r"exists; open it, or choose another path$"):
            copy_ledger(ledger.path, new)
    assert (other.reserve(1), ledger.reserve(1)) == (500, 1)


def test_a_journal_left_beside_the_new_path_keeps_a_copy_from_being_made(
    tmp_path: Path, ledger: Ledger
) -> None:
    (tmp_path / "new.db-journal").write_bytes(b"pages of a ledger that was deleted")
    with pytest.raises(LedgerError, match=r"new\.db-journal is left over from another ledger; move it away"):
        copy_ledger(ledger.path, tmp_path / "new.db")


UNSOUND = {
    "tampered with": (
        "UPDATE ranges SET last = last + 1 WHERE first = 6",
        "does not match its checksum; keep it",
    ),
    "another schema": (
        "DROP INDEX ranges_by_last",
        "is damaged: its schema is not the one tradegen writes; keep",
    ),
    "of the future": (
        "PRAGMA user_version = 2",
        "is a ledger of version 2, and this tradegen knows version 1",
    ),
    "another's": ("PRAGMA application_id = 5", "not a tradegen ledger (application_id 5"),
}


@pytest.mark.parametrize("names", [1, 2])
@pytest.mark.parametrize("case", UNSOUND)
def test_what_is_no_sound_ledger_is_not_copied(tmp_path: Path, ledger: Ledger, case: str, names: int) -> None:
    for _ in range(4):
        ledger.reserve(5)
    sql, expected = UNSOUND[case]
    run_sql(ledger.path, sql)
    if names == 2:
        os.link(ledger.path, tmp_path / "second.db")
    before = names_in(tmp_path)
    with pytest.raises(LedgerError) as refusal:
        copy_ledger(ledger.path, tmp_path / "new.db")
    assert str(refusal.value).startswith(f"{ledger.path} ")
    assert expected in str(refusal.value)
    assert names_in(tmp_path) == before


def test_pages_half_written_under_two_names_are_not_copied(tmp_path: Path, ledger: Ledger) -> None:
    """Killed amid writing its pages: the table's page is new, the indexes' are old."""
    ledger.reserve(5)
    old = ledger.path.read_bytes()
    ledger.reserve(5)
    new = ledger.path.read_bytes()
    ledger.path.write_bytes(new[:8192] + old[8192:])
    os.link(ledger.path, tmp_path / "second.db")
    with pytest.raises(
        LedgerError, match=r"trade_ids\.db is damaged: its newest range is 6 to 10 by table, \(1, 5\)"
    ):
        copy_ledger(ledger.path, tmp_path / "new.db")
    assert names_in(tmp_path) == {"trade_ids.db", "second.db"}


def test_a_ledger_with_two_names_in_wal_mode_is_not_copied(tmp_path: Path, ledger: Ledger) -> None:
    run_sql(ledger.path, "PRAGMA journal_mode = WAL")
    os.link(ledger.path, tmp_path / "second.db")
    with pytest.raises(
        LedgerError, match=r"is in SQLite's WAL mode, .+; end what uses it, then run: sqlite3 "
    ):
        copy_ledger(ledger.path, tmp_path / "new.db")
    (tmp_path / "second.db").unlink()
    assert copy_ledger(ledger.path, tmp_path / "new.db").reserve(1) == 1


@pytest.mark.parametrize("names", [1, 2])
def test_a_ledger_that_is_being_written_is_copied_once_it_is_not(
    tmp_path: Path, ledger: Ledger, names: int
) -> None:
    if names == 2:
        os.link(ledger.path, tmp_path / "second.db")
    hold = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None)"
    hold += "; c.execute('BEGIN EXCLUSIVE'); print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(ledger.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdout.readline()  # printed once it holds the lock
        with pytest.raises(LedgerError, match=r"trade_ids\.db is locked by another process; try again"):
            copy_ledger(ledger.path, tmp_path / "new.db", timeout=0.2)
        assert not (tmp_path / "new.db").exists()
        release = threading.Timer(0.2, other.stdin.close)
        release.start()
        assert copy_ledger(ledger.path, tmp_path / "new.db").reserve(1) == 1
        release.join()


def test_nothing_is_copied_from_a_path_without_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    for name, expected in (("none.db", "is missing; correct"), ("empty.db", "is empty or cut short")):
        with pytest.raises(LedgerError, match=expected):
            copy_ledger(tmp_path / name, tmp_path / "new.db")
    assert names_in(tmp_path) == {"empty.db"}


def test_the_command_says_that_the_old_ledger_must_not_be_used_any_more(tmp_path: Path) -> None:
    create_ledger(tmp_path / "trade_ids.db").reserve(20)
    os.link(tmp_path / "trade_ids.db", tmp_path / "second.db")
    refused = run("generate", cwd=tmp_path)
    assert (refused.code, refused.out) == (2, "")
    assert "tradegen ledger copy" in refused.err
    assert run("ledger", "check", cwd=tmp_path).code == 1
    told = (
        "tradegen: copied trade_ids.db to new.db; ids go on at tid00000021\n"
        "tradegen: do not use trade_ids.db any more, by any of its names:"
        " it would hand out the same ids again\n"
    )
    assert run("ledger", "copy", "trade_ids.db", "new.db", cwd=tmp_path) == (0, "", told)
    assert run("ledger", "copy", "trade_ids.db", "new.db", cwd=tmp_path).code == 2
    assert open_ledger(tmp_path / "new.db").reserve(1) == 21
