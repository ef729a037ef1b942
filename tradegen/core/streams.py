"""Random numbers by seed, stream name and block: the same numbers for any number of workers.

Every column and every purpose draws from a stream of its own, so that changing one moves no other. A
stream is a PCG64DXSM bit generator seeded by ``SeedSequence(seed, spawn_key=(stream, block))``. Only raw
64-bit draws are used: NumPy keeps the output of a bit generator stable for ever, but not that of the
distributions built on it (NEP 19), and a manifest must replay on tomorrow's NumPy.
"""

from __future__ import annotations

import functools
import itertools
import zlib

import numpy as np

from tradegen.core.columns import Array


def draw(seed: int, stream: str, block: int, count: int) -> Array:
    """Draw `count` raw numbers from the start of a stream.

    Parameters
    ----------
    seed : int
        The run's seed, 0 or above.
    stream : str
        What the numbers are for, such as ``"price"`` or ``"price.nudge/size"``.
    block : int
        The block's number, from 0.
    count : int
        How many.

    Returns
    -------
    ndarray of uint64, shape (count,)
    """
    # A stream's number comes from its name: a new stream never shifts the numbers of another.
    number = zlib.crc32(stream.encode())
    sequence = np.random.SeedSequence(seed, spawn_key=(number, block))
    raw: Array = np.random.PCG64DXSM(sequence).random_raw(count)
    return raw


def uniform(raw: Array) -> Array:
    """Raw draws as float64 in [0, 1), from the upper 53 bits."""
    return (raw >> np.uint64(11)) * 2.0**-53


def happens(raw: Array, share: float) -> Array:
    """Raw draws as booleans, true for a `share` of them: all at 1, none at 0, and nested in between."""
    return (raw >> np.uint64(11)) < np.uint64(np.ceil(share * 2.0**53))


def exponential(raw: Array) -> Array:
    """Raw draws as float64 that are exponentially distributed: ``-log(1 - uniform(raw))``.

    NumPy's logarithm, and the C library's, differ in the last bit from one processor to another. This one
    takes only whole numbers and single additions, subtractions, multiplications and divisions of float64,
    and IEEE 754 allows only one result for each of these. So a draw gives the same bits on every machine.

    The upper 53 bits of a draw are a number, and `left` is ``2**53`` less that number: the logarithm to find
    is ``log(2**53 / left)``. Let `near` be `left` rounded to its seven leading bits, halves up. The result is
    ``log(2**53 / near)``, from a table of correctly rounded values, plus ``log(near / left)``. The latter is
    ``2 * artanh(part)`` with ``part = (near - left) / (near + left)``, and the artanh is taken as
    ``(0.2 * square + 1 / 3) * square * part + part`` with ``square = part * part``.

    The result never falls as draws rise. Its relative error is below ``2**-50``: `part` is at most ``2**-8``,
    so the terms of the series that are left out come to less than ``2**-56`` of the result, and the roundings
    to no more than six times ``2**-53``.

    Parameters
    ----------
    raw : ndarray of uint64

    Returns
    -------
    ndarray of float64, shape of `raw`
        From 0 to ``53 * log(2)``.
    """
    left = _ALL - (raw >> np.uint64(11)).view(np.int64)
    # The bits of a positive float64, read as a whole number, are in the order of its values: the exponent
    # stands above the fraction. Values with the same exponent and the same six bits after it are one cell.
    cell = left.view(np.int64) + _HALF_A_CELL
    cell >>= _BELOW
    near = (cell << _BELOW).view(np.float64)
    cell -= _FIRST_CELL
    part = near - left
    near += left
    part /= near
    # Arrays that are done with are used again: memory for new ones takes longer than the arithmetic.
    square = np.multiply(part, part, out=near)
    found: Array = np.multiply(square, 0.2, out=left)
    found += 1 / 3
    found *= square
    found *= part
    found += part
    found += found
    found += _logarithms().take(cell)
    return found


@functools.cache
def _logarithms() -> Array:
    """``log(2**53 / near)`` for each cell, from 1 to 2**53 (float64, correctly rounded)."""
    # log(n / (n - 1)) is 2 * artanh(1 / (2 * n - 1)), which whole numbers hold in units of 2**-120.
    steps = (_artanh_of_one_in(2 * number - 1) << 1 for number in range(_CELLS + 1, 2 * _CELLS + 1))
    *within, doubled = itertools.accumulate(steps, initial=0)
    cells = [exponent * doubled + more for exponent in range(53) for more in within]
    # Python rounds the quotient of two whole numbers correctly.
    table = np.array([(53 * doubled - cell) / _ONE for cell in (*cells, 53 * doubled)])
    table.setflags(write=False)
    return table


def _artanh_of_one_in(number: int) -> int:
    """The artanh of 1 / `number`, in units of 2**-120."""
    total, power, odd = 0, _ONE // number, 1
    while power:
        total += power // odd
        power //= number * number
        odd += 2
    return total


def whole(raw: Array, low: Array | int, high: Array | int) -> Array:
    """Raw draws as int64 spread evenly over `low` to `high`, both included (inverse CDF, one draw each).

    `low` and `high` are scalars or arrays of the shape of `raw`, with ``low <= high < low + 2**32``. The
    upper 32 bits are used, in integers alone, so that the result is the same on every machine.
    """
    values = below(raw, np.asarray(high, np.int64) - low + 1)
    values += low
    return values


def below(raw: Array, width: Array) -> Array:
    """Raw draws as int64 spread evenly over 0 to below `width`, as `whole` does it."""
    values = raw >> _HALF
    values *= width.astype(np.uint64, copy=False)
    values >>= _HALF
    return values.view(np.int64)


def scramble(numbers: Array, salt: int) -> Array:
    """Whole numbers as uint64 that look random, and are as distinct as the numbers are.

    Each step (adding a constant, multiplying by an odd one, folding the upper half onto the lower) can be
    undone modulo 2**64, so no two numbers meet. `salt` tells one use from another.
    """
    mixed = numbers.astype(np.uint64) + np.uint64(salt)
    for factor in _ODD:
        mixed ^= mixed >> _HALF
        mixed *= factor
    mixed ^= mixed >> _HALF
    return mixed


_ALL = 2.0**53
_CELLS = 1 << 6  # from one power of two to the next
_BELOW = 52 - 6  # of the 52 bits that a float64 stores, those after the first six
_HALF_A_CELL = 1 << (_BELOW - 1)
_FIRST_CELL = 1023 * _CELLS  # 1023 is the exponent of 1.0
_ONE = 1 << 120
_HALF = np.uint64(32)
# Odd, with bits all over: the fractional parts of the golden ratio, of pi and of e.
_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0x243F6A8885A308D3), np.uint64(0xB7E151628AED2A6B))
