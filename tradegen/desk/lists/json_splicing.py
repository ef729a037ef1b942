"""Altered values spliced into JSON lines; keys, their order, blanks and all other values stay as they are."""

# ruff: noqa: S608 - what is put into SQL is quoted by `literal`, or is ours

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]  # it is there, untyped
from typing import TYPE_CHECKING

import numpy as np

from tradegen.desk.lists.edits import Edits, EditsByRow
from tradegen.desk.lists.list_values import TradeList
from tradegen.desk.lists.plain_text import Writable, require_utf8
from tradegen.desk.lists.splicing import RowPlaces, Tail, spliced
from tradegen.desk.lists.value_stream import ValueStream
from tradegen.errors import ListError, shown
from tradegen.scoring.relations import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

OBJECTS = ("OBJECT", "ARRAY")
"""What DuckDB's ``json_type`` calls objects and lists."""

_PIECE = 1 << 20  # bytes
_BLANKS = re.compile(r"[ \t\r\n]*")
_ROUND_LINES = re.compile(rb"[ \t\r]*\n[ \t\r\n]*")
_LONG = re.compile(rb"-?\d+\.(\d*0)")  # has zeros at its end
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_value = JSONDecoder().raw_decode


def can_become(sort: str | None, text: str | None) -> bool:
    """Whether a value of JSON can have another text and stay of its sort; lists and objects never can.

    Parameters
    ----------
    sort : str or None
        As DuckDB's ``json_type`` has it.
    text : str or None
        None for a blank, which any value may become.
    """
    if sort in OBJECTS:
        return False
    if text is None or sort == "VARCHAR":
        return True
    return text in ("true", "false") if sort == "BOOLEAN" else bool(_NUMBER.fullmatch(text))


def splice_json(
    connection: DuckDBPyConnection, one: TradeList, edits: Iterable[Edits], out: Writable
) -> tuple[int, int]:
    """Write JSON lines with some values altered, and some rows left out or written several times.

    Parameters and what is returned are those of `tradegen.desk.lists.csv_splicing.splice_csv`.

    Raises
    ------
    ListError
        Where the list cannot be read, or a row has no value to be altered.
    """
    waiting, tail = EditsByRow(edits), Tail(out, one.form.file)
    read, written, ended = 0, 0, True
    for text, rows in _chunks(connection, one):
        count = len(rows.begins)
        now = waiting.before(rows.first + count)
        if now:
            spans = _spans(text, rows, now, one)
            # Where all other letters are escaped, those of a new text are, too.
            fill = functools.partial(_filled, escaped=b"\\u" in text and text.isascii())
            tail.write(spliced(text, rows, now, spans, fill, tail.line_end))
        else:
            tail.write(text)
        read += count
        written += count + int((now.times - 1).sum())
        ended = text.endswith(b"\n") if text else ended
    tail.finish(ended=ended)
    return read, written


def _chunks(connection: DuckDBPyConnection, one: TradeList) -> Iterator[tuple[bytes, RowPlaces]]:
    """The text in pieces of whole lines, and the places of the lines that hold an object."""
    assert one.plain is not None
    path = one.plain.path
    stream = ValueStream(
        connection, f"SELECT concat(json, chr(10)) FROM read_ndjson_objects({literal(str(path))})", one.name
    )
    first, position, last, text = 0, one.plain.start, False, b""
    with path.open("rb") as source:
        source.seek(position)
        while not last:
            more = source.read(max(_PIECE, len(text)))
            text, last = text + more, not more
            stop = len(text) if last else text.rfind(b"\n") + 1
            if not stop and not last:
                continue
            whole, text = text[:stop], text[stop:]
            require_utf8(whole, one.name, one.plain, position)
            rows = _lines(whole, first)
            bare = _ROUND_LINES.sub(b"\n", whole.strip(b" \t\r\n") + b"\n") if len(rows.begins) else b""
            ours = np.frombuffer(bare, np.uint8)
            same = stream.same(ours)
            if same < len(ours):
                wrong = first + bare.count(b"\n", 0, same) + 1
                raise ListError(
                    f"{one.name} has row {wrong:,} that can be read in more than one way; "
                    "expected an object a line"
                )
            yield whole, rows
            first, position = first + len(rows.begins), position + stop
    if not stream.ended():
        raise ListError(
            f"{one.name} has a row after row {first:,} that is no line; expected an object a line"
        )


def _lines(text: bytes, first: int) -> RowPlaces:
    seen = np.frombuffer(text, np.uint8)
    feeds = np.flatnonzero(seen == ord("\n"))
    begins, afters = np.append(0, feeds + 1), np.append(feeds + 1, len(text))
    # Blank lines are no rows.
    letters = np.cumsum(np.append(0, (seen > ord(" ")).astype(np.int64)))
    kept = letters[afters] > letters[begins]
    begins, afters = begins[kept], afters[kept]
    return RowPlaces(begins, afters - (seen[afters - 1] == ord("\n")), afters, first)


def _spans(text: bytes, rows: RowPlaces, edits: Edits, one: TradeList) -> tuple[np.ndarray, np.ndarray]:
    """Where the values that are edited stand in the text."""
    found = np.zeros((2, len(edits.rows)), np.int64)
    known: tuple[int, Mapping[str, tuple[int, int]]] = -1, {}
    for number, (row, column) in enumerate(zip(edits.rows.tolist(), edits.columns.tolist(), strict=True)):
        if row != known[0]:
            at = row - rows.first
            known = row, value_spans(text[rows.begins[at] : rows.afters[at]])
        name = one.form.columns[column].name
        if name not in known[1]:
            raise ListError(
                f"{one.name} has no {shown(name)} in row {row + 1:,}; expected a value where one is altered"
            )
        found[:, number] = np.add(known[1][name], rows.begins[row - rows.first])
    return found[0], found[1]


def value_spans(line: bytes) -> dict[str, tuple[int, int]]:
    """Where the values of an object begin and end in a line of JSON, in bytes, by key."""
    text = line.decode()
    places: dict[str, tuple[int, int]] = {}
    position = _after_blanks(text, _after_blanks(text, 0) + 1)
    while text[position] != "}":
        key, position = scanstring(text, position + 1)
        start = _after_blanks(text, _after_blanks(text, position) + 1)
        _, stop = _value(text, start)
        places[key] = start, stop
        position = _after_blanks(text, stop)
        if text[position] == ",":
            position = _after_blanks(text, position + 1)
    if len(line) == len(text):
        return places
    return {key: (len(text[:a].encode()), len(text[:b].encode())) for key, (a, b) in places.items()}


def _after_blanks(text: str, position: int) -> int:
    found = _BLANKS.match(text, position)
    assert found is not None
    return found.end()


def _filled(raw: bytes, text: str | None, _: int, *, escaped: bool) -> bytes:
    """A value with another text: in quotes where it was, or where it is no number."""
    if text is None:
        return b"null"
    if not raw.startswith(b'"') and (_NUMBER.fullmatch(text) or text in ("true", "false")):
        whole, part = (text.partition(".")[at] for at in (0, 2))
        if (long := _LONG.fullmatch(raw)) and f"{whole.removeprefix('-')}{part}".isdigit():
            # Whoever writes 105.50 writes 104.50, too: fewer decimals would show that it was altered.
            text = f"{whole}.{part:0<{len(long[1])}}"
        return text.encode()
    return json.dumps(text, ensure_ascii=escaped or b"\\u" in raw).encode()
