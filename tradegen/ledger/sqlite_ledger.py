"""A ledger in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
)
from tradegen.ledger.contract import Ledger, LedgerSummary, first_known, require_left, require_timeout
from tradegen.ledger.creation import drafted
from tradegen.ledger.layout import append, find, lay_out, require_ledger, tail
from tradegen.ledger.names import require_one_link


@dataclass(frozen=True)
class SqliteLedger(Ledger):
    """A ledger by the path of its file.

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
        require_timeout(self.timeout)
        # A later change of the working directory must not lead to another ledger.
        object.__setattr__(self, "path", Path(self.path).absolute())

    @property
    def place(self) -> str:
        """The absolute path."""
        return str(self.path)

    def open(self) -> None:
        """Prove that ids can be reserved; a ledger of the original script is carried on from its value."""
        with _writing_ranges(self.path, deadline_in(self.timeout)) as connection:
            require_writable(connection, self.path)
            tail(connection)

    def create(self, first_id: int) -> None:
        """Put a new file at the path, where there is none, in a folder that exists."""
        deadline = deadline_in(self.timeout)
        with (
            drafted(self.path) as draft,
            explained(self.path),
            connected(draft, deadline, "rwc") as connection,
        ):
            begin(connection, deadline)
            lay_out(connection, first_id)
            commit(connection, deadline)

    def _reserve(self, count: int, key: str | None) -> int:
        deadline = deadline_in(self.timeout)
        with _writing_ranges(self.path, deadline) as connection:
            if key is not None and (known := find(connection, key)):
                return first_known(self, known.first, known.last - known.first + 1, key, count)
            newest = tail(connection)
            require_left(self, newest.last + 1, count)
            added = append(connection, newest, count, key)
            commit(connection, deadline)
        return added.first

    def show(self) -> LedgerSummary:
        """Where the ledger stands, by its newest range, whose checksum is proven."""
        deadline = deadline_in(self.timeout)
        with explained(self.path), connected(self.path, deadline, "rw") as connection:
            connection.execute("BEGIN")
            patiently(lambda: require_ledger(connection, self.path), deadline)
            newest = tail(connection)
            rows, opening = connection.execute(
                "SELECT (SELECT count(*) FROM ranges), (SELECT last FROM ranges WHERE first = 0)"
            ).fetchone()
        return LedgerSummary(
            place=self.place,
            first_id=opening + 1,
            next_id=newest.last + 1,
            ranges=rows - 1,
            ids=newest.last - opening,
            last=newest if rows > 1 else None,
        )

    def _findings(self) -> Iterator[str]:
        return checking.findings(self.path, self.timeout)


@contextmanager
def _writing_ranges(path: Path, deadline: float) -> Iterator[sqlite3.Connection]:
    """A write transaction on a file proven to be a ledger, or made one from the original script's.

    Leaving without `commit` rolls it back.
    """
    with explained(path), connected(path, deadline, "rw") as connection:
        begin(connection, deadline)
        # Again: before SQLite opened the file, one with two names may have been put at the path, or NFS may
        # have given an old count. A name that is added from here on is refused itself.
        require_one_link(path)
        if original.is_original(connection):
            original.carry_on(connection, path, deadline)
        require_ledger(connection, path)
        leave_wal(connection, deadline)
        yield connection
