"""Compressed text: by gzip or by Zstandard, as the end of a file's name says.

This is transport alone, and knows nothing of what the text says. Everything is read to its end before any of
it is used, for only there does it show that a file is cut off or damaged.
"""

from __future__ import annotations

import errno
import gzip
import io
import zlib
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import IO, Any

from tradegen.core.regular_files import open_file
from tradegen.core.sinks import Sink

SUFFIXES = {".gz": "gzip", ".zst": "Zstandard"}
"""How text may be compressed, by the suffix after that of its form."""

_STARTS = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
_LEVEL = 6  # gzip's own default: 4 takes half the time, for a twelfth more bytes
_PIECE = 1 << 20


def compression_of(name: str | PurePath) -> str:
    """The suffix that says how a file is compressed; "" where none does."""
    suffix = PurePath(name).suffix.lower()
    return suffix if suffix in SUFFIXES else ""


def plain_name(name: str | PurePath) -> PurePath:
    """The name that the file has when it is not compressed: ``t.csv`` for ``t.csv.gz``."""
    path = PurePath(name)
    return path.with_suffix("") if compression_of(path) else path


def beside(path: Path, name: str) -> Path:
    """The path of another table of a run: ``key.links.csv.gz`` beside ``key.csv.gz``."""
    stem = plain_name(path).stem
    return path.with_name(f"{stem}.{name}{path.name.removeprefix(stem)}")


def compressor(suffix: str, write: Callable[[bytes], object]) -> _Gzip | _Zstandard:
    """What compresses all that is written to it, until its `end`.

    The same text gives the same bytes under the same libraries.

    Parameters
    ----------
    suffix : str
        One of `SUFFIXES`.
    write : callable
        Takes the compressed bytes, piece by piece.
    """
    return _Gzip(write) if suffix == ".gz" else _Zstandard(write)


class _Gzip:
    """Through zlib, whose header of gzip has neither a time nor a name: the bytes are the same each time."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._deflate = zlib.compressobj(_LEVEL, wbits=16 + zlib.MAX_WBITS)
        self._write = write

    def write(self, data: bytes) -> None:
        if compressed := self._deflate.compress(data):
            self._write(compressed)

    def end(self) -> None:
        self._write(self._deflate.flush())


class _Zstandard:
    """Through pyarrow, as one frame: some readers read the first one alone."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        import pyarrow as pa  # loaded where it is used

        self._sink = Sink(write)
        self._stream: Any = pa.CompressedOutputStream(pa.PythonFile(self._sink, "w"), "zstd")

    def write(self, data: bytes) -> None:
        self._stream.write(data)

    def end(self) -> None:
        self._stream.close()

    def __del__(self) -> None:
        # pyarrow ends a stream that was given up, too: what it writes then goes nowhere.
        self._sink.write = len


def disguise_of(start: bytes, name: str | PurePath) -> str:
    """What is wrong with a file whose content is compressed, and whose name does not say so; "" for others.

    Parameters
    ----------
    start : bytes
        The first four bytes, at least.
    name : str or path
    """
    suffix = next((suffix for mark, suffix in _STARTS.items() if start.startswith(mark)), "")
    if not suffix or compression_of(name):
        return ""
    return f"it is compressed by {SUFFIXES[suffix]}; expected a name that ends in {suffix}"


def content_of(path: Path) -> bytes:
    """The content of a file, uncompressed where its name says that it is compressed.

    Raises
    ------
    OSError
        As `unpack` does; `strerror` says why. Also where it is compressed, and the name does not say so.
    """
    if compression_of(path):
        into = io.BytesIO()
        unpack(path, into)
        return into.getvalue()
    with open_file(path) as file:
        content = file.read()
    if wrong := disguise_of(content[:4], path):
        raise OSError(errno.EILSEQ, wrong, str(path))
    return content


def start_of(path: Path, size: int) -> bytes:
    """The first bytes of a file's text.

    Raises
    ------
    OSError
        As `unpack` does.
    """
    with open_file(path) as file:
        if not compression_of(path):
            return file.read(size)
        with _reading(file, path) as plain:
            return _read(plain, size, path)


def unpack(path: Path, into: IO[bytes], name: str | PurePath = "") -> None:
    """Write a compressed file's text into another one.

    Parameters
    ----------
    path : Path
    into : file
    name : str or path, optional
        Whose suffix counts, and what messages call it; the path's own if not given.

    Raises
    ------
    OSError
        Where it cannot be read. Where it is cut off, damaged or not compressed in this way, its `errno` is
        EILSEQ, and `strerror` says so.
    """
    called = name or path
    with open_file(path) as file, _reading(file, called) as plain:
        while piece := _read(plain, _PIECE, called):
            into.write(piece)


def _read(plain: IO[bytes], size: int, name: str | PurePath) -> bytes:
    try:
        return plain.read(size)
    except (EOFError, OSError, zlib.error) as error:
        if getattr(error, "errno", None):
            raise  # the disk's
        cut = isinstance(error, EOFError) or "Truncated" in str(error)
        method = SUFFIXES[compression_of(name)]
        wrong = f"its {method} data {'end too early: it is cut off' if cut else 'are damaged'}"
        raise OSError(errno.EILSEQ, wrong, str(name)) from None


def _reading(file: io.BufferedReader, name: str | PurePath) -> Any:
    """What reads a compressed file's text."""
    suffix = compression_of(name)
    if not any(file.peek(4).startswith(mark) for mark, one in _STARTS.items() if one == suffix):
        wrong = f"it is not compressed by {SUFFIXES[suffix]}, as its suffix {suffix} has it"
        raise OSError(errno.EILSEQ, wrong, str(name))
    if suffix == ".gz":
        return gzip.GzipFile(fileobj=file)
    import pyarrow as pa  # loaded where it is used

    return pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")
