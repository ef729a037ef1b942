"""The forms that lists write dates and times in: which fit some cells, and a moment written in one."""

# ruff: noqa: S608 - what is put into SQL is quoted by `literal`, or is ours

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tradegen.scoring.relations import first_row, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ISO = {
    "date": r"\d{4}-\d\d-\d\d( 00:00:00)?",
    "trade_timestamp": r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?",
}
"""Regular expressions of dates and times of ISO 8601, as DuckDB casts them."""

_DAYS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d-%b-%y",
)
_CLOCKS = ("%H:%M:%S.%f", "%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
FORMS = {
    "date": _DAYS,
    "trade_timestamp": tuple(
        f"{day}{gap}{clock}" for day in _DAYS for gap in (" ", "-") for clock in _CLOCKS
    ),
}
"""Forms that are tried beside those of ISO 8601, the likelier first."""

ISO_FORMS = {
    "date": ("%Y-%m-%d", "%Y-%m-%d 00:00:00"),
    "trade_timestamp": tuple(
        f"%Y-%m-%d{gap}{clock}{zone}"
        for gap in (" ", "T")
        for clock in ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M")
        for zone in ("", "Z")
    ),
}
"""Those of ISO 8601, spelt out."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DIRECTIVES = {  # how each is written, and what that looks like
    "Y": ("{0:04}", r"\d{4}"),
    "y": ("{1:02}", r"\d\d"),
    "m": ("{2:02}", r"\d\d"),
    "-m": ("{2}", r"[1-9]\d?"),
    "b": ("{3}", "[A-Za-z]{3}"),
    "d": ("{4:02}", r"\d\d"),
    "-d": ("{4}", r"[1-9]\d?"),
    "H": ("{5:02}", r"\d\d"),
    "-H": ("{5}", r"(0|[1-9]\d?)"),
    "I": ("{6:02}", r"\d\d"),
    "-I": ("{6}", r"[1-9]\d?"),
    "p": ("{7}", "[AaPp][Mm]"),
    "M": ("{8:02}", r"\d\d"),
    "S": ("{9:02}", r"\d\d"),
    "f": ("{10:06}", r"\d{1,9}"),
    "%": ("%", "%"),
}
DIRECTIVES = tuple(_DIRECTIVES)
"""What a form may have after a percent sign. A dash leaves out the zero that stands before a single digit."""

_DAY = {"year": "Yy", "month": "mb", "day": "d"}
_CLOCK = {"hour": "HI", "half of the day": "p", "minute": "M", "second": "S", "fraction of a second": "f"}
_DIRECTIVE = re.compile(r"%(-?.?)")


def directives(form: str) -> list[str]:
    """What stands after the percent signs of a form."""
    return _DIRECTIVE.findall(form)


def form_pattern(form: str) -> str:
    """The regular expression of what a form writes, with letters of any case and any digits of a fraction."""
    parts = _DIRECTIVE.split(form)  # texts, and between them directives
    return "".join(_DIRECTIVES[part][1] if at % 2 else re.escape(part) for at, part in enumerate(parts))


def form_fault(form: str, kind: str) -> str:
    """Why no column of a kind can be written in a form, as the end of a sentence; "" if it can.

    Parameters
    ----------
    form : str
        Of known directives.
    kind : str
        ``date`` or ``timestamp``.
    """
    letters = [one[-1] for one in directives(form)]
    times = {part: sum(one in which for one in letters) for part, which in (_DAY | _CLOCK).items()}
    clock = [part for part in _CLOCK if times[part]]
    if twice := next((part for part, count in times.items() if count > 1), None):
        return f"which has the {twice} twice; expected it once"
    if not all(times[part] for part in _DAY):
        return "which does not say the whole date; expected one with a year, a month and a day"
    if kind == "date" and clock:
        return f"which has the {clock[0]}; expected a date alone, or the kind timestamp"
    if kind == "timestamp" and not (times["hour"] and times["minute"]):
        return "which has no time of day; expected one with hours and minutes, or the kind date"
    if ("I" in letters) != ("p" in letters):
        return "which does not say the half of the day, or says it twice; expected %I with %p, or %H alone"
    if "%f" in form and "%S.%f" not in form:
        return "whose fraction of a second follows on no second; expected %S.%f"
    if re.search(r"%-[mdHI]%-?[^bp%]|%-?[^bp%]%-", form):
        return "whose numbers cannot be told apart; expected a mark before and behind one without zeros"
    return ""


def fitting_forms(
    connection: DuckDBPyConnection, cells: str, forms: Sequence[str], *, exactly: bool = False
) -> list[str]:
    """Which of some forms fit all cells.

    Parameters
    ----------
    connection : DuckDBPyConnection
    cells : str
        SQL of a relation with the column ``cell``: texts, and NULL for blanks.
    forms : sequence of str
    exactly : bool
        Whether a cell must also look like what the form writes.
    """
    # DuckDB takes 25 for the year 25 as well.
    whole_year = "regexp_matches(cell, '\\d{4}')"
    tried = []
    for form in forms:
        read = f"try_strptime(cell, {literal(form)})"
        year = f"{'' if '%Y' in form else 'NOT '}{whole_year}"
        same = f"regexp_full_match(cell, {literal(form_pattern(form))})" if exactly else ""
        tried.append(" AND ".join(filter(None, (f"bool_and({read} IS NOT NULL", year, same))) + ")")
    fits = first_row(connection, f"SELECT {', '.join(tried)} FROM {cells} WHERE cell IS NOT NULL")
    return [form for form, fit in zip(forms, fits, strict=True) if fit]


def moment_text(moment: dt.date, form: str, like: str) -> str:
    """A date or a time in a form; with as many digits of a fraction, and letters of such case, as `like`."""
    hour, minute, second, part = (
        (moment.hour, moment.minute, moment.second, moment.microsecond)
        if isinstance(moment, dt.datetime)
        else (0, 0, 0, 0)
    )
    day = (moment.year, moment.year % 100, moment.month, _MONTHS[moment.month - 1], moment.day)
    clock = (hour, hour % 12 or 12, "PM" if hour >= 12 else "AM", minute, second, part)
    text = _pattern(form).format(*day, *clock)
    if "%f" in form:
        digits = len(found[1]) if (found := re.search(r"\.(\d{1,9})\D*$", like)) else 6
        text = re.sub(r"\.(\d{6})(\D*)$", lambda part: f".{part[1][:digits]:0<{digits}}{part[2]}", text)
    if like.isupper():
        return text.upper()
    return text.lower() if like.islower() else text


@functools.cache
def _pattern(form: str) -> str:
    """A form as `str.format` takes it: numbers of the parts of a day, and of a time, in their order."""
    return _DIRECTIVE.sub(lambda found: _DIRECTIVES[found[1]][0], form.replace("{", "{{").replace("}", "}}"))
