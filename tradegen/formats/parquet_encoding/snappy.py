"""Snappy, of what needs no search for repetitions: data kept as it is, and ids that count up.

An id such as ``tid00012345`` shares with the one before it all but its last four digits, unless these begin
anew; where no number is left out, most often all but the last one. So it is a copy and some digits: known
without looking, and written by the array.

Source: https://github.com/google/snappy/blob/main/format_description.txt
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from tradegen.core import formatting as text
from tradegen.core.columns import Array
from tradegen.formats.parquet_encoding.pages import SNAPPY, Content, Pieces
from tradegen.formats.parquet_encoding.thrift import varint

__all__ = ["Snappy", "ascending_ids", "ids_in_a_row", "kept"]

_TURN = 10_000  # ids that share all but their last four digits
_MOST_TURNS = 64  # more of them, and numbers do not count up


@dataclass(frozen=True, slots=True)
class Snappy:
    """Compressed data: how many bytes it stands for, and the elements that stand for them."""

    size: int
    elements: tuple[bytes | Array, ...]

    @property
    def content(self) -> Content:
        """It as one stream."""
        return Content([varint(self.size), *self.elements], self.size, SNAPPY)

    def __add__(self, other: Snappy) -> Snappy:
        return Snappy(self.size + other.size, self.elements + other.elements)


def kept(pieces: Pieces) -> Snappy:
    """Data as it is, as one literal."""
    size = sum(map(len, pieces))
    return Snappy(size, (_literal(size), *pieces) if size else ())


def ids_in_a_row(numbers: range) -> Snappy:
    """Trade ids as Parquet has plain text, each behind its length, of numbers without a gap."""
    size = 0
    elements: list[bytes | Array] = []
    for turn in range(numbers[0] // _TURN, numbers[-1] // _TURN + 1):
        start, stop = max(turn * _TURN, numbers.start), min((turn + 1) * _TURN, numbers.stop)
        first = _plain(start)
        steps, ends = _steps(len(first))
        size += len(first) * (stop - start)
        # From the first one on, a step for each.
        rest = steps[ends[start % _TURN] : ends[stop - 1 - turn * _TURN]]
        elements += [_literal(len(first)), first, rest]
    return Snappy(size, tuple(elements))


def ascending_ids(numbers: Array) -> Snappy | None:
    """The same of other numbers (int64, at least one); None where they do not ascend, for the most part."""
    upper = numbers // _TURN
    edges = np.flatnonzero(upper[1:] != upper[:-1]) + 1
    if len(edges) >= _MOST_TURNS:
        return None
    size = 0
    elements: list[bytes | Array] = []
    for turn in np.split(numbers, edges):
        first = _plain(int(turn[0]))
        size += len(first) * len(turn)
        elements += [_literal(len(first)), first, _copies(len(first))[turn[1:] % _TURN].view(np.uint8)]
    return Snappy(size, tuple(elements))


def _plain(number: int) -> bytes:
    letters = text.trade_id(number).encode()
    return len(letters).to_bytes(4, "little") + letters


@functools.lru_cache(maxsize=2)
def _copies(length: int) -> Array:
    """For all last four digits: copy all before them from one id back, and put them behind (uint64)."""
    rows = np.empty((_TURN, 2), np.uint32)
    rows[:, 0] = np.frombuffer(_head(length, 4), np.uint32)
    rows[:, 1] = text.FOUR_DIGITS
    return rows.view(np.uint64).ravel()


@functools.lru_cache(maxsize=2)
def _steps(length: int) -> tuple[Array, Array]:
    """From each of all last four digits to the next: what it takes (uint8), and where it ends (int64)."""
    number = np.arange(_TURN)
    changed = 1 + sum((number % ten == 0).astype(np.int64) for ten in (10, 100, 1000))
    rows = np.empty((_TURN, 8), np.uint8)
    rows[:, :4] = np.array([list(_head(length, digits)) for digits in range(1, 5)], np.uint8)[changed - 1]
    # The digits that change come first, and then what is cut off.
    digits = text.FOUR_DIGITS.view(np.uint8).reshape(_TURN, 4)
    rows[:, 4:] = np.take_along_axis(digits, (np.arange(4) - changed[:, None]) % 4, axis=1)
    return rows[np.arange(8) < 4 + changed[:, None]], np.cumsum(4 + changed)


def _head(length: int, digits: int) -> bytes:
    """Copy all but the last digits of a plain text from one such text back, and put as many behind."""
    # A copy of up to 64 bytes: its tag, and how far back they stand, in two bytes. Then a literal.
    return bytes([(length - digits - 1) << 2 | 2, length, 0, (digits - 1) << 2])


def _literal(size: int) -> bytes:
    """What stands before data that is kept: its size less one, in as many bytes as a page may need."""
    return bytes([63 << 2]) + (size - 1).to_bytes(4, "little")
