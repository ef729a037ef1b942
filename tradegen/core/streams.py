"""Random numbers by seed, stream name and block: the same numbers for any number of workers.

Every column and every purpose draws from a stream of its own, so that changing one moves no other. A
stream is a PCG64DXSM bit generator seeded by ``SeedSequence(seed, spawn_key=(stream, block))``. Only raw
64-bit draws are used: NumPy keeps the output of a bit generator stable for ever, but not that of the
distributions built on it (NEP 19), and a manifest must replay on tomorrow's NumPy.
"""

from __future__ import annotations

import zlib

import numpy as np

from tradegen.core.columns import Array

__all__ = ["below", "draw", "happens", "scramble", "uniform", "whole"]


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


_HALF = np.uint64(32)
# Odd, with bits all over: the fractional parts of the golden ratio, of pi and of e.
_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0x243F6A8885A308D3), np.uint64(0xB7E151628AED2A6B))
