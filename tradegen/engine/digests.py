"""Digests of what a block holds. The same values have the same digest on every machine.

Fields and mechanisms are digested by their names, so that a new mechanism changes no digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from tradegen.core.blocks import Columns, Truth
from tradegen.core.columns import Array


def columns_digest(columns: Columns, instead: dict[str, Array] | None = None) -> bytes:
    """The SHA-256 of columns, name by name; `instead` has other values for some of them."""
    found = hashlib.sha256()
    for name, values in (columns.arrays() | (instead or {})).items():
        found.update(name.encode())
        # The columns' dtypes are the same on all machines; their byte order is to be, too.
        found.update(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).data)
    return found.digest()


def truth_digest(truth: Truth, fields: Sequence[str], mechanisms: Sequence[str]) -> bytes:
    """The SHA-256 of a block's truth.

    Parameters
    ----------
    truth : Truth
    fields, mechanisms : sequence of str
        The run's fields and mechanisms, by the code that a truth row holds.
    """
    names = {"field": fields, "mechanism": mechanisms}
    return columns_digest(
        truth, {column: _numbers(names[column]).take(getattr(truth, column)) for column in names}
    )


def _numbers(names: Sequence[str]) -> Array:
    """A number for each name that follows from the name alone (uint64)."""
    digests = (hashlib.sha256(name.encode()).digest() for name in names)
    return np.array([int.from_bytes(digest[:8], "little") for digest in digests], np.uint64)
