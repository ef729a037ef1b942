"""A number for each id that follows from its text alone, on every machine."""

from __future__ import annotations

from typing import Any

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.streams import scramble

_WORD = 8  # bytes
_FIRST = 0x13198A2E03707344  # no word of an id; of the digits of pi
# By how many bytes of a word belong to a text, these bytes.
_OWN = np.array([(1 << 8 * count) - 1 for count in range(_WORD + 1)], np.uint64)


def id_hashes(texts: Any) -> Array:
    """Hash texts: word by word of eight bytes, and last their length, each one mixed into what there is.

    Parameters
    ----------
    texts : pyarrow.Array
        Of strings; a null counts as an empty one.

    Returns
    -------
    ndarray of uint64, length of `texts`
        Two texts have the same as seldom as two random numbers of 64 bits.
    """
    import pyarrow as pa

    texts = texts.fill_null("").cast(pa.large_string())
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    letters = np.zeros(int(bounds[-1] - bounds[0]) + _WORD, np.uint8)
    if len(letters) > _WORD:
        letters[:-_WORD] = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]]
    # The word that begins at each letter; past the last text stand zeros.
    words = np.ndarray(len(letters) - _WORD + 1, "<u8", letters, strides=(1,))
    begins, lengths = bounds[:-1] - bounds[0], np.diff(bounds)
    mixed, rows, done = np.full(len(lengths), _FIRST, np.uint64), np.arange(len(lengths)), 0
    while len(rows := rows[lengths[rows] > done]):
        word = words[begins[rows] + done] & _OWN[np.minimum(lengths[rows] - done, _WORD)]
        before = mixed[rows]
        # A word of zeros is none.
        mixed[rows] = np.where(word > 0, scramble(before ^ word, 1), before)
        done += _WORD
    return scramble(mixed ^ lengths.astype(np.uint64), 2)
