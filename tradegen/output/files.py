"""Files that are whole or not there, and standard output: where records go.

A file is written under another name, flushed to the disk, then renamed. Several files together go through
`finish` first, which is where a disk refuses, and are then put in place one right after the other.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import signal
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tradegen.errors import OutputError

STANDARD_OUTPUT = Path("/dev/stdout")

_STRETCH = 1 << 22  # bytes that are sent off to the disk together

# What a file is called before it is whole. The ending tells it from files that are not ours.
_HALF_WRITTEN = re.compile(r"\..+\.[a-z0-9_]{8}\.tradegen")
_YOUNG = 10.0  # seconds in which a file may have been made and not locked yet

# What a shell has opened, and may have redirected to a file that holds more than this.
_STREAM = re.compile(r"/dev/(?:fd/(\d+)|std(out|err))|/proc/self/fd/(\d+)")


class OutputFile:
    """A file that replaces what stands at its path only once it is complete.

    Used as a context manager: when the block ends well, the file is flushed, synced and renamed into place;
    when it does not, nothing has changed. A path that is no regular file (``/dev/null``, a named pipe) is
    written straight through, and so is a stream of the shell's, such as ``/dev/stdout``.

    Parameters
    ----------
    path : path-like
    tidy : bool
        Whether to take away first what runs that were killed have left in the folder.

    Raises
    ------
    OutputError
        Where the folder is missing, the path is a folder, or the disk refuses. What was there is still there.
    """

    def __init__(self, path: str | os.PathLike[str], *, tidy: bool = True) -> None:
        self.path = Path(path)
        self._tidy = tidy
        # Through a link, the file it points to is replaced, not the link.
        self._target = Path(os.path.realpath(self.path))
        self._temporary: Path | None = None
        self._stream: IO[bytes] | None = None
        self._lock: int | None = None
        self._written, self._sent = 0, 0

    def __enter__(self) -> Self:
        try:
            self._stream = self._open()
        except OSError as error:
            raise self._refusal(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.finish()
                self.place()
        finally:
            self._discard()

    def write(self, text: bytes) -> None:
        """Append to it."""
        assert self._stream is not None
        try:
            self._stream.write(text)
            self._written += len(text)
            if self._temporary is not None and self._written - self._sent >= _STRETCH:
                self._send()
        except OSError as error:
            raise self._refusal(error) from None

    def _send(self) -> None:
        """Have the system begin to bring to the disk what is written, so that `finish` need not wait for it.

        Of what Linux does with pages that nobody will need, that is the first step. Without it, a large
        dataset waits for the disk a tenth of the time.
        """
        assert self._stream is not None
        if hasattr(os, "posix_fadvise"):
            self._stream.flush()
            size = self._written - self._sent
            # Advice alone: a file system that takes none is written to all the same.
            with contextlib.suppress(OSError):
                os.posix_fadvise(self._stream.fileno(), self._sent, size, os.POSIX_FADV_DONTNEED)
        self._sent = self._written

    def finish(self) -> None:
        """Bring all that was written to the disk; nothing can be written after it."""
        if self._stream is None:
            return
        try:
            self._stream.flush()
            if self._temporary is not None:
                os.fsync(self._stream.fileno())
            self._stream.close()
        except OSError as error:
            raise self._refusal(error) from None
        self._stream = None

    def place(self) -> None:
        """Put the finished file in place."""
        if self._temporary is None:
            return
        try:
            self._temporary.replace(self._target)
            self._temporary = None
            self._unlock()
            folder = os.open(self._target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise self._refusal(error) from None

    def _open(self) -> IO[bytes]:
        if stream := _STREAM.fullmatch(str(self.path)):
            number, name, other = stream.groups()
            descriptor = {"out": 1, "err": 2}[name] if name else int(number or other)
            # The shell's own descriptor, with its place in the file: opened anew, it would start at 0.
            return os.fdopen(os.dup(descriptor), "wb")
        try:
            mode = self._target.stat().st_mode
        except FileNotFoundError:
            umask = os.umask(0)
            os.umask(umask)
            mode = stat.S_IFREG | (0o666 & ~umask)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(21, "it is a folder")
        if stat.S_ISBLK(mode):
            raise OSError(errno.EINVAL, "it is a disk")
        if not stat.S_ISREG(mode):
            return self._open_special(mode)
        if self._tidy:
            remove_leftovers(self._target.parent)
        handle, temporary = tempfile.mkstemp(".tradegen", f".{self._target.name}.", self._target.parent)
        self._temporary = Path(temporary)
        # Held until the file is in its place: what holds no lock is taken for a dead run's.
        self._lock = os.dup(handle)
        with contextlib.suppress(OSError):  # a file system that has no locks
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.fchmod(handle, stat.S_IMODE(mode))
        return os.fdopen(handle, "wb")

    def _open_special(self, mode: int) -> IO[bytes]:
        """Open a device, or a named pipe that is being read: nobody is waited for."""
        try:
            handle = os.open(self._target, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if stat.S_ISFIFO(mode) and error.errno == errno.ENXIO:
                raise OSError(errno.ENXIO, "it is a named pipe that nothing reads") from None
            raise
        os.set_blocking(handle, True)
        return os.fdopen(handle, "wb")

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _discard(self) -> None:
        if self._stream is not None:
            # A full disk refuses the buffered rest once more; its refusal was already raised.
            with contextlib.suppress(OSError):
                self._stream.close()
            self._stream = None
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)
            self._temporary = None
        self._unlock()

    def _refusal(self, error: OSError) -> Exception:
        if isinstance(error, BrokenPipeError):
            return error
        return OutputError(f"{self.path} cannot be written: {error.strerror}; nothing there was changed")


class StandardOutput(OutputFile):
    """Standard output, as an `OutputFile` that is always in its place.

    Raises
    ------
    OutputError
        Where it is closed, or the disk that it was redirected to refuses.
    BrokenPipeError
        Where its reader has gone.
    """

    def __init__(self) -> None:
        super().__init__("standard output")

    def _open(self) -> IO[bytes]:
        if sys.stdout is None:
            raise OSError(9, "it is closed")
        return sys.stdout.buffer

    def finish(self) -> None:
        """Flush it."""
        try:
            sys.stdout.flush()
        except OSError as error:
            raise self._refusal(error) from None

    def _discard(self) -> None:
        # It is not ours to close.
        self._stream = None

    def _refusal(self, error: OSError) -> Exception:
        with contextlib.suppress(OSError, AttributeError):
            # What is left in the buffer has nowhere to go; at its end, Python would try, and complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return error
        return OutputError(f"standard output cannot be written: {error.strerror}")


def remove_leftovers(folder: Path, *, locked: bool = False) -> None:
    """Take away the half-written files that runs have left in a folder when they were killed.

    Files of living runs are locked, or young and about to be, and stay. What cannot be taken away stays, too.

    Parameters
    ----------
    folder : path
    locked : bool
        Whether to take away those as well. Who writes one cannot put it into place any more.
    """
    with contextlib.suppress(OSError):
        for path in folder.glob(".*.tradegen"):
            if _HALF_WRITTEN.fullmatch(path.name):
                if locked:
                    path.unlink(missing_ok=True)
                else:
                    _remove_unlocked(path)


def _remove_unlocked(path: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if time.time() - os.fstat(descriptor).st_mtime >= _YOUNG:
                path.unlink()
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C pass unheard for a moment, here and in the processes that are started in it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def require_apart(read: Iterable[Path], written: Iterable[Path | None]) -> None:
    """Refuse to write to a file that is read, by any of its names, or twice to one file.

    What keeps nothing, such as ``/dev/null``, may be named twice. A path that is None is not written.
    """
    taken = {_identity(path): "is read by this run, too" for path in read}
    for path in written:
        if path is None or (path != STANDARD_OUTPUT and keeps_nothing(path)):
            continue
        if (place := _identity(path)) in taken:
            raise OutputError(f"{path} {taken[place]}; expected another path to write to")
        taken[place] = "is named for two outputs"


def keeps_nothing(path: Path) -> bool:
    """Whether something is there that is no file, such as /dev/null."""
    return path.exists() and not path.is_file()


def _identity(path: Path) -> tuple[int, int] | str:
    """What all names of a file have in common, hard links among them; of a file to be, its path."""
    try:
        found = path.stat()
    except OSError:
        return os.path.realpath(path)
    return found.st_dev, found.st_ino
