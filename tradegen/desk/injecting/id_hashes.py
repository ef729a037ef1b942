"""A number for each id that follows from its text alone, on every machine."""

from __future__ import annotations

from typing import Any

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.streams import scramble

__all__ = ["id_hashes"]

_WORD = 8  # bytes
_MOST = 1 << 22  # bytes of texts that are looked at together
_FIRST = 0x13198A2E03707344  # no word of an id; of the digits of pi


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
    letters = np.frombuffer(data, np.uint8) if data is not None and data.size else np.empty(0, np.uint8)
    lengths = np.diff(bounds)
    width = -(-max(int(lengths.max(initial=1)), 1) // _WORD) * _WORD
    found = np.empty(len(lengths), np.uint64)
    rows = max(_MOST // width, 1)
    for start in range(0, len(lengths), rows):
        part = lengths[start : start + rows]
        padded = np.zeros((len(part), width), np.uint8)
        within = np.arange(width) < part[:, None]
        padded[within] = letters[bounds[start] : bounds[start + len(part)]]
        mixed = np.full(len(part), _FIRST, np.uint64)
        for word in padded.view("<u8").T:
            # Past the end of a text nothing is mixed in: how wide the longest is must not matter.
            mixed = np.where(word > 0, scramble(mixed ^ word, 1), mixed)
        found[start : start + rows] = scramble(mixed ^ part.astype(np.uint64), 2)
    return found
