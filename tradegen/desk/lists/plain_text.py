"""The text of a file as UTF-8, and text written as the file has it: encoding, byte order mark, codec."""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from tradegen.core.compression import compressor
from tradegen.core.regular_files import open_file
from tradegen.errors import ListError, TradegenError, shown

BOMS = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "latin-1": b"",
    "cp1252": b"",
}
"""By encoding, the byte order mark that a text may begin with."""

ENCODINGS = tuple(BOMS)
COMPRESSIONS = {"none": "", "gz": "gzip", "zst": "zstd"}
"""By name in files of columns, Arrow's name."""

_PIECE = 1 << 20


class Writable(Protocol):
    """What takes bytes, such as `tradegen.output.files.OutputFile`."""

    def write(self, text: bytes, /) -> Any:
        """Append to it."""


@dataclass(frozen=True, slots=True)
class PlainText:
    """A file of UTF-8: the list itself, or a copy of it.

    Attributes
    ----------
    path : Path
    start : int
        The bytes before its text: those of a byte order mark.
    copied : bool
        Whether it is a copy, which is UTF-8 for certain.
    """

    path: Path
    start: int
    copied: bool


def plain_text(
    path: Path, name: str, encoding: str, compression: str, folder: Path, *, bom: bool
) -> PlainText:
    """A list as UTF-8, uncompressed: itself where it is that already, or a copy of it in a folder.

    Raises
    ------
    ListError
        Where it cannot be read, or is of another encoding or compression; it says where.
    """
    if encoding == "utf-8" and compression == "none":
        with opened(path, name, compression) as file:
            found = file.read(3) == codecs.BOM_UTF8
        _require_bom(name, encoding, said=bom, found=found)
        return PlainText(path, 3 if found else 0, copied=False)
    copy = folder / f"plain-{len(list(folder.iterdir()))}.txt"
    mark, read, lines = BOMS[encoding], 0, 1
    decoder = codecs.getincrementaldecoder(encoding)()
    with opened(path, name, compression) as file, copy.open("wb") as out:
        piece = file.read(_PIECE)
        found = bool(mark) and piece.startswith(mark)
        _require_bom(name, encoding, said=bom, found=found)
        piece, read = (piece[len(mark) :], len(mark)) if found else (piece, 0)
        while True:
            kept = len(decoder.getstate()[0])
            try:
                text = decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode(encoding)
                line = lines + good.count("\n")
                raise _mixed_up(name, encoding, read - kept + error.start, line) from None
            out.write(text.encode())
            lines += text.count("\n")
            read += len(piece)
            if not piece:
                return PlainText(copy, 0, copied=True)
            piece = file.read(_PIECE)


def _require_bom(name: str, encoding: str, *, said: bool, found: bool) -> None:
    if said != found:
        has = "has" if found else "has no"
        wanted = "true" if found else "false"
        raise ListError(
            f"{name} {has} byte order mark of {encoding}, and bom is {str(said).lower()}; "
            f"expected bom = {wanted}, or another encoding"
        )


def _mixed_up(name: str, encoding: str, position: int, line: int) -> ListError:
    return ListError(
        f"{name} is not {encoding} throughout: byte {position:,}, in line {line:,}, is no letter of it; "
        f"expected another encoding ({', '.join(ENCODINGS)}), or a file of one alone"
    )


def require_utf8(text: bytes, name: str, plain: PlainText, position: int) -> None:
    """Refuse a part of a list that is not UTF-8.

    Parameters
    ----------
    text : bytes
    name : str
        What messages call the list.
    plain : PlainText
    position : int
        Where the part begins in the file.

    Raises
    ------
    ListError
    """
    if plain.copied or text.isascii():
        return
    try:
        text.decode()
    except UnicodeDecodeError as error:
        wrong = position + error.start
        with plain.path.open("rb") as file:
            before = iter(lambda: file.read(min(_PIECE, wrong - file.tell())), b"")
            line = 1 + sum(piece.count(b"\n") for piece in before)
        raise _mixed_up(name, "utf-8", wrong, line) from None


@contextlib.contextmanager
def opened(path: Path, name: str, compression: str) -> Iterator[IO[bytes]]:
    """A file to be read from its beginning, without its compression.

    Raises
    ------
    ListError
        Where it cannot be read, or is not so compressed.
    """
    try:
        with open_file(path) as file:
            if compression == "none":
                yield file
                return
            import pyarrow as pa  # loaded where it is used

            yield pa.CompressedInputStream(file, COMPRESSIONS[compression])
    except TradegenError:  # of what is done with it
        raise
    except OSError as error:
        if error.strerror:
            raise ListError(f"{name} cannot be read: {error.strerror}") from None
        raise ListError(f"{name} cannot be read as {compression}: {error}") from None


class _Encoder:
    """Takes UTF-8 in pieces of any size, and hands it on in another encoding."""

    def __init__(self, out: Writable, encoding: str) -> None:
        self._out, self._encoding = out, encoding
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def write(self, text: bytes) -> None:
        try:
            self._out.write(self._decoder.decode(text).encode(self._encoding))
        except UnicodeEncodeError as error:
            letter = error.object[error.start]
            raise ListError(
                f"{self._encoding} has no {shown(letter)}; expected values that the list can hold"
            ) from None


@contextlib.contextmanager
def encoded(out: Writable, encoding: str, compression: str, *, bom: bool) -> Iterator[Writable]:
    """What takes UTF-8, and writes it to `out` in an encoding and a compression, whole when it is left."""
    whole = None if compression == "none" else compressor(f".{compression}", out.write)
    into = whole or out
    if bom:
        into.write(BOMS[encoding])
    yield into if encoding == "utf-8" else _Encoder(into, encoding)
    if whole:
        whole.end()
