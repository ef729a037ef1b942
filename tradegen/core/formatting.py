"""How values are printed: exact decimals, ISO dates, padded ids. Frames, files and truth all print here.

A column of text is a NumPy array of bytes, with padding anywhere in it (`text_columns`). Nothing loops over
rows: numbers go through tables of four digits, and each distinct date or time is formatted once.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from tradegen.core.columns import MICROSECONDS, STEPS, Array
from tradegen.core.text_columns import joined

Form: TypeAlias = Callable[[Array], Array]
"""How a column of integers is printed."""

_EPOCH = dt.datetime(1970, 1, 1)
_FEW = 16  # so few values that each is formatted, whether it occurs or not
_LATEST = 2**63 - 1  # an int64
_OFTEN = 4  # so often a value must occur for a table of all values to pay
_SPARSE = 16  # so many times as many possible values as rows, and distinct ones are found by sorting
_GROUP = 10_000  # numbers are printed four digits at a time


def _table(texts: Sequence[str]) -> Array:
    return np.array([text.encode() for text in texts], np.bytes_)


def _digits(zero: bool) -> Array:
    """Four digits of each number below 10,000, as uint32: without leading zeros, and then with them.

    `zero` says whether 0 without leading zeros is ``0``, or nothing.
    """
    numbers = np.arange(_GROUP)[:, None]
    places = np.array([1000, 100, 10, 1])
    padded = (numbers // places % 10 + ord("0")).astype(np.uint8)
    bare = np.where(numbers >= places, padded, 0).astype(np.uint8)
    bare[0, -1] = ord("0") if zero else 0
    return np.concatenate([bare, padded]).view(np.uint32).ravel()


# A group of digits has no leading zeros where nothing stands before it; only the last one then prints a 0.
_LAST_DIGITS, _MORE_DIGITS = _digits(zero=True), _digits(zero=False)
_CENT_PLACES = 2
_MOST_PLACES = 4  # in a table
_THOUSANDTHS = _table([f"{number:03d}" for number in range(1000)])
_MINUTES = _table([f" {number // 60:02d}:{number % 60:02d}" for number in range(24 * 60)])
_SECONDS = _table([f":{number:02d}" for number in range(60)])
_SIGNS = _table(["", "-"])
_BYTES = _table([f"{number:02x}" for number in range(256)])
_POINT, _TID = np.array(b"."), np.array(b"tid")


def trade_id(number: int) -> str:
    """``tid00000021``; past 99,999,999 it widens."""
    return f"tid{number:08d}"


def trade_ids(numbers: Array) -> Array:
    """Trade ids: ``tid00000021``, ``tid00000022``, ..."""
    above, low = _divided(numbers, _GROUP**2)
    high, low = _divided(low, _GROUP)
    high += _GROUP
    low += _GROUP
    ids = [np.broadcast_to(_TID, len(numbers)), _LAST_DIGITS.take(high), _LAST_DIGITS.take(low)]
    if above.any():
        ids.insert(1, np.where(above > 0, integers(above), b""))
    return joined(*ids)


def broker_code(name: str) -> int:
    """The code of a broker: 0 for ``BKR001``."""
    return int(name[3:]) - 1


def broker_names(count: int) -> list[str]:
    """The brokers by code: ``BKR001`` for code 0."""
    return [f"BKR{number:03d}" for number in range(1, count + 1)]


def integers(values: Array) -> Array:
    """Whole numbers: ``250``, ``-3``."""
    size = np.abs(values)
    most = int(size.max(initial=0))
    groups = 1
    while most >= _GROUP**groups:
        groups += 1
    digits = np.empty((len(size), groups), np.uint32)
    table = _LAST_DIGITS
    for group in range(groups - 1, 0, -1):
        size, low = _divided(size, _GROUP)
        low += _GROUP * (size > 0)
        digits[:, group] = table.take(low)
        table = _MORE_DIGITS
    digits[:, 0] = table.take(size)
    return _signed(values, digits.view(f"S{4 * groups}").ravel())


def decimals(values: Array, places: int) -> Array:
    """Whole numbers of the last decimal place as exact decimals: ``154.00``, ``-0.0001``."""
    if not places:
        return integers(values)
    whole, rest = _divided(np.abs(values), 10**places)
    parts: list[Array] = []
    while places > _CENT_PLACES:
        last = min(places - _CENT_PLACES, _MOST_PLACES)
        rest, low = _divided(rest, 10**last)
        parts.insert(0, _padded(last).take(low))
        places -= last
    return _signed(values, joined(integers(whole), _padded(places, ".").take(rest), *parts))


@functools.cache
def _padded(places: int, before: str = "") -> Array:
    """Numbers of so many digits, with zeros in front, and a text before these."""
    return _table([f"{before}{number:0{places}d}" for number in range(10**places)])


def dates(numbers: Array) -> Array:
    """Days since 1970-01-01: ``2025-07-21``."""
    return _each(numbers, lambda day: str((_EPOCH + dt.timedelta(days=day)).date()))


def dates_as(form: str) -> Form:
    """Days in a form of strftime's."""
    return lambda numbers: _each(numbers, lambda day: (_EPOCH + dt.timedelta(days=day)).strftime(form))


def timestamps(microseconds: Array, precision: str = "s") -> Array:
    """Microseconds since 1970-01-01: ``2025-07-21 10:33:00``, with ``.123`` or ``.123456`` if so precise."""
    step = STEPS[precision]
    low = int(microseconds.min(initial=_LATEST)) // step * step
    most = int(microseconds.max(initial=low)) - low
    if most // step >= len(microseconds) // _OFTEN:
        return _timestamps(microseconds, precision)
    # Many to a moment: all that there may be are printed once each.
    return _timestamps(np.arange(low, low + most + 1, step), precision).take((microseconds - low) // step)


def _timestamps(microseconds: Array, precision: str) -> Array:
    whole, fraction = _divided(microseconds, MICROSECONDS)
    minute, second = _divided(whole, 60)
    day, minute = _divided(minute, 24 * 60)
    parts = [dates(day), _MINUTES.take(minute), _SECONDS.take(second)]
    return joined(*parts, *_fractions(fraction, precision))


def timestamps_as(form: str) -> Form:
    """Microseconds since 1970-01-01 in a form of strftime's."""
    return lambda values: _each(
        values, lambda value: (_EPOCH + dt.timedelta(microseconds=value)).strftime(form)
    )


def seconds(microseconds: Array, precision: str = "s") -> Array:
    """A length of time in seconds: ``-90``, with ``.123`` or ``.123456`` if so precise."""
    whole, fraction = _divided(np.abs(microseconds), MICROSECONDS)
    return _signed(microseconds, joined(integers(whole), *_fractions(fraction, precision)))


def hexadecimal(numbers: Array) -> Array:
    """Unsigned 64-bit numbers as 16 digits: ``00c0ffee00c0ffee``."""
    texts: Array = _BYTES[numbers.astype(">u8").view(np.uint8)].view("S16")
    return texts


def named(names: Sequence[str]) -> Form:
    """Codes as the names that they stand for."""
    table = _table(names)
    return lambda codes: table.take(codes)


def by_field(values: Array, rows: Mapping[int, Array], forms: Mapping[int, Form]) -> Array:
    """A column whose rows are values of different fields.

    Parameters
    ----------
    values : ndarray of int64, shape (n,)
        Each in its field's unit.
    rows : mapping
        By field, the rows (int64) whose values are of it.
    forms : mapping
        How each field is printed; a field without a form is left empty.

    Returns
    -------
    ndarray of bytes, shape (n,)
    """
    found = [(of_field, forms[field](values[of_field])) for field, of_field in rows.items() if field in forms]
    widest = max((part.dtype.itemsize for _, part in found), default=1)
    texts = np.zeros(len(values), f"S{-(-widest // 8) * 8}")
    for of_field, part in found:
        # As bytes without a meaning: NumPy would look at each text for its end.
        place = np.dtype({"names": [""], "formats": [f"V{part.itemsize}"], "itemsize": texts.itemsize})
        texts.view(place)[""][of_field] = part.view(f"V{part.itemsize}")
    return texts


def _divided(values: Array, by: int) -> tuple[Array, Array]:
    """Quotient and rest; faster than divmod, whose rest is a second division."""
    quotient = values // by
    return quotient, values - quotient * by


def _signed(values: Array, texts: Array) -> Array:
    negative = values < 0
    return joined(_SIGNS[negative.astype(np.int8)], texts) if negative.any() else texts


def _fractions(microseconds: Array, precision: str) -> list[Array]:
    if precision == "s":
        return []
    milli, micro = _divided(microseconds, 1_000)
    parts = [np.broadcast_to(_POINT, len(microseconds)), _THOUSANDTHS.take(milli), _THOUSANDTHS.take(micro)]
    return parts if precision == "us" else parts[:2]


def _each(values: Array, form: Callable[[Any], str]) -> Array:
    """Format each distinct value once."""
    distinct, codes = _distinct(values)
    texts: Array = _table([form(value) for value in distinct.tolist()]).take(codes)
    return texts


def _distinct(values: Array) -> tuple[Array, Array]:
    """Distinct values, ascending, and the position of each row's value among them.

    Where all values lie close together, those between that do not occur are among them, too.
    """
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    possible = high - low + 1
    if possible > max(_FEW, _SPARSE * len(values)):
        distinct, codes = np.unique(values, return_inverse=True)
        return distinct, codes
    offsets = values - low
    if possible <= _FEW:
        return np.arange(low, high + 1), offsets
    occurs = np.zeros(possible, bool)
    occurs[offsets] = True
    return np.flatnonzero(occurs) + low, (np.cumsum(occurs) - 1)[offsets]
