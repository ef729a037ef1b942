"""JSON and JSON lines: an object a line, in an array or without one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from tradegen.verify.database import Database
from tradegen.verify.file_scan import Source
from tradegen.verify.proof_report import Findings
from tradegen.verify.sources.text import TextFile
from tradegen.verify.words import EMPTY, literal

_BARE = ("quantity", "price", "delta", "notional")
"""Columns that hold numbers. Their text is taken from the line itself: 154.00 as JSON would become 154.0."""

_QUOTED = ("text", "dates", "timestamps without a zone")
"""What added columns hold that stands between quotation marks."""

_BROKEN, _LAST = 1, 2  # shapes of lines: no object; an object without a comma after it


class JsonCells:
    """The members of objects that stand a line each.

    Parameters
    ----------
    database : Database
    source : Source
    columns : mapping of str to str
        By column, its key in the file.
    holds : mapping of str to str
        By column whose values may be missing, what it holds: null is missing there, an empty text is not.
    """

    kinds: Mapping[str, str] = {}

    def __init__(
        self, database: Database, source: Source, columns: Mapping[str, str], holds: Mapping[str, str]
    ) -> None:
        self._source, self._columns, self._holds = source, columns, holds
        self._array = source.form == "json"
        self._first = 2 if self._array else 1
        self._text = TextFile(database, source, ["line"], header=False, delimiter="\x01")

    def relation(self, *, keep_faults: bool = False) -> str:
        """All members as text, null as nothing; and the shape of each line."""
        lines = self._text.relation(keep_faults=keep_faults)
        body, comma = "line", "true"
        if self._array:
            lines = f"SELECT * FROM ({lines}) WHERE line NOT IN ('[', ']')"
            comma = "suffix(line, ',')"
            body = f"CASE WHEN {comma} THEN substr(line, 1, length(line) - 1) ELSE line END"
        keys = ", ".join(literal(key) for key in sorted(self._columns.values()))
        paths = ", ".join(literal(f'$."{key}"') for key in self._columns.values())
        cells = ", ".join(
            f"{self._cell(column, key, number)} AS w_{column}"
            for number, (column, key) in enumerate(self._columns.items(), 1)
        )
        return f"""
            SELECT {cells}, weight,
                CASE WHEN NOT good THEN {_BROKEN} WHEN NOT comma THEN {_LAST} ELSE 0 END::UTINYINT AS shape
            FROM (
                SELECT *, CASE WHEN good THEN json_extract_string(body, [{paths}]) END AS members
                FROM (
                    -- Keys stand once each; DuckDB's reader would let a comma before the brace pass.
                    SELECT body, comma, weight, coalesce(
                        CASE WHEN json_valid(body) THEN list_sort(json_keys(body)) END = [{keys}]
                        AND NOT regexp_matches(body, ',\\s*\\}}\\s*$'), false) AS good
                    FROM (
                        SELECT {body} AS body, {comma} AS comma, strlen(line)::INTEGER AS weight
                        FROM ({lines})
                    )
                )
            )"""

    def _cell(self, column: str, key: str, number: int) -> str:
        holds = self._holds.get(column, "numbers" if column in _BARE else "")
        if holds in _QUOTED:
            cell = f"members[{number}]"
            return f"CASE {cell} WHEN '' THEN {literal(EMPTY)} ELSE coalesce({cell}, '') END"
        if not holds:
            return f"coalesce(members[{number}], '')"
        # A quotation mark inside of a text has a backslash before it, so that this is a key, and no text.
        pattern = literal(f'"{re.escape(key)}"\\s*:\\s*([^,}}\\s]+)')
        return f"CASE WHEN good THEN replace(regexp_extract(body, {pattern}, 1), 'null', '') ELSE '' END"

    def check(
        self,
        findings: Findings,
        rows: int,
        weight: int,
        shapes: Mapping[int, int],
        rows_of: Callable[[int], list[int]],
    ) -> None:
        """Report lines that are no objects, and arrays that do not begin, go on or end as arrays do."""
        name, found = self._source.name, self._text.bytes
        keys = ", ".join(self._columns.values())
        broken = rows_of(_BROKEN) if _BROKEN in shapes else []
        for row in broken:
            findings.add("invalid", f"{name} line {self.line(row)} is not an object with {keys}")
        if not self._array:
            self._text.check(findings, rows, weight)
            return
        opened = found.first.strip() == b"["
        closed = found.last.rstrip(b"\r\n").endswith((b"\n]", b"\r]"))
        if not opened:
            findings.add("invalid", f"{name} line 1 is not the array's opening bracket alone")
        if not closed:
            findings.add("invalid", f"{name} line {found.lines}, the last one, does not close the array")
        self._check_commas(findings, rows, broken, shapes.get(_LAST, 0), rows_of)
        if opened and closed:
            self._text.check(findings, rows, weight + 2, apart=2)

    def _check_commas(
        self,
        findings: Findings,
        rows: int,
        broken: Sequence[int],
        without: int,
        rows_of: Callable[[int], list[int]],
    ) -> None:
        """Report objects that lack a comma after them, and a comma after the last object."""
        name, ends = self._source.name, b"\r\n"
        last = self._text.bytes.last.rstrip(ends).removesuffix(b"]").rstrip(ends)
        if without == min(rows, 1) and not broken and not last.endswith(b","):
            return
        lines = rows_of(_LAST)
        for row in lines:
            if row != rows - 1:
                findings.add("invalid", f"{name} line {self.line(row)} has no comma at its end")
        if rows and rows - 1 not in (*lines, *broken):
            findings.add("invalid", f"{name} line {self.line(rows - 1)} ends the array after a comma")

    def line(self, row: int) -> int:
        """The line of a record."""
        return self._text.line(row + self._first)
