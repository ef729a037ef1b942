"""FIX 4.4: a Trade Capture Report (35=AE) a record, each on a line of its own.

A message holds what AE requires in FIX 4.4 and what a record says, no more: its tags are in `MESSAGE`, and
what they mean here in `docs/fix.md`. Nothing depends on a clock or on what was written before, so that the
same records are the same bytes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tradegen.core.columns import ORDER_TYPES, RECORD_ID, Array
from tradegen.core.text_columns import strings
from tradegen.errors import OutputError, shown
from tradegen.formats.kinds import Date, Timestamp
from tradegen.formats.tables import TRUTH, Rows, Table

__all__ = ["MESSAGE", "SENDER", "TARGET", "Fix"]

SENDER, TARGET = "TRADEGEN", "MATCHER"
"""SenderCompID and TargetCompID of every message: assumed, as there is no session."""

MESSAGE = (
    (8, "FIX.4.4"),  # BeginString; BodyLength (9) comes after it, CheckSum (10) after all
    (35, "AE"),  # MsgType
    (49, SENDER),  # SenderCompID
    (56, TARGET),  # TargetCompID
    (34, "{number}"),  # MsgSeqNum
    (52, "{trade_timestamp}"),  # SendingTime
    (571, "{report}"),  # TradeReportID
    (487, "0"),  # TradeReportTransType: new
    (17, "{trade_id}"),  # ExecID
    (570, "N"),  # PreviouslyReported
    (55, "{ticker}"),  # Symbol
    (32, "{quantity}"),  # LastQty
    (31, "{price}"),  # LastPx
    (75, "{date}"),  # TradeDate
    (60, "{trade_timestamp}"),  # TransactTime
    (552, "1"),  # NoSides
    (54, "{side}"),  # Side
    (37, "{trade_id}"),  # OrderID
    (453, "2"),  # NoPartyIDs
    (448, "{broker_id}"),  # PartyID
    (447, "D"),  # PartyIDSource: a code of the sender's own
    (452, "1"),  # PartyRole: executing firm
    (448, "{contra_broker_id}"),
    (447, "D"),
    (452, "17"),  # PartyRole: contra firm
)
"""The tags of a message in their order, and what each holds: a text, or in braces a value of the record.

Source: FIX 4.4, Standard Message Header and Trade Capture Report; their order is that of the standard.
"""

_SIDES = dict(zip(ORDER_TYPES, ("1", "2"), strict=True))
_FINEST = len("20250721-10:33:00.123")  # FIX 4.4, data type UTCTimestamp: whole seconds, or milliseconds


class Fix:
    """Writes a message and a line feed a record; messages are numbered from 1.

    Raises
    ------
    OutputError
        Where `table` is the truth, leaves out columns, or has a form of its own for dates or times.
    """

    def __init__(self, table: Table, write: Callable[[bytes], object]) -> None:
        if table.name == TRUTH:
            raise OutputError("format fix has no tags for the truth; expected another format for it")
        if table.left_out:
            raise OutputError(
                f"{table.name}.include leaves out {table.left_out[0]}, and a message of FIX has tags for it; "
                "expected all columns with format fix"
            )
        for column in table.columns:
            if isinstance(column.kind, Date | Timestamp) and column.kind.form:
                name = "date_format" if isinstance(column.kind, Date) else "timestamp_format"
                raise OutputError(
                    f"{name} is {shown(column.kind.form)}, and FIX has one form of its own; "
                    "expected none with format fix"
                )
        self._new, self._table, self._write = _messages(), table, write
        self._numbers = itertools.count(1)

    def add(self, rows: Rows) -> None:
        """Write rows of the table.

        Raises
        ------
        OutputError
            Where timestamps have microseconds.
        """
        values = self._values(self._table.texts(rows))
        columns: list[Iterable[str]] = [
            values[text[1:-1]] if text.startswith("{") else itertools.repeat(text, len(rows))
            for _, text in MESSAGE
        ]
        self._write(b"".join(map(self._line, zip(*columns, strict=True))))

    def end(self) -> None:
        """Nothing stands after the last line."""

    def _values(self, texts: Mapping[str, Array]) -> dict[str, list[str]]:
        """The columns as FIX has them, by what `MESSAGE` calls them."""
        values: dict[str, list[str]] = {field: strings(column).tolist() for field, column in texts.items()}
        values["date"] = [date.replace("-", "") for date in values["date"]]
        times = [time.replace("-", "").replace(" ", "-") for time in values["trade_timestamp"]]
        if times and len(times[0]) > _FINEST:
            raise OutputError(
                "timestamp_precision is us, and FIX 4.4 has no microseconds; expected ms or s with format fix"
            )
        values["trade_timestamp"] = times
        values["side"] = [_SIDES[side] for side in values["order_type"]]
        values["number"] = [str(next(self._numbers)) for _ in times]
        values["report"] = values.get(RECORD_ID) or [
            f"{trade}-{side}" for trade, side in zip(values["trade_id"], values["order_type"], strict=True)
        ]
        return values

    def _line(self, values: Iterable[str]) -> bytes:
        message = self._new()
        for (tag, _), value in zip(MESSAGE, values, strict=True):
            message.append_pair(tag, value)
        encoded: bytes = message.encode()
        return encoded + b"\n"


def _messages() -> Callable[[], Any]:
    """What makes a message; the library is loaded where it is used."""
    from simplefix import FixMessage  # type: ignore[import-untyped]  # has no types

    made: Callable[[], Any] = FixMessage
    return made
