"""Values as a column writes its own: decimals, marks between thousands, forms of dates, signs, zeros."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TypeAlias

from tradegen.desk.lists.date_forms import moment_text
from tradegen.desk.lists.list_form import ColumnForm, FileForm

_APART = 4  # digits, of which the first is set apart

Value: TypeAlias = str | int | Decimal | dt.date | None
"""What a cell may hold; a datetime is a date, too. None is a blank."""


def cell_text(value: Value, like: str, column: ColumnForm, file: FileForm) -> str | None:
    """A value as a column writes it, without the quotes and the padding of its cells.

    Parameters
    ----------
    value : str, int, Decimal, date, datetime or None
    like : str
        The text of the cell that it replaces, which shows what the column's other settings do not: a plus
        sign, zeros before the number or at its end, digits of a fraction of a second, capitals in names of
        months.
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
    places, csv = column.places or 0, file.form == "csv"
    mark = file.decimal if csv else "."
    text = f"{abs(value):.{places}f}"
    whole, _, part = text.partition(".")
    if not column.fixed:
        _, _, part_before = like.partition(mark)
        # A number that has zeros at its end keeps as many places.
        least = len(part_before) if csv and part_before.endswith("0") else column.min_places
        part = part.rstrip("0").ljust(least, "0")
    if csv:
        digits = re.match(r"[+-]?(\d*)", like)
        before = digits[1] if digits else ""
        if before[:1] == "0" and before[1:]:
            whole = whole.zfill(len(before))
        # Four digits in a row show that this number has no marks between thousands.
        elif column.grouped and file.thousands and len(before) < _APART:
            whole = f"{int(whole):,}".replace(",", file.thousands)
        elif not before and whole == "0" and like.lstrip("+-").startswith(mark):
            whole = ""
    sign = "-" if value < 0 else "+" if like.startswith("+") else ""
    return f"{sign}{whole}{mark}{part}" if part else f"{sign}{whole}"
