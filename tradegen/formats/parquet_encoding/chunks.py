"""Column chunks: the values of one column of one block, as pages of Parquet.

Of the encodings that a kind of column may have, that is taken which needs the fewest bytes:

- trade ids: a dictionary of all ids of the block, whose indices are found by subtraction; or plain, where
  they ascend. Both as Snappy that is written without looking for repetitions, and without making a text
  (`snappy`).
- names: a dictionary.
- numbers and prices: a dictionary of all values from the least to the most, whose indices are found by
  subtraction; or differences.
- values of several fields, as the truth has them: a dictionary, field by field.
- other text, and decimals of more than 64 bits: plain.

No value is looked up, and none is gone through one by one: that is what makes it several times as fast as
encoders that find out which values there are. Values are required, and have no definition levels, but where
some are null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tradegen.core import formatting as text
from tradegen.core.columns import Array
from tradegen.core.text_columns import lengths
from tradegen.formats.parquet_encoding.packing import (
    differences,
    levels,
    packed,
    runs,
    size_of_differences,
    width_of,
)
from tradegen.formats.parquet_encoding.pages import (
    DELTA_BINARY_PACKED,
    PLAIN,
    RLE_DICTIONARY,
    SNAPPY,
    Content,
    Page,
    Pieces,
    data_page,
    dictionary_page,
    uncompressed,
)
from tradegen.formats.parquet_encoding.snappy import ascending_ids, ids_in_a_row, kept
from tradegen.formats.parquet_encoding.types import type_of
from tradegen.formats.typed_columns import Column, Decimals, Flags, Ids, Names, Numbers, Printed

__all__ = ["Chunk", "chunk"]

_ALL_FOUR = 0x01010101  # true, true, true, true
_FAR_APART = 2**62  # differences of numbers that are less apart have 64 bits
_IN_A_ROW, _ASCENDING = 5, 8  # bytes of an id in Snappy

Extremes: TypeAlias = tuple[bytes, bytes] | None
"""The least and the most of a column's values, as they are held."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One column of one row group: its values, the dictionary that they are places of, if there is one."""

    count: int
    values: Page
    dictionary: Page | None = None
    extremes: Extremes = None

    @property
    def pages(self) -> tuple[Page, ...]:
        """Its pages in the order of the file."""
        return (self.dictionary, self.values) if self.dictionary else (self.values,)


def chunk(column: Column) -> Chunk:
    """Encode a column of at least one value."""
    match column:
        case Ids(numbers, usual):
            return _ids(numbers, usual)
        case Names(codes, names):
            return _chosen(codes, len(names), uncompressed(_plain_texts(name.encode() for name in names)))
        case Numbers(values, kind, step):
            return _numbers(values, step, measured=kind == "moments")
        case Decimals():
            length = type_of(column).length
            return _numbers(column.values, 1) if length is None else _wide_decimals(column, length)
        case Flags(values):
            return _plain(len(values), uncompressed([packed(values, 1)]))
        case Printed(values, rows, forms):
            return _printed(values, rows, forms)
    return _plain(len(column.texts), uncompressed(_padded_texts(column.texts)))


def _ids(numbers: Array, usual: range) -> Chunk:
    index, entries = numbers - usual.start, len(usual)
    ends = usual.start + int(index.min()), usual.start + int(index.max())
    extremes = _extremes(*(text.trade_id(end).encode() for end in ends))
    by_index = _IN_A_ROW * entries + len(numbers) * width_of(entries - 1) // 8
    if _ASCENDING * len(numbers) < by_index:
        plain = ascending_ids(numbers)
        if plain is not None:
            return _plain(len(numbers), plain.content, extremes)
    ids = ids_in_a_row(usual)
    strange = np.flatnonzero((index < 0) | (index >= entries))
    if len(strange):
        others, place = np.unique(numbers[strange], return_inverse=True)
        index[strange] = entries + place
        entries += len(others)
        ids += kept(_padded_texts(text.trade_ids(others)))
    return _chosen(index, entries, ids.content, extremes)


def _numbers(values: Array, step: int, *, measured: bool = False) -> Chunk:
    least, most = int(values.min()), int(values.max())
    held = values.dtype.newbyteorder("<")
    extremes = _extremes(*(np.array(end, held).tobytes() for end in (least, most))) if measured else None
    if most - least >= _FAR_APART:
        return _plain(len(values), uncompressed([values.astype(held, copy=False).view(np.uint8)]), extremes)
    entries = (most - least) // step + 1
    by_index = entries * values.itemsize + len(values) * width_of(entries - 1) // 8
    by_difference = size_of_differences(len(values), 2 * (most - least))
    if by_index < by_difference:
        index = values - least
        steps = index // step if step > 1 else index
        if step == 1 or (steps * step == index).all():
            dictionary = (least + step * np.arange(entries)).astype(held, copy=False)
            return _chosen(steps, entries, uncompressed([dictionary.view(np.uint8)]), extremes)
    page = data_page(len(values), DELTA_BINARY_PACKED, uncompressed(differences(values)))
    return Chunk(len(values), page, None, extremes)


def _wide_decimals(column: Decimals, length: int) -> Chunk:
    """Big-endian numbers of so many bytes; those that are null are left out."""
    wide = np.empty((len(column.values), 2), ">i8")
    wide[:, 0] = column.upper_half
    wide[:, 1] = column.values
    rows = wide.view(np.uint8)[:, -length:]
    if column.valid is None:
        return _plain(len(rows), uncompressed([rows.ravel()]))
    there = rows if column.valid.all() else rows[column.valid]
    return _plain(len(rows), uncompressed([*levels(column.valid), there.ravel()]))


def _printed(values: Array, rows: Mapping[str, Array], forms: Mapping[str, text.Form]) -> Chunk:
    """Field by field in one dictionary: texts of one field are much alike, and laid out together at once."""
    index, entries = np.empty(len(values), np.int64), 0
    texts: list[bytes | Array] = []
    for field, at in rows.items():
        own = values.take(at)
        least, most = int(own.min()), int(own.max())
        if most - least < len(at):
            place, own = own - least, np.arange(least, most + 1)
        else:
            place = np.arange(len(at))
        index[at] = place + entries
        entries += len(own)
        texts += _padded_texts(forms[field](own))
    return _chosen(index, entries, uncompressed(texts))


def _plain_texts(texts: Iterable[bytes]) -> Pieces:
    """Texts, each behind its length."""
    return [b"".join(len(one).to_bytes(4, "little") + one for one in texts)]


def _padded_texts(texts: Array) -> Pieces:
    """The same of a column of text as `text` makes it, whose padding is dropped."""
    count, width = len(texts), texts.dtype.itemsize
    letters = np.ascontiguousarray(texts).view(np.uint8).reshape(count, width)
    if letters.all():
        whole = np.empty(count, [("length", "<u4"), ("text", f"V{width}")])
        whole["length"], whole["text"] = width, letters.view(f"V{width}").ravel()
        return [whole.view(np.uint8)]
    # Rows of whole words: lengths are counted, and put in front, a word at a time.
    rows = np.zeros((count, _whole_words(4 + width)), np.uint8)
    rows[:, 4 : 4 + width] = letters
    there = rows != 0
    rows.view("<u4")[:, 0] = lengths(there)
    there.view(np.uint32)[:, 0] = _ALL_FOUR  # zeros in a length are no padding
    return [rows[there]]


def _whole_words(size: int) -> int:
    return -(-size // 8) * 8


def _extremes(least: bytes, most: bytes) -> Extremes:
    """The least and the most; none for ids of different lengths, which text orders in another way."""
    return (least, most) if len(least) == len(most) else None


def _chosen(index: Array, entries: int, dictionary: Content, extremes: Extremes = None) -> Chunk:
    """Each value by its place in a dictionary of so many entries."""
    width = width_of(entries - 1)
    pieces = [bytes([width]), *runs(index, width)]
    # One column has one codec.
    values = kept(pieces).content if dictionary.codec == SNAPPY else uncompressed(pieces)
    page = data_page(len(index), RLE_DICTIONARY, values)
    return Chunk(len(index), page, dictionary_page(entries, dictionary), extremes)


def _plain(count: int, values: Content, extremes: Extremes = None) -> Chunk:
    return Chunk(count, data_page(count, PLAIN, values), None, extremes)
