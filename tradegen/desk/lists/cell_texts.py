"""Values as a column writes its own: decimals, marks between thousands, forms of dates, signs, zeros."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TypeAlias

from tradegen.desk.lists.date_forms import moment_text
from tradegen.desk.lists.list_form import ColumnForm, FileForm

__all__ = ["Value", "cell_text"]

Value: TypeAlias = str | int | Decimal | dt.date | None
"""What a cell may hold; a datetime is a date, too. None is a blank."""

_ZEROS = re.compile(r"[+-]?(0\d+)(?:[.,]|$)")  # before a number


def cell_text(value: Value, like: str, column: ColumnForm, file: FileForm) -> str | None:
    """A value as a column writes it, without the quotes and the padding of its cells.

    Parameters
    ----------
    value : str, int, Decimal, date, datetime or None
    like : str
        The text of the cell that it replaces, which shows what the column's other settings do not: a plus
        sign, zeros before the number, digits of a fraction of a second, capitals in names of months.
    column : ColumnForm
    file : FileForm

    Returns
    -------
    str or None
        None for a blank. JSON and Parquet have no marks of their own: there, numbers are as Python has them,
        and dates in the column's form.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dt.date):
        return moment_text(value, str(column.format), like)
    return _number(Decimal(value), like.strip(), column, file)


def _number(value: Decimal, like: str, column: ColumnForm, file: FileForm) -> str:
    places = column.places or 0
    text = f"{abs(value):.{places}f}"
    whole, _, part = text.partition(".")
    if not column.fixed:
        part = part.rstrip("0")
    if file.form == "csv":
        digits = _ZEROS.match(like)
        if digits:
            whole = whole.zfill(len(digits[1]))
        elif column.grouped and file.thousands:
            whole = f"{int(whole):,}".replace(",", file.thousands)
    sign = "-" if value < 0 else "+" if like.startswith("+") else ""
    mark = file.decimal if file.form == "csv" else "."

    return f"{sign}{whole}{mark}{part}" if part else f"{sign}{whole}"
