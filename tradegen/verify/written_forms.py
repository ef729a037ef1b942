"""How each kind of value is written, and the exact integer, or name, that it stands for.

A bare cast proves wrong files right: DuckDB makes 1.01 of 1.005 as a decimal, 5 of 5.4, 16 of 0x10. So each
cell matches a regular expression from its start to its end, or prints back as it was, before it counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tradegen.errors import shown
from tradegen.verify.words import NAMES, PLACES, VerifyError, literal

EXPECTED = {
    "trade_id": "an id such as tid00000021",
    "order_type": "BUY or SELL",
    "date": "a date in the list's format",
    "trade_timestamp": "a timestamp in the list's format",
    "record_id": "16 hexadecimal digits",
}
"""By column, what a value is to be; the others hold numbers or names."""

_DIRECTIVES = "YymbBdjHIpMSf%"
_WHOLE = "0|[1-9][0-9]*"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"


@dataclass(frozen=True, slots=True)
class Forms:
    """How the values of a list, or of the truth, are written.

    Attributes
    ----------
    decimals : int
        Of the seconds of timestamps: 0, 3 or 6.
    date_format, timestamp_format : str, optional
        Of strftime, where they are not the default ones.
    century : int, optional
        A year near to which years of two digits lie; without it they are read as POSIX has it.
    places : mapping of str to int
        Decimal places of quantities, prices and notionals.
    """

    decimals: int
    date_format: str | None = None
    timestamp_format: str | None = None
    century: int | None = None
    places: Mapping[str, int] = field(default_factory=lambda: {"quantity": 0, "price": 2, "notional": 2})

    def __post_init__(self) -> None:
        for form in (self.date_format, self.timestamp_format):
            for directive in re.findall("%(.?)", form or ""):
                if not directive or directive not in _DIRECTIVES:
                    known = ", ".join(f"%{letter}" for letter in _DIRECTIVES)
                    raise VerifyError(f"format {shown(form)} has %{directive}; expected {known}")

    def value(self, column: str, cell: str) -> str:
        """An expression for the value of a cell: an integer, or a name; NULL where it is not written so.

        Ids are their numbers, prices and quantities units of their last place, dates days since 1970-01-01,
        timestamps microseconds.
        """
        if column == "date":
            return self._date(cell)
        if column == "trade_timestamp":
            return self._moment(cell)
        if column == "order_type":
            return f"CASE WHEN {cell} IN ('BUY', 'SELL') THEN {cell} END"
        if column in NAMES:
            return f"nullif({cell}, '')"
        pattern, value = {
            # Eight digits; more of them only without leading zeros.
            "trade_id": ("tid([0-9]{8}|[1-9][0-9]{8,})", f"TRY_CAST(substr({cell}, 4) AS BIGINT)"),
            "price": self._decimal("price", cell, "BIGINT"),
            "notional": self._decimal("notional", cell, "HUGEINT"),
            "quantity": self._decimal("quantity", cell, "BIGINT"),
            "record": (_WHOLE, f"TRY_CAST({cell} AS BIGINT)"),
            "record_id": ("[0-9a-f]{16}", f"CAST('0x' || {cell} AS UBIGINT)"),
        }[column]
        return _matched(cell, pattern, value)

    def _decimal(self, column: str, cell: str, whole: str) -> tuple[str, str]:
        """The pattern of a number with all its places, and what it is in units of the last one."""
        places = self.places[column]
        if not places:
            return _WHOLE, f"TRY_CAST({cell} AS {whole})"
        return f"({_WHOLE})[.][0-9]{{{places}}}", f"TRY_CAST(replace({cell}, '.', '') AS {whole})"

    def _date(self, cell: str) -> str:
        if self.date_format:
            return f"CAST(epoch_us({self._printed_back(cell, self.date_format)}) // 86400000000 AS BIGINT)"
        return _matched(cell, _DAY, f"CAST(TRY_CAST({cell} AS DATE) - DATE '1970-01-01' AS BIGINT)")

    def _moment(self, cell: str) -> str:
        if self.timestamp_format:
            return f"epoch_us({self._printed_back(cell, self.timestamp_format)})"
        fraction = f"[.][0-9]{{{self.decimals}}}" if self.decimals else ""
        return _matched(cell, f"{_DAY} {_TIME}{fraction}", f"epoch_us(TRY_CAST({cell} AS TIMESTAMP))")

    def _printed_back(self, cell: str, form: str) -> str:
        """A timestamp that prints as the cell does."""
        moment = f"TRY_STRPTIME({cell}, {literal(form)})"
        if "%y" in form.replace("%%", "") and "%Y" not in form and self.century is not None:
            centuries = f"round(({self.century} - year({moment})) / 100.0)"
            moment = f"({moment} + to_years(CAST(100 * {centuries} AS INTEGER)))"
        return f"CASE WHEN strftime({moment}, {literal(form)}) = {cell} THEN {moment} END"


def typed(column: str, cell: str, kind: str, decimals: int) -> str:
    """An expression for the value of a cell of a type of DuckDB's, in the unit of `Forms.value`."""
    if column in ("price", "notional") or (column == "quantity" and kind.startswith("DECIMAL")):
        whole = "HUGEINT" if column == "notional" else "BIGINT"
        return f"TRY_CAST(replace(CAST({cell} AS VARCHAR), '.', '') AS {whole})"
    if column == "date":
        return f"CAST({cell} - DATE '1970-01-01' AS BIGINT)"
    if column == "trade_timestamp":
        step = 10 ** (6 - decimals)
        unit, step = ("ns", step * 1000) if kind == "TIMESTAMP_NS" else ("us", step)
        return f"CASE WHEN epoch_{unit}({cell}) % {step} = 0 THEN epoch_us({cell}) END"
    return f"TRY_CAST({cell} AS BIGINT)"


def expected(column: str, places: Mapping[str, int]) -> str:
    """What a value of a column is to be, for people."""
    if column not in places:
        return EXPECTED.get(column, "a name")
    number = PLACES[places[column]].replace("place", "decimal")
    if column == "quantity":
        return f"a number with {number}" if places[column] else "a whole number"
    return f"dollars with {number}"


def decimal(number: str, places: int) -> str:
    """An expression for a whole number of a last decimal place as it is written with all its places."""
    unit = f"0.{'0' * (places - 1)}1"
    return f"({number}::DECIMAL({38 - places}, 0) * {unit})::VARCHAR" if places else f"{number}::VARCHAR"


def _matched(cell: str, pattern: str, value: str) -> str:
    return f"CASE WHEN regexp_full_match({cell}, {literal(pattern)}) THEN {value} END"
