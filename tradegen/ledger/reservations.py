"""Opening and creating a ledger, and reserving ids from it."""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import SupportsIndex

from tradegen.core.columns import LARGEST_ID
from tradegen.errors import LedgerError, whole_number
from tradegen.ledger import checking, original
from tradegen.ledger.access import (
    begin,
    commit,
    connected,
    deadline_in,
    explained,
    leave_wal,
    patiently,
    require_writable,
    writing,
)
from tradegen.ledger.creation import drafted
from tradegen.ledger.layout import (
    LONGEST_KEY,
    Range,
    append,
    find,
    lay_out,
    require_ledger,
    tail,
)

LONGEST_TIMEOUT = 86_400.0


@dataclass(frozen=True)
class LedgerSummary:
    """Where a ledger stands.

    Attributes
    ----------
    path : Path
        The file.
    first_id : int
        Where it started: lower ids are not its own, or the original script gave them.
    next_id : int
        What the next reservation will start at.
    ranges, ids : int
        How many reservations it has made, and of how many ids.
    last : Range or None
        The newest reservation; None before the first.
    """

    path: Path
    first_id: int
    next_id: int
    ranges: int
    ids: int
    last: Range | None


@dataclass(frozen=True)
class Ledger:
    """A ledger by its path. It holds no open file, so threads, forks and pickles may share it.

    Making one opens nothing; `open_ledger` also proves that ids can be reserved.

    Parameters
    ----------
    path : path-like
        The file; kept as an absolute path.
    timeout : float, default 15
        Seconds that each operation may wait for other processes.
    """

    path: Path
    timeout: float = 15.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.timeout) and 0 <= self.timeout <= LONGEST_TIMEOUT):
            raise LedgerError(f"timeout is {self.timeout}; expected seconds from 0 to {LONGEST_TIMEOUT:.0f}")
        # A later change of the working directory must not lead to another ledger.
        object.__setattr__(self, "path", Path(self.path).absolute())

    def reserve(self, count: SupportsIndex, key: str | None = None) -> int:
        """Reserve ids that nobody else has or will get, and put that on disk before returning.

        Parameters
        ----------
        count : int
            How many, at least 1.
        key : str, optional
            Names the reservation, so that a retry under the same key gets the same ids again.

        Returns
        -------
        int
            The first id; the reservation runs to ``first + count - 1``.

        Raises
        ------
        LedgerError
            If the ids cannot be reserved safely; none are handed out. The ledger skips them if it could not
            tell whether they reached the disk.
        """
        count = whole_number("count", count, 1, LARGEST_ID, LedgerError)
        if key is not None:
            _require_key(key)
        deadline = deadline_in(self.timeout)
        with _writing_ranges(self.path, deadline) as connection:
            if key is not None and (known := find(connection, key)):
                if known.last - known.first + 1 != count:
                    raise LedgerError(
                        f"{self.path} holds {known.last - known.first + 1} ids under the key {key!r}, and"
                        f" {count} were asked for; use the same count again, or another key"
                    )
                return known.first
            left = LARGEST_ID - tail(connection).last
            if count > left:
                raise LedgerError(
                    f"{self.path} has {left} ids left up to {LARGEST_ID}, and {count} were asked for; ask for"
                    " fewer, or start another ledger for other trades"
                )
            added = append(connection, count, key)
            commit(connection, deadline)
        return added.first

    def show(self) -> LedgerSummary:
        """Where the ledger stands.

        Raises
        ------
        LedgerError
            If it cannot be read, or its newest range is not sound.
        """
        deadline = deadline_in(self.timeout)
        with explained(self.path), connected(self.path, deadline, "rw") as connection:
            connection.execute("BEGIN")
            patiently(lambda: require_ledger(connection, self.path), deadline)
            newest = tail(connection)
            rows, opening = connection.execute(
                "SELECT (SELECT count(*) FROM ranges), (SELECT last FROM ranges WHERE first = 0)"
            ).fetchone()
        return LedgerSummary(
            path=self.path,
            first_id=opening + 1,
            next_id=newest.last + 1,
            ranges=rows - 1,
            ids=newest.last - opening,
            last=newest if rows > 1 else None,
        )

    def check(self) -> list[str]:
        """Look for damage through the whole file, without changing it.

        Returns
        -------
        list of str
            What is wrong, a sentence each; empty if nothing is.

        Raises
        ------
        LedgerError
            If the file cannot be looked at.
        """
        return checking.check(self.path, self.timeout)


def open_ledger(path: str | os.PathLike[str], *, timeout: float = 15.0) -> Ledger:
    """Open a ledger that exists, and prove that ids can be reserved from it.

    A ledger of the original script is carried on from its value.

    Parameters
    ----------
    path : path-like
        The file.
    timeout : float, default 15
        Seconds that this and each later operation may wait for other processes.

    Returns
    -------
    Ledger

    Raises
    ------
    LedgerError
        If the file is missing, empty, not a ledger, of a future version, damaged, read-only or locked.
    """
    ledger = Ledger(Path(path), timeout)
    with _writing_ranges(ledger.path, deadline_in(ledger.timeout)) as connection:
        require_writable(connection, ledger.path)
        tail(connection)
    return ledger


def create_ledger(
    path: str | os.PathLike[str], *, first_id: SupportsIndex = 1, timeout: float = 15.0
) -> Ledger:
    """Create a ledger, whole or not at all, where there is none.

    Parameters
    ----------
    path : path-like
        A path at which nothing exists, in a folder that does.
    first_id : int, default 1
        The first id to hand out.
    timeout : float, default 15
        Seconds that each later operation may wait for other processes.

    Returns
    -------
    Ledger

    Raises
    ------
    LedgerError
        If something exists there, also when another process has just put it there; or on a file system
        problem.
    """
    first_id = whole_number("first_id", first_id, 1, LARGEST_ID, LedgerError)
    ledger = Ledger(Path(path), timeout)
    path, deadline = ledger.path, deadline_in(timeout)
    with drafted(path) as draft, explained(path), connected(draft, deadline, "rwc") as connection:
        begin(connection, deadline)
        lay_out(connection, first_id)
        commit(connection, deadline)
    return ledger


@contextmanager
def _writing_ranges(path: Path, deadline: float) -> Iterator[sqlite3.Connection]:
    """A write transaction on a file proven to be a ledger, or made one from the original script's."""
    with writing(path, deadline) as connection:
        if original.is_original(connection):
            original.carry_on(connection, path, deadline)
        require_ledger(connection, path)
        leave_wal(connection, deadline)
        yield connection


def _require_key(key: str) -> None:
    """Raise LedgerError unless SQLite stores `key` as it is."""
    if isinstance(key, str) and 1 <= len(key) <= LONGEST_KEY and "\0" not in key:
        try:
            key.encode()
            return
        except UnicodeEncodeError:
            pass
    raise LedgerError(f"key is {key!r:.80}; expected text of 1 to {LONGEST_KEY} characters, none of them NUL")
