"""Parquet: columns of text and of numbers, in the units in which they are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tradegen.verify.database import Database
from tradegen.verify.file_scan import Source
from tradegen.verify.proof_report import Findings
from tradegen.verify.words import EMPTY, PLACES, VerifyError, literal

_KINDS = {
    "delta": "decimals with six places",
    "benign": "booleans",
    "date": "dates",
    "trade_timestamp": "timestamps without a zone",
}
"""By column, what it holds; the others hold text."""

_TYPES = (
    ("text", r"VARCHAR|ENUM.*"),
    ("whole numbers", r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?"),
    *((f"decimals with {places}", rf"DECIMAL\(\d+,{number}\)") for number, places in enumerate(PLACES)),
    ("booleans", r"BOOLEAN"),
    ("dates", r"DATE"),
    ("timestamps without a zone", r"TIMESTAMP(_S|_MS|_NS)?"),
)
"""What columns hold, by DuckDB's names of their types."""


class ParquetCells:
    """The columns of a file.

    Parameters
    ----------
    database : Database
    source : Source
    columns : mapping of str to str
        By column, its name in the file.
    holds : mapping of str to str
        By column whose values may be missing, what it holds: null is missing there, an empty text is not.
    places : mapping of str to int
        Decimal places of quantities, prices and notionals.

    Attributes
    ----------
    kinds : dict of str to str
        By column, the type of those that are no text.

    Raises
    ------
    VerifyError
        Where the file is damaged, or a column is of another type.
    """

    def __init__(
        self,
        database: Database,
        source: Source,
        columns: Mapping[str, str],
        holds: Mapping[str, str],
        places: Mapping[str, int],
    ) -> None:
        self._source, self._columns, self._holds = source, columns, holds
        self._path = database.link(source.path)
        with database.reading(source.name, "Parquet"):
            types = database.columns(f"SELECT * FROM read_parquet({self._path})")
        numbers = {name: f"decimals with {PLACES[number]}" for name, number in places.items()}
        if not places.get("quantity"):
            numbers["quantity"] = "whole numbers"
        known = {**_KINDS, **holds, **numbers}
        self.kinds: dict[str, str] = {}
        for column, name in columns.items():
            kind, expected = _kind(types[name]), known.get(column, "text")
            if kind not in (expected, "text"):
                raise VerifyError(f"{source.name} has {kind} in {name}; expected {expected}")
            if kind != "text":
                self.kinds[column] = types[name]

    def relation(self, *, keep_faults: bool = False) -> str:  # noqa: ARG002 - there are no lines to be at fault
        """All columns as they are; text that is null is nothing."""
        cells = ", ".join(
            f"{_quoted(name)} AS w_{column}"
            if column in self.kinds
            else f"coalesce({self._text(column, name)}, '') AS w_{column}"
            for column, name in self._columns.items()
        )
        return f"SELECT {cells}, 0 AS weight, 0::UTINYINT AS shape FROM read_parquet({self._path})"

    def _text(self, column: str, name: str) -> str:
        text = f"CAST({_quoted(name)} AS VARCHAR)"
        return f"CASE {text} WHEN '' THEN {literal(EMPTY)} ELSE {text} END" if column in self._holds else text

    def check(self, _findings: Findings, _rows: int, _weight: int, *_shapes: object) -> None:
        """Nothing stands between the rows of a Parquet file."""

    def line(self, row: int) -> int:
        """The number of a row."""
        return row + 1


def _kind(type_name: str) -> str:
    return next((kind for kind, types in _TYPES if re.fullmatch(types, type_name)), type_name.lower())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
