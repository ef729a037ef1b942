"""Digests of what a block holds. The same values have the same digest on every machine.

Fields and mechanisms are digested by their names. Manifests of version 1 digested a mechanism's position in
the catalogue of the time, which is kept here so that their runs can still be compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from tradegen.core.blocks import Columns, Truth
from tradegen.core.columns import FIELDS, Array

__all__ = ["FIRST_CATALOGUE", "columns_digest", "truth_digest"]

FIRST_CATALOGUE = (
    "quantity.nudge", "quantity.lot_scale", "quantity.digit_swap", "quantity.extra_digit",
    "price.nudge", "price.tick", "price.rounding", "price.decimal_shift", "price.digit_swap", "price.stale",
    "date.next_session", "date.previous_session", "date.day_month_swap",
    "trade_timestamp.delay", "trade_timestamp.clock_skew", "trade_timestamp.timezone",
    "trade_timestamp.truncated",
    "trade_id.mistyped", "ticker.other", "ticker.suffix", "ticker.share_class",
    "broker_id.other", "broker_id.swapped", "contra_broker_id.other", "order_type.flip",
    "record.missing", "record.duplicate", "record.split",
)  # fmt: skip
"""The catalogue when manifests were of version 1, in its order. It never changes."""


def columns_digest(columns: Columns, instead: dict[str, Array] | None = None) -> bytes:
    """The SHA-256 of columns, name by name; `instead` has other values for some of them."""
    found = hashlib.sha256()
    for name, values in (columns.arrays() | (instead or {})).items():
        found.update(name.encode())
        # The columns' dtypes are the same on all machines; their byte order is to be, too.
        found.update(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).data)
    return found.digest()


def truth_digest(truth: Truth, mechanisms: Sequence[str], manifest_version: int) -> bytes:
    """The SHA-256 of a block's truth.

    Parameters
    ----------
    truth : Truth
    mechanisms : sequence of str
        The run's mechanisms, by the code that a truth row holds.
    manifest_version : int
        Of the manifest that the digest is for. For version 1, all mechanisms are of `FIRST_CATALOGUE`.
    """
    if manifest_version == 1:
        positions = np.array([FIRST_CATALOGUE.index(name) for name in mechanisms], np.int16)
        return columns_digest(truth, {"mechanism": positions.take(truth.mechanism)})
    names = {"field": FIELDS, "mechanism": mechanisms}
    return columns_digest(
        truth, {column: _numbers(names[column]).take(getattr(truth, column)) for column in names}
    )


def _numbers(names: Sequence[str]) -> Array:
    """A number for each name that follows from the name alone (uint64)."""
    digests = (hashlib.sha256(name.encode()).digest() for name in names)
    return np.array([int.from_bytes(digest[:8], "little") for digest in digests], np.uint64)
