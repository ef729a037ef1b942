"""Copying a ledger to a new file that takes its place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from tradegen.errors import LedgerError
from tradegen.ledger.access import (
    damaged,
    deadline_in,
    locked,
    nap_until,
    require_regular_file,
    the_only_thread,
)
from tradegen.ledger.creation import drafted
from tradegen.ledger.names import reaching
from tradegen.ledger.opening import Place, ledger_at, open_ledger
from tradegen.ledger.sqlite_ledger import SqliteLedger

# Where SQLite's readers hold their shared lock, by its file format. While one holds it, nobody writes pages.
_SHARED_FIRST, _SHARED_SIZE = 0x4000_0002, 510
_FORMATS, _WAL = slice(18, 20), b"\x02\x02"  # in the header: the write and read versions, both 2 in WAL mode


def copy_ledger(old: Place, new: Place, *, timeout: float = 15.0) -> SqliteLedger:
    """Copy a ledger to a new file, whole and checked through or not at all.

    From then on, only the new file may be used: both would hand out the same ids. Nothing marks the old one.

    The old one may be refused for its second name. Then a journal beside it is left alone, since nobody can
    tell whether the file was written under the other name after it. What the journal would undo stays in the
    copy, and its ids count as handed out. If the file is not sound as it is, nothing is copied.

    Parameters
    ----------
    old : path-like
        The ledger, also one of the original script, which is carried on in the copy.
    new : path-like
        A path at which nothing exists, in a folder that does.
    timeout : float, default 15
        Seconds that each step, and each later operation on the copy, may wait for other processes.

    Returns
    -------
    SqliteLedger
        The new one.

    Raises
    ------
    LedgerError
        If the old one is missing, damaged, no ledger or locked, or the new one cannot be created, or one of
        them is no file.
    """
    source, copy = _file_at(old, timeout), _file_at(new, timeout)
    with drafted(copy.path) as draft:
        # Opening finishes what a killed process left half done. What may not be opened may still be whole.
        with suppress(LedgerError):
            open_ledger(source.path, timeout=timeout)
        with _unchanging(source.path, timeout) as file, draft.open("xb") as written:
            shutil.copyfileobj(file, written)
            written.flush()
            os.fsync(written.fileno())
        _require_sound(draft, source, timeout)
    return copy


def _file_at(place: Place, timeout: float) -> SqliteLedger:
    ledger = ledger_at(place, timeout)
    if not isinstance(ledger, SqliteLedger):
        raise LedgerError(
            f"{ledger.place} is no file, and only files are copied; to go on there, create a ledger past"
            f" every id in use: tradegen ledger create {ledger.place} --first-id N"
        )
    return ledger


@contextmanager
def _unchanging(path: Path, timeout: float) -> Iterator[BinaryIO]:
    """The ledger's file as it is, whatever journal lies beside it, open while no process writes to it."""
    import fcntl  # not at import: Windows has none

    deadline = deadline_in(timeout)
    # Closing the file drops the locks of other connections of this process (POSIX): there must be none.
    with the_only_thread(path, deadline):
        require_regular_file(path)
        with reaching(path):
            file = path.open("rb")
        with file:
            while True:
                try:
                    fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, _SHARED_SIZE, _SHARED_FIRST)
                    break
                except (BlockingIOError, PermissionError):  # POSIX allows both
                    if not nap_until(deadline):
                        raise locked(path) from None
            yield file


def _require_sound(draft: Path, source: SqliteLedger, timeout: float) -> None:
    """Raise LedgerError about the source unless the draft is a sound ledger."""
    with draft.open("rb") as file:
        if file.read(_FORMATS.stop)[_FORMATS] == _WAL:
            raise LedgerError(
                f"{source.path} is in SQLite's WAL mode, so that its newest pages may be in another file; end"
                f" what uses it, then run: sqlite3 {source.path} 'PRAGMA journal_mode = DELETE'"
            )
    try:
        findings = open_ledger(draft, timeout=timeout).check()
    except LedgerError as error:
        raise LedgerError(str(error).replace(str(draft), str(source.path))) from error
    if findings:
        raise damaged(source.path, findings[0])
