"""Parquet's encodings, read value by value as their specifications have it, without tradegen.

Sources: Encodings.md of apache/parquet-format, format_description.txt of google/snappy.
"""

from __future__ import annotations

__all__ = ["differences", "runs", "snappy", "unpacked"]


def varint(data: bytes, place: int) -> tuple[int, int]:
    """A number, and where it ends."""
    number = shift = 0
    while True:
        byte = data[place]
        number |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return number, place


def zigzag(data: bytes, place: int) -> tuple[int, int]:
    """A number of either sign, and where it ends."""
    number, place = varint(data, place)
    return (number >> 1) ^ -(number & 1), place


def unpacked(data: bytes, width: int, count: int) -> list[int]:
    """Bit-packed numbers, the lowest bit first."""
    bits = int.from_bytes(data, "little")
    return [bits >> (place * width) & ((1 << width) - 1) for place in range(count)]


def runs(data: bytes, width: int, count: int) -> list[int]:
    """The hybrid of run lengths and bit-packing; what is beyond the count must be padding."""
    values: list[int] = []
    place = 0
    while place < len(data):
        head, place = varint(data, place)
        if head & 1:
            size = (head >> 1) * width
            values += unpacked(data[place : place + size], width, (head >> 1) * 8)
        else:
            size = (width + 7) // 8
            values += [int.from_bytes(data[place : place + size], "little")] * (head >> 1)
        assert place + size <= len(data)
        place += size
    assert count <= len(values) < count + 8
    return values[:count]


def differences(data: bytes) -> list[int]:
    """DELTA_BINARY_PACKED, to its very end."""
    block, place = varint(data, 0)
    miniblocks, place = varint(data, place)
    count, place = varint(data, place)
    value, place = zigzag(data, place)
    assert block % 128 == 0
    each = block // miniblocks
    assert each % 32 == 0
    values = [value]
    while len(values) < count:
        least, place = zigzag(data, place)
        widths = data[place : place + miniblocks]
        place += miniblocks
        for width in widths:
            if len(values) == count:
                assert width == 0
                continue
            size = each * width // 8
            for above in unpacked(data[place : place + size], width, each):
                if len(values) < count:
                    value += least + above
                    values.append(value)
            place += size
    assert place == len(data)
    return values


def snappy(data: bytes) -> bytes:
    """What compressed data stands for."""
    size, place = varint(data, 0)
    found = bytearray()
    while place < len(data):
        tag = data[place]
        place += 1
        if tag & 3 == 0:
            length = tag >> 2
            if length >= 60:
                more = length - 59
                length = int.from_bytes(data[place : place + more], "little")
                place += more
            found += data[place : place + length + 1]
            place += length + 1
            continue
        if tag & 3 == 1:
            length, back = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | data[place]
            place += 1
        else:
            more = 2 if tag & 3 == 2 else 4
            length, back = (tag >> 2) + 1, int.from_bytes(data[place : place + more], "little")
            place += more
        assert 0 < back <= len(found)
        for _ in range(length):
            found.append(found[-back])
    assert len(found) == size
    return bytes(found)
