"""JSON lines: an object a line, for log pipelines and line-wise readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.text_columns import joined, joined_rows
from tradegen.formats.tables import Rows, Table


class Ndjson:
    """Writes an object a line."""

    def __init__(self, table: Table, write: Callable[[bytes], object]) -> None:
        self._table, self._write = table, write

    def add(self, rows: Rows) -> None:
        """Write rows of the table."""
        for piece in objects(self._table, rows, after="\n"):
            self._write(piece)

    def end(self) -> None:
        """Nothing stands after the last line."""


def objects(table: Table, rows: Rows, *, before: str = "", after: str = "") -> Iterator[bytes]:
    """Each row as a JSON object, with the same text `before` and `after` each, in pieces of some rows.

    Nothing needs escaping: names are validated to hold no quote and no backslash, and numbers are printed as
    exact decimals, which is why a JSON encoder, with its doubles, is not used.
    """
    for part in table.parts(rows):
        cells: list[Array | bytes] = []
        opening = before + "{"
        for column in table.columns:
            kind, texts = column.kind, column.texts(part)
            # What may be null brings its own quotes.
            bare = kind.bare or kind.nullable
            cells += [f'{opening}"{column.name}": {"" if bare else chr(34)}'.encode()]
            cells += [_or_null(texts, quoted=not kind.bare) if bare else texts]
            opening = ", " if bare else '", '
        cells.append(f"{opening.removesuffix(', ')}}}{after}".encode())
        yield from joined_rows(cells, len(part))


def _or_null(texts: Array, quoted: bool) -> Array:
    """What is empty in CSV is null in JSON."""
    empty = texts == b""
    if quoted:
        quote = np.broadcast_to(np.array(b'"'), len(texts))
        texts = joined(quote, texts, quote)
    return np.where(empty, b"null", texts) if empty.any() else texts
