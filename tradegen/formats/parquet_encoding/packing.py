"""Whole numbers as Parquet packs them: in so many bits each, as runs, or as differences.

Bits are taken in widths that NumPy makes by casting and copying: 1, 2, 4 and 8 bits, and whole bytes from
there on. That wastes a few, and saves going through all values one by one.

Source: https://github.com/apache/parquet-format/blob/master/Encodings.md
"""

from __future__ import annotations

import numpy as np

from tradegen.core.columns import Array
from tradegen.formats.parquet_encoding.thrift import varint, zigzag

__all__ = ["differences", "levels", "packed", "runs", "size_of_differences", "width_of"]

_WIDTHS = (1, 2, 4, 8, 16, 24, 32, 40, 48, 56, 64)
_GROUP = 8  # values are packed by eights
_BLOCK, _MINIBLOCK = 128, 32  # of differences, as all writers have it


def width_of(most: int) -> int:
    """The bits that numbers from 0 to `most` are packed in."""
    return next(width for width in _WIDTHS if most < 1 << width)


def packed(values: Array, width: int) -> Array:
    """Numbers in `width` bits each, the lowest bit first.

    Parameters
    ----------
    values : ndarray of integers, shape (n,)
        From 0 to below ``2**width``.
    width : int
        As `width_of` gives it.

    Returns
    -------
    ndarray of uint8
        So many groups of eight numbers as hold n; those beyond n are 0.
    """
    if spare := -len(values) % _GROUP:
        values = np.concatenate([values, np.zeros(spare, values.dtype)])
    if width == 1:
        return np.packbits(values.astype(np.bool_, copy=False), bitorder="little")
    if width < 8:
        parts = values.astype(np.uint8, copy=False).reshape(-1, 8 // width)
        bits: Array = parts[:, 0].copy()
        for place in range(1, parts.shape[1]):
            bits |= parts[:, place] << np.uint8(place * width)
        return bits
    return _first_bytes(values, width // 8)


def _first_bytes(values: Array, count: int) -> Array:
    """The lowest bytes of each number."""
    if count in (1, 2, 4, 8):
        return values.astype(f"<u{count}", copy=False).view(np.uint8)
    # Two or three copies of numbers, instead of one of three, five, six or seven bytes: it is much faster.
    wide = values.astype("<u4" if count == 3 else "<u8", copy=False)
    found = np.empty(len(values), _in_parts(count, count))
    parts = wide.view(_in_parts(count, wide.itemsize))
    for name in found.dtype.names or ():
        found[name] = parts[name]
    return found.view(np.uint8)


def _in_parts(count: int, itemsize: int) -> np.dtype[np.void]:
    """The first bytes of an item as numbers of four, two and one byte."""
    sizes = [size for size in (4, 2, 1) if count & size]
    offsets = [sum(sizes[:place]) for place in range(len(sizes))]
    formats = [f"<u{size}" for size in sizes]
    return np.dtype({"names": formats, "formats": formats, "offsets": offsets, "itemsize": itemsize})


def runs(values: Array, width: int) -> list[bytes | Array]:
    """Numbers as one run: of a value that repeats, or packed."""
    first, count = int(values[0]), len(values)
    if values[-1] == first and (values == first).all():
        return [varint(count << 1), first.to_bytes(-(-width // 8), "little")]
    return [varint(-(-count // _GROUP) << 1 | 1), packed(values, width)]


def levels(valid: Array) -> list[bytes | Array]:
    """Which values are there, and which are null: definition levels of a column that is not nested."""
    found = runs(valid, 1)
    return [sum(map(len, found)).to_bytes(4, "little"), *found]


def differences(values: Array) -> tuple[bytes, Array]:
    """Numbers as differences from one to the next (DELTA_BINARY_PACKED): a header, and blocks.

    All blocks have the same least difference and the same width, so that they are rows of one array.

    Parameters
    ----------
    values : ndarray of int64, shape (n,)
        At least one; no two of them 2**62 or more apart.
    """
    count = len(values) - 1
    head = b"".join([varint(_BLOCK), varint(_BLOCK // _MINIBLOCK), varint(count + 1), zigzag(int(values[0]))])
    if not count:
        return head, np.empty(0, np.uint8)
    blocks = -(-count // _BLOCK)
    above = np.empty(blocks * _BLOCK, np.int64)
    np.subtract(values[1:], values[:-1], out=above[:count])
    least = int(above[:count].min())
    above[:count] -= least
    above[count:] = 0
    width = width_of(int(above.max()))
    about = np.frombuffer(zigzag(least) + bytes([width] * (_BLOCK // _MINIBLOCK)), np.uint8)
    rows = np.empty((blocks, len(about) + _BLOCK * width // 8), np.uint8)
    rows[:, : len(about)] = about
    rows[:, len(about) :] = packed(above, width).reshape(blocks, -1)
    # Of the last block, miniblocks that hold nothing are left out, and their widths are 0.
    unneeded = (len(above) - count) // _MINIBLOCK
    rows[-1, len(about) - unneeded : len(about)] = 0
    return head, rows.ravel()[: rows.size - unneeded * _MINIBLOCK * width // 8]


def size_of_differences(count: int, spread: int) -> int:
    """About how many bytes `differences` makes of numbers, whose differences are so far apart at most."""
    return -(-count // _BLOCK) * (_BLOCK * width_of(spread) // 8 + 9)
