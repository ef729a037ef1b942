"""Exponential draws one at a time: by the definition that `streams.exponential` gives, and exactly."""

from __future__ import annotations

import functools
from decimal import Context, Decimal

ALL = 2**53
ERROR = 2.0**-50  # of an exponential draw, as a share of itself
_EXACTLY = Context(prec=50)


def defined(raw: int) -> float:
    """The draw by its definition, in Python's own float64 and whole numbers."""
    left = ALL - (raw >> 11)
    unit = 2 ** max(left.bit_length() - 7, 0)
    near = (2 * left + unit) // (2 * unit) * unit
    part = float(near - left) / (float(near) + float(left))
    square = part * part
    return _logarithm(near) + 2 * ((0.2 * square + 1 / 3) * square * part + part)


def exact(raw: int) -> Decimal:
    """The logarithm, to fifty digits."""
    return _EXACTLY.ln(_EXACTLY.divide(Decimal(ALL), Decimal(ALL - (raw >> 11))))


@functools.cache
def _logarithm(near: int) -> float:
    return float(_EXACTLY.ln(_EXACTLY.divide(Decimal(ALL), Decimal(near))))
