"""Snappy, of what needs no search for repetitions: data kept as it is, and ids that count up.

An id such as ``tid00012345`` shares with the one before it all but its last four digits, unless these begin
anew. So it is a copy and four letters: known without looking, and written by the array.

Source: https://github.com/google/snappy/blob/main/format_description.txt
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from tradegen import text
from tradegen.parquet.pages import SNAPPY, Content, Pieces
from tradegen.parquet.thrift import varint
from tradegen.schema import Array

__all__ = ["Snappy", "counting", "kept"]

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


def counting(numbers: Array | range) -> Snappy | None:
    """Trade ids as Parquet has plain text, each behind its length; None where an array's do not count up.

    Parameters
    ----------
    numbers : range, or ndarray of int64, shape (n,)
        Of an array, ascending ones for the most part.
    """
    turns = _turns_of_range(numbers) if isinstance(numbers, range) else _turns(numbers)
    return None if turns is None else _counting(turns)


def _counting(turns: list[Array] | list[range]) -> Snappy:
    size = 0
    elements: list[bytes | Array] = []
    for turn in turns:
        first = text.trade_id(int(turn[0])).encode()
        plain = len(first).to_bytes(4, "little") + first
        size += len(plain) * len(turn)
        # Of numbers without a gap, the digits that follow stand there in their order.
        digits = _slice_of(turn[1:]) if isinstance(turn, range) else turn[1:] % _TURN
        elements += [_literal(len(plain)), plain, _copies(len(plain))[digits].view(np.uint8)]
    return Snappy(size, tuple(elements))


def _turns(numbers: Array) -> list[Array] | None:
    """Stretches of numbers that are alike but for their last four digits; None where they are too many."""
    upper = numbers // _TURN
    edges = np.flatnonzero(upper[1:] != upper[:-1]) + 1
    return np.split(numbers, edges) if len(edges) < _MOST_TURNS else None


def _turns_of_range(numbers: range) -> list[range]:
    first, last = numbers[0] // _TURN, numbers[-1] // _TURN
    return [
        range(max(turn * _TURN, numbers.start), min((turn + 1) * _TURN, numbers.stop))
        for turn in range(first, last + 1)
    ]


def _slice_of(turn: range) -> slice:
    start = turn.start % _TURN
    return slice(start, start + len(turn))


@functools.lru_cache(maxsize=2)
def _copies(length: int) -> Array:
    """For all last four digits: copy all before them from one id back, and put them behind (uint64)."""
    # A copy of up to 64 bytes: its tag, and how far back they stand, in two bytes. Then a literal of four.
    copy = bytes([(length - 4 - 1) << 2 | 2]) + length.to_bytes(2, "little") + bytes([(4 - 1) << 2])
    rows = np.empty((_TURN, 2), np.uint32)
    rows[:, 0] = np.frombuffer(copy, np.uint32)
    rows[:, 1] = text.FOUR_DIGITS
    return rows.view(np.uint64).ravel()


def _literal(size: int) -> bytes:
    """What stands before data that is kept: its size less one, in as many bytes as a page may need."""
    return bytes([63 << 2]) + (size - 1).to_bytes(4, "little")
