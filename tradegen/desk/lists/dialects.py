"""Guessing the dialect of a file: its form, encoding, separator, quotes, line ends and header."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from tradegen.desk.lists.list_form import FileForm
from tradegen.desk.lists.plain_text import BOMS, opened
from tradegen.errors import ListError

_SAMPLE = 1 << 20  # bytes
_PIECE = 1 << 22
_MAGIC = {b"\x1f\x8b": "gz", b"\x28\xb5\x2f\xfd": "zst"}
_SEPARATORS = (",", ";", "\t", "|", "\x01")
_HIGH = bytes(range(0x80, 0xA0))  # control characters in Latin-1, mostly letters in CP1252
_NO_CP1252 = b"\x81\x8d\x8f\x90\x9d"
_VALUE = re.compile(  # what stands in no header: numbers, dates, times
    r"\s*[-+(]?[$£€]?\d[\d.,' ]*[)%]?\s*|\s*\d{1,4}[-/.]\w{1,3}[-/.]\d{1,4}.*|\s*\d\d:\d\d.*"
)
_LINE_END = re.compile(r"\r\n|\n|\r")


def guess_file(path: Path, name: str) -> FileForm:
    """What the form of a file seems to be. Decimal and thousands marks are for who sees the columns.

    Parameters
    ----------
    path : Path
    name : str
        What messages call it.

    Raises
    ------
    ListError
        Where it cannot be read, or is no list.
    """
    with opened(path, name, "none") as file:
        magic = file.read(4)
    if magic == b"PAR1":
        return FileForm(form="parquet")
    compression = next((kind for start, kind in _MAGIC.items() if magic.startswith(start)), "none")
    with opened(path, name, compression) as file:
        sample = file.read(_SAMPLE)
        encoding, bom = _encoding(sample, file)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample[len(BOMS[encoding]) * bom :])
    if not text.strip():
        raise ListError(f"{name} is empty; expected a header at least")
    base = FileForm(encoding=encoding, bom=bom, compression=compression)
    if text.lstrip().startswith("{"):
        return base.model_copy(update={"form": "ndjson"})
    if text.lstrip().startswith("["):
        raise ListError(f"{name} is a JSON array; expected JSON lines, an object a line, or CSV or Parquet")
    return base.model_copy(update=_dialect(text, whole=len(sample) < _SAMPLE))


def _encoding(sample: bytes, rest: IO[bytes]) -> tuple[str, bool]:
    """The encoding, and whether there is a byte order mark; the file is read through where it is unclear."""
    for encoding, mark in BOMS.items():
        if mark and sample.startswith(mark):
            return encoding, True
    if sample.count(0) * 4 > len(sample):
        # Of letters that are ASCII, one byte of two is 0: the second one, if the lesser byte comes first.
        return ("utf-16-be" if sample[::2].count(0) > sample[1::2].count(0) else "utf-16-le"), False
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, high = True, Counter[int]()
    piece = sample
    while piece:
        if not piece.isascii():
            if is_utf8:
                try:
                    decoder.decode(piece)
                except UnicodeDecodeError:
                    is_utf8 = False
            found = piece.translate(None, bytes(set(range(256)) - set(_HIGH)))
            high.update(found)
        piece = rest.read(_PIECE)
    if is_utf8 and not decoder.getstate()[0]:
        return "utf-8", False
    windows = bool(high) and not set(high) & set(_NO_CP1252)
    return ("cp1252" if windows else "latin-1"), False


def _dialect(text: str, *, whole: bool) -> dict[str, object]:
    """Separator, quote, line end, header and lines before it, of a text or of its beginning."""
    between = re.escape("".join(_SEPARATORS)) + "\r\n"
    enclosed = {
        quote: len(re.findall(f"(?:^|[{between}]){quote}[^{quote}]*{quote}(?=[{between}]|$)", text))
        for quote in "\"'"
    }
    quote = "'" if enclosed["'"] > 2 * enclosed['"'] else '"'
    best: tuple[float, int] = (-1.0, 0)
    found: dict[str, object] = {}
    # One that is nowhere in the text says no more than the first.
    for separator in filter(lambda one: one in text or one == _SEPARATORS[0], _SEPARATORS):
        mark, rows = quote, _rows(text, separator, quote, whole=whole)
        if rows is None:  # a quotation mark that closes nowhere is a letter
            mark, rows = "", _rows(text, separator, "", whole=whole) or []
        widths = Counter(len(row) for _, row in rows)
        width, count = max(
            widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]), default=(1, 1)
        )
        score = (count / max(len(rows), 1) if width > 1 else 0.0, width)
        if score > best:
            best = score
            found = {"separator": separator, "quote": mark} | _header(rows, width)
    quoted = re.compile(f"{quote}(?:[^{quote}]|{quote}{quote})*{quote}")
    ends = Counter(_LINE_END.findall(quoted.sub("", text) if enclosed[quote] else text))
    found["line_end"] = next(iter(ends), "\n") if len(ends) < 2 else "mixed"
    return found


def _rows(text: str, separator: str, quote: str, *, whole: bool) -> list[tuple[int, list[str]]] | None:
    """The rows of a text that are no blank lines, each with the lines before it; None if a quote is open."""
    quoting: Any = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=separator,
        quotechar=quote or None,
        quoting=quoting,
        strict=whole,
    )
    rows, before = [], 0
    try:
        for row in reader:
            if row:
                rows.append((before, row))
            before = reader.line_num
    except csv.Error:
        return None
    # The end of a beginning may be in the middle of a row.
    return rows if whole else rows[:-1]


def _header(rows: Sequence[tuple[int, list[str]]], width: int) -> dict[str, object]:
    """Whether there is a header, and how many lines stand before it."""
    at, first = next(((at, row) for at, row in rows if len(row) == width), (0, []))
    names = [cell.strip() for cell in first if cell.strip()]
    plain = not any(_VALUE.fullmatch(cell) for cell in names)
    return {"header": bool(names) and plain, "skip": at if width > 1 else 0}
