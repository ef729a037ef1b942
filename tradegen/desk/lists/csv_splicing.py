"""Altered cells spliced into a CSV text; every other byte stays as it is."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tradegen.core.background import Background
from tradegen.desk.lists.csv_chunks import Chunk, csv_chunks, unquoted
from tradegen.desk.lists.edits import Edits, EditsByRow
from tradegen.desk.lists.list_form import ColumnForm, ListForm
from tradegen.desk.lists.list_values import TradeList
from tradegen.desk.lists.plain_text import Writable
from tradegen.desk.lists.splicing import Fill, Tail, spliced
from tradegen.errors import ListError, shown

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SEEN = 1_000  # rows that show how a column is quoted
_MOST = 1_000  # new cells that are kept, in case they are written again


def splice_csv(
    connection: DuckDBPyConnection,
    one: TradeList,
    edits: Iterable[Edits],
    out: Writable,
    read: int | None = None,
) -> tuple[int, int]:
    """Write a CSV list with some cells altered, and some rows left out or written several times.

    Parameters
    ----------
    connection : DuckDBPyConnection
    one : TradeList
    edits : iterable of Edits
        Of ascending rows.
    out : Writable
        Takes UTF-8.
    read : int, optional
        As `tradegen.desk.lists.csv_chunks.csv_chunks` takes it.

    Returns
    -------
    tuple of int
        How many rows were read, and how many were written.

    Raises
    ------
    ListError
        Where the list cannot be read, or a cell cannot hold its text.
    """
    waiting, tail = EditsByRow(edits), Tail(out, one.form.file)
    fill: Fill
    rows, written, ended = 0, 0, True

    def write(part: tuple[Chunk, Edits]) -> None:
        chunk, now = part
        tail.write(_altered(chunk, now, fill, one, tail.line_end) if now else chunk.text)

    with Background(write) as sink:
        for number, chunk in enumerate(csv_chunks(connection, one, read)):
            if not number:
                # Of names there are few.
                fill = functools.lru_cache(_MOST)(_Cells(one.form, chunk).filled)
            count = len(chunk.rows.afters)
            now = waiting.before(chunk.rows.first + count)
            sink.write((chunk, now))
            rows += count
            written += count + int((now.times - 1).sum())
            ended = chunk.text.endswith(tail.line_end[-1:]) if chunk.text else ended
    tail.finish(ended=ended)
    return rows, written


def _altered(chunk: Chunk, edits: Edits, fill: Fill, one: TradeList, line_end: bytes) -> bytes:
    spans = chunk.spans(edits.rows - chunk.rows.first, edits.columns)
    quote = one.form.file.quote.encode()
    for at, (start, end, old) in enumerate(zip(*map(np.ndarray.tolist, spans), edits.olds, strict=False)):
        raw = chunk.text[start:end]
        if raw.decode() == old:
            continue
        cell = (unquoted(raw, quote) if quote else raw).decode().strip()
        if cell != (old or "").strip():
            raise ListError(
                f"{one.name} has {shown(cell)} in row {int(edits.rows[at]) + 1:,} where {shown(old or '')} "
                "was read; expected a list that stays as it is, and that can be read in one way alone"
            )
    return spliced(chunk.text, chunk.rows, edits, spans, fill, line_end)


class _Cells:
    """Writes new cells of one list.

    Parameters
    ----------
    form : ListForm
    chunk : Chunk
        The first rows, which show where the list has quotes that no cell needs.
    """

    def __init__(self, form: ListForm, chunk: Chunk) -> None:
        self._form = form
        file = form.file
        self._quote = file.quote.encode()
        self._special = re.compile("[" + re.escape(file.separator + file.quote) + "\r\n]")
        # Alone in its row, an empty cell without quotes would be a blank line.
        self._alone = len(form.columns) == 1
        self._first = chunk if self._quote and self._quote in chunk.text else None
        self._quoting = functools.cache(self._looked_at)

    def _looked_at(self, position: int) -> tuple[bool, bool | None]:
        """Whether a column has quotes that no cell needs, and whether its blanks have them."""
        cells = self._first.column(position, _SEEN) if self._first else []
        return any(map(self._has_spare_quotes, cells)), self._quoted_blank(cells)

    def _has_spare_quotes(self, raw: bytes) -> bool:
        text = unquoted(raw, self._quote)
        return text is not raw and bool(text) and not self._special.search(text.decode())

    def _quoted_blank(self, cells: Sequence[bytes]) -> bool | None:
        """Whether blanks are written with quotes; None where there are none."""
        return next((bool(raw.strip()) for raw in cells if not unquoted(raw, self._quote).strip()), None)

    def filled(self, raw: bytes, text: str | None, position: int) -> bytes:
        """A cell with another text: padded as it was, and quoted as cells of its column are.

        Raises
        ------
        ListError
            Where the text needs quotes, and the list has none.
        """
        column, quote = self._form.columns[position], self._form.file.quote
        old = unquoted(raw, self._quote) if quote else raw
        spare, blank = self._quoting(position)
        before, after = b"", b""
        if quoted := old is not raw:
            bare = raw.strip(b" ")
            before, _, after = raw.partition(bare)
            # Quotes that a text needs do not say that another one has any.
            quoted = spare or not self._special.search(old.decode())
        new = _padded(old.decode(), text or "", column)
        if not new and blank is not None:
            quoted = blank
        if quoted or self._special.search(new) or (self._alone and not new):
            if not quote:
                raise ListError(
                    f"column {shown(column.name)} cannot hold {shown(new)}, since the list has no quotes; "
                    "expected a text without its separator and line breaks"
                )
            new = quote + new.replace(quote, 2 * quote) + quote
        return before + new.encode() + after


def _padded(old: str, new: str, column: ColumnForm) -> str:
    """A text with the blanks that the column, or else the old text, has around it."""
    if column.width is not None:
        return new.rjust(column.width) if column.align == "right" else new.ljust(column.width)
    bare = old.strip(" ")
    if bare in ("", old):
        return new
    before, _, after = old.partition(bare)
    return before + new + after
