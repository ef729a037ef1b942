"""Which type of Parquet each kind of column has, and how the footer's schema states it.

Source: https://github.com/apache/parquet-format/blob/master/LogicalTypes.md
"""

from __future__ import annotations

from dataclasses import dataclass

from tradegen.formats.parquet_encoding.thrift import Struct
from tradegen.formats.typed_columns import Column, Decimals, Flags, Numbers, is_nullable

__all__ = ["Type", "element", "type_of"]

_BOOLEAN, _INT32, _INT64, _BYTE_ARRAY, _FIXED_LENGTH = 0, 1, 2, 6, 7  # physical types
_REQUIRED, _OPTIONAL = 0, 1
_UTF8, _DECIMAL, _DATE = 0, 5, 6  # what readers of old know, beside the logical types
_MICROSECONDS: Struct = {2: {}}
_LOCAL_TIME: Struct = {
    8: {1: False, 2: _MICROSECONDS}
}  # a timestamp, and not of UTC: older readers have none
_MOST_IN_INT64 = 18  # digits of a decimal


@dataclass(frozen=True, slots=True)
class Type:
    """A column's type: how values are held, and what they mean."""

    physical: int
    length: int | None = None  # bytes of each value, where all have the same, and are no number
    converted: int | None = None
    logical: Struct | None = None


def type_of(column: Column) -> Type:
    """The type of a column."""
    match column:
        case Numbers(_, "whole"):
            return Type(_INT64)
        case Numbers(_, "days"):
            return Type(_INT32, None, _DATE, {6: {}})
        case Numbers():
            return Type(_INT64, None, None, _LOCAL_TIME)
        case Decimals(_, precision, scale):
            logical = {5: {1: scale, 2: precision}}
            if precision <= _MOST_IN_INT64:
                return Type(_INT64, None, _DECIMAL, logical)
            # So many bytes as hold all numbers of so many digits, and a sign.
            length = -(-((10**precision).bit_length() + 1) // 8)
            return Type(_FIXED_LENGTH, length, _DECIMAL, logical)
        case Flags():
            return Type(_BOOLEAN)
    return Type(_BYTE_ARRAY, None, _UTF8, {1: {}})


def element(name: str, column: Column) -> Struct:
    """A column as an element of the schema."""
    kind = type_of(column)
    scale, precision = (column.scale, column.precision) if isinstance(column, Decimals) else (None, None)
    return {
        1: kind.physical,
        2: kind.length,
        3: _OPTIONAL if is_nullable(column) else _REQUIRED,
        4: name,
        6: kind.converted,
        7: scale,
        8: precision,
        10: kind.logical,
    }
