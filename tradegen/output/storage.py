"""Where datasets lie: a folder, or a bucket of an object store. Files appear in them whole, or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from tradegen.errors import OutputError
from tradegen.output.files import OutputFile

__all__ = ["Folder", "Output", "Store", "open_store"]

# What `OutputFile` calls a file of ours before it is whole.
_HALF_WRITTEN = re.compile(r"\.(part-\d+\.\w+|plan\.json|manifest\.json)\.\w+")


class Output:
    """A file in the making: counts and hashes what is written to it."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Append to it."""
        self._hash.update(data)
        self._write(data)
        self.size += len(data)
        return len(data)

    def close(self) -> None:
        """Take no notice of what comes yet: Parquet's writer has a footer for lost files, too."""
        self._write = lambda _data: None

    @property
    def sha256(self) -> str:
        """The SHA-256 of all that was written."""
        return self._hash.hexdigest()


class Store(Protocol):
    """A place for a dataset's files, by names such as ``trades/part-00000.parquet``."""

    @property
    def place(self) -> str:
        """What messages call it."""

    def names(self) -> list[str]:
        """The names of all files in it, those on their way left out."""

    def create(self, name: str) -> contextlib.AbstractContextManager[Output]:
        """A new file, there under its name once the context is left without an error."""

    def put(self, name: str, content: bytes) -> None:
        """A small file in one go; it replaces what was there."""
        with self.create(name) as output:
            output.write(content)

    def get(self, name: str) -> bytes | None:
        """A small file; None where it is not there."""

    def digest(self, name: str) -> tuple[int, str] | None:
        """A file's size and SHA-256, read through; None where it is not there."""

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Keep other runs out."""

    def tidy(self, folders: Iterable[str]) -> None:
        """Take away what killed runs left half-written, and those of these folders that are empty."""


class Folder(Store):
    """A folder of this machine, or one that all machines of a cluster share.

    Raises
    ------
    OutputError
        From every method: where the folder or disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()

    @property
    def place(self) -> str:
        """The folder's path."""
        return str(self._path)

    def names(self) -> list[str]:
        """The names of all files in it, those on their way left out."""
        if not self._path.exists():
            return []
        if not self._path.is_dir():
            raise OutputError(f"{self._path} is a file; expected a folder, or a path where nothing is")
        with self._explained():
            found = (path for path in self._path.rglob("*") if path.name[0] != "." and not path.is_dir())
            return sorted(path.relative_to(self._path).as_posix() for path in found)

    @contextlib.contextmanager
    def create(self, name: str) -> Iterator[Output]:
        """A new file: under another name, then flushed to the disk and renamed."""
        with self._explained():
            (self._path / name).parent.mkdir(parents=True, exist_ok=True)
        with OutputFile(self._path / name) as file, contextlib.closing(Output(file.write)) as output:
            yield output

    def get(self, name: str) -> bytes | None:
        """A small file; None where it is not there."""
        with self._explained():
            try:
                return (self._path / name).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def digest(self, name: str) -> tuple[int, str] | None:
        """A file's size and SHA-256; None where it is not there."""
        with self._explained():
            try:
                with (self._path / name).open("rb") as file:
                    return os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""
        with self._explained():
            (self._path / name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs of this machine out, as long as this one or any of its workers lives."""
        with self._explained():
            self._path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDONLY)
        try:
            with self._explained():
                self._lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        # Workers of a run that was killed end within a second.
        patience = time.monotonic() + 3
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > patience:
                    raise OutputError(
                        f"{self._path} is being written by another run; expected a folder of its own for each"
                    ) from None
                time.sleep(0.1)

    def tidy(self, folders: Iterable[str]) -> None:
        """Take away what killed runs left half-written, and those of these folders that are empty."""
        with self._explained():
            for folder in (self._path, *filter(Path.is_dir, map(self._path.joinpath, folders))):
                for left in folder.glob(".*.*"):
                    # Other hidden files are not ours.
                    if _HALF_WRITTEN.fullmatch(left.name):
                        left.unlink(missing_ok=True)
                if folder != self._path and not any(folder.iterdir()):
                    folder.rmdir()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(f"{error.filename or self._path} cannot be used: {error.strerror}") from None


def open_store(out: str | Path, endpoint: str | None = None) -> Store:
    """The folder or bucket that a dataset is to lie in."""
    if str(out).startswith("s3://"):
        from tradegen.output.object_storage import Bucket  # loaded where it is used

        return Bucket(str(out), endpoint)
    if endpoint is not None:
        raise OutputError(f"endpoint is given, and {out} is no bucket; expected s3://bucket/prefix with it")
    if "://" in str(out):
        raise OutputError(f"{out} is of a kind that is unknown; expected a folder or s3://bucket/prefix")
    return Folder(Path(out))
