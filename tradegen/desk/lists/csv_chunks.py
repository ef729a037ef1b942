"""A CSV text in chunks of whole rows, with the places of all cells, checked against what DuckDB reads."""

# ruff: noqa: S608 - what is put into SQL is ours

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradegen.core.columns import Array
from tradegen.desk.lists.list_form import FileForm
from tradegen.desk.lists.list_values import TradeList
from tradegen.desk.lists.plain_rows import plain_rows
from tradegen.desk.lists.plain_text import require_utf8
from tradegen.desk.lists.splicing import RowPlaces
from tradegen.desk.lists.splitter import Cells, RaggedError, Splitter
from tradegen.desk.lists.value_stream import ValueStream
from tradegen.errors import ListError, shown

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PIECE = 1 << 20  # bytes: as many as caches hold, with the places of their cells
_CELL, _ROW = 0x1F, 0x1E  # ASCII's own marks behind a unit and a record


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a list.

    Attributes
    ----------
    text : bytes
        UTF-8: all that stands between the chunk before and the one after it, whether in a row or not.
    rows : RowPlaces
        Where in it the rows are.
    """

    text: bytes
    rows: RowPlaces
    _splitter: Splitter
    _cells: Cells | None  # of all rows, where all of them have been split

    def spans(self, rows: Array, columns: Array) -> tuple[Array, Array]:
        """Where some cells begin and end in the text, by row of the chunk and position of the column."""
        if self._cells is not None:
            return self._cells.starts[rows, columns], self._cells.ends[rows, columns]
        few, which = np.unique(rows, return_inverse=True)
        bounds = zip(self.rows.begins[few].tolist(), self.rows.afters[few].tolist(), strict=True)
        cells = self._splitter.split(b"".join([self.text[begin:after] for begin, after in bounds]), last=True)
        moved = (self.rows.begins[few] - cells.starts[:, 0])[which]
        return cells.starts[which, columns] + moved, cells.ends[which, columns] + moved

    def column(self, position: int, most: int) -> list[bytes]:
        """The cells of a column in the first rows, as they stand in the text."""
        rows = np.arange(min(most, len(self.rows.afters)))
        bounds = self.spans(rows, np.full(len(rows), position))
        return [self.text[start:end] for start, end in zip(*map(np.ndarray.tolist, bounds), strict=True)]


def csv_chunks(
    connection: DuckDBPyConnection, one: TradeList, read: int | None = None, *, piece: int = _PIECE
) -> Iterator[Chunk]:
    """Read a CSV list from its beginning to its end.

    What stands before the rows, such as the header, is part of the first chunk's text.

    Parameters
    ----------
    connection : DuckDBPyConnection
        It keeps the order of rows.
    one : TradeList
        A list of CSV.
    read : int, optional
        How many rows DuckDB has read. As long as nothing is quoted, lines and separators leave no doubt, and
        it is enough that there are as many. If not given, and from the first quotation mark on, all values
        are compared with what DuckDB reads.
    piece : int
        How many bytes to read at a time.

    Raises
    ------
    ListError
        Where a row has another number of cells, a cell is another than DuckDB reads, or a byte is no UTF-8.
    """
    assert one.plain is not None
    file, columns = one.form.file, len(one.form.columns)
    line_end = "" if file.line_end == "mixed" else file.line_end
    splitter = Splitter(file.separator.encode(), file.quote.encode(), line_end, columns)
    check: _Check | None = None
    first, position, plain = 0, one.plain.start, read is not None
    with one.plain.path.open("rb") as source:
        source.seek(position)
        text, last, begun = b"", False, False
        while not last:
            more = source.read(max(piece, len(text)))
            text, last = text + more, not more
            rows = plain_rows(text, file, columns, first, last=last) if plain and begun else None
            cells = None
            if rows is None:
                before = 0 if begun else _skipped(text, file)
                headers = 0 if begun else int(file.header)
                try:
                    cells = splitter.split(text[before:] if before else text, last=last)
                except RaggedError as error:
                    row, found = error.args
                    number = first + row + 1 - headers
                    raise ListError(
                        f"{one.name} has {found:,} cells in {f'row {number:,}' if number else 'its header'}; "
                        f"expected {columns:,}, as many as there are columns"
                    ) from None
                cells = _behind(cells, before, headers)
                rows = RowPlaces(cells.starts[:, 0], cells.ends[:, -1], cells.afters, first)
            if not len(rows.afters) and not last:
                continue
            stop = len(text) if last else int(rows.afters[-1])
            whole = text[:stop]
            if cells is not None and plain:
                # Behind the header, the first rows may be plain ones.
                begin = int(rows.begins[0]) if len(rows.begins) else stop
                plain = not begun and plain_rows(whole[begin:], file, columns, first, last=last) is not None
            begun = True
            require_utf8(whole, one.name, one.plain, position)
            if not plain:
                # Not before: what is wrong with the first rows is said better here than by DuckDB.
                assert cells is not None
                check = check or _Check(connection, one, first)
                check.compare(whole, cells, first)
            yield Chunk(whole, rows, splitter, cells)
            first += len(rows.afters)
            position += stop
            text = text[stop:]
    if check is None:
        if first != read:
            raise ListError(
                f"{one.name} has {first:,} rows, and {read:,} were read; expected the line ends of the file "
                "of columns throughout, and a list that stays as it is"
            )
    elif not check.ended():
        raise ListError(
            f"{one.name} has a row after row {first:,} that can be read in more than one way; expected the "
            "line ends of the file of columns throughout"
        )


def _skipped(text: bytes, file: FileForm) -> int:
    """How many bytes the lines take that stand before the header."""
    feed, stop = (b"\r" if file.line_end == "\r" else b"\n"), 0
    for _ in range(file.skip):
        found = text.find(feed, stop)
        stop = found + 1 if found >= 0 else len(text)
    return stop


def _behind(cells: Cells, before: int, headers: int) -> Cells:
    return Cells(*(part[headers:] + before for part in (cells.starts, cells.ends, cells.afters)))


class _Check:
    """Compares the cells of chunks, from a row on, with those that DuckDB reads, as one stream of bytes each.

    The values of a row stand one after the other, with ASCII's marks between cells and after the row, so that
    a cell that begins elsewhere is seen, too. An empty cell is NULL to DuckDB, and both are nothing here.
    """

    def __init__(self, connection: DuckDBPyConnection, one: TradeList, first: int) -> None:
        self._one, self._quote = one, one.form.file.quote.encode()
        self._line_end = one.form.file.line_end
        marks = chr(_ROW) + ("\n" if self._line_end == "\r\n" else "")
        cells = f", '{chr(_CELL)}', ".join(one.source.columns[name] for name in one.form.names)
        query = f"SELECT concat({cells}, '{marks}') FROM {one.source.relation} OFFSET {first}"
        self._marks = np.frombuffer(marks.encode(), np.uint8)
        self._theirs = ValueStream(connection, query, one.name)

    def compare(self, text: bytes, cells: Cells, first: int) -> None:
        """Compare the rows of a chunk.

        Raises
        ------
        ListError
        """
        if not len(cells.afters):
            return
        ours = self._values(text, cells)
        same = self._theirs.same(ours)
        if same < len(ours):
            row = int(np.count_nonzero(ours[:same] == _ROW))
            line = text[int(cells.starts[row, 0]) : cells.afters[row]].decode("utf-8", "replace")
            raise ListError(
                f"{self._one.name} has row {first + row + 1:,} that can be read in more than one way: "
                f"{shown(line)}; expected the separator, quotes and line ends of the file of columns"
            )

    def ended(self) -> bool:
        """Whether DuckDB has read no more rows."""
        return self._theirs.ended()

    def _values(self, text: bytes, cells: Cells) -> Array:
        """The values of rows, in a stream such as DuckDB's."""
        seen, begin, stop = np.frombuffer(text, np.uint8), int(cells.starts[0, 0]), int(cells.afters[-1])
        ended = int(cells.ends[-1, -1]) < stop
        values = np.concatenate([seen[begin:stop], self._marks[: 0 if ended else None]])
        values[(cells.ends[:, :-1] - begin).ravel()] = _CELL
        row_ends = cells.ends[:, -1] - begin
        dropped = []
        if (gaps := cells.starts[1:, 0] - cells.afters[:-1]).any():
            lines = np.flatnonzero(gaps)
            dropped += [np.arange(cells.afters[row], cells.starts[row + 1, 0]) - begin for row in lines]
        if self._line_end == "mixed":
            dropped.append(row_ends[values[row_ends] == ord("\r")] + 1)
        values[row_ends] = _ROW
        if self._quote and self._quote in text:
            dropped += self._unquote(text, cells, values)
        if not dropped:
            return values
        kept = np.ones(len(values), bool)
        for places in dropped:
            kept[places] = False
        return values[kept]

    def _unquote(self, text: bytes, cells: Cells, values: Array) -> list[Array]:
        """Put the values of quoted cells into `values`; the places that are left over."""
        begin = int(cells.starts[0, 0])
        starts, ends = cells.starts.ravel() - begin, cells.ends.ravel() - begin
        quote = self._quote[0]
        wide = np.flatnonzero(ends - starts >= 2)
        enclosed = wide[(values[starts[wide]] == quote) & (values[ends[wide] - 1] == quote)]
        dropped = [starts[enclosed], ends[enclosed] - 1]
        inner = values == quote
        for places in dropped:
            inner[places] = False
        filled = []
        for cell in np.unique(np.searchsorted(ends, np.flatnonzero(inner), "right")):
            if cell == len(ends):
                continue
            raw = text[begin + starts[cell] : begin + ends[cell]]
            value = unquoted(raw, self._quote)
            after = starts[cell] + len(value)
            values[starts[cell] : after] = np.frombuffer(value, np.uint8)
            dropped.append(np.arange(after, ends[cell]))
            filled.append(starts[cell])
        if filled:
            dropped[0] = np.setdiff1d(dropped[0], filled)
        return dropped


def unquoted(raw: bytes, quote: bytes) -> bytes:
    """The value of a cell, as it stands in the text."""
    bare = raw.strip(b" ")
    if len(bare) >= 2 and bare.startswith(quote) and bare.endswith(quote):
        return bare[1:-1].replace(2 * quote, quote)
    return raw
