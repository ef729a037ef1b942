"""Pages: what a column chunk consists of, each behind a header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tradegen.core.columns import Array
from tradegen.formats.parquet_encoding.thrift import Struct, encoded

__all__ = [
    "DELTA_BINARY_PACKED",
    "PLAIN",
    "RLE",
    "RLE_DICTIONARY",
    "SNAPPY",
    "Content",
    "Page",
    "Pieces",
    "data_page",
    "dictionary_page",
    "uncompressed",
]

Pieces: TypeAlias = Sequence[bytes | Array]
"""Bytes, and arrays of uint8, to be laid end to end."""

PLAIN, RLE, DELTA_BINARY_PACKED, RLE_DICTIONARY = 0, 3, 5, 8  # encodings
UNCOMPRESSED, SNAPPY = 0, 1  # codecs
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a page, and how many bytes it is once it is uncompressed."""

    pieces: Pieces
    size: int
    codec: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is written, its size once it is uncompressed, and how its values are encoded."""

    stored: bytes
    size: int
    codec: int
    encoding: int


def uncompressed(pieces: Pieces) -> Content:
    """Content as it is."""
    return Content(pieces, sum(map(len, pieces)), UNCOMPRESSED)


def data_page(count: int, encoding: int, content: Content) -> Page:
    """So many values."""
    return _page(_DATA_PAGE, {5: {1: count, 2: encoding, 3: RLE, 4: RLE}}, encoding, content)


def dictionary_page(entries: int, content: Content) -> Page:
    """So many plain values, which others are places of."""
    return _page(_DICTIONARY_PAGE, {7: {1: entries, 2: PLAIN}}, PLAIN, content)


def _page(kind: int, about: Struct, encoding: int, content: Content) -> Page:
    stored = sum(map(len, content.pieces))
    header = encoded({1: kind, 2: content.size, 3: stored, **about})
    pieces = (piece if isinstance(piece, bytes) else piece.data for piece in content.pieces)
    return Page(b"".join([header, *pieces]), len(header) + content.size, content.codec, encoding)
