"""A file of Parquet: a row group a block, and the footer.

Source: https://github.com/apache/parquet-format, its README and src/main/thrift/parquet.thrift
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tradegen.formats.parquet_encoding.chunks import Chunk, chunk
from tradegen.formats.parquet_encoding.pages import RLE
from tradegen.formats.parquet_encoding.thrift import Long, Struct, encoded
from tradegen.formats.parquet_encoding.types import element, type_of
from tradegen.formats.typed_columns import TypedColumns
from tradegen.version import __version__

__all__ = ["Writer"]

_MAGIC = b"PAR1"
_VERSION = 2  # of the format: that which has logical types
_AS_TYPE_HAS_IT: Struct = {1: {}}  # how the least and the most are to be understood


class Writer:
    """Writes blocks of columns, all of the same names and types.

    Parameters
    ----------
    write : callable
        Takes the bytes of the file, piece by piece.
    metadata : callable
        Called once with the first block's columns; what it returns stands in the footer.
    """

    def __init__(
        self, write: Callable[[bytes], object], metadata: Callable[[TypedColumns], Mapping[str, str]]
    ) -> None:
        self._write, self._metadata_of = write, metadata
        self._place = 0
        self._rows = 0
        self._elements: list[Struct] = []
        self._metadata: Mapping[str, str] = {}
        self._groups: list[Struct] = []

    def add(self, columns: TypedColumns, rows: int) -> None:
        """Write the columns of a block, as a row group if there are rows."""
        if not self._place:
            self._put(_MAGIC)
            self._elements = [element(name, column) for name, column in columns.items()]
            self._metadata = self._metadata_of(columns)
        if not rows:
            return
        start, size = self._place, 0
        chunks: list[Struct] = []
        for name, column in columns.items():
            made = chunk(column)
            chunks.append({2: Long(0), 3: _described(name, type_of(column).physical, made, self._place)})
            for page in made.pages:
                self._put(page.stored)
                size += page.size
        self._groups.append(
            {1: chunks, 2: Long(size), 3: Long(rows), 5: Long(start), 6: Long(self._place - start)}
        )
        self._rows += rows

    def end(self) -> None:
        """Write the footer."""
        root: Struct = {4: "schema", 5: len(self._elements)}
        footer = encoded(
            {
                1: _VERSION,
                2: [root, *self._elements],
                3: Long(self._rows),
                4: self._groups,
                5: [{1: key, 2: value} for key, value in self._metadata.items()],
                6: f"tradegen version {__version__}",
                7: [_AS_TYPE_HAS_IT] * len(self._elements),
            }
        )
        self._put(footer + len(footer).to_bytes(4, "little") + _MAGIC)

    def _put(self, data: bytes) -> None:
        self._write(data)
        self._place += len(data)


def _described(name: str, physical: int, made: Chunk, place: int) -> Struct:
    """What the footer says of a column chunk that starts at a place of the file."""
    dictionary, extremes = made.dictionary, made.extremes
    return {
        1: physical,
        2: [RLE, *(page.encoding for page in made.pages)],
        3: [name],
        4: made.values.codec,
        5: Long(made.count),
        6: Long(sum(page.size for page in made.pages)),
        7: Long(sum(len(page.stored) for page in made.pages)),
        9: Long(place + len(dictionary.stored) if dictionary else place),
        11: Long(place) if dictionary else None,
        12: {3: Long(0), 5: extremes[1], 6: extremes[0]} if extremes else None,
    }
