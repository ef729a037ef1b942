"""What a ledger file holds, and how to tell that it holds it undamaged.

A ledger is an append-only table of ranges, each following on from the one before. Row 0 opens it: ids up
to its ``last`` are not this ledger's to give. So the table is never empty, and its tail always says
where to go on.

A bit flipped in a bare counter repeats ids, and SQLite notices nothing. Here every row carries a checksum
over itself and over the checksum of the row before. That alone would miss a tail row that vanishes whole,
for instance with a flipped cell count, so a second B-tree (the index on ``last``) must name the same tail.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tradegen.core.columns import LARGEST_ID
from tradegen.errors import LedgerError
from tradegen.ledger.names import reaching

APPLICATION_ID = int.from_bytes(b"tgLd", "big")
VERSION = 1
LONGEST_KEY = 512

_RANGES = f"""CREATE TABLE ranges (
    first INTEGER PRIMARY KEY CHECK (first >= 0),
    last INTEGER NOT NULL CHECK (last >= first),
    key TEXT UNIQUE CHECK (length(key) BETWEEN 1 AND {LONGEST_KEY}),
    reserved_at TEXT NOT NULL,
    checksum TEXT NOT NULL
) STRICT"""
_RANGES_BY_LAST = "CREATE UNIQUE INDEX ranges_by_last ON ranges (last)"
_SCHEMA = {
    ("table", "ranges", "ranges", _RANGES),
    ("index", "sqlite_autoindex_ranges_1", "ranges", None),
    ("index", "ranges_by_last", "ranges", _RANGES_BY_LAST),
}

# The original script's table stays in a ledger carried on from it; these stop that script, should it
# still run, from handing out ids that the ranges hand out too.
COUNTERS = "counters"
_REFUSAL = "BEGIN SELECT RAISE(ABORT, 'trade ids now come from the table ranges: use tradegen'); END"
_COUNTER_GUARDS = {
    ("trigger", name, COUNTERS, f"CREATE TRIGGER {name} BEFORE {event} ON {COUNTERS} {_REFUSAL}")
    for name, event in (("counters_refuse_insert", "INSERT"), ("counters_refuse_update", "UPDATE"))
}


class DamageError(Exception):
    """Something in the file is not as a ledger writes it; the message says what."""


class Range(NamedTuple):
    """One row: ids `first` to `last`, both included, reserved together."""

    first: int
    last: int
    key: str | None
    reserved_at: str
    checksum: str

    @classmethod
    def sealed(cls, first: int, last: int, key: str | None, previous: str) -> Range:
        """A range reserved now (UTC), with its checksum on top of the checksum of the row before."""
        reserved_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        unsealed = cls(first, last, key, reserved_at, "")
        return unsealed._replace(checksum=unsealed.digest(previous))

    def digest(self, previous: str) -> str:
        """The checksum this row must carry after a row that carries `previous`."""
        # default=repr: a damaged row may hold a blob, which must fail the comparison, not the encoding.
        text = json.dumps([previous, *self[:4]], default=repr)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def lay_out(connection: sqlite3.Connection, first_id: int, *, guard_counters: bool = False) -> None:
    """Make the open transaction's file a ledger whose first range will start at `first_id`."""
    connection.execute(_RANGES)
    connection.execute(_RANGES_BY_LAST)
    if guard_counters:
        for *_, sql in _COUNTER_GUARDS:
            connection.execute(sql)
    connection.execute("INSERT INTO ranges VALUES (?, ?, ?, ?, ?)", Range.sealed(0, first_id - 1, None, ""))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def pragma(connection: sqlite3.Connection, name: str) -> int | str:
    """The value of a one-valued PRAGMA."""
    value: int | str = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def has_expected_schema(connection: sqlite3.Connection) -> bool:
    """Whether the file defines what `lay_out` defines, letter for letter, and nothing else."""
    found = set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema"))
    originals = {entry for entry in found if entry[2] == COUNTERS and entry[0] != "trigger"}
    return found - originals == (_SCHEMA | _COUNTER_GUARDS if originals else _SCHEMA)


def has_expected_size(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the file is as long as its header says."""
    if pragma(connection, "journal_mode") == "wal":
        return True  # the newest pages are in another file
    pages, page_size = int(pragma(connection, "page_count")), int(pragma(connection, "page_size"))
    with reaching(path):  # it can be taken away meanwhile
        return path.stat().st_size == pages * page_size


def require_ledger(connection: sqlite3.Connection, path: Path) -> None:
    """Raise unless the file is a ledger that this version understands, whole on the outside.

    Raises
    ------
    LedgerError
        If it is something else.
    DamageError
        If it is a ledger with another schema or length than a ledger has.
    """
    application, version = pragma(connection, "application_id"), pragma(connection, "user_version")
    if application != APPLICATION_ID:
        raise LedgerError(
            f"{path} is a SQLite file, but not a tradegen ledger (application_id {application}, expected"
            f" {APPLICATION_ID}); correct the path"
        )
    if int(version) > VERSION:
        raise LedgerError(
            f"{path} is a ledger of version {version}, and this tradegen knows version {VERSION};"
            " upgrade tradegen"
        )
    if version != VERSION:
        raise DamageError(f"its version is {version}, expected {VERSION}")
    if not has_expected_schema(connection):
        raise DamageError("its schema is not the one tradegen writes")
    if not has_expected_size(connection, path):
        raise DamageError("its length is not what its header says")


def _sealed_range(connection: sqlite3.Connection, at_most: int) -> Range:
    """The range with the greatest `first` up to `at_most`, its checksum proven against its predecessor."""
    rows = connection.execute(
        "SELECT first, last, key, reserved_at, checksum FROM ranges NOT INDEXED"
        " WHERE first <= ? ORDER BY first DESC LIMIT 2",
        (at_most,),
    ).fetchall()
    if not rows:
        raise DamageError("it has lost its opening row")
    found, previous = Range(*rows[0]), "" if len(rows) == 1 else rows[1][4]
    if found.checksum != found.digest(previous):
        raise DamageError(f"the range from {found.first} does not match its checksum")
    return found


def tail(connection: sqlite3.Connection) -> Range:
    """The newest range, as the table and the index on `last` both name it.

    Raises
    ------
    DamageError
        If they differ, or the range does not match its checksum.
    """
    newest = _sealed_range(connection, LARGEST_ID)
    # Covered by the index, which holds (last, first): the table's pages are not read for it.
    by_last = connection.execute(
        "SELECT first, last FROM ranges INDEXED BY ranges_by_last ORDER BY last DESC LIMIT 1"
    ).fetchone()
    if by_last != newest[:2]:
        raise DamageError(f"its newest range is {newest.first} to {newest.last} by table, {by_last} by index")
    return newest


def find(connection: sqlite3.Connection, key: str) -> Range | None:
    """The range reserved under `key`, its checksum proven; None if there is none."""
    row = connection.execute("SELECT first FROM ranges WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    # The key's index is only a hint of where to look: the row itself must say that it is this key's.
    found = _sealed_range(connection, row[0])
    if (found.first, found.key) != (row[0], key):
        raise DamageError(f"its index of keys misplaces {key!r}")
    return found


def append(connection: sqlite3.Connection, newest: Range, count: int, key: str | None) -> Range:
    """Add `count` ids after the newest range, the tail, and read them back; the caller commits."""
    added = Range.sealed(newest.last + 1, newest.last + count, key, newest.checksum)
    connection.execute("INSERT INTO ranges VALUES (?, ?, ?, ?, ?)", added)
    if tail(connection) != added:
        raise DamageError("a new range does not read back as it was written")
    return added
