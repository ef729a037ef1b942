"""The names of a ledger's file, of which there may be one only.

SQLite keeps the journal of an interrupted transaction beside the name that it opened. Under a second name of
the same file (a hard link, or a bind mount of that file alone) it does not find this journal, and
reservations go on. Later, under the first name, the journal rolls them back, and their ids are handed out
again.

A symbolic link is no second name, since SQLite resolves it first. Nor is a second path to the folder: the
journal lies in that folder, too.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tradegen.errors import LedgerError

_COPY = "copy it to a new file and use that file alone: tradegen ledger copy"
_READ_SIZE = 4096  # bytes; a descriptor's fdinfo is a few lines


@contextmanager
def reaching(path: Path) -> Iterator[None]:
    """Let an error on the way to the file leave as LedgerError."""
    try:
        yield
    except FileNotFoundError:
        raise LedgerError(
            f"{path} is missing; correct the path, or create it: tradegen ledger create {path}"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LedgerError(
            f"{path} is out of reach ({reason}); correct the path or its permissions"
        ) from error


def draft_of(path: Path) -> Path:
    """A new name beside `path`, under which a ledger is written before it is linked to `path`."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")


def require_one_name(path: Path) -> None:
    """Raise LedgerError if the file at `path` has another name, or is mounted by itself.

    The draft that a killed `create` left behind is a second name, too, which nobody opens: it is removed.
    """
    require_one_link(path)
    if _is_mount_point(path):
        raise LedgerError(f"{path} {_mounted(path)}")


def require_one_link(path: Path) -> None:
    """Raise LedgerError if the file at `path` has a hard link, which takes one stat to tell."""
    if (links := _links(path, remove_drafts=True)) > 1:
        raise LedgerError(f"{path} {_linked(path, links)}")


def find_second_name(path: Path) -> str | None:
    """What `require_one_name` would say of the file after its path, removing nothing; None if nothing."""
    if (links := _links(path, remove_drafts=False)) > 1:
        return _linked(path, links)
    return _mounted(path) if _is_mount_point(path) else None


def _linked(path: Path, links: int) -> str:
    return (
        f"has {links} names (hard links), so that ids could repeat: a reservation that is interrupted under"
        f" one name is not undone under another; {_COPY} {path} NEW"
    )


def _mounted(path: Path) -> str:
    return (
        "is mounted without its folder, so that ids could repeat: a reservation that is interrupted here is"
        f" not undone where the file really lies; mount that folder instead, or {_COPY} {path} NEW"
    )


def _links(path: Path, *, remove_drafts: bool) -> int:
    """How many names the file has, not counting the drafts of its own creation."""
    with reaching(path):
        found = path.stat()
        if found.st_nlink < 2:
            return found.st_nlink
        real = path.resolve()
        is_draft = re.compile(rf"\.{re.escape(real.name)}\.[0-9a-f]{{16}}\.new").fullmatch
        drafts = []
        with suppress(PermissionError):  # a folder that this user may not list
            for beside in filter(lambda beside: is_draft(beside.name), real.parent.iterdir()):
                with suppress(FileNotFoundError):  # its own process has just removed it
                    if os.path.samestat(beside.lstat(), found):
                        drafts.append(beside)
        if remove_drafts:
            for draft in drafts:
                with suppress(OSError):  # it stays, and is not counted
                    draft.unlink()
        # Counted anew, links first: a draft that goes in between must not make up for a name that stays.
        links = path.stat().st_nlink
        return links - sum(map(os.path.lexists, drafts))


def _is_mount_point(path: Path) -> bool:
    """Whether the file is on another mount than its folder; False where the system does not tell.

    `os.path.ismount` compares devices, and so misses a file bound from the same disk. /proc/self/mountinfo
    also lists what a later mount hides, and takes 2 ms to read where there are 1,000 mounts; this takes
    0.05 ms.
    """
    if not hasattr(os, "O_PATH"):
        return False
    with reaching(path):
        # The kernel follows links to the folder by itself, and resolving them all costs as much as the rest.
        folder_path, name = os.path.split(os.path.realpath(path) if path.is_symlink() else path)
        # Unlike other descriptors, one of O_PATH drops no locks of this process when it is closed.
        folder = os.open(folder_path, os.O_PATH)
        try:
            file = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=folder)
            try:
                return _mount_id(folder) != _mount_id(file)
            finally:
                os.close(file)
        finally:
            os.close(folder)


def _mount_id(descriptor: int) -> bytes | None:
    """The kernel's number of the mount that a descriptor was opened on; None where no /proc says it."""
    try:
        info = os.open(f"/proc/self/fdinfo/{descriptor}", os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    try:
        found = re.search(rb"^mnt_id:\s*(\d+)", os.read(info, _READ_SIZE), re.MULTILINE)
    finally:
        os.close(info)
    return found[1] if found else None
