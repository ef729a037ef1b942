"""FIX 4.4: a Trade Capture Report a line, with the tags that ``docs/fix.md`` tells of, in their order."""

from __future__ import annotations

from collections.abc import Mapping

from tradegen.verify.database import Database
from tradegen.verify.file_scan import Source
from tradegen.verify.proof_report import Findings
from tradegen.verify.sources.text import TextFile
from tradegen.verify.words import literal

__all__ = ["FixCells"]

_TAGS = (
    (8, "FIX.4.4"),
    (9, ""),
    (35, "AE"),
    (49, "TRADEGEN"),
    (56, "MATCHER"),
    (34, ""),
    (52, ""),
    (571, ""),
    (487, "0"),
    (17, ""),
    (570, "N"),
    (55, ""),
    (32, ""),
    (31, ""),
    (75, ""),
    (60, ""),
    (552, "1"),
    (54, ""),
    (37, ""),
    (453, "2"),
    (448, ""),
    (447, "D"),
    (452, "1"),
    (448, ""),
    (447, "D"),
    (452, "17"),
    (10, ""),
)
"""The tags of a message in their order, and what each holds in all messages."""

_FIELDS = [f"field_{number}" for number in range(len(_TAGS) + 1)]
_AT = {str(tag): number for number, (tag, _) in enumerate(_TAGS)} | {"448 of 1": 20, "448 of 17": 23}
_DATE, _MOMENT = r"(\d{4})(\d{2})(\d{2})", r"(\d{4})(\d{2})(\d{2})-(\d{2}:\d{2}:\d{2}(?:\.\d{3})?)"


class FixCells:
    """What the messages say of trades, by column; what else they hold is checked here.

    Parameters
    ----------
    database : Database
    source : Source
    columns : mapping of str to str
        The columns of the list.
    """

    kinds: Mapping[str, str] = {}

    def __init__(
        self, database: Database, source: Source, columns: Mapping[str, str], _holds: Mapping[str, str]
    ) -> None:
        self._database, self._source, self._columns = database, source, columns
        self._text = TextFile(database, source, _FIELDS, header=False, delimiter="\x01")

    def relation(self, *, keep_faults: bool = False) -> str:
        """The values of trades as text, with dates and times in the form that other lists have."""
        if keep_faults:
            # Numbered as they are read: threads need not put rows into a table in the file's order.
            lines = self._text.relation(keep_faults=True)
            numbered = f"SELECT row_number() OVER () - 1 AS number, * FROM ({lines})"
            self._database.run(f"CREATE OR REPLACE TABLE messages AS {numbered}")
        side = f"CASE {_value('54')} WHEN '1' THEN 'BUY' WHEN '2' THEN 'SELL' ELSE {_value('54')} END"
        cells = {
            "trade_id": _value("37"),
            "ticker": _value("55"),
            "broker_id": _value("448 of 1"),
            "contra_broker_id": _value("448 of 17"),
            "quantity": _value("32"),
            "price": _value("31"),
            "order_type": side,
            "date": f"regexp_replace({_value('75')}, '^{_DATE}$', '\\1-\\2-\\3')",
            "trade_timestamp": f"regexp_replace({_value('60')}, '^{_MOMENT}$', '\\1-\\2-\\3 \\4')",
            "record_id": _value("571"),
        }
        named = ", ".join(f"{cells[column]} AS w_{column}" for column in self._columns)
        weight = f"CAST({self._text.weight()} AS INTEGER)"
        rows = "messages" if keep_faults else "(FROM messages ORDER BY number)"
        return f"SELECT {named}, {weight} AS weight, 0::UTINYINT AS shape FROM {rows}"

    def check(self, findings: Findings, rows: int, weight: int, *_shapes: object) -> None:
        """Report messages that are not framed and numbered as FIX has it, or that contradict themselves."""
        self._text.check(findings, rows, weight)
        for wrong, told in self._statements():
            self._database.tell(
                findings,
                "invalid",
                f"SELECT * FROM messages WHERE coalesce({wrong}, true)",
                f"{literal(self._source.name)} || ' line ' || (number + 1) || ': ' || {told}",
            )

    def line(self, row: int) -> int:
        """The line of a message."""
        return self._text.line(row + 1)

    def _statements(self) -> list[tuple[str, str]]:
        """What is wrong with a message, and what is said of it."""
        body = " + ".join(f"strlen({name})" for name in _FIELDS[2:-2])
        length = f"({body} + {len(_FIELDS[2:-2])})"
        text = " || chr(1) || ".join(_FIELDS[:-2]) + " || chr(1)"
        total = f"list_sum(list_transform(string_split({text}, ''), lambda letter: ord(letter))) % 256"
        checksum = f"format('{{:03d}}', ({total})::BIGINT)"
        statements = []
        for number, (tag, value) in enumerate(_TAGS):
            name = _FIELDS[number]
            wrong = f"{name} <> {literal(f'{tag}={value}')}" if value else f"NOT prefix({name}, '{tag}=')"
            statements.append((wrong, f"{name} || ' stands where {tag}={value} belongs'"))
        if "record_id" not in self._columns:
            side = f"CASE {_value('54')} WHEN '1' THEN 'BUY' ELSE 'SELL' END"
            statements.append(_same("571", f"{_value('37')} || '-' || {side}"))
        form = (
            f"regexp_full_match({_value('75')}, '{_DATE}') AND regexp_full_match({_value('60')}, '{_MOMENT}')"
        )
        return [
            *statements,
            (f"NOT ({form})", "'75 or 60 is no date or time of FIX: ' || field_14 || ' ' || field_15"),
            (f"{_value('54')} NOT IN ('1', '2')", "'54 is ' || " + _value("54") + " || '; expected 1 or 2'"),
            (f"{_FIELDS[-1]} <> ''", "'it goes on after its checksum'"),
            _same("34", "(number + 1)::VARCHAR"),
            _same("52", _value("60")),
            _same("17", _value("37")),
            _same("9", f"{length}::VARCHAR"),
            _same("10", checksum),
        ]


def _value(tag: str) -> str:
    return f"substr(field_{_AT[tag]}, {len(tag.split()[0]) + 2})"


def _same(tag: str, right: str, told: str = "") -> tuple[str, str]:
    """A tag that must hold what follows from the rest of the message."""
    return f"{_value(tag)} <> {right}", f"'{tag} is ' || {_value(tag)} || '; expected ' || {told or right}"
