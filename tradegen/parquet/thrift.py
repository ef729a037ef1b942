"""Thrift's compact protocol, in which Parquet states its headers and its footer: writing alone.

Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

__all__ = ["Long", "Struct", "Value", "encoded", "varint", "zigzag"]


class Long(int):
    """A whole number of the type i64; others are i32."""


Struct: TypeAlias = Mapping[int, "Value | None"]
"""Values by the numbers of their fields, ascending; None is a field that is not there."""

Value: TypeAlias = "int | str | bytes | Sequence[Value] | Struct"

_TRUE, _FALSE, _I32, _I64, _BINARY, _LIST, _STRUCT = 1, 2, 5, 6, 8, 9, 12
_SHORT_LIST = 15  # longer ones state their length apart


def encoded(struct: Struct) -> bytes:
    """A struct as bytes."""
    found = bytearray()
    last = 0
    for number, value in struct.items():
        if value is None:
            continue
        # How far it is from the field before, in the upper half; all steps of Parquet's structs fit.
        found.append((number - last) << 4 | _type(value))
        last = number
        if not isinstance(value, bool):  # a boolean is in its type
            found += _content(value)
    found.append(0)
    return bytes(found)


def varint(number: int) -> bytes:
    """A number from 0 on, seven bits a byte, the lowest first."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def zigzag(number: int) -> bytes:
    """A number of either sign, so that small ones are short."""
    return varint(2 * number if number >= 0 else -2 * number - 1)


def _type(value: Value) -> int:
    match value:
        case bool():
            return _TRUE if value else _FALSE
        case Long():
            return _I64
        case int():
            return _I32
        case str() | bytes():
            return _BINARY
        case Mapping():
            return _STRUCT
    return _LIST


def _content(value: Value) -> bytes:
    match value:
        case int():
            return zigzag(value)
        case str() | bytes():
            content = value.encode() if isinstance(value, str) else value
            return varint(len(content)) + content
        case Mapping():
            return encoded(value)
    # All of one type; Parquet has no lists of booleans, and no list here is empty but where it has structs.
    of = _type(value[0]) if value else _STRUCT
    count = len(value)
    head = bytes([count << 4 | of]) if count < _SHORT_LIST else bytes([_SHORT_LIST << 4 | of]) + varint(count)
    return head + b"".join(map(_content, value))
