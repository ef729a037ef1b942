"""Interruptions, locks and failing writes: refused in a sentence, nothing handed out, nothing damaged."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from ledger_files import run_child

from tradegen.errors import LedgerError
from tradegen.ledger import create_ledger, ledger_at, open_ledger
from tradegen.ledger.access import commit, explain

# Interrupted


def test_a_reservation_interrupted_while_it_writes_pages_is_rolled_back_to_the_byte(tmp_path: Path) -> None:
    path = create_ledger(tmp_path / "trade_ids.db").path
    ledger_at(path).reserve(15)
    before = path.read_bytes()
    run_child(__file__, "die_amid_writing", path)
    interrupted, journal = path.read_bytes(), Path(f"{path}-journal")
    assert interrupted != before
    assert journal.exists()
    assert ledger_at(path).check() == [
        "an interrupted reservation waits to be rolled back: open the ledger, and it is"
    ]
    assert path.read_bytes() == interrupted
    assert open_ledger(path).show().next_id == 16
    assert path.read_bytes() == before
    assert not journal.exists()
    assert ledger_at(path).check() == []


def die_amid_writing(path: str) -> None:
    if os.fork() == 0:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA cache_size = 1")  # so that pages go to the file before the commit
        connection.execute("BEGIN IMMEDIATE")
        rows = [(first, first, f"forged-{first}", "now", "") for first in range(16, 1000)]
        connection.executemany("INSERT INTO ranges VALUES (?, ?, ?, ?, ?)", rows)
        os.kill(os.getpid(), signal.SIGKILL)
    os.wait()


# Locked


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_locked_ledger_is_refused_at_the_deadline(tmp_path: Path, lock: str) -> None:
    path = create_ledger(tmp_path / "trade_ids.db").path
    before = path.read_bytes()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(lock)
        for use in (lambda: open_ledger(path, timeout=0.3), lambda: ledger_at(path, 0.3).reserve(1)):
            start = time.monotonic()
            with pytest.raises(
                LedgerError, match=r"is locked by another process; try again, or end what holds it$"
            ):
                use()
            assert 0.3 <= time.monotonic() - start < 2
    assert path.read_bytes() == before
    assert ledger_at(path, 0).reserve(1) == 1


def test_a_lock_that_goes_before_the_deadline_is_waited_for(tmp_path: Path) -> None:
    ledger = create_ledger(tmp_path / "trade_ids.db")
    with closing(sqlite3.connect(ledger.path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        release = threading.Timer(0.2, other.rollback)
        release.start()
        assert ledger.reserve(1) == 1
        release.join()


def test_a_commit_kept_out_by_a_reader_hands_out_nothing(tmp_path: Path) -> None:
    path = create_ledger(tmp_path / "trade_ids.db").path
    before = path.read_bytes()
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM ranges").fetchall()
        with pytest.raises(LedgerError, match="is locked by another process"):
            ledger_at(path, 0.2).reserve(1, key="event-1")
        assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [path.name]
    assert ledger_at(path).reserve(15, key="event-1") == 1


# Failing writes


@pytest.mark.parametrize("room", ["for the journal alone", "for nothing"])
def test_a_failing_write_hands_out_nothing_and_leaves_the_file_as_it_was(tmp_path: Path, room: str) -> None:
    """With room for the journal it is COMMIT that fails, once the ledger must grow by a page."""
    path = create_ledger(tmp_path / "trade_ids.db").path
    for _ in range(30):
        ledger_at(path).reserve(15)
    limit = path.stat().st_size if room == "for the journal alone" else 256
    told = json.loads(run_child(__file__, "reserve_until_refused", path, limit))
    assert told["commits refused"] == (room == "for the journal alone")
    assert re.search(
        r"trade_ids\.db could not be read or written \(SQLITE_IOERR\w*\); check the disk", told["error"]
    )
    assert told["unchanged"]
    assert [path.name for path in tmp_path.iterdir()] == [path.name]
    assert ledger_at(path).check() == []
    assert ledger_at(path).reserve(15, key="retry") == told["next id"] == 31 * 15 - 14 + 15 * told["reserved"]


def reserve_until_refused(path: str, limit: str) -> None:
    commits_refused = 0

    def counted(connection: sqlite3.Connection, deadline: float) -> None:
        nonlocal commits_refused
        commits_refused += 1
        commit(connection, deadline)
        commits_refused -= 1

    pytest.MonkeyPatch().setattr("tradegen.ledger.sqlite_ledger.commit", counted)
    ledger, error, reserved = ledger_at(Path(path)), "", 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    while not error:
        before = ledger.path.read_bytes()
        try:
            ledger.reserve(15, key=f"event-{reserved}")
            reserved += 1
        except LedgerError as refusal:
            error = str(refusal)
    told = {
        "error": error,
        "reserved": reserved,
        "commits refused": commits_refused,
        "unchanged": ledger.path.read_bytes() == before,
        "next id": ledger.show().next_id,
    }
    os.write(1, json.dumps(told).encode())


# Error codes that this suite cannot make the disk produce
@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        (sqlite3.SQLITE_FULL, "SQLITE_FULL", "is on a full disk; make room there and try again"),
        (sqlite3.SQLITE_IOERR | 4 << 8, "SQLITE_IOERR_FSYNC", "(SQLITE_IOERR_FSYNC); check the disk"),
        (sqlite3.SQLITE_NOLFS, "SQLITE_NOLFS", "is unusable for SQLite (SQLITE_NOLFS: message); see to that"),
    ],
)
def test_sqlite_errors_become_sentences(tmp_path: Path, code: int, name: str, expected: str) -> None:
    error = sqlite3.OperationalError("message")
    error.sqlite_errorcode, error.sqlite_errorname = code, name
    assert expected in str(explain(tmp_path / "trade_ids.db", error))


# Without permission

PERMISSIONS = {  # file mode, folder mode, what opening says, what reserving says
    "read-only file": (0o444, 0o777, "is read-only; make the file and its folder writable", "is read-only"),
    "read-only folder": (0o666, 0o555, "is read-only; make the file and its folder writable", "; make "),
    "unreadable file": (
        0o000,
        0o777,
        "is not accessible, or its folder is not; make both",
        "is not accessible",
    ),
    "closed folder": (
        0o666,
        0o000,
        "is out of reach (Permission denied); correct the path",
        "is out of reach",
    ),
}


@pytest.mark.parametrize("case", PERMISSIONS)
def test_a_ledger_that_may_not_be_written_is_refused_and_left_as_it_is(case: str) -> None:
    """Also when the tests run as root, whom no mode stops: a child gives up being root first."""
    file_mode, folder_mode, opening, reserving = PERMISSIONS[case]
    folder = Path(tempfile.mkdtemp())  # not tmp_path, which lies in a folder closed to other users
    try:
        path = create_ledger(folder / "trade_ids.db").path
        before = path.read_bytes()
        path.chmod(file_mode)
        folder.chmod(folder_mode)
        told = json.loads(run_child(__file__, "use_without_permission", path))
        folder.chmod(0o700)
        path.chmod(0o600)
        assert opening in told["open"]
        assert reserving in told["reserve"]
        readable = file_mode & 0o4 and folder_mode & 0o5
        assert told["check"] == ("[]" if readable else told["open"])
        assert told["create"].startswith(f"{folder / 'new.db'} ") or folder_mode == 0o777
        assert path.read_bytes() == before
        assert {path.name for path in folder.iterdir()} - {"new.db"} == {path.name}
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)


def use_without_permission(path: str) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    uses: dict[str, Callable[[], object]] = {
        "open": lambda: open_ledger(path),
        "reserve": lambda: ledger_at(Path(path)).reserve(1),
        "check": lambda: ledger_at(Path(path)).check(),
        "create": lambda: create_ledger(Path(path).with_name("new.db")),
    }
    told = {}
    for name, use in uses.items():
        try:
            told[name] = str(use())
        except LedgerError as refusal:
            told[name] = str(refusal)
    sys.stdout.write(json.dumps(told))


# Child processes run the functions of this file by name.


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
