"""Getting at a ledger file: the way in, waiting one's turn, and SQLite's errors as sentences."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import quote

from tradegen.errors import LedgerError
from tradegen.ledger.layout import DamageError, pragma
from tradegen.ledger.names import reaching, require_one_name

Result = TypeVar("Result")

OLDEST_SQLITE = (3, 37, 0)  # the first with STRICT tables
SMALLEST_FILE = 512  # bytes: one page of SQLite's smallest size
NEW_LEDGER = "create a new one past every id in use: tradegen ledger create PATH --first-id N"
_DAMAGED = f"keep it, look at it with `tradegen ledger check`, and {NEW_LEDGER}"

READ_ONLY_HEADER = "its header lets SQLite read it only"

# Short and constant: SQLite's own busy handler backs off to 100 ms, and whoever waits longest starves.
_NAP_SECONDS = (0.0005, 0.003)
# The system's source: a seeded one would nap in step with its forks, or disturb the user's own draws.
_jitter = random.SystemRandom()

# A fork in the midst of another thread's transaction would copy SQLite's belief that this process holds
# locks, which the child does not hold. So forks wait for transactions to end, and these for each other.
_gate = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_gate.acquire, after_in_parent=_gate.release, after_in_child=_gate.release)

_SENTENCES: dict[int | None, str] = {
    sqlite3.SQLITE_BUSY: "is locked by another process; try again, or end what holds it",
    sqlite3.SQLITE_FULL: "is on a full disk; make room there and try again",
    sqlite3.SQLITE_IOERR: "could not be read or written ({name}); check the disk, its free space, quotas and"
    " limits on file size, and try again",
    sqlite3.SQLITE_READONLY_DBMOVED: "was moved or replaced meanwhile; try again",
    sqlite3.SQLITE_READONLY: "is read-only; make the file and its folder writable for this user",
    sqlite3.SQLITE_CANTOPEN: "is not accessible, or its folder is not; make both readable and writable for"
    " this user",
    sqlite3.SQLITE_NOTADB: f"is not a SQLite database; correct the path, or {NEW_LEDGER}",
}
# What SQLite raises when a file holds nonsense; None is Python's own "could not decode".
DAMAGE_CODES = {
    None,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_TOOBIG,
    sqlite3.SQLITE_MISMATCH,
}


def primary_code(error: sqlite3.Error) -> int | None:
    """SQLite's primary result code of an error, None if Python raised it."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def damaged(path: Path, what: object) -> LedgerError:
    """The error that says that a ledger is damaged, and what to do."""
    return LedgerError(f"{path} is damaged: {what}; {_DAMAGED}")


def locked(path: Path) -> LedgerError:
    """The error that says that another process did not let go of the ledger in time."""
    return LedgerError(f"{path} {_SENTENCES[sqlite3.SQLITE_BUSY]}")


def explain(path: Path, error: sqlite3.Error) -> LedgerError:
    """SQLite's error as one sentence that names the file and the way out."""
    primary, code = primary_code(error), getattr(error, "sqlite_errorcode", None)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if code == sqlite3.SQLITE_READONLY and is_writable(path):
        return damaged(path, READ_ONLY_HEADER)
    if sentence := _SENTENCES.get(code) or _SENTENCES.get(primary):
        return LedgerError(f"{path} {sentence.format(name=name)}")
    if primary in DAMAGE_CODES:
        return damaged(path, error)
    return LedgerError(f"{path} is unusable for SQLite ({name}: {error}); see to that and try again")


def require_regular_file(path: Path) -> None:
    """Raise LedgerError unless `path` is a file with something in it, before SQLite touches it."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise LedgerError(
            f"{path} is beyond this Python's SQLite {sqlite3.sqlite_version};"
            " use a Python whose SQLite is 3.37 or newer"
        )
    with reaching(path):
        found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        # Opening a FIFO would wait for its other end, past any deadline.
        kind = "a directory" if stat.S_ISDIR(found.st_mode) else "a FIFO, socket or device"
        raise LedgerError(f"{path} is {kind}, not a file; correct the path")
    if found.st_size < SMALLEST_FILE:
        # SQLite would take the shortest ones for new databases.
        raise LedgerError(
            f"{path} is empty or cut short ({found.st_size} bytes), as no ledger ever is; move it away and"
            f" {NEW_LEDGER}"
        )


def is_writable(path: Path) -> bool:
    """Whether this user may write the file, and its journal into its folder."""
    return os.access(path, os.W_OK) and os.access(path.resolve().parent, os.W_OK | os.X_OK)


def require_writable(connection: sqlite3.Connection, path: Path) -> None:
    """Raise unless SQLite could write, which it would tell only when it does."""
    if not is_writable(path):
        raise LedgerError(f"{path} {_SENTENCES[sqlite3.SQLITE_READONLY]}")
    # It also refuses to write a file whose header asks for a newer format: this writes nothing, but tries.
    connection.execute("DELETE FROM ranges WHERE false")


def deadline_in(seconds: float) -> float:
    """The monotonic time, in seconds, at which to stop waiting."""
    return time.monotonic() + seconds


def patiently(step: Callable[[], Result], deadline: float) -> Result:
    """Call `step` until SQLite is not busy, or raise its error after `deadline` (monotonic seconds)."""
    while True:
        try:
            return step()
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or not nap_until(deadline):
                raise


def nap_until(deadline: float) -> bool:
    """Sleep for a moment before trying again; False, at once, if the deadline (monotonic seconds) is over."""
    if time.monotonic() >= deadline:
        return False
    time.sleep(_jitter.uniform(*_NAP_SECONDS))
    return True


@contextmanager
def the_only_thread(path: Path, deadline: float) -> Iterator[None]:
    """Keep this process's other threads, and its forks, from ledgers."""
    if not _gate.acquire(timeout=max(0.0, deadline - time.monotonic())):
        raise LedgerError(f"{path} is in use by another thread of this process; try again")
    try:
        yield
    finally:
        _gate.release()


@contextmanager
def connected(path: Path, deadline: float, mode: Literal["ro", "rw", "rwc"]) -> Iterator[sqlite3.Connection]:
    """A connection of its own to the file now at `path`; what is not committed is rolled back at the end.

    Nothing here opens the file but SQLite: closing any other descriptor of it would drop the locks that
    this process's other connections hold on it (POSIX).
    """
    with the_only_thread(path, deadline):
        if mode != "rwc":
            require_regular_file(path)
        if mode == "rw":
            # Before SQLite sees the file: the first thing it does is roll back by the journal that it finds.
            require_one_name(path)
        # file:// and an absolute path, since SQLite reads file://host/... as a host.
        uri = f"file://{quote(os.fsencode(path))}?mode={mode}"
        try:
            with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=0)) as connection:
                connection.execute("PRAGMA cell_size_check = ON")
                yield connection
        except UnicodeDecodeError as error:  # in a schema that SQLite quotes to say that it is malformed
            raise DamageError(f"it holds text that is not UTF-8 ({error.reason})") from error


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Let what SQLite or the layout raise leave as LedgerError."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(path, error) from error
    except DamageError as error:
        raise damaged(path, error) from error


def begin(connection: sqlite3.Connection, deadline: float) -> None:
    """Begin a write transaction: from here on, no other process writes."""
    # EXTRA syncs the folder as well: with FULL, a power cut can bring back the deleted journal and so roll
    # back ids that have been handed out.
    # Setting it reads the schema, so that it too may have to wait.
    patiently(lambda: connection.execute("PRAGMA synchronous = EXTRA"), deadline)
    patiently(lambda: connection.execute("BEGIN IMMEDIATE"), deadline)


def commit(connection: sqlite3.Connection, deadline: float) -> None:
    """Commit. Only after it returns may ids be handed out."""
    # Busy here means readers; the transaction stays open, and its pending lock keeps new ones out.
    patiently(lambda: connection.execute("COMMIT"), deadline)


def leave_wal(connection: sqlite3.Connection, deadline: float) -> None:
    """See that the file has a rollback journal; a transaction is open before and after, not all through."""
    if pragma(connection, "journal_mode") == "delete":
        return
    connection.execute("ROLLBACK")
    patiently(lambda: connection.execute("PRAGMA journal_mode = DELETE"), deadline)
    begin(connection, deadline)
