"""How values are printed: exact decimals, ISO dates, padded ids. Frames, files and truth all print here.

A column becomes an object array of Python strings. Nothing loops over rows: each distinct value is formatted
once and its text spread over the rows, and where nearly all values differ, the text is put together from two
parts that have few distinct values each.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from tradegen.schema import FIELDS, MICROSECONDS, TICKS_PER_DOLLAR, Array

__all__ = [
    "DIFFERENCES",
    "VALUES",
    "broker_names",
    "by_field",
    "days",
    "dollars",
    "integers",
    "moments",
    "trade_id",
    "trade_ids",
]

Forms: TypeAlias = Mapping[str, Callable[[Array], Array]]
"""By field name, how a column of its integers is printed."""

_EPOCH = dt.datetime(1970, 1, 1)
_MICROSECONDS_A_MINUTE = 60 * MICROSECONDS


def _objects(texts: list[str]) -> Array:
    column = np.empty(len(texts), object)
    column[:] = texts
    return column


_THOUSANDTHS = _objects([f"{number:03d}" for number in range(1000)])
_CENTS = _objects([f".{number:02d}" for number in range(TICKS_PER_DOLLAR)])
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


def moments(microseconds: Array) -> Array:
    """Microseconds since 1970-01-01, to the second: ``2025-07-21 10:33:00``."""
    minutes, rest = np.divmod(microseconds, _MICROSECONDS_A_MINUTE)
    texts: Array = _each(minutes, _minute) + _SECONDS[rest // MICROSECONDS]
    return texts


def seconds(microseconds: Array) -> Array:
    """A length of time as whole seconds: ``-90``."""
    return integers(microseconds // MICROSECONDS)


VALUES: Forms = {"quantity": integers, "price": dollars, "date": days, "trade_timestamp": moments}
DIFFERENCES: Forms = {"quantity": integers, "price": dollars, "date": integers, "trade_timestamp": seconds}


def by_field(values: Array, field: Array, forms: Forms = VALUES) -> Array:
    """A column whose rows are values of different fields.

    Parameters
    ----------
    values : ndarray of int64, shape (n,)
        Each in its field's unit.
    field : ndarray of int8, shape (n,)
        Positions in `schema.FIELDS`.
    forms : mapping, optional
        How each field is printed: `VALUES` or `DIFFERENCES`.

    Returns
    -------
    ndarray of object, shape (n,)
    """
    texts = np.empty(len(values), object)
    for code, name in enumerate(FIELDS):
        rows = np.flatnonzero(field == code)
        texts[rows] = forms[name](values[rows])
    return texts


def _each(values: Array, form: Callable[[Any], str]) -> Array:
    """Format each distinct value once."""
    codes, distinct = pd.factorize(values)
    rows: Array = _objects([form(value) for value in distinct.tolist()])[codes]
    return rows


def _minute(minutes: int) -> str:
    return str(_EPOCH + dt.timedelta(minutes=minutes))[:-3]
