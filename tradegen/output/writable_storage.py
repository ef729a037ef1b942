"""Where datasets are written: a folder, or a bucket. Files appear in them whole, or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Protocol

from tradegen.core import storage
from tradegen.core.storage import Storage, refuse_unknown_kinds
from tradegen.errors import OutputError
from tradegen.output.files import OutputFile, remove_leftovers

_PIECE = 1 << 23
_PATIENCE = 3.0  # seconds: workers of a run that was killed end within one


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


class Store(Storage, Protocol):
    """Storage that a dataset is written to. Every method raises `OutputError` where the place refuses."""

    def create(self, name: str) -> contextlib.AbstractContextManager[Output]:
        """A new file, there under its name once the context is left without an error."""

    def put(self, name: str, content: bytes) -> None:
        """A small file in one go; it replaces what was there."""
        with self.create(name) as output:
            output.write(content)

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Keep other runs out."""

    def tidy(self, folders: Iterable[str]) -> None:
        """Take away what killed runs left half-written, and those of these folders that are empty."""


class Folder(storage.Folder, Store):
    """A folder of this machine, or one that all machines of a cluster share."""

    def names(self) -> list[str]:
        """The names of all files in it, sorted. Files that begin with a dot are left out.

        Nothing is written to or taken away through a link: what it points to is not the dataset's.
        """
        with self._explained():
            for path in self._path.iterdir() if self._path.is_dir() else ():
                if path.is_symlink() and (path.name[0] != "." or path.is_dir()):
                    raise OutputError(f"{path} is a link; expected a folder that holds the dataset itself")
        return super().names()

    @contextlib.contextmanager
    def create(self, name: str) -> Iterator[Output]:
        """A new file: under another name, then flushed to the disk and renamed."""
        path = self._path / name
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink():
                path.unlink()
        # `tidy` looks for leftovers once: a folder of many parts is not listed for each of them.
        with (
            OutputFile(path, tidy=False) as file,
            contextlib.closing(Output(file.write)) as output,
        ):
            yield output

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""
        with self._explained():
            (self._path / name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs of this machine out, as long as this one or any of its workers lives."""
        with self._explained():
            new = not self._path.exists()
            self._path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDONLY)
        try:
            with self._explained():
                lock_folder(
                    descriptor,
                    f"{self._path} is being written by another run; expected a folder of its own for each",
                )
            yield
        finally:
            if new:
                # A run that was refused leaves no empty folder.
                with contextlib.suppress(OSError):
                    self._path.rmdir()
            os.close(descriptor)

    def tidy(self, folders: Iterable[str]) -> None:
        """Take away what killed runs left half-written, and those of these folders that are empty."""
        # The folder is locked: what is half-written is of workers elsewhere, whose run was killed.
        with self._explained():
            for folder in (self._path, *filter(Path.is_dir, map(self._path.joinpath, folders))):
                remove_leftovers(folder, locked=True)
                if folder != self._path and not any(folder.iterdir()):
                    folder.rmdir()


class Bucket(storage.Bucket, Store):
    """The objects under a prefix.

    A file is made on this machine's disk and sent once it is whole: an object that a killed run has half sent
    is never seen.
    """

    @contextlib.contextmanager
    def create(self, name: str) -> Iterator[Output]:
        """A new object, sent when it is whole."""
        with _scratch() as file:
            with contextlib.closing(Output(file.write)) as output:
                yield output
            file.seek(0)
            with self._explained(), self._files().open_output_stream(f"{self._prefix}/{name}") as stream:
                while piece := file.read(_PIECE):
                    stream.write(piece)

    def put(self, name: str, content: bytes) -> None:
        """A small object in one go, read back: some stores keep what the protocol wraps it in.

        Raises
        ------
        OutputError
            Where another content comes back.
        """
        super().put(name, content)
        if self.get(name) != content:
            self.remove(name)
            raise OutputError(
                f"{self._url} gives back other bytes than were sent to it, as stores do that do not know the "
                "checksums of newer AWS tools; try again with AWS_REQUEST_CHECKSUM_CALCULATION=when_required"
            )

    def remove(self, name: str) -> None:
        """Take an object away, if it is there."""
        with self._explained(), contextlib.suppress(FileNotFoundError):
            self._files().delete_file(f"{self._prefix}/{name}")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """An object store has no locks: two runs must not write under one prefix at once."""
        yield

    def tidy(self, folders: Iterable[str]) -> None:
        """Take away the empty objects by which Arrow keeps folders that it removed an object from.

        One stays, that of the prefix itself.
        """
        from pyarrow.fs import FileSelector, FileType

        with self._explained():
            for folder in folders:
                path = f"{self._prefix}/{folder}"
                is_folder = self._files().get_file_info(path).type == FileType.Directory
                if is_folder and not self._files().get_file_info(FileSelector(path)):
                    self._files().delete_dir(path)


def open_store(out: str | Path, endpoint: str | None = None) -> Store:
    """The folder or bucket that a dataset is to lie in."""
    if str(out).startswith("s3://"):
        return Bucket(str(out), endpoint, OutputError)
    refuse_unknown_kinds(str(out), endpoint, OutputError)
    return Folder(Path(out), OutputError)


@contextlib.contextmanager
def _scratch() -> Iterator[IO[bytes]]:
    """A file of this machine that is never seen."""
    with tempfile.TemporaryFile() as file:
        try:
            yield file
        except OSError as error:
            if isinstance(error, OutputError):
                raise
            raise OutputError(f"{tempfile.gettempdir()} cannot be written: {error.strerror}") from None


def lock_folder(descriptor: int, refusal: str) -> None:
    """Lock an open folder; processes that are forked from this one hold the lock as well.

    Raises
    ------
    OutputError
        With the sentence given, where another process still holds the lock after three seconds.
    OSError
        Where the file system has no locks.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise OutputError(refusal) from None
            time.sleep(0.1)
