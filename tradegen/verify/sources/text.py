"""Files of text, read by DuckDB's CSV reader without any guessing, and every byte accounted for."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from itertools import islice

from tradegen.verify.database import Database
from tradegen.verify.file_scan import Bytes, Source, first_lines
from tradegen.verify.proof_report import EXAMPLES, Findings
from tradegen.verify.words import literal

_FAULTS = 1000
"""Lines that could not be read, to be told of at most; where one is, nothing is proved."""


class TextFile:
    """A file of lines, each of them cells between delimiters.

    DuckDB's reader passes over blank lines, and takes a delimiter too many at a line's end: so lines and
    bytes are counted apart from it, and what it gave must come to the same.

    Parameters
    ----------
    database : Database
    source : Source
    columns : sequence of str
        What the cells are called.
    header : bool
        Whether the first line holds the columns' names.
    delimiter, quote : str
        One character each; no `quote`, where cells stand without.
    """

    def __init__(
        self,
        database: Database,
        source: Source,
        columns: Sequence[str],
        *,
        header: bool,
        delimiter: str,
        quote: str = "",
    ) -> None:
        self.bytes = Bytes.of(source.path)
        self._database, self._source, self._columns = database, source, columns
        self._header, self._delimiter, self._quote = header, delimiter, quote
        self._path = database.link(source.path)
        self._fault_lines: list[int] = []
        self._faults = f"faults_{self._path.split('/')[-1].split('.')[0]}"

    def relation(self, *, keep_faults: bool = False) -> str:
        """A query for all cells as text, ``""`` where there is nothing, in the order of the file.

        Lines that are no such cells are left out, and kept for `check` if that is asked for.
        """
        kinds = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in self._columns)
        names = ", ".join(map(literal, self._columns))
        end = self.bytes.line_end
        options = {
            "auto_detect": "false",
            "columns": f"{{{kinds}}}",
            "header": str(self._header).lower(),
            "delim": literal(self._delimiter),
            "quote": literal(self._quote),
            "escape": literal(self._quote),
            "comment": "''",
            "encoding": "'utf-8'",
            "compression": "'none'",
            "force_not_null": f"[{names}]",
            "null_padding": "false",
            # Line ends of several kinds are a finding of their own; the rest is read as far as that goes.
            "strict_mode": "true" if end else "false",
        }
        if end == "\n":
            options["new_line"] = r"'\n'"  # CR LF has no name here; it is what is found without one
        if keep_faults:
            options |= {
                "store_rejects": "true",
                "rejects_table": literal(self._faults),
                "rejects_scan": literal(f"{self._faults}_scan"),
                "rejects_limit": str(_FAULTS),
            }
        else:
            options["ignore_errors"] = "true"
        written = ", ".join(f"{name} = {value}" for name, value in options.items())
        return f"SELECT * FROM read_csv({self._path}, {written})"

    def weight(self) -> str:
        """An expression for what the cells of a row add to the bytes of the file, but for quotation marks."""
        return " + ".join(f"strlen({name})" for name in self._columns)

    def marks(self) -> str:
        """An expression for the quotation marks inside of the cells of a row."""
        if not self._quote or not self.bytes.quotes:
            return "0"
        return " + ".join(f"strlen({name}) - strlen(replace({name}, '\"', ''))" for name in self._columns)

    def check(self, findings: Findings, rows: int, weight: int, apart: int = 0) -> None:
        """Compare what was read with the file's lines and bytes, and report what is neither.

        Parameters
        ----------
        findings : Findings
        rows : int
            Records that were read.
        weight : int
            The sum of `weight` less `marks` over them.
        apart : int
            Lines that are no records, and are accounted for elsewhere.
        """
        found, name, path = self.bytes, self._source.name, self._source.path
        faults = self._read_faults()
        self._fault_lines = [line for line, _ in faults]
        findings.add("invalid", *(f"{name} line {line} {what}" for line, what in faults[:EXAMPLES]))
        if len(faults) > EXAMPLES:
            findings.add("invalid", count=len(faults) - EXAMPLES)
        if not found.line_end:
            other = _returns if found.returns < found.line_feeds else _bare
            for line in islice(first_lines(path, other), EXAMPLES):
                findings.add("invalid", f"{name} line {line} ends in another way than the other lines")
        if found.zeros:
            lines = islice(first_lines(path, lambda line: b"\0" in line), EXAMPLES)
            findings.add("invalid", *(f"{name} line {line} has a NUL byte" for line in lines))
        blank = list(islice(first_lines(path, _blank), EXAMPLES)) if self._lines_off(rows, apart) else []
        findings.add("invalid", *(f"{name} line {line} is blank" for line in blank))
        if faults or blank or not found.line_end:
            return
        if self._lines_off(rows, apart):
            expected = rows + apart + self._header
            findings.add(
                "invalid", f"{name} has {found.lines:,} lines; its records and their header are {expected:,}"
            )
        elif self._bytes_off(rows, weight, apart):
            odd = [f"{name} line {line} has more than its values" for line in islice(self._odd(), EXAMPLES)]
            findings.add("invalid", *(odd or [f"{name} has more bytes than its values account for"]))

    def _read_faults(self) -> list[tuple[int, str]]:
        told = self._database.rows(
            f"SELECT line, min_by(error_type, column_idx), min(error_message) FROM {self._faults} "
            "GROUP BY line ORDER BY line"
        )
        # One a file: over the parts of a large dataset, they would pile up.
        self._database.run(f"DROP TABLE {self._faults}")
        return [(line, self._fault(kind, message)) for line, kind, message in told]

    def _fault(self, kind: str, message: str) -> str:
        if "COLUMNS" in kind and (given := re.search(r"Found: (\d+)", message)):
            return f"has {given[1]} values; expected {len(self._columns)}"
        return f"is not {self._source.form.upper()}: {message.splitlines()[0].rstrip('. ')[:150]}"

    def line(self, line: int) -> int:
        """The line of a record, given what it would be if all lines were records."""
        for fault in self._fault_lines:
            line += fault <= line
        return line

    def _lines_off(self, rows: int, apart: int) -> bool:
        return self.bytes.lines != rows + len(self._fault_lines) + apart + self._header

    def _bytes_off(self, rows: int, weight: int, apart: int) -> bool:
        found = self.bytes
        start = (
            found.start if self._header else len(found.first) - len(found.first.removeprefix(b"\xef\xbb\xbf"))
        )
        quotes = found.quotes - found.first.count(b'"') * self._header if self._quote else 0
        ends = (rows + apart - (not found.last.endswith(b"\n"))) * len(found.line_end)
        return found.size != start + weight + quotes + rows * (len(self._columns) - 1) + ends

    def _odd(self) -> list[int]:
        """Lines that another reader of CSV takes otherwise."""
        with self._source.path.open(encoding="utf-8-sig", newline="") as file:
            lines = enumerate(file, 1)
            width = len(self._columns)
            if not self._quote:
                return [n for n, line in lines if line.count(self._delimiter) != width - 1]
            around = re.compile(r'(?:^|,)[ \t]+"|"[ \t]+(?:,|$)')
            return [
                n
                for n, line in lines
                if len(next(csv.reader([line.rstrip("\r\n")]), ())) != width or around.search(line.rstrip())
            ]


def _blank(line: bytes) -> bool:
    return not line.strip(b"\r\n")


def _returns(line: bytes) -> bool:
    return b"\r" in line


def _bare(line: bytes) -> bool:
    return not line.endswith(b"\r\n") or line.count(b"\r") > 1
