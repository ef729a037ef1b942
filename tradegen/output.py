"""Files that are whole or not there: written under another name, flushed to the disk, then renamed."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO

from tradegen.errors import OutputError

__all__ = ["OutputFile"]


_STREAM = re.compile(r"/dev/(stdout|stderr|fd/\d+)|/proc/(self|\d+)/fd/\d+")


class OutputFile:
    """A text file that replaces what stands at its path only once it is complete.

    Used as a context manager: when the block ends well, the file is flushed, synced and renamed into place;
    when it does not, nothing has changed. A path that is no regular file (``/dev/null``, a named pipe) is
    written straight through, and so is a stream of the shell's, such as ``/dev/stdout``.

    Raises
    ------
    OutputError
        Where the folder is missing, the path is a folder, or the disk refuses. What was there is still there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        # Through a link, the file it points to is replaced, not the link.
        self._target = Path(os.path.realpath(self.path))
        self._temporary: str | None = None
        self._stream: IO[str] | None = None

    def __enter__(self) -> OutputFile:
        try:
            self._stream = self._open()
        except OSError as error:
            raise self._refusal(error) from None
        return self

    def write(self, text: str) -> None:
        """Append text, encoded as UTF-8."""
        assert self._stream is not None
        try:
            self._stream.write(text)
        except OSError as error:
            raise self._refusal(error) from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._commit()
        except OSError as refused:
            raise self._refusal(refused) from None
        finally:
            self._discard()

    def _open(self) -> IO[str]:
        if _STREAM.fullmatch(str(self.path)):
            # What a shell has opened, and may have redirected to a file that holds more than this.
            return self.path.open("a", encoding="utf-8", newline="")
        try:
            mode = self._target.stat().st_mode
        except FileNotFoundError:
            umask = os.umask(0)
            os.umask(umask)
            mode = stat.S_IFREG | (0o666 & ~umask)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(21, "it is a folder")
        if not stat.S_ISREG(mode):
            return self._target.open("w", encoding="utf-8", newline="")
        handle, self._temporary = tempfile.mkstemp(prefix=f".{self._target.name}.", dir=self._target.parent)
        os.fchmod(handle, stat.S_IMODE(mode))
        return os.fdopen(handle, "w", encoding="utf-8", newline="", buffering=1 << 20)

    def _commit(self) -> None:
        assert self._stream is not None
        self._stream.flush()
        if self._temporary is None:
            return
        os.fsync(self._stream.fileno())
        Path(self._temporary).replace(self._target)
        self._temporary = None
        folder = os.open(self._target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _discard(self) -> None:
        if self._stream is not None:
            # A full disk refuses the buffered rest once more; its refusal was already raised.
            with contextlib.suppress(OSError):
                self._stream.close()
        if self._temporary is not None:
            Path(self._temporary).unlink(missing_ok=True)

    def _refusal(self, error: OSError) -> OutputError:
        return OutputError(f"{self.path} cannot be written: {error.strerror}; nothing there was changed")
