"""JSON lines: an object a line, for log pipelines and line-wise readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.text_columns import lines
from tradegen.formats.records import Kind, Records

__all__ = ["Ndjson", "objects"]


class Ndjson:
    """Writes an object a line."""

    def __init__(self, kind: Kind, write: Callable[[bytes], object]) -> None:
        self._kind, self._write = kind, write

    def add(self, records: Records) -> None:
        """Write the records of one block."""
        for piece in objects(self._kind, records, after="\n"):
            self._write(piece)

    def end(self) -> None:
        """Nothing stands after the last line."""


def objects(kind: Kind, records: Records, *, before: str = "", after: str = "") -> Iterator[bytes]:
    """Each record as a JSON object, with the same text `before` and `after` each, in pieces of some records.

    Nothing needs escaping: names are validated to hold no quote and no backslash, and numbers are printed as
    exact decimals, which is why a JSON encoder, with its doubles, is not used.
    """
    columns = records.texts()
    row: list[Array | bytes] = []
    opening = before + "{"
    for name in kind.names:
        bare = name in kind.bare
        row += [f'{opening}"{name}": {"" if bare else chr(34)}'.encode()]
        row += [_or_null(columns[name]) if bare else columns[name]]
        opening = ", " if bare else '", '
    row.append(f"{opening.removesuffix(', ')}}}{after}".encode())
    return lines(row, len(records))


def _or_null(texts: Array) -> Array:
    """What is empty in CSV is null in JSON."""
    empty = texts == b""
    return np.where(empty, b"null", texts) if empty.any() else texts
