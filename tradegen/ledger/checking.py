"""Looking for damage through a whole ledger, reading only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tradegen.ledger.access import (
    DAMAGE_CODES,
    READ_ONLY_HEADER,
    connected,
    deadline_in,
    explain,
    is_writable,
    patiently,
    primary_code,
    require_regular_file,
    require_writable,
)
from tradegen.ledger.contract import MOST_FINDINGS
from tradegen.ledger.layout import (
    APPLICATION_ID,
    VERSION,
    DamageError,
    Range,
    has_expected_schema,
    has_expected_size,
    pragma,
)
from tradegen.ledger.names import find_second_name

# Rows read under one lock, so that reservations get their turn in between. Ranges are only ever appended,
# so reading on from where one stopped sees the same as reading all at once.
_CHUNK_ROWS = 20_000


def findings(path: Path, timeout: float) -> Iterator[str]:
    """What is wrong with the ledger at `path`, which is read only.

    `timeout` is in seconds, of each wait for other processes.
    """
    require_regular_file(path)
    if second_name := find_second_name(path):
        yield f"it {second_name}"
    try:
        yield from _frame_findings(path, timeout, writing=second_name is None)
    except DamageError as error:
        yield str(error)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_ROLLBACK:
            if not second_name:  # which keeps the ledger from being opened
                yield "an interrupted reservation waits to be rolled back: open the ledger, and it is"
        elif primary_code(error) in DAMAGE_CODES:
            yield f"SQLite cannot read it: {error}"
        else:
            raise explain(path, error) from error


def _frame_findings(path: Path, timeout: float, *, writing: bool) -> Iterator[str]:
    with connected(path, deadline_in(timeout), "ro") as connection:
        connection.execute("BEGIN")
        application = patiently(lambda: pragma(connection, "application_id"), deadline_in(timeout))
        if application != APPLICATION_ID:
            yield f"application_id is {application}, expected {APPLICATION_ID}: it is not a tradegen ledger"
        if (version := pragma(connection, "user_version")) != VERSION:
            yield f"user_version is {version}, expected {VERSION}"
        if (mode := pragma(connection, "journal_mode")) != "delete":
            yield f"its journal mode is {mode}, expected delete: the next reservation sets it right"
        if not has_expected_size(connection, path):
            yield "its length is not what its header says"
        if not (sound := has_expected_schema(connection)):
            yield "its schema is not the one tradegen writes"
        for (line,) in connection.execute(f"PRAGMA integrity_check({MOST_FINDINGS})"):
            if line != "ok":
                yield f"SQLite's integrity check: {line}"
    if sound:
        yield from _range_findings(path, timeout)
        if writing and is_writable(path):
            yield from _writing_findings(path, timeout)


def _writing_findings(path: Path, timeout: float) -> Iterator[str]:
    """Whether SQLite would write, tried by writing nothing."""
    with connected(path, deadline_in(timeout), "rw") as connection:
        connection.execute("BEGIN")
        try:
            patiently(lambda: require_writable(connection, path), deadline_in(timeout))
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_READONLY:
                raise
            yield READ_ONLY_HEADER


def _range_findings(path: Path, timeout: float) -> Iterator[str]:
    """Every range against its checksum, the range before it and the index on `last`."""
    previous: Range | None = None
    while True:
        by_table, by_index = _chunk(path, timeout, previous)
        if [row[:2] for row in by_table] != by_index:
            yield f"table and index name different ranges after id {previous.last if previous else 0}"
        for row in by_table:
            if previous is None and row.first != 0:
                yield f"it has lost its opening row: its first range starts at {row.first}"
            if previous is not None and row.first - 1 != previous.last:
                yield f"the range from {row.first} does not follow on from {previous.last}"
            if row.checksum != row.digest(previous.checksum if previous else ""):
                yield f"the range from {row.first} does not match its checksum"
            previous = row
        if not by_table:
            break
    if previous is None:
        yield "it has lost its opening row"


def _chunk(path: Path, timeout: float, after: Range | None) -> tuple[list[Range], list[tuple[int, int]]]:
    """The next ranges by table, and the first and last ids of the next ranges by index."""
    first, last = (after.first, after.last) if after else (-1, -1)
    with connected(path, deadline_in(timeout), "ro") as connection:
        connection.execute("BEGIN")
        by_table = patiently(
            lambda: connection.execute(
                "SELECT first, last, key, reserved_at, checksum FROM ranges NOT INDEXED"
                " WHERE first > ? ORDER BY first LIMIT ?",
                (first, _CHUNK_ROWS),
            ).fetchall(),
            deadline_in(timeout),
        )
        by_index = connection.execute(
            "SELECT first, last FROM ranges INDEXED BY ranges_by_last WHERE last > ? ORDER BY last LIMIT ?",
            (last, _CHUNK_ROWS),
        ).fetchall()
    return [Range(*row) for row in by_table], by_index
