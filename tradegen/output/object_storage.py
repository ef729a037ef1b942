"""Object stores: a bucket of Amazon's S3, or of a store that speaks its language."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

from tradegen.errors import OutputError
from tradegen.output.storage import Output, Store

__all__ = ["Bucket"]

_PIECE = 1 << 23


class Bucket(Store):
    """The objects under a prefix, through Arrow's S3 file system.

    Credentials and region come from where AWS's own tools take them; the address of another store from
    `endpoint`, or from the environment variable ``AWS_ENDPOINT_URL``. A file is made on this machine's disk
    and sent once it is whole: an object that a killed run has half sent is never seen.

    Raises
    ------
    OutputError
        From every method: where the store refuses or cannot be reached.
    """

    def __init__(self, url: str, endpoint: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._endpoint = endpoint or os.environ.get("AWS_ENDPOINT_URL")
        self._prefix = url.removeprefix("s3://").rstrip("/")
        if not self._prefix or self._prefix.startswith("/"):
            raise OutputError(f"{url} names no bucket; expected s3://bucket/prefix")
        self._system: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        # Each process has connections of its own.
        return Bucket, (self._url, self._endpoint)

    @property
    def place(self) -> str:
        """The URL."""
        return self._url

    def names(self) -> list[str]:
        """The names of all objects under the prefix."""
        from pyarrow.fs import FileSelector, FileType

        with self._explained():
            found = self._files().get_file_info(
                FileSelector(self._prefix, recursive=True, allow_not_found=True)
            )
        return sorted(
            item.path.removeprefix(f"{self._prefix}/") for item in found if item.type == FileType.File
        )

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

    def get(self, name: str) -> bytes | None:
        """A small object; None where it is not there."""
        with self._explained():
            try:
                with self._files().open_input_stream(f"{self._prefix}/{name}") as stream:
                    content: bytes = stream.read()
                    return content
            except FileNotFoundError:
                return None

    def digest(self, name: str) -> tuple[int, str] | None:
        """An object's size and SHA-256; None where it is not there."""
        found, size = hashlib.sha256(), 0
        with self._explained():
            try:
                with self._files().open_input_stream(f"{self._prefix}/{name}") as stream:
                    while piece := stream.read(_PIECE):
                        found.update(piece)
                        size += len(piece)
            except FileNotFoundError:
                return None
        return size, found.hexdigest()

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

    def _files(self) -> Any:
        if self._system is None:
            from pyarrow.fs import S3FileSystem

            self._system = S3FileSystem(endpoint_override=self._endpoint, allow_bucket_creation=False)
        return self._system

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except (OSError, ValueError) as error:
            # Arrow's messages are long, and their first line says it.
            reason = str(error).splitlines()[0].removeprefix("[Errno 5] ")
            raise OutputError(f"{self._url} cannot be used: {reason}") from None


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
