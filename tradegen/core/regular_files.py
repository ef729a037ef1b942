"""Regular files, as they are read: what would be waited for without end is refused."""

from __future__ import annotations

import errno
import io
import re
import stat
from pathlib import Path

# What a shell hands over as the end of a pipe: `<(command)` and `command |`.
_OF_THE_SHELL = re.compile(r"/dev/(?:fd/\d+|stdin)|/proc/self/fd/\d+")

_KINDS = {
    stat.S_IFIFO: "it is a named pipe",
    stat.S_IFSOCK: "it is a socket",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
}


def open_file(path: Path) -> io.BufferedReader:
    """Open a regular file for reading, or a pipe that a shell hands over as one, such as ``<(command)``.

    A named pipe would be waited for without end, and a device read without end.

    Raises
    ------
    OSError
        Where it cannot be read, or is no file; its `strerror` says why.
    """
    kind = stat.S_IFMT(path.stat().st_mode)
    if kind in _KINDS and not (kind == stat.S_IFIFO and _OF_THE_SHELL.fullmatch(str(path))):
        raise OSError(errno.EINVAL, f"{_KINDS[kind]}; expected a file", str(path))
    return path.open("rb")


def read_file(path: Path) -> bytes:
    """The content of a regular file, as `open_file` opens it.

    Raises
    ------
    OSError
        As `open_file` does.
    """
    with open_file(path) as file:
        return file.read()


def read_text(path: Path) -> str:
    """The content of a regular file as text: UTF-8, with or without a byte order mark.

    Raises
    ------
    OSError
        As `open_file` does, and where it is no such text: UTF-16, which holds NULs, is none.
    """
    return text_of(read_file(path), path)


def text_of(content: bytes, path: Path) -> str:
    """A file's content as text, as `read_text` reads it.

    Raises
    ------
    OSError
        Where it is no such text.
    """
    try:
        text = content.decode("utf-8-sig")
        position = content.find(b"\0")
    except UnicodeDecodeError as error:
        text, position = "", error.start
    if position >= 0:
        reason = f"it is not UTF-8 text (byte {position}); expected it saved as UTF-8"
        raise OSError(errno.EILSEQ, reason, str(path))
    return text
