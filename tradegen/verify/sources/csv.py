"""CSV: a header, and a record a line."""

from __future__ import annotations

from collections.abc import Mapping

from tradegen.verify.database import Database
from tradegen.verify.file_scan import Source
from tradegen.verify.proof_report import Findings
from tradegen.verify.sources.text import TextFile


class CsvCells:
    """The cells of a CSV file. A quoted cell is what stands between its quotation marks.

    Parameters
    ----------
    database : Database
    source : Source
    columns : mapping of str to str
        By column, its name in the file, in the file's order.
    """

    kinds: Mapping[str, str] = {}

    def __init__(
        self, database: Database, source: Source, columns: Mapping[str, str], _holds: Mapping[str, str]
    ) -> None:
        names = [f"w_{column}" for column in columns]
        self._text = TextFile(database, source, names, header=True, delimiter=",", quote='"')

    def relation(self, *, keep_faults: bool = False) -> str:
        """All cells, as text."""
        weight = f"({self._text.weight()}) - ({self._text.marks()})"
        return (
            f"SELECT *, CAST({weight} AS INTEGER) AS weight, 0::UTINYINT AS shape "
            f"FROM ({self._text.relation(keep_faults=keep_faults)})"
        )

    def check(self, findings: Findings, rows: int, weight: int, *_shapes: object) -> None:
        """Report lines that are no records."""
        self._text.check(findings, rows, weight)

    def line(self, row: int) -> int:
        """The line of a record; the header is the first."""
        return self._text.line(row + 2)
