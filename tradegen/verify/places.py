"""Where datasets lie, for those who only read them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tradegen.verify.vocabulary import VerifyError

__all__ = ["Copy", "Place", "place_of"]

_PIECE = 1 << 23


@dataclass(frozen=True, slots=True)
class Copy:
    """A file of a dataset on this machine, and what it was found to be."""

    path: Path
    bytes: int
    sha256: str


class Place(Protocol):
    """A place that holds files by names such as ``trades/part-00000.parquet``."""

    def names(self) -> list[str]:
        """The names of all files, but for hidden ones."""

    def get(self, name: str) -> bytes | None:
        """A small file; None where it is not there."""

    def copy(self, name: str) -> contextlib.AbstractContextManager[Copy | None]:
        """A file, read through once and then there to be read again; None where it is not there."""


@dataclass(frozen=True, slots=True)
class _Folder:
    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def names(self) -> list[str]:
        found = []
        for folder, folders, files in os.walk(self.path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            found += [Path(folder, name) for name in files if not name.startswith(".")]
        return [path.relative_to(self.path).as_posix() for path in found]

    def get(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise VerifyError(f"{self.path / name} cannot be read: {error.strerror}") from None

    @contextlib.contextmanager
    def copy(self, name: str) -> Iterator[Copy | None]:
        path = self.path / name
        found = None
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                found = Copy(path, file.tell(), digest)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            raise VerifyError(f"{name} cannot be read: {error.strerror}") from None
        yield found


class _Bucket:
    """The objects under a prefix. Each is copied to this machine's disk while it is needed."""

    def __init__(self, url: str, endpoint: str | None) -> None:
        self._url, self._endpoint = url.rstrip("/"), endpoint or os.environ.get("AWS_ENDPOINT_URL")
        self._prefix = url.removeprefix("s3://").rstrip("/")
        self._system: Any = None
        if not self._prefix or self._prefix.startswith("/"):
            raise VerifyError(f"{url} names no bucket; expected s3://bucket/prefix")

    def __reduce__(self) -> tuple[Any, ...]:
        # Each process has connections of its own.
        return _Bucket, (self._url, self._endpoint)

    def __str__(self) -> str:
        return self._url

    def names(self) -> list[str]:
        with self._explained():
            from pyarrow.fs import FileSelector, FileType

            chosen = FileSelector(self._prefix, recursive=True, allow_not_found=True)
            paths = [item.path for item in self._files().get_file_info(chosen) if item.type == FileType.File]
        names = (path.removeprefix(f"{self._prefix}/") for path in paths)
        return [name for name in names if not any(part.startswith(".") for part in name.split("/"))]

    def get(self, name: str) -> bytes | None:
        with self.copy(name) as found:
            return None if found is None else found.path.read_bytes()

    @contextlib.contextmanager
    def copy(self, name: str) -> Iterator[Copy | None]:
        # The name's ending may say how it is to be read.
        with tempfile.NamedTemporaryFile(suffix=Path(name).suffix) as file:
            yield self._download(name, file)

    def _download(self, name: str, file: Any) -> Copy | None:
        digest, size = hashlib.sha256(), 0
        with self._explained():
            try:
                with self._files().open_input_stream(f"{self._prefix}/{name}") as stream:
                    while piece := stream.read(_PIECE):
                        digest.update(piece)
                        file.write(piece)
                        size += len(piece)
                file.flush()
            except FileNotFoundError:
                return None
        return Copy(Path(file.name), size, digest.hexdigest())

    def _files(self) -> Any:
        # A forked worker must not use its parent's connections.
        if self._system is None or self._system[0] != os.getpid():
            from pyarrow.fs import S3FileSystem

            self._system = os.getpid(), S3FileSystem(endpoint_override=self._endpoint)
        return self._system[1]

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ModuleNotFoundError:
            raise VerifyError(
                "pyarrow, which reads S3, is not installed; pip install 'tradegen[datasets]' brings it"
            ) from None
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0].removeprefix("[Errno 5] ")
            raise VerifyError(f"{self._url} cannot be read: {reason}") from None


def place_of(path: str, endpoint: str | None) -> Place:
    """The folder or bucket that a dataset lies in.

    Raises
    ------
    VerifyError
        Where there is no such place.
    """
    if path.startswith("s3://"):
        return _Bucket(path, endpoint)
    if "://" in path:
        raise VerifyError(f"{path} is of a kind that is unknown; expected a folder or s3://bucket/prefix")
    folder = Path(path or ".")
    if not folder.is_dir():
        raise VerifyError(f"{folder} is no folder; expected that of a dataset")
    return _Folder(folder)
