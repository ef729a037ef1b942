"""One column of text, as places in a buffer of bytes, and the numbers in it, read without a loop over rows.

Numbers are read eight digits at a time: eight bytes are one 64-bit word, and three multiplications turn the
digits in a word into their number (D. Lemire, "Quickly parsing eight digits", 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tradegen.verify.vocabulary import UNREADABLE, Array

__all__ = ["MARGIN", "Cells", "Chosen", "buffer", "readable"]

MARGIN = 32
"""Bytes before and after the text in a buffer, so that words around a cell can be read without care."""

_U8 = np.uint64
_ASCII_ZEROS = _U8(0x3030303030303030)
_HIGH_NIBBLES = _U8(0xF0F0F0F0F0F0F0F0)
_SIXES = _U8(0x0606060606060606)
# By how many of a word's bytes count: the last ones (for numbers) or the first ones (for names).
_LAST = np.array([(2**64 - 1) ^ (2 ** (64 - 8 * count) - 1) for count in range(9)], np.uint64)
_FIRST = np.array([2 ** (8 * count) - 1 for count in range(9)], np.uint64)


def buffer(text: bytes | memoryview) -> Array:
    """Bytes as a buffer with margins (shape (len(text) + 2 * MARGIN,), uint8)."""
    return np.frombuffer(b"".join([bytes(MARGIN), text, bytes(MARGIN)]), np.uint8)


def readable(values: Array, good: Array) -> Array:
    """`values`, with `UNREADABLE` where they are not good."""
    return values if good.all() else np.where(good, values, UNREADABLE)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A column of text.

    Attributes
    ----------
    data : ndarray of uint8
        A buffer with margins.
    starts, lengths : ndarray of int64, shape (rows,)
        Where each cell starts in the buffer, and its bytes.
    """

    data: Array
    starts: Array
    lengths: Array

    @classmethod
    def of(cls, texts: Sequence[str]) -> Cells:
        """A column from strings."""
        encoded = [text.encode("utf-8", "surrogateescape") for text in texts]
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        return cls(buffer(b"".join(encoded)), MARGIN + np.cumsum(lengths) - lengths, lengths)

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, rows: Array) -> Cells:
        """The cells of some rows."""
        return Cells(self.data, self.starts[rows], self.lengths[rows])

    def text(self, row: int) -> str:
        """One cell, for a message or a dictionary."""
        start = int(self.starts[row])
        return self.data[start : start + int(self.lengths[row])].tobytes().decode("utf-8", "backslashreplace")

    def bytes_at(self, places: Array) -> Array:
        """The bytes at some places of the buffer, uint8."""
        found: Array = self.data[places]
        return found

    def words_at(self, places: Array) -> Array:
        """The eight bytes from each place on, as one uint64 each; the first byte is the lowest."""
        words = np.ndarray((len(self.data) - 7,), "<u8", self.data, 0, (1,))
        found: Array = words[places]
        return found

    def word(self, number: int) -> Array:
        """Bytes 8 x `number` to 8 x `number` + 7 of every cell as a uint64, zeros after its end."""
        kept = np.clip(self.lengths - 8 * number, 0, 8)
        # A place past the buffer's end belongs to a cell that is over; its word is masked to zero.
        places = np.minimum(self.starts + 8 * number, len(self.data) - 8)
        words: Array = self.words_at(places) & _FIRST[kept]
        return words

    def equal(self, text: str) -> Array:
        """Which cells are this short text (up to eight bytes)."""
        word = _U8(int.from_bytes(text.encode(), "little"))
        same: Array = (self.word(0) == word) & (self.lengths == len(text))
        return same

    def whole(self) -> Array:
        """Whole numbers without a sign or leading zeros, up to 2**63 - 1; else `UNREADABLE`. int64."""
        values, good = self.digits(self.starts, self.lengths)
        good &= (self.lengths == 1) | (self.bytes_at(self.starts) != ord("0"))
        return readable(values, good)

    def digits(self, starts: Array, lengths: Array) -> tuple[Array, Array]:
        """The number that the digits from `starts` on make, and whether it is digits alone (1 to 19).

        Returns
        -------
        values : ndarray of int64
        good : ndarray of bool
        """
        good = (lengths >= 1) & (lengths <= 19)
        lengths = np.where(good, lengths, 0)
        ends = starts + lengths
        total = np.zeros(len(starts), np.uint64)
        for block in range(-(-int(lengths.max(initial=0)) // 8)):
            kept = np.clip(lengths - 8 * block, 0, 8)
            keep = _LAST[kept]
            word = self.words_at(np.maximum(ends - 8 * (block + 1), 0))
            word = (word & keep) | (_ASCII_ZEROS & ~keep)
            good &= (word & _HIGH_NIBBLES) == _ASCII_ZEROS
            good &= ((word + _SIXES) & _HIGH_NIBBLES) == _ASCII_ZEROS
            total += _eight_digits(word) * _U8(10 ** (8 * block))
        # 19 digits fit 64 bits, not all of them 63.
        good &= total < _U8(2**63)
        return total.astype(np.int64), good


@dataclass(frozen=True, slots=True, eq=False)
class Chosen(Cells):
    """A column of texts that are among a few: the cell of row i is ``few[which[i]]``."""

    few: Cells
    which: Array

    @classmethod
    def among(cls, few: Cells, which: Array) -> Chosen:
        """A column by the positions of its texts."""
        return cls(few.data, few.starts[which], few.lengths[which], few, which)

    def take(self, rows: Array) -> Cells:
        """The cells of some rows."""
        return Chosen.among(self.few, self.which[rows])

    def equal(self, text: str) -> Array:
        """Which cells are this short text (up to eight bytes)."""
        same: Array = self.few.equal(text)[self.which]
        return same


def _eight_digits(word: Array) -> Array:
    word = ((word & _U8(0x0F0F0F0F0F0F0F0F)) * _U8(2561)) >> _U8(8)
    word = ((word & _U8(0x00FF00FF00FF00FF)) * _U8(6553601)) >> _U8(16)
    found: Array = ((word & _U8(0x0000FFFF0000FFFF)) * _U8(42949672960001)) >> _U8(32)
    return found
