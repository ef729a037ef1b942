"""Thrift's compact protocol, in which Parquet states its headers and its footer: writing alone.

Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

__all__ = ["Long", "Struct", "encoded", "varint", "zigzag"]


class Long(int):
    """A whole number of the type i64; others are i32."""


Struct: TypeAlias = dict[int, Any]
"""Values by the numbers of their fields, ascending: numbers, text, bytes, lists, structs; None is nothing."""

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
        step, last = (number - last) << 4, number
        if isinstance(value, bool):
            found.append(step | (_TRUE if value else _FALSE))
        else:
            kind, content = _KINDS[type(value)]
            found.append(step | kind)
            found += content(value)
    found.append(0)
    return bytes(found)


def varint(number: int) -> bytes:
    """A number from 0 on, seven bits a byte, the lowest first."""
    if number < 0x80:
        return _ONE_BYTE[number]
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def zigzag(number: int) -> bytes:
    """A number of either sign, so that small ones are short."""
    return varint(2 * number if number >= 0 else -2 * number - 1)


def _binary(content: bytes) -> bytes:
    return varint(len(content)) + content


def _list(values: list[Any]) -> bytes:
    """Values of one type; an empty list is one of structs."""
    kind, content = _KINDS[type(values[0])] if values else _KINDS[dict]
    count = len(values)
    short = count < _SHORT_LIST
    head = bytes([min(count, _SHORT_LIST) << 4 | kind]) + (b"" if short else varint(count))
    return head + b"".join(map(content, values))


_ONE_BYTE = [bytes([number]) for number in range(0x80)]
_KINDS: dict[type, tuple[int, Callable[[Any], bytes]]] = {
    int: (_I32, zigzag),
    Long: (_I64, zigzag),
    bytes: (_BINARY, _binary),
    str: (_BINARY, lambda text: _binary(text.encode())),
    list: (_LIST, _list),
    dict: (_STRUCT, encoded),
}
