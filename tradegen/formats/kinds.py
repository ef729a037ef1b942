"""The kinds of columns: what sort of value a column holds, and how text files print it.

A kind describes a column before there are any rows. `arrow` and `frames` say what each kind is there.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np

from tradegen.core import formatting
from tradegen.core.columns import FIELDS, Array
from tradegen.core.formatting import Form

__all__ = [
    "AnyField",
    "Code",
    "Date",
    "Decimal",
    "Difference",
    "FieldValues",
    "Flag",
    "Integer",
    "Kind",
    "Reference",
    "Timestamp",
]

_FLAGS = formatting.named(("false", "true"))


@dataclass(frozen=True)
class Reference:
    """An id, held as the number behind it (int64). `texts` prints it."""

    texts: Form
    bare: ClassVar = False


@dataclass(frozen=True)
class Code:
    """One of a set of names, held as its position among them (integers of any width)."""

    names: tuple[str, ...]
    bare: ClassVar = False

    @functools.cached_property
    def texts(self) -> Form:
        """Print the names."""
        return formatting.named(self.names)


@dataclass(frozen=True)
class Integer:
    """A whole number (int64)."""

    bare: ClassVar = True

    def texts(self, values: Array) -> Array:
        """Print digits, as ``250``."""
        return formatting.integers(values)


@dataclass(frozen=True)
class Decimal:
    """An exact decimal, held as a whole number of its last digit (int64), which is a cent."""

    precision: int
    bare: ClassVar = True
    places: ClassVar = 2

    def texts(self, values: Array) -> Array:
        """Print all places, as ``154.00``."""
        return formatting.dollars(values)


@dataclass(frozen=True)
class Date:
    """A date, held as days since 1970-01-01 (int32). `form` is a layout's own, as strftime has it."""

    form: str | None = None
    bare: ClassVar = False

    def texts(self, values: Array) -> Array:
        """Print in the own form, or else as ``2025-07-21``."""
        return (formatting.dates_as(self.form) if self.form else formatting.dates)(values)


@dataclass(frozen=True)
class Timestamp:
    """A naive local time, held as microseconds since 1970-01-01 (int64). `form` as for `Date`."""

    precision: str
    form: str | None = None
    bare: ClassVar = False

    def texts(self, values: Array) -> Array:
        """Print in the own form, or else as ``2025-07-21 10:33:00``, with digits for the precision."""
        if self.form:
            return formatting.timestamps_as(self.form)(values)
        return formatting.timestamps(values, self.precision)


@dataclass(frozen=True)
class Flag:
    """True or false (bool)."""

    bare: ClassVar = True

    def texts(self, values: Array) -> Array:
        """Print ``true`` and ``false``."""
        return _FLAGS(values.view(np.int8))


@dataclass(frozen=True, slots=True, eq=False)
class FieldValues:
    """A column whose rows are of different fields: each row's number (int64) and field (int8)."""

    numbers: Array  # each in its field's unit
    fields: Array  # positions in FIELDS

    def rows(self) -> dict[str, Array]:
        """The rows (int64) of each field that occurs."""
        codes = np.flatnonzero(np.bincount(self.fields)).tolist()
        return {FIELDS[code]: np.flatnonzero(self.fields == code) for code in codes}


@dataclass(frozen=True)
class AnyField:
    """A value of any field (`FieldValues`), text everywhere: each is printed as its field is."""

    forms: Mapping[str, Form]
    bare: ClassVar = False

    def texts(self, values: FieldValues) -> Array:
        """Print each as its field is printed, and leave a field without a form empty."""
        return formatting.by_field(values.numbers, values.rows(), self.forms)


@dataclass(frozen=True)
class Difference(AnyField):
    """By how much a field was altered (`FieldValues`): a number in the field's unit, and none for names."""

    bare: ClassVar = True


Kind: TypeAlias = Reference | Code | Integer | Decimal | Date | Timestamp | Flag | Difference | AnyField
