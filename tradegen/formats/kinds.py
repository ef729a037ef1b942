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
from tradegen.core.columns import Array, is_blank
from tradegen.core.formatting import Form

_FLAGS = formatting.named(("false", "true"))


class _Nullable:
    """A column in which values may be missing (`columns.is_blank`), if `nullable`: they are printed empty."""

    nullable: bool

    def texts(self, values: Array) -> Array:
        """Print the values as text files have them: bytes of one width, padded with NULs."""
        if not self.nullable:
            return self.printed(values)
        missing = is_blank(values)
        # Something of its own kind in their place, for there to be nothing odd to print.
        texts = self.printed(np.where(missing, values.dtype.type(0), values))
        return np.where(missing, np.bytes_(), texts)

    def printed(self, values: Array) -> Array:
        """Print values that are there."""
        raise NotImplementedError


@dataclass(frozen=True)
class Reference(_Nullable):
    """An id, held as the number behind it (int64). `form` prints it."""

    form: Form
    nullable: bool = False
    bare: ClassVar = False

    def printed(self, values: Array) -> Array:
        """Print ids."""
        return self.form(values)


@dataclass(frozen=True)
class Code(_Nullable):
    """One of a set of names, held as its position among them (integers of any width)."""

    names: tuple[str, ...]
    nullable: bool = False
    bare: ClassVar = False

    @functools.cached_property
    def _form(self) -> Form:
        return formatting.named(self.names)

    def printed(self, values: Array) -> Array:
        """Print the names."""
        return self._form(values)


@dataclass(frozen=True)
class Integer(_Nullable):
    """A whole number (int64)."""

    nullable: bool = False
    bare: ClassVar = True

    def printed(self, values: Array) -> Array:
        """Print digits, as ``250``."""
        return formatting.integers(values)


@dataclass(frozen=True)
class Decimal(_Nullable):
    """An exact decimal, held as a whole number of its last digit (int64)."""

    precision: int
    places: int = 2
    nullable: bool = False
    bare: ClassVar = True

    def printed(self, values: Array) -> Array:
        """Print all places, as ``154.00``."""
        return formatting.decimals(values, self.places)


@dataclass(frozen=True)
class Date(_Nullable):
    """A date, held as days since 1970-01-01 (int32). `form` is a layout's own, as strftime has it."""

    form: str | None = None
    nullable: bool = False
    bare: ClassVar = False

    def printed(self, values: Array) -> Array:
        """Print in the own form, or else as ``2025-07-21``."""
        return (formatting.dates_as(self.form) if self.form else formatting.dates)(values)


@dataclass(frozen=True)
class Timestamp(_Nullable):
    """A naive local time, held as microseconds since 1970-01-01 (int64). `form` as for `Date`."""

    precision: str
    form: str | None = None
    nullable: bool = False
    bare: ClassVar = False

    def printed(self, values: Array) -> Array:
        """Print in the own form, or else as ``2025-07-21 10:33:00``, with digits for the precision."""
        if self.form:
            return formatting.timestamps_as(self.form)(values)
        return formatting.timestamps(values, self.precision)


@dataclass(frozen=True)
class Flag:
    """True or false (bool)."""

    nullable: ClassVar = False
    bare: ClassVar = True

    def texts(self, values: Array) -> Array:
        """Print ``true`` and ``false``."""
        return _FLAGS(values.view(np.int8))


@dataclass(frozen=True, slots=True, eq=False)
class FieldValues:
    """A column whose rows are of different fields: each row's number (int64) and field (int8)."""

    numbers: Array  # each in its field's unit
    fields: Array  # positions among the run's fields
    missing: Array  # bool: where there is no value

    def rows(self) -> dict[int, Array]:
        """The rows (int64) of each field that occurs, but for missing values."""
        codes = np.flatnonzero(np.bincount(self.fields)).tolist()
        there = ~self.missing
        return {code: np.flatnonzero((self.fields == code) & there) for code in codes}


@dataclass(frozen=True)
class AnyField:
    """A value of any field (`FieldValues`), text everywhere: each is printed as its field is."""

    forms: Mapping[int, Form]  # by the field's position
    nullable: ClassVar = False
    bare: ClassVar = False

    def texts(self, values: FieldValues) -> Array:
        """Print each as its field is printed, and leave a field without a form empty."""
        return formatting.by_field(values.numbers, values.rows(), self.forms)


@dataclass(frozen=True)
class Difference(AnyField):
    """By how much a field was altered (`FieldValues`): a number in the field's unit, and none for names."""

    units: Mapping[int, int]  # by the field's position: so many of its integers are one; names have none
    nullable: ClassVar = True
    bare: ClassVar = True


Kind: TypeAlias = Reference | Code | Integer | Decimal | Date | Timestamp | Flag | Difference | AnyField
