"""What one mechanism does to one field of a block's legs."""

from __future__ import annotations

from dataclasses import dataclass

from tradegen.core.columns import Array


@dataclass(frozen=True, slots=True, eq=False)
class Alteration:
    """What one mechanism does to one field in one block: at `pairs`, on `legs`, `original` to `altered`."""

    mechanism: str
    field: int  # position among the scenario's fields
    benign: bool
    cause: int
    pairs: Array  # int64, shape (k,): positions
    legs: Array  # int8, shape (k,)
    original: Array  # int64, shape (k,)
    altered: Array  # int64, shape (k,)
