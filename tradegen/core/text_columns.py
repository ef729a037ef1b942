"""Columns of text: bytes of one width, laid side by side, and out as lines.

A column of text is a NumPy array of bytes (dtype S). NULs in it, wherever they stand, are padding, and no
part of the text. So texts of different lengths are put together by laying their bytes side by side, and one
pass drops the padding of whole lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tradegen.core.columns import Array

CACHED_ROWS = 16_384
"""So many rows of a column are printed at a time, where there are more: as caches hold."""


def joined_rows(columns: Sequence[Array | bytes], count: int) -> Iterator[bytes]:
    """Lay columns side by side, row after row, and drop their padding; the text comes in pieces of some rows.

    Parameters
    ----------
    columns : sequence of ndarray of bytes, shape (count,), or bytes
        Bytes stand in every row.
    count : int
        How many rows.
    """
    fields = [_wide(column) if isinstance(column, np.ndarray) else f"S{len(column)}" for column in columns]
    names = [f"f{number}" for number in range(len(columns))]
    row = np.dtype(list(zip(names, fields, strict=True)))
    # So many rows as caches hold.
    most = max(1, min(count, (1 << 19) // row.itemsize))
    rows = np.empty(most, row)
    varying = []
    for name, column in zip(names, columns, strict=True):
        if isinstance(column, np.ndarray):
            varying.append((rows[name], column.view(row[name])))
        else:
            rows[name] = column
    text = rows.view(np.uint8)
    for start in range(0, count, most):
        stop = min(start + most, count)
        for into, column in varying:
            into[: stop - start] = column[start:stop]
        yield text[: (stop - start) * rows.itemsize].tobytes().translate(None, b"\0")


def strings(texts: Array) -> Array:
    """A column of text as Python strings (object, shape of `texts`); none of them holds a line feed."""
    column = np.empty(len(texts), object)
    column[:] = b"".join(joined_rows([texts, b"\n"], len(texts))).decode().split("\n")[:-1]
    return column


def lengths(kept: Array) -> Array:
    """How long each text of a column is.

    Parameters
    ----------
    kept : ndarray of bool, shape (n, width)
        Which of its bytes are no padding, side by side in memory.

    Returns
    -------
    ndarray of integers, shape (n,)
    """
    if kept.shape[1] % 8:
        counted: Array = np.count_nonzero(kept, axis=1)
        return counted
    # Eight at a time: the product's upper byte is the sum of all bytes.
    sums = (kept.view(np.uint64) * np.uint64(0x0101010101010101)) >> np.uint64(56)
    # Column by column, as there are few: NumPy's own sum goes row by row.
    found = sums[:, 0].copy()
    for column in sums.T[1:]:
        found += column
    return found


def joined(*parts: Array) -> Array:
    """Columns of text, or of four digits each, row by row side by side."""
    if len(parts) == 1:
        return parts[0]
    joined = np.empty(len(parts[0]), [(f"f{number}", _wide(part)) for number, part in enumerate(parts)])
    for number, part in enumerate(parts):
        joined[f"f{number}"] = part if part.strides == (0,) else part.view(_wide(part))
    return joined.view(f"S{joined.itemsize}")


def _wide(part: Array) -> np.dtype[Any]:
    """Whole numbers as wide as a column of text, which are copied faster, or else its own dtype."""
    width = part.dtype.itemsize
    return np.dtype(f"u{width}") if width in (1, 2, 4, 8) and part.strides != (0,) else part.dtype
