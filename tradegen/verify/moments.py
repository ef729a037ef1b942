"""Dates and timestamps, written in any strftime format, to integers without a loop over rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tradegen.verify.cells import Cells, readable
from tradegen.verify.vocabulary import Array, VerifyError

__all__ = ["Moments", "date_text", "moment_text"]

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_LENGTHS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_DAY = 86_400_000_000


class Moments:
    """Reads one column of dates or timestamps.

    Parameters
    ----------
    form : str
        A strftime format of %Y %y %m %b %B %d %j %H %I %p %M %S %f, %% and other characters as they are.
    timestamp : bool
        Whether values are microseconds since 1970-01-01; else days.
    decimals : int, optional
        The digits that %f stands for; by default six, as Python prints it.

    Raises
    ------
    VerifyError
        Where the format has another directive.
    """

    def __init__(self, form: str, timestamp: bool, decimals: int = 6) -> None:
        self._timestamp, self._decimals = timestamp, decimals
        self._steps: list[str] = []
        letters = iter(form)
        for letter in letters:
            step = letter if letter != "%" else "%" + next(letters, "")
            if len(step) == 2 and step != "%%" and step not in _DIRECTIVES:
                raise VerifyError(f"format {form!r} has {step}; expected {' '.join(_DIRECTIVES)}")
            self._steps.append("%" if step == "%%" else step)

    def read(self, cells: Cells) -> Array:
        """The values, `UNREADABLE` where a text is not of the format or no such day or time exists."""
        scan = _Scan(cells, self._decimals)
        for step in self._steps:
            if len(step) == 2:
                _DIRECTIVES[step](scan)
            else:
                scan.literal(step)
        good = scan.good & (scan.places == cells.starts + cells.lengths)
        days, good_day = _days(scan.parts)
        values = days
        if self._timestamp:
            part = scan.parts
            hours = part.get("hour", 0)
            if "hour12" in part:
                half = part["hour12"]
                good &= (half >= 1) & (half <= 12)
                hours = half % 12 + 12 * part.get("afternoon", 0)
            seconds = (hours * 60 + part.get("minute", 0)) * 60 + part.get("second", 0)
            values = days * _DAY + seconds * 1_000_000 + part.get("micro", 0)
            for name, limit in (("hour", 24), ("minute", 60), ("second", 60)):
                if name in part:
                    good &= part[name] < limit
        return readable(values, good & good_day)


class _Scan:
    """Reads cells from left to right, all at once: `places` is where each of them goes on."""

    def __init__(self, cells: Cells, decimals: int) -> None:
        self.cells, self.decimals = cells, decimals
        self.places = cells.starts
        self.good = np.ones(len(cells), bool)
        self.parts: dict[str, Array] = {}

    def literal(self, letter: str) -> None:
        for byte in letter.encode():
            self.good &= self._bytes(0) == byte
            self.places = self.places + 1

    def number(self, name: str, digits: int) -> None:
        value = np.zeros(len(self.places), np.int64)
        for offset in range(digits):
            digit = self._bytes(offset) - np.uint8(ord("0"))  # below zero wraps, and is above nine
            self.good &= digit < 10
            value = value * 10 + digit
        self.places = self.places + digits
        self.parts[name] = value

    def fraction(self) -> None:
        self.number("micro", self.decimals)
        self.parts["micro"] = self.parts["micro"] * 10 ** (6 - self.decimals)

    def afternoon(self) -> None:
        first = self._bytes(0)
        self.good &= ((first == ord("A")) | (first == ord("P"))) & (self._bytes(1) == ord("M"))
        self.parts["afternoon"] = (first == ord("P")).astype(np.int64)
        self.places = self.places + 2

    def month(self, letters: int) -> None:
        """A month's English name, its first `letters` letters."""
        found = np.zeros(len(self.places), np.int64)
        word = self.cells.words_at(np.minimum(self.places, len(self.cells.data) - 8))
        for number, name in enumerate(_MONTHS, 1):
            start = name[: min(letters, 8)]
            mask = np.uint64(2 ** (8 * len(start)) - 1)
            # A name's end is told by what follows it, which is read next; "Ma" is no month.
            found[(word & mask) == np.uint64(int.from_bytes(start.encode(), "little"))] = number
        self.good &= found > 0
        lengths = np.array([0, *(len(name[:letters]) for name in _MONTHS)])
        if letters > 8:
            ninth = self._bytes(8)
            self.good &= (found != 9) | (ninth == ord("r"))
        self.places = self.places + lengths[found]
        self.parts["month"] = found

    def _bytes(self, offset: int) -> Array:
        # A cell that is not of the format may lead past the buffer's end, where only good is left to settle.
        return self.cells.bytes_at(np.minimum(self.places + offset, len(self.cells.data) - 1))


def _two_digit_year(scan: _Scan) -> None:
    scan.number("year", 2)
    year = scan.parts["year"]
    # As POSIX has it: 69 to 99 are of the 20th century.
    scan.parts["year"] = year + np.where(year >= 69, 1900, 2000)


_DIRECTIVES: dict[str, Callable[[_Scan], None]] = {
    "%Y": lambda scan: scan.number("year", 4),
    "%y": _two_digit_year,
    "%m": lambda scan: scan.number("month", 2),
    "%b": lambda scan: scan.month(3),
    "%B": lambda scan: scan.month(9),
    "%d": lambda scan: scan.number("day", 2),
    "%j": lambda scan: scan.number("day_of_year", 3),
    "%H": lambda scan: scan.number("hour", 2),
    "%I": lambda scan: scan.number("hour12", 2),
    "%p": _Scan.afternoon,
    "%M": lambda scan: scan.number("minute", 2),
    "%S": lambda scan: scan.number("second", 2),
    "%f": _Scan.fraction,
}


def _days(parts: dict[str, Array]) -> tuple[Array, Array]:
    """Days since 1970-01-01, and whether there is such a day."""
    year = parts["year"]
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    if "day_of_year" in parts:
        of_year = parts["day_of_year"]
        good = (of_year >= 1) & (of_year <= 365 + leap)
        return _from_civil(year, np.ones_like(year), np.ones_like(year)) + of_year - 1, good
    month, day = parts["month"], parts["day"]
    good = (month >= 1) & (month <= 12)
    month = np.where(good, month, 1)
    good &= (day >= 1) & (day <= _LENGTHS[month] + (leap & (month == 2)))
    return _from_civil(year, month, day), good


def _from_civil(year: Array, month: Array, day: Array) -> Array:
    """Days since 1970-01-01 of the Gregorian calendar, with years that begin in March."""
    year = year - (month <= 2)
    since_march = (month + 9) % 12
    day_of_year = (153 * since_march + 2) // 5 + day - 1
    days: Array = year * 365 + year // 4 - year // 100 + year // 400 + day_of_year - 719_468
    return days


def date_text(days: int) -> str:
    """A day as the truth holds it, for a message."""
    return str(np.datetime64(days, "D"))


def moment_text(micros: int, decimals: int) -> str:
    """A timestamp as the truth holds it, for a message."""
    text = str(np.datetime64(micros, "us")).replace("T", " ")
    if micros % 10 ** (6 - decimals):
        return text  # finer than it should be: that is what is wrong with it
    return text[: 20 + decimals] if decimals else text[:19]
