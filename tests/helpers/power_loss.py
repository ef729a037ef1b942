"""A ledger that loses power: what SQLite asks of the disk is noted, and only what was synced must survive.

`recorded` runs a ledger's own code over a VFS, SQLite's way to files, that notes every write, sync, new name
and removal. `files_after` then cuts the power after any of these steps. What was synced is there. Of the
rest, each sector of 512 bytes is there or not, whatever came before or after it; so is a file's new length,
with zeros or rubbish in it; and the folder is as it was after any one of its unsynced changes.

As SQLite's own VFS does, the first sync of a new journal syncs the folder as well (`unixSync`).
"""

from __future__ import annotations

import itertools
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import pytest

SECTOR = 512
_names = itertools.count()


@dataclass(frozen=True)
class Step:
    """What was asked of the disk, or what a reservation gave back. `file` numbers a file for good."""

    what: str  # create, delete, write, truncate, sync, sync folder, given
    file: int = -1
    name: str = ""
    offset: int = 0
    content: bytes = b""
    given: Any = None


@dataclass
class Recording:
    """The files at the start, all of them on the disk, and what came then."""

    before: dict[str, bytes]
    steps: list[Step] = field(default_factory=list)

    def give(self, what: object) -> None:
        """Note that a caller has been given `what`."""
        self.steps.append(Step("given", given=what))


class _File(apsw.VFSFile):
    def __init__(self, recording: Recording, number: int, name: Any, flags: list[int], new: bool) -> None:
        super().__init__("", name, flags)
        self._steps, self._number = recording.steps, number
        self._syncs_folder = new and bool(flags[0] & apsw.SQLITE_OPEN_MAIN_JOURNAL)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._steps.append(Step("write", self._number, offset=offset, content=bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        super().xTruncate(size)
        self._steps.append(Step("truncate", self._number, offset=size))

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._steps.append(Step("sync", self._number))
        if self._syncs_folder:
            self._steps.append(Step("sync folder"))
            self._syncs_folder = False


class _Disk(apsw.VFS):
    def __init__(self, recording: Recording) -> None:
        self.name = f"noting-{next(_names)}"
        super().__init__(self.name, base="")
        self._recording = recording
        self._numbers = {name: number for number, name in enumerate(recording.before)}

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name)
        if new := path.name not in self._numbers:
            number = self._numbers[path.name] = len(self._recording.before) + len(self._recording.steps)
            self._recording.steps.append(Step("create", number, path.name))
        return _File(self._recording, self._numbers[path.name], name, flags, new)

    def xDelete(self, name: str, sync_folder: bool) -> None:  # noqa: N802
        super().xDelete(name, False)
        removed = Path(name).name
        self._recording.steps.append(Step("delete", self._numbers.pop(removed), removed))
        if sync_folder:
            self._recording.steps.append(Step("sync folder"))


@contextmanager
def recorded(folder: Path, synchronous: str) -> Iterator[Recording]:
    """Note what ledgers in this folder ask of the disk, with this setting in place of their own."""
    recording = Recording({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    disk = _Disk(recording)

    class Connection(apsw.Connection):
        def execute(self, statement: str, *values: Any) -> apsw.Cursor:
            return super().execute(
                statement.replace("synchronous = EXTRA", f"synchronous = {synchronous}"), *values
            )

    def connect(address: str, **_options: object) -> Connection:
        flags = apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READWRITE
        return Connection(address, flags=flags, vfs=disk.name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect)
        yield recording
    disk.unregister()


def files_after(recording: Recording, steps: int, draws: random.Random) -> dict[str, bytes]:
    """The files that are there once the power is back, if it went after so many steps."""
    synced = dict(enumerate(recording.before.values()))
    unsynced: dict[int, list[Step]] = {}
    names = {name: number for number, name in enumerate(recording.before)}
    changes: list[Step] = []
    for step in recording.steps[:steps]:
        if step.what == "create":
            synced[step.file] = b""
            changes.append(step)
        elif step.what == "delete":
            changes.append(step)
        elif step.what == "sync folder":
            _rename(names, changes)
            changes = []
        elif step.what == "sync":
            synced[step.file] = _written(synced[step.file], unsynced.pop(step.file, []), lambda: True, draws)
        elif step.what != "given":
            unsynced.setdefault(step.file, []).append(step)
    _rename(names, changes[: draws.randint(0, len(changes))])
    share = draws.choice((0.0, 0.5, 0.95, 1.0))
    survives = lambda: draws.random() < share  # noqa: E731
    return {
        name: _written(synced[number], unsynced.get(number, []), survives, draws)
        for name, number in names.items()
    }


def _rename(names: dict[str, int], changes: list[Step]) -> None:
    for change in changes:
        if change.what == "create":
            names[change.name] = change.file
        else:
            names.pop(change.name)


def _written(before: bytes, steps: list[Step], survives: Callable[[], bool], draws: random.Random) -> bytes:
    content = bytearray(before)
    for step in steps:
        if step.what == "truncate":
            if survives():
                del content[step.offset :]
                content.extend(bytes(step.offset - len(content)))
            continue
        end = step.offset + len(step.content)
        if end > len(content) and survives():
            filler = draws.choice((bytes, draws.randbytes))
            content.extend(filler(end - len(content)))
        for start in range(step.offset, end, SECTOR):
            if survives():
                part = step.content[start - step.offset :][:SECTOR]
                content.extend(bytes(max(0, start - len(content))))
                content[start : start + len(part)] = part
    return bytes(content)
