"""Ledgers of the original script, which are carried on, and files that are refused with a sentence."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from ledger_files import LARGEST, names_in, original_ledger, run_sql

from tradegen.errors import LedgerError
from tradegen.ledger import Ledger, create_ledger, ledger_at, open_ledger

# The original script's ledger


@pytest.mark.parametrize("value", [0, 1, 20, 99_999_999, LARGEST - 1])
def test_a_ledger_of_the_original_script_is_carried_on(tmp_path: Path, value: int) -> None:
    ledger = open_ledger(original_ledger(tmp_path / "old.db", str(value)))
    assert (ledger.show().first_id, ledger.show().next_id, ledger.show().ids) == (value + 1, value + 1, 0)
    assert ledger.reserve(1) == value + 1
    assert ledger.check() == []
    with closing(sqlite3.connect(ledger.path)) as connection:
        assert connection.execute("SELECT * FROM counters").fetchall() == [("trade_id", value)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE counters SET value = value + 1 WHERE name = 'trade_id'",
        "INSERT OR REPLACE INTO counters VALUES ('trade_id', 21)",
        "INSERT OR IGNORE INTO counters VALUES ('trade_id', 0)",
        "INSERT INTO counters VALUES ('trade_id', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
    ],
)
def test_the_original_script_fails_loudly_once_its_ledger_is_carried_on(
    tmp_path: Path, statement: str
) -> None:
    path = original_ledger(tmp_path / "old.db")
    with closing(sqlite3.connect(path)) as script:
        script.execute("SELECT value FROM counters").fetchall()
        assert open_ledger(path).reserve(1) == 21
        with pytest.raises(sqlite3.IntegrityError, match="use tradegen"):
            script.execute(statement)


def test_an_original_ledger_in_wal_mode_ends_in_rollback_mode(tmp_path: Path) -> None:
    path = original_ledger(tmp_path / "old.db", also="PRAGMA journal_mode = WAL;")
    assert path.read_bytes()[18:20] == b"\x02\x02"
    assert open_ledger(path).reserve(1) == 21
    assert path.read_bytes()[18:20] == b"\x01\x01"
    assert names_in(tmp_path) == {"old.db"}


def test_an_original_ledger_put_at_the_path_later_is_carried_on_too(tmp_path: Path, ledger: Ledger) -> None:
    original_ledger(tmp_path / "old.db").replace(ledger.path)
    assert ledger.reserve(1) == 21


# What is refused


def bad_original(value: str, also: str = "") -> Callable[[Path], object]:
    return lambda path: original_ledger(path, value, also)


def altered(sql: str) -> Callable[[Path], object]:
    return lambda path: run_sql(create_ledger(path).path, sql)


def overwritten(offset: int, data: bytes) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        create_ledger(path).reserve(5)
        content = bytearray(path.read_bytes())
        content[offset : offset + len(data)] = data
        path.write_bytes(content)

    return make


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "is missing; correct the path, or create it: tradegen ledger create "),
    "dangling link": (lambda path: path.symlink_to("nowhere"), "is missing; correct the path"),
    "empty": (Path.touch, "is empty or cut short (0 bytes), as no ledger ever is; move it away and create a"),
    "directory": (Path.mkdir, "is a directory, not a file; correct the path"),
    "FIFO": (os.mkfifo, "is a FIFO, socket or device, not a file; correct the path"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is a FIFO, socket or device, not a file"),
    "one byte": (
        lambda path: path.write_bytes(b"S"),
        "is empty or cut short (1 bytes), as no ledger",
    ),
    "text": (lambda path: path.write_text("trade_id,value\n" * 99), "is not a SQLite database; correct"),
    "other database": (lambda path: run_sql(path, "CREATE TABLE t (x)"), "not a tradegen ledger"),
    "other application": (
        altered("PRAGMA application_id = 252006674"),
        "a tradegen ledger (application_id 252006674",
    ),
    "no application": (
        altered("PRAGMA application_id = 0"),
        "not a tradegen ledger (application_id 0, expected",
    ),
    "future version": (
        altered("PRAGMA user_version = 2"),
        "is a ledger of version 2, and this tradegen knows",
    ),
    "no version": (altered("PRAGMA user_version = 0"), "is damaged: its version is 0, expected 1; keep it"),
    "column added": (altered("ALTER TABLE ranges ADD note TEXT"), "is damaged: its schema is not the one"),
    "index dropped": (altered("DROP INDEX ranges_by_last"), "is damaged: its schema is not the one tradegen"),
    "table dropped": (altered("DROP TABLE ranges"), "is damaged: its schema is not the one tradegen writes"),
    "rows deleted": (altered("DELETE FROM ranges"), "is damaged: it has lost its opening row; keep it"),
    "tail changed": (
        altered("UPDATE ranges SET last = 9"),
        "is damaged: the range from 0 does not match its",
    ),
    "page of zeros": (
        overwritten(4096, bytes(4096)),
        "is damaged: database disk image is malformed; keep it",
    ),
    "longer than it says": (
        overwritten(16384, bytes(9)),
        "is damaged: its length is not what its header says",
    ),
    "future file format": (overwritten(18, b"\x03\x03"), "is not a SQLite database"),
    "future file format to write": (
        overwritten(18, b"\x03"),
        "is damaged: its header lets SQLite read it only; keep",
    ),
    "original, negative": (
        bad_original("-1"),
        "of the original script with the value -1 for trade_id, expected",
    ),
    "original, NULL": (bad_original("NULL"), "of the original script with the value None for trade_id"),
    "original, text": (
        bad_original("'twenty'"),
        "of the original script with the value 'twenty' for trade_id",
    ),
    "original, fraction": (bad_original("20.5"), "of the original script with the value 20.5 for trade_id"),
    "original, blob": (bad_original("x'14'"), r"of the original script with the value b'\x14' for trade_id"),
    "original, too large": (bad_original(str(LARGEST)), "with the value 9223372036854775807 for trade_id"),
    "original, far too large": (bad_original("1e300"), "with the value 1e+300 for trade_id"),
    "original, no row": (bad_original("20", "DELETE FROM counters"), "with 0 values for trade_id"),
    "original, row renamed": (bad_original("20", "UPDATE counters SET name = 'id'"), "with 0 values for"),
    "original, negative, WAL": (
        bad_original("-1", "PRAGMA journal_mode = WAL"),
        "with the value -1 for trade_id",
    ),
    "original, other columns": (
        lambda path: run_sql(path, "CREATE TABLE counters (id, n)"),
        "not a tradegen ledger (application_id 0",
    ),
    "original, other tables": (
        bad_original("20", "CREATE TABLE t (x)"),
        "not a tradegen ledger (application_id 0",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_sound_ledger_is_refused_in_one_sentence_and_left_as_it_is(
    tmp_path: Path, case: str
) -> None:
    make, expected = REFUSED[case]
    path = tmp_path / "trade_ids.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    for use in (lambda: open_ledger(path, timeout=0.2), lambda: ledger_at(path, 0.2).reserve(1)):
        with pytest.raises(LedgerError) as refusal:
            use()
        sentence = str(refusal.value)
        assert sentence.startswith(f"{path} ")
        assert expected in sentence
        assert re.fullmatch(r"[^\n]+; [^\n]+[^.\n]", sentence), "names the way out, on one line"
    assert (path.read_bytes() if path.is_file() else None) == before
    assert names_in(tmp_path) <= {path.name}


def test_an_older_sqlite_is_refused(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(LedgerError, match=r"use a Python whose SQLite is 3\.37 or newer$"):
        open_ledger(ledger.path)


@pytest.mark.parametrize("path", ["a\0b.db", "x" * 300, "/dev/null/trade_ids.db"])
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises(LedgerError, match=r"is out of reach \(.+\); correct the path or its permissions$"):
        open_ledger(path)


def test_a_key_whose_index_points_at_the_range_of_another_is_damage_and_not_an_answer(tmp_path: Path) -> None:
    ledger = create_ledger(tmp_path / "ids.db")
    ledger.reserve(3)
    ledger.reserve(5, key="event-1")
    ledger.reserve(5, key="event-2")
    content = bytearray((tmp_path / "ids.db").read_bytes())
    size = int.from_bytes(content[16:18], "big")
    # A leaf of an index begins with 10; there, what follows a key is the row it is at.
    [start] = [
        start for start in range(0, len(content), size)
        if content[start] == 10 and b"event-1" in content[start : start + size]
    ]  # fmt: skip
    one, two = (content.index(key, start) + len(key) for key in (b"event-1", b"event-2"))
    content[one], content[two] = content[two], content[one]
    (tmp_path / "ids.db").write_bytes(content)
    with pytest.raises(LedgerError, match="its index of keys misplaces 'event-1'"):
        open_ledger(tmp_path / "ids.db").reserve(5, key="event-1")
