"""How values are printed: exact decimals, ISO dates, padded ids. Frames, files and truth all print here.

A column becomes an object array of Python strings. Nothing loops over rows: each distinct value is formatted
once and its text spread over the rows, and where nearly all values differ, the text is put together from two
parts that have few distinct values each.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from tradegen.schema import FIELDS, MICROSECONDS, TICKS_PER_DOLLAR, Array

__all__ = [
    "Form",
    "broker_code",
    "broker_names",
    "by_field",
    "days",
    "days_as",
    "dollars",
    "hexadecimal",
    "integers",
    "moments",
    "moments_as",
    "named",
    "seconds",
    "trade_id",
    "trade_ids",
]

Form: TypeAlias = Callable[[Array], Array]
"""How a column of integers is printed."""

_EPOCH = dt.datetime(1970, 1, 1)
_MICROSECONDS_A_MINUTE = 60 * MICROSECONDS


def _objects(texts: list[str]) -> Array:
    column = np.empty(len(texts), object)
    column[:] = texts
    return column


_THOUSANDTHS = _objects([f"{number:03d}" for number in range(1000)])
_CENTS = _objects([f".{number:02d}" for number in range(TICKS_PER_DOLLAR)])
_POINT_THOUSANDTHS = _objects([f".{number:03d}" for number in range(1000)])
_SECONDS = _objects([f":{number:02d}" for number in range(60)])
_SIGNS = _objects(["", "-"])


def trade_id(number: int) -> str:
    """``tid00000021``; past 99,999,999 it widens."""
    return f"tid{number:08d}"


def trade_ids(first: int, count: int) -> Array:
    """Consecutive trade ids: ``tid00000021``, ``tid00000022``, ... (shape (count,))."""
    heads = range(first // 1000, (first + count - 1) // 1000 + 1)
    texts = np.add.outer(_objects([f"tid{head:05d}" for head in heads]), _THOUSANDTHS).ravel()
    consecutive: Array = texts[first % 1000 : first % 1000 + count]
    return consecutive


def broker_code(name: str) -> int:
    """The code of a broker: 0 for ``BKR001``."""
    return int(name[3:]) - 1


def broker_names(count: int) -> list[str]:
    """The brokers by code: ``BKR001`` for code 0."""
    return [f"BKR{number:03d}" for number in range(1, count + 1)]


def integers(values: Array) -> Array:
    """Whole numbers: ``250``, ``-3``."""
    return _each(values, str)


def dollars(ticks: Array) -> Array:
    """Ticks as dollars with the tick's decimals: ``154.00``, ``-0.01``."""
    whole, rest = np.divmod(np.abs(ticks), TICKS_PER_DOLLAR)
    texts: Array = integers(whole) + _CENTS[rest]
    return _SIGNS[(ticks < 0).astype(np.int8)] + texts if (ticks < 0).any() else texts


def days(numbers: Array) -> Array:
    """Days since 1970-01-01: ``2025-07-21``."""
    return _each(numbers, lambda day: str((_EPOCH + dt.timedelta(days=day)).date()))


def days_as(form: str) -> Form:
    """Days in a form of strftime's."""
    return lambda numbers: _each(numbers, lambda day: (_EPOCH + dt.timedelta(days=day)).strftime(form))


def moments(microseconds: Array, precision: str = "s") -> Array:
    """Microseconds since 1970-01-01: ``2025-07-21 10:33:00``, with ``.123`` or ``.123456`` if so precise."""
    minutes, rest = np.divmod(microseconds, _MICROSECONDS_A_MINUTE)
    second, fraction = np.divmod(rest, MICROSECONDS)
    texts: Array = _each(minutes, _minute) + _SECONDS[second]
    return texts + _fractions(fraction, precision) if precision != "s" else texts


def moments_as(form: str) -> Form:
    """Microseconds since 1970-01-01 in a form of strftime's."""
    return lambda values: _each(
        values, lambda value: (_EPOCH + dt.timedelta(microseconds=value)).strftime(form)
    )


def seconds(microseconds: Array, precision: str = "s") -> Array:
    """A length of time in seconds: ``-90``, with ``.123`` or ``.123456`` if so precise."""
    whole, fraction = np.divmod(np.abs(microseconds), MICROSECONDS)
    texts: Array = integers(whole)
    if precision != "s":
        texts = texts + _fractions(fraction, precision)
    return _SIGNS[(microseconds < 0).astype(np.int8)] + texts if (microseconds < 0).any() else texts


def _fractions(microseconds: Array, precision: str) -> Array:
    milli, micro = np.divmod(microseconds, 1_000)
    texts: Array = _POINT_THOUSANDTHS[milli]
    return texts + _THOUSANDTHS[micro] if precision == "us" else texts


def hexadecimal(numbers: Array) -> Array:
    """Unsigned 64-bit numbers as 16 digits: ``00c0ffee00c0ffee``."""
    digits = np.frombuffer(numbers.astype(">u8").tobytes().hex().encode(), "S16")
    texts: Array = digits.astype("U16").astype(object)
    return texts


def named(names: Sequence[str]) -> Form:
    """Codes as the names that they stand for."""
    column = np.array(names, object)
    return lambda codes: column[codes]


def by_field(values: Array, field: Array, forms: Mapping[str, Form]) -> Array:
    """A column whose rows are values of different fields.

    Parameters
    ----------
    values : ndarray of int64, shape (n,)
        Each in its field's unit.
    field : ndarray of int8, shape (n,)
        Positions in `schema.FIELDS`.
    forms : mapping
        How each field is printed; a field without a form is left empty.

    Returns
    -------
    ndarray of object, shape (n,)
    """
    texts = np.full(len(values), "", object)
    for code in np.unique(field).tolist():
        if form := forms.get(FIELDS[code]):
            rows = np.flatnonzero(field == code)
            texts[rows] = form(values[rows])
    return texts


def _each(values: Array, form: Callable[[Any], str]) -> Array:
    """Format each distinct value once."""
    codes, distinct = pd.factorize(values)
    rows: Array = _objects([form(value) for value in distinct.tolist()])[codes]
    return rows


def _minute(minutes: int) -> str:
    return str(_EPOCH + dt.timedelta(minutes=minutes))[:-3]
