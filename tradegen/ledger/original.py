"""Carrying on from a ledger of the original script: one table of counters, whose row is the last id given."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tradegen.core.columns import LARGEST_ID
from tradegen.errors import LedgerError
from tradegen.ledger.access import NEW_LEDGER, begin, commit, leave_wal
from tradegen.ledger.layout import COUNTERS, DamageError, lay_out, pragma


def is_original(connection: sqlite3.Connection) -> bool:
    """Whether the file is the original script's: no application's own, with nothing but its one table."""
    if pragma(connection, "application_id") != 0 or pragma(connection, "user_version") != 0:
        return False
    tables = connection.execute("SELECT DISTINCT tbl_name FROM sqlite_schema").fetchall()
    columns = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({COUNTERS})")]
    return tables == [(COUNTERS,)] and columns == ["name", "value"]


def _next_id(connection: sqlite3.Connection, path: Path) -> int:
    """The id after the last one the original script gave."""
    if (found := pragma(connection, "integrity_check")) != "ok":
        raise DamageError(found)
    rows = connection.execute("SELECT value FROM counters WHERE name = 'trade_id'").fetchall()
    values = [value for (value,) in rows]
    if len(values) == 1 and type(values[0]) is int and 0 <= values[0] < LARGEST_ID:
        return values[0] + 1
    given = f"the value {values[0]!r}" if len(values) == 1 else f"{len(values)} values"
    raise LedgerError(
        f"{path} is a ledger of the original script with {given} for trade_id, expected one whole number"
        f" from 0 to {LARGEST_ID - 1}; correct it there, or {NEW_LEDGER}"
    )


def carry_on(connection: sqlite3.Connection, path: Path, deadline: float) -> None:
    """Turn the original script's file into a ledger; a write transaction is open before and after.

    Its table and value are kept, closed to further writing. A value that makes no sense is refused before
    anything is written.
    """
    _next_id(connection, path)
    leave_wal(connection, deadline)
    # Leaving WAL lets others in for a moment: one may have advanced the value, or carried on already.
    if is_original(connection):
        lay_out(connection, _next_id(connection, path), guard_counters=True)
        commit(connection, deadline)
        begin(connection, deadline)
