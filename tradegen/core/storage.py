"""Where files lie, for those who read them: a folder, or a bucket of an object store.

This is transport alone. It knows nothing of trades, and what it reads it neither judges nor changes; so the
proof may use it as well as the generator. `tradegen.output.writable_storage` adds what writes datasets.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

from tradegen.core.regular_files import open_file
from tradegen.errors import TradegenError, shown

_PIECE = 1 << 23  # bytes read at once


@dataclass(frozen=True, slots=True)
class Copy:
    """A file on this machine's disk, with its size and its SHA-256 as they were read."""

    path: Path
    bytes: int
    sha256: str


class Storage(Protocol):
    """A place that holds files by names such as ``trades/part-00000.parquet``.

    Every method raises the error class that the storage was opened with, where the place refuses or cannot be
    reached. A file that is not there is no error: it is None.
    """

    @property
    def place(self) -> str:
        """What messages call it: the folder's path, or the URL."""

    def names(self) -> list[str]:
        """The names of all files in it, sorted. Files that begin with a dot are left out."""

    def get(self, name: str) -> bytes | None:
        """The content of a small file."""

    def digest(self, name: str) -> tuple[int, str] | None:
        """A file's size and SHA-256; the file is read through."""

    def stream(self, name: str) -> contextlib.AbstractContextManager[IO[bytes] | None]:
        """A file to be read from its beginning, a piece at a time."""

    def copy(self, name: str) -> contextlib.AbstractContextManager[Copy | None]:
        """A file, read through once and then there to be read again by its path.

        In a folder, that is the file itself. An object is copied to this machine's disk, under a name with
        the same suffix, until the context is left.
        """


class Folder:
    """A folder of this machine, or one that it shares with others."""

    def __init__(self, path: Path, error: type[TradegenError]) -> None:
        self._path, self._error = path.absolute(), error

    @property
    def place(self) -> str:
        """The folder's path."""
        return str(self._path)

    def names(self) -> list[str]:
        """The names of all files in it, sorted. Files that begin with a dot are left out."""
        with self._explained():
            if not self._path.exists():
                return []
            if not self._path.is_dir():
                raise self._error(f"{self._path} is a file; expected a folder, or a path where nothing is")
            found = (path for path in self._path.rglob("*") if path.name[0] != "." and not path.is_dir())
            return sorted(path.relative_to(self._path).as_posix() for path in found)

    def get(self, name: str) -> bytes | None:
        """The content of a small file."""
        with self.stream(name) as file, self._explained():
            return None if file is None else file.read()

    def digest(self, name: str) -> tuple[int, str] | None:
        """A file's size and SHA-256; the file is read through."""
        with self.copy(name) as found:
            return None if found is None else (found.bytes, found.sha256)

    @contextlib.contextmanager
    def stream(self, name: str) -> Iterator[IO[bytes] | None]:
        """A file to be read from its beginning, a piece at a time."""
        file = None
        with self._explained(), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            file = open_file(self._path / _inside(name, self.place, self._error))
        with file or contextlib.nullcontext():
            yield file

    @contextlib.contextmanager
    def copy(self, name: str) -> Iterator[Copy | None]:
        """The file itself, read through once."""
        found = None
        with self.stream(name) as file:
            if file is not None:
                with self._explained():
                    digest = hashlib.file_digest(cast(Any, file), "sha256").hexdigest()
                    found = Copy(self._path / name, file.tell(), digest)
        yield found

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except TradegenError:
            raise
        except OSError as error:
            raise self._error(f"{error.filename or self._path} cannot be used: {error.strerror}") from None


class Bucket:
    """The objects under a prefix of an S3 bucket, through Arrow's S3 file system.

    Credentials and region come from where AWS's own tools take them; the address of another store from
    `endpoint`, or from the environment variable ``AWS_ENDPOINT_URL``.
    """

    def __init__(self, url: str, endpoint: str | None, error: type[TradegenError]) -> None:
        self._url, self._error = url.rstrip("/"), error
        self._endpoint = endpoint or os.environ.get("AWS_ENDPOINT_URL")
        self._prefix = url.removeprefix("s3://").rstrip("/")
        if not self._prefix or self._prefix.startswith("/"):
            raise error(f"{url} names no bucket; expected s3://bucket/prefix")
        self._system: tuple[int, Any] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # Each process has connections of its own.
        return type(self), (self._url, self._endpoint, self._error)

    @property
    def place(self) -> str:
        """The URL."""
        return self._url

    def names(self) -> list[str]:
        """The names of all objects under the prefix, sorted. Those that begin with a dot are left out."""
        with self._explained():
            from pyarrow.fs import FileSelector, FileType

            chosen = FileSelector(self._prefix, recursive=True, allow_not_found=True)
            paths = [item.path for item in self._files().get_file_info(chosen) if item.type == FileType.File]
        names = (path.removeprefix(f"{self._prefix}/") for path in paths)
        return sorted(name for name in names if not name.rpartition("/")[2].startswith("."))

    def get(self, name: str) -> bytes | None:
        """The content of a small object."""
        with self.stream(name) as stream, self._explained():
            return None if stream is None else stream.read()

    def digest(self, name: str) -> tuple[int, str] | None:
        """An object's size and SHA-256; the object is read through."""
        found, size = hashlib.sha256(), 0
        with self.stream(name) as stream, self._explained():
            if stream is None:
                return None
            while piece := stream.read(_PIECE):
                found.update(piece)
                size += len(piece)
        return size, found.hexdigest()

    @contextlib.contextmanager
    def stream(self, name: str) -> Iterator[IO[bytes] | None]:
        """An object to be read from its beginning, a piece at a time."""
        stream = None
        with self._explained(), contextlib.suppress(FileNotFoundError):
            stream = self._files().open_input_stream(
                f"{self._prefix}/{_inside(name, self.place, self._error)}"
            )
        with stream or contextlib.nullcontext():
            yield stream

    @contextlib.contextmanager
    def copy(self, name: str) -> Iterator[Copy | None]:
        """The object on this machine's disk, until the context is left."""
        with self.stream(name) as stream:
            if stream is None:
                yield None
                return
            # The name's ending may say how it is to be read.
            with tempfile.NamedTemporaryFile(suffix=Path(name).suffix) as file:
                digest = hashlib.sha256()
                while piece := self._read(stream):
                    digest.update(piece)
                    file.write(piece)
                file.flush()
                yield Copy(Path(file.name), file.tell(), digest.hexdigest())

    def _read(self, stream: IO[bytes]) -> bytes:
        with self._explained():
            return stream.read(_PIECE)

    def _files(self) -> Any:
        # A forked worker must not use its parent's connections.
        if self._system is None or self._system[0] != os.getpid():
            from pyarrow.fs import S3FileSystem

            # A small object is sent in one request, and leaves no upload open where that is cut short.
            system = S3FileSystem(
                endpoint_override=self._endpoint, allow_bucket_creation=False, allow_delayed_open=True
            )
            self._system = os.getpid(), system
        return self._system[1]

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except TradegenError:
            raise
        except (OSError, ValueError) as error:
            # Arrow's messages are long, and their first line says it.
            reason = str(error).splitlines()[0].removeprefix("[Errno 5] ")
            raise self._error(f"{self._url} cannot be used: {reason}") from None


def open_storage(path: str, endpoint: str | None, error: type[TradegenError]) -> Storage:
    """The folder or bucket of that path or URL, to be read.

    Parameters
    ----------
    path : str
        A folder, or ``s3://bucket/prefix``.
    endpoint : str or None
        The address of an object store that is not AWS's own.
    error : type
        What the storage raises: `VerifyError`, `ScoringError` and so on.

    Raises
    ------
    error
        Where it is neither. A folder need not be there yet.
    """
    if path.startswith("s3://"):
        return Bucket(path, endpoint, error)
    refuse_unknown_kinds(path, endpoint, error)
    return Folder(Path(path or "."), error)


def refuse_unknown_kinds(path: str, endpoint: str | None, error: type[TradegenError]) -> None:
    """Refuse what is no path of a folder, and an endpoint beside one that is."""
    if "://" in path:
        raise error(f"{path} is of a kind that is unknown; expected a folder or s3://bucket/prefix")
    if endpoint is not None:
        raise error(f"endpoint is given, and {path} is no bucket; expected s3://bucket/prefix with it")


def _inside(name: str, place: str, error: type[TradegenError]) -> str:
    """A name that stays within its storage. Names come out of manifests, which anyone can write."""
    if {"", ".", ".."} & set(name.split("/")):
        raise error(f"{shown(name)} is no name of a file in {place}")
    return name
