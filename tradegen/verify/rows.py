"""Files as columns of cells, a chunk at a time: here lines of CSV, JSON and JSON lines.

Lines that stand as the sinks write them are taken apart all at once; a chunk with any other line goes through
Python's own readers. A line that these refuse, too, is a finding, and is left out.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from tradegen.verify.cells import MARGIN, Cells, buffer
from tradegen.verify.columns import Rows
from tradegen.verify.findings import Findings
from tradegen.verify.json_lines import cells_of_objects
from tradegen.verify.sources import Source
from tradegen.verify.vocabulary import VerifyError

__all__ = ["read_rows"]


def read_rows(
    source: Source, chunk_rows: int, findings: Findings, names: Collection[str] | None = None
) -> Iterator[Rows]:
    """Read a file in chunks of about `chunk_rows` records.

    Where columns can be read alone, those of `names` are, if names are given.

    Raises
    ------
    VerifyError
        Where the file cannot be read.
    """
    if source.form == "parquet":
        from tradegen.verify.parquet import read_parquet  # loaded where it is used

        yield from read_parquet(source, chunk_rows, names)
        return
    reader = _READERS[source.form](source, findings)
    line = 1
    for block in blocks(source, max(1, int(chunk_rows * source.line_bytes))):
        count = block.count(b"\n")
        if rows := reader.read(block, line, count):
            yield rows
        line += count
    reader.end(line)


def blocks(source: Source, size: int) -> Iterator[bytes]:
    """The bytes of a file in blocks of about `size` that end with a line; the last line gets its end."""
    try:
        with source.path.open("rb") as file:
            kept = file.read(3)
            kept = b"" if kept == b"\xef\xbb\xbf" else kept
            while read := file.read(size):
                end = read.rfind(b"\n") + 1
                if not end:
                    kept += read
                    continue
                yield kept + read[:end]
                kept = read[end:]
            if kept.strip():
                yield kept if kept.endswith(b"\n") else kept + b"\n"
    except OSError as error:
        raise VerifyError(f"{source.called or source.path} cannot be read: {error.strerror}") from None


class _Csv:
    """Lines of values between commas, after a header."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self._source, self._findings = source, findings
        self._header = True

    def read(self, block: bytes, line: int, count: int) -> Rows | None:
        if self._header:
            self._header = False
            block, line, count = block[block.index(b"\n") + 1 :], line + 1, count - 1
        if not count:
            return None
        data = buffer(block)
        text = data[MARGIN:-MARGIN]
        width = len(self._source.names)
        ends = np.flatnonzero((text == ord(",")) | (text == ord("\n")))
        plain = len(ends) == count * width and b'"' not in block and b"\r" not in block
        if not plain or (text[ends[width - 1 :: width]] != ord("\n")).any():
            return self._slowly(block, line)
        ends += MARGIN
        starts = np.empty_like(ends)
        starts[0] = MARGIN
        starts[1:] = ends[:-1] + 1
        lengths = ends - starts
        columns = {
            name: Cells(
                data, np.ascontiguousarray(starts[at::width]), np.ascontiguousarray(lengths[at::width])
            )
            for at, name in enumerate(self._source.names)
        }
        return Rows(columns, np.arange(line, line + count))

    def _slowly(self, block: bytes, line: int) -> Rows | None:
        width = len(self._source.names)
        records, lines = [], []
        for number, text in enumerate(block.decode("utf-8", "surrogateescape").split("\n")[:-1], line):
            if not text.strip():
                continue
            try:
                values = next(csv.reader([text], strict=True))
            except csv.Error as error:
                _refuse(self._source, self._findings, number, f"is not CSV: {error}")
                continue
            if len(values) == width:
                records.append(values)
                lines.append(number)
            else:
                what = f"has {len(values)} values; expected {width}"
                _refuse(self._source, self._findings, number, what)
        columns = [Cells.of(column) for column in zip(*records, strict=True)]
        return _rows(dict(zip(self._source.names, columns, strict=True)), lines) if records else None

    def end(self, line: int) -> None:
        """A CSV file ends where it ends."""


class _Json:
    """An object a line; in an array, with commas between them."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self._source, self._findings = source, findings
        self._array = source.form == "json"
        # Of an array: whether it is open, and whether the last record said, with a comma, that one follows.
        self._open = self._comma = self._any = False

    def read(self, block: bytes, line: int, count: int) -> Rows | None:
        opens = self._array and not self._open and block.startswith(b"[\n")
        closes = self._array and block.endswith(b"\n]\n")
        body = block[2 * opens : len(block) - 2 * closes] if opens or closes else block
        # Where a comma is missing, or a record is outside of the array, lines are looked at one by one.
        apart = self._array and (not (self._open or opens) or (self._any and not self._comma))
        found = None if apart or not body else cells_of_objects(body, self._source.names, self._array)
        if found is None:
            return self._slowly(block, line)
        columns, self._comma = found
        self._any, self._open = True, self._array
        if closes:
            self._close(line + count - 1)
        return Rows(columns, np.arange(line + opens, line + count - closes))

    def _slowly(self, block: bytes, line: int) -> Rows | None:
        records, lines = [], []
        for number, raw in enumerate(block.decode("utf-8", "surrogateescape").split("\n")[:-1], line):
            text = raw.strip()
            if text and self._array:
                text = self._element(text, number)
            if not text:
                continue
            try:
                record = json.loads(text, parse_float=str, parse_int=str)
            except ValueError as error:
                _refuse(self._source, self._findings, number, f"is not JSON: {error}")
                continue
            if isinstance(record, dict) and record.keys() == set(self._source.names):
                records.append(record)
                lines.append(number)
            else:
                what = f"is not an object with {', '.join(self._source.names)}"
                _refuse(self._source, self._findings, number, what)
        columns = {name: Cells.of([_text(record[name]) for record in records]) for name in self._source.names}
        return _rows(columns, lines) if records else None

    def _element(self, text: str, number: int) -> str:
        """What stands on a line of an array, without the array's own marks."""
        if not self._open and not self._any and text.startswith("["):
            self._open, text = True, text[1:].strip()
        elif not self._open:
            _refuse(self._source, self._findings, number, "stands outside of the array")
            return ""
        if text == "]":
            self._close(number)
            return ""
        closes = text.endswith("}]")
        text = text[:-1] if closes else text
        if text:
            if self._any and not self._comma:
                _refuse(self._source, self._findings, number, "follows a line without a comma at its end")
            self._any, self._comma = True, text.endswith(",")
        if closes:
            self._close(number)
        return text.removesuffix(",")

    def _close(self, number: int) -> None:
        if self._comma:
            _refuse(self._source, self._findings, number, "ends the array after a comma")
        self._open = self._comma = False

    def end(self, line: int) -> None:
        """Refuse an array that does not end."""
        if self._array and self._open:
            _refuse(self._source, self._findings, line, "is missing: the array is not closed")


_READERS: dict[str, Any] = {"csv": _Csv, "json": _Json, "ndjson": _Json}


def _refuse(source: Source, findings: Findings, line: int, what: str) -> None:
    findings.add("invalid", f"{source.name} line {line} {what}")


def _rows(columns: dict[str, Cells], lines: list[int]) -> Rows:
    return Rows(columns, np.array(lines, np.int64))


def _text(value: object) -> str:
    """A JSON value as the text that CSV would hold."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
