"""Putting a new ledger at its path, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tradegen.errors import LedgerError
from tradegen.ledger.names import draft_of


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """A name to write a new ledger under; without an error in between, the file is put at `path` at the end.

    Raises
    ------
    LedgerError
        If something exists at `path`, also when another process has just put it there; or on a file system
        problem.
    """
    if not path.parent.is_dir():
        raise LedgerError(
            f"{path} cannot be created, since its folder does not exist; create the folder first"
        )
    for left_over in (Path(f"{path}-journal"), Path(f"{path}-wal")):
        # SQLite would take it for the new file's own, and write the old ledger's pages into it.
        if os.path.lexists(left_over) and not os.path.lexists(path):
            raise LedgerError(
                f"{left_over} is left over from another ledger; move it away, then create {path}"
            )
    draft = draft_of(path)
    try:
        if os.path.lexists(path):
            raise FileExistsError
        yield draft
        # Unlike a rename, this fails if another process was first. Until the draft is removed, here or by the
        # next to open the ledger (`names`), the file has two names.
        os.link(draft, path)
    except FileExistsError:
        raise LedgerError(f"{path} exists; open it, or choose another path") from None
    except OSError as error:
        raise LedgerError(
            f"{path} cannot be created ({error.strerror}); choose a writable folder that allows hard links"
        ) from error
    finally:
        with suppress(OSError):  # such as a folder closed to this user, in which there is no draft
            draft.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
