"""Columns of text to integers: ids, prices, differences, names. What cannot be read is `UNREADABLE`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tradegen.verify.cells import Cells, Chosen, readable
from tradegen.verify.vocabulary import ABSENT, Array

__all__ = ["MILLION", "Names", "flags", "millionths", "record_id_text", "record_ids", "ticks", "trade_ids"]

MILLION = 1_000_000

_U8 = np.uint64
_TID = int.from_bytes(b"tid", "little")


def trade_ids(cells: Cells) -> Array:
    """``tid00000021`` to 21: eight digits, more only without leading zeros."""
    values, good = cells.digits(cells.starts + 3, cells.lengths - 3)
    good &= (cells.word(0) & _U8(0xFFFFFF)) == _U8(_TID)
    wide = cells.lengths > 11
    good &= cells.lengths >= 11
    if wide.any():
        good &= ~wide | (cells.bytes_at(cells.starts + 3) != ord("0"))
    return readable(values, good)


def ticks(cells: Cells) -> Array:
    """Dollars with two decimals, ``154.00``, to ticks of 0.01: 15400."""
    ends = cells.starts + cells.lengths
    whole_lengths = cells.lengths - 3
    dollars, good = cells.digits(cells.starts, whole_lengths)
    cents, good_cents = cells.digits(ends - 2, np.minimum(cells.lengths, 2))
    good &= good_cents & (cells.bytes_at(np.maximum(ends - 3, 0)) == ord("."))
    good &= (whole_lengths == 1) | (cells.bytes_at(cells.starts) != ord("0"))
    good &= dollars < 2**56  # times 100 still fits
    return readable(dollars * 100 + cents, good)


def millionths(cells: Cells) -> Array:
    """Signed decimals with up to six decimals, in millionths; `ABSENT` where the cell is empty."""
    negative = cells.bytes_at(cells.starts) == ord("-")
    starts = cells.starts + negative
    lengths = cells.lengths - negative
    ends = starts + lengths
    decimals = np.zeros(len(cells), np.int64)
    for count in range(1, 7):
        point = (lengths > count + 1) & (cells.bytes_at(np.maximum(ends - count - 1, 0)) == ord("."))
        decimals[point & (decimals == 0)] = count
    whole_lengths = np.where(decimals > 0, lengths - decimals - 1, lengths)
    whole, good = cells.digits(starts, whole_lengths)
    part, good_part = cells.digits(ends - decimals, np.maximum(decimals, 1))
    part = np.where(decimals > 0, part, 0)
    good &= good_part | (decimals == 0)
    good &= whole < 2**42  # times a million still fits
    values = whole * MILLION + part * 10 ** (6 - decimals)
    values = readable(np.where(negative, -values, values), good)
    return np.where(cells.lengths == 0, ABSENT, values)


def record_ids(cells: Cells) -> Array:
    """Sixteen hexadecimal digits to int64 (as 64 bits); 0 where the cell is empty."""
    good = (cells.lengths == 16) | (cells.lengths == 0)
    halves = []
    for number in (0, 1):
        word = cells.word(number)
        nibbles = (word & _U8(0x0F0F0F0F0F0F0F0F)) + _U8(9) * ((word >> _U8(6)) & _U8(0x0101010101010101))
        nibbles &= _U8(0x0F0F0F0F0F0F0F0F)
        letters = ((nibbles + _U8(0x0606060606060606)) >> _U8(4)) & _U8(0x0101010101010101)
        good &= (word == nibbles + _U8(0x3030303030303030) + _U8(39) * letters) | (cells.lengths == 0)
        pairs = ((nibbles << _U8(4)) | (nibbles >> _U8(8))) & _U8(0x00FF00FF00FF00FF)
        fours = ((pairs << _U8(8)) | (pairs >> _U8(16))) & _U8(0x0000FFFF0000FFFF)
        halves.append(((fours << _U8(16)) | (fours >> _U8(32))) & _U8(0xFFFFFFFF))
    return readable(((halves[0] << _U8(32)) | halves[1]).view(np.int64), good)


def flags(cells: Cells) -> Array:
    """``true`` and ``false`` to 1 and 0."""
    yes = cells.equal("true")
    return readable(yes.astype(np.int64), yes | cells.equal("false"))


def record_id_text(number: int) -> str:
    """A record id as files hold it."""
    return f"{number % 2**64:016x}"


class Names:
    """A dictionary of names: equal texts, wherever they stand, have equal codes. BUY is 0, SELL is 1."""

    def __init__(self) -> None:
        self._texts = ["BUY", "SELL"]
        self._codes = {"BUY": 0, "SELL": 1}

    def codes(self, cells: Cells) -> Array:
        """The code of every cell, int64."""
        rows = len(cells)
        if not rows:
            return np.zeros(0, np.int64)
        if isinstance(cells, Chosen):
            return self.codes(cells.few)[cells.which]
        found, _ = pd.factorize(cells.word(0))
        for number in range(1, -(-int(cells.lengths.max()) // 8)):
            further, distinct = pd.factorize(cells.word(number))
            found, _ = pd.factorize(found * len(distinct) + further)
        # Of each distinct text one row is read; of several assignments to one place, the last stays.
        sample = np.empty(int(found.max()) + 1, np.int64)
        sample[found] = np.arange(rows)
        known: Array = np.array([self.code(cells.text(row)) for row in sample.tolist()], np.int64)[found]
        return known

    def code(self, text: str) -> int:
        """The code of one name."""
        code = self._codes.setdefault(text, len(self._texts))
        if code == len(self._texts):
            self._texts.append(text)
        return code

    def text(self, code: int) -> str:
        """The name behind a code."""
        return self._texts[code] if 0 <= code < len(self._texts) else "?"
