"""FIX 4.4: a Trade Capture Report a line, with the tags that ``docs/fix.md`` tells of, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter

from tradegen.verify.database import Database
from tradegen.verify.file_scan import Source
from tradegen.verify.proof_report import Findings
from tradegen.verify.sources.text import TextFile
from tradegen.verify.words import literal

_TAGS = (
    ("8", "FIX.4.4", ""),
    ("9", "", ""),
    ("35", "AE", ""),
    ("49", "TRADEGEN", ""),
    ("56", "MATCHER", ""),
    ("34", "", ""),
    ("52", "", "trade_timestamp"),
    ("571", "", ""),
    ("487", "0", ""),
    ("17", "", "trade_id"),
    ("570", "N", ""),
    ("55", "", "ticker"),
    ("48", "", "isin"),
    ("22", "4", "isin"),
    ("32", "", "quantity"),
    ("31", "", "price"),
    ("75", "", "date"),
    ("60", "", "trade_timestamp"),
    ("64", "", "settlement_date"),
    ("552", "1", ""),
    ("54", "", "order_type"),
    ("37", "", "trade_id"),
    ("453", "", ""),
    ("448", "", "broker_id"),
    ("447", "D", "broker_id"),
    ("452", "1", "broker_id"),
    ("448", "", "contra_broker_id"),
    ("447", "D", "contra_broker_id"),
    ("452", "17", "contra_broker_id"),
    ("1", "", "account"),
    ("15", "", "currency"),
    ("381", "", "gross_amount"),
    ("58", "", "note"),
    ("58", "", "text"),
    ("10", "", ""),
)
"""The tags of a message in their order, what each holds in all messages, and the column that it is of."""

_ABSENT = "chr(1)"  # in the place of a tag that is left out; no part of a message holds it
_WHOLE = "\x02"  # stands in no message, so that each is one cell
_DATE, _MOMENT = r"(\d{4})(\d{2})(\d{2})", r"(\d{4})(\d{2})(\d{2})-(\d{2}:\d{2}:\d{2}(?:\.\d{3})?)"
_DASHED = "\\1-\\2-\\3"


class FixCells:
    """What the messages say of trades, by column; what else they hold is checked here.

    Parameters
    ----------
    database : Database
    source : Source
    columns : mapping of str to str
        The columns of the list.
    holds : mapping of str to str
        The columns whose values may be missing: then their tags are left out.
    """

    kinds: Mapping[str, str] = {}

    def __init__(
        self, database: Database, source: Source, columns: Mapping[str, str], holds: Mapping[str, str]
    ) -> None:
        self._database, self._source, self._columns, self._optional = database, source, columns, holds
        self._tags = [tag for tag in _TAGS if tag[2] in ("", *columns)]
        self._text = TextFile(database, source, ["message"], header=False, delimiter=_WHOLE)

    def relation(self, *, keep_faults: bool = False) -> str:
        """The values of trades as text, with dates and times in the form that other lists have."""
        if keep_faults:
            # Numbered as they are read: threads need not put rows into a table in the file's order.
            lines = self._text.relation(keep_faults=True)
            numbered = f"SELECT row_number() OVER () - 1 AS number, message FROM ({lines})"
            self._database.run(f"CREATE OR REPLACE TABLE messages AS {self._split(numbered)}")
        named = ", ".join(f"{self._cell(column)} AS w_{column}" for column in self._columns)
        shape = f"(len(parts) <> {len(self._tags) + 1})::UTINYINT"
        weight = f"CAST({self._text.weight()} AS INTEGER)"
        rows = "messages" if keep_faults else "(FROM messages ORDER BY number)"
        return f"SELECT {named}, {weight} AS weight, {shape} AS shape FROM {rows}"

    def check(self, findings: Findings, rows: int, weight: int, *_shapes: object) -> None:
        """Report messages that are not framed and numbered as FIX has it, or that contradict themselves."""
        self._text.check(findings, rows, weight)
        due = len(self._tags) + 1
        told = f"'has ' || len(parts) || ' values; expected {due}'"
        self._tell(findings, f"len(parts) <> {due}", told, " ")
        for wrong, told in self._statements():
            self._tell(findings, f"len(parts) = {due} AND coalesce({wrong}, true)", told, ": ")

    def line(self, row: int) -> int:
        """The line of a message."""
        return self._text.line(row + 1)

    def _tell(self, findings: Findings, wrong: str, told: str, apart: str) -> None:
        name = literal(self._source.name)
        self._database.tell(
            findings,
            "invalid",
            f"SELECT * FROM messages WHERE {wrong}",
            f"{name} || ' line ' || (number + 1) || {literal(apart)} || {told}",
        )

    def _split(self, messages: str) -> str:
        """A query for messages and their `parts`, a tag with its value or, where it is left out, a mark."""
        rows, place = f"SELECT *, string_split(message, chr(1)) AS parts FROM ({messages})", 1
        for column, tags in groupby(self._tags, itemgetter(2)):
            group = list(tags)
            if column in self._optional:
                # What stands there in all messages tells one party from the other.
                first, (last, holds, _) = group[0][0], group[-1]
                there = f"prefix(parts[{place}], '{first}=')"
                if holds:
                    there += f" AND parts[{place + len(group) - 1}] = '{last}={holds}'"
                gap = f"[{', '.join([_ABSENT] * len(group))}]"
                filled = f"parts[:{place - 1}] || {gap} || parts[{place}:]"
                parts = f"CASE WHEN {there} THEN parts ELSE {filled} END AS parts"
                rows = f"SELECT * REPLACE ({parts}) FROM ({rows})"
            place += len(group)
        return rows

    def _cell(self, column: str) -> str:
        value = self._value(
            {"record_id": "571", "trade_id": "37", "trade_timestamp": "60"}.get(column, ""), column
        )
        if column in ("date", "settlement_date"):
            return f"regexp_replace({value}, '^{_DATE}$', '{_DASHED}')"
        if column == "trade_timestamp":
            return f"regexp_replace({value}, '^{_MOMENT}$', '{_DASHED} \\4')"
        if column == "order_type":
            return f"CASE {value} WHEN '1' THEN 'BUY' WHEN '2' THEN 'SELL' ELSE {value} END"
        return value

    def _place(self, tag: str, column: str = "") -> int:
        """Where a tag stands, or the first one of a column; counted from 1."""
        return next(
            at
            for at, (number, _, owner) in enumerate(self._tags, 1)
            if (number == tag if tag else owner == column)
        )

    def _value(self, tag: str, column: str = "") -> str:
        """SQL for what a tag holds; "" where it is left out."""
        place = self._place(tag, column)
        return f"substr(parts[{place}], {len(self._tags[place - 1][0]) + 2})"

    def _there(self, place: int) -> str:
        """The beginning of a condition that holds of tags alone that are there."""
        return f"parts[{place}] <> {_ABSENT} AND " if self._tags[place - 1][2] in self._optional else ""

    def _same(self, tag: str, right: str) -> tuple[str, str]:
        """A tag that must hold what follows from the rest of the message."""
        value = self._value(tag)
        return f"{value} <> {right}", f"'{tag} is ' || {value} || '; expected ' || {right}"

    def _statements(self) -> list[tuple[str, str]]:
        """What is wrong with a message, and what is said of it."""
        statements = []
        for place, (tag, holds, column) in enumerate(self._tags, 1):
            part = f"parts[{place}]"
            wrong = f"{part} <> {literal(f'{tag}={holds}')}" if holds else f"NOT prefix({part}, '{tag}=')"
            told = f"{part} || ' stands where {tag}={holds} belongs'"
            statements.append((f"{self._there(place)}{wrong}", told))
            if column in self._optional:
                statements.append((f"{part} = '{tag}='", f"'{tag} has no value; what is missing has no tag'"))
            if form := {"75": _DATE, "64": _DATE, "60": _MOMENT}.get(tag):
                value = self._value(tag)
                wrong = f"{self._there(place)}NOT regexp_full_match({value}, '{form}')"
                statements.append((wrong, f"'{tag} is no date or time of FIX: ' || {value}"))
        if "record_id" not in self._columns:
            side = f"CASE {self._value('54')} WHEN '1' THEN 'BUY' ELSE 'SELL' END"
            statements.append(self._same("571", f"{self._value('37')} || '-' || {side}"))
        side, tail = self._value("54"), len(self._tags)
        unknown = f"{self._there(self._place('54'))}{side} NOT IN ('1', '2')"
        parties = [self._place("", column) for column in ("broker_id", "contra_broker_id")]
        count = " + ".join(f"(parts[{place}] <> {_ABSENT})::INTEGER" for place in parties)
        framed = f"(strlen(parts[1]) + strlen(parts[2]) + strlen(parts[{tail}]) + 3)"
        summed = f"left(message, length(message) - length(parts[{tail}]) - 1)"
        return [
            *statements,
            (unknown, f"'54 is ' || {side} || '; expected 1 or 2'"),
            (f"parts[{tail + 1}] <> ''", "'it goes on after its checksum'"),
            self._same("34", "(number + 1)::VARCHAR"),
            self._same("52", self._value("60")),
            self._same("17", self._value("37")),
            self._same("453", f"({count})::VARCHAR"),
            self._same("9", f"(strlen(message) - {framed})::VARCHAR"),
            self._same("10", _checksum(summed)),
        ]


def _checksum(text: str) -> str:
    """SQL for the sum of all bytes of a text, modulo 256, in three digits."""
    letters = f"list_transform(string_split({text}, ''), lambda letter: ord(letter))"
    # Of what is not ASCII, a letter is several bytes.
    digits = f"regexp_extract_all(hex(encode({text})), '..')"
    of_bytes = f"list_transform({digits}, lambda pair: CAST('0x' || pair AS INTEGER))"
    total = f"list_sum(CASE WHEN strlen({text}) = length({text}) THEN {letters} ELSE {of_bytes} END)"
    return f"format('{{:03d}}', ({total} % 256)::BIGINT)"
