"""FIX 4.4: a Trade Capture Report (35=AE) a record, each on a line of its own.

A message holds what AE requires in FIX 4.4 and what a record says, no more: its tags are in `MESSAGE`, and
what they mean here in `docs/fix.md`. Nothing depends on a clock or on what was written before, so that the
same records are the same bytes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tradegen.core.columns import ORDER_TYPES, RECORD_ID, TRADE_COLUMNS, Array
from tradegen.core.text_columns import strings
from tradegen.errors import OutputError, shown
from tradegen.formats.kinds import Code, Date, Decimal, Reference, Timestamp
from tradegen.formats.tables import TRUTH, Rows, Table

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
    (453, "{parties}"),  # NoPartyIDs
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

OWN_TAGS = {
    "isin": ((48, "{isin}"), (22, "4")),  # SecurityID, SecurityIDSource: an ISIN
    "settlement_date": ((64, "{settlement_date}"),),  # SettlDate
    "account": ((1, "{account}"),),  # Account
    "currency": ((15, "{currency}"),),  # Currency
    "gross_amount": ((381, "{gross_amount}"),),  # GrossTradeAmt
    "note": ((58, "{note}"),),  # Text
    "text": ((58, "{text}"),),
}
"""The tags of the columns that a scenario may add, by the names of these, in the order of the standard."""

_AFTER = {"isin": 55, "settlement_date": 60}  # all others stand at the end of the side
_NAMES = (Code, Reference)
_ABOUT_AN_ID = (22, 447, 452)  # which say something of the id before them, and are left out with it
_KINDS = {"settlement_date": (Date,), "gross_amount": (Decimal,)}
_SIDES = dict(zip(ORDER_TYPES, ("1", "2"), strict=True))
_FINEST = len("20250721-10:33:00.123")  # FIX 4.4, data type UTCTimestamp: whole seconds, or milliseconds


class Fix:
    """Writes a message and a line feed a record; messages are numbered from 1.

    Raises
    ------
    OutputError
        Where `table` is the truth, leaves out columns that have tags in every message, has a form of its own
        for dates or times, has a column that there is no tag for, or has sides that are misspelled.
    """

    def __init__(self, table: Table, write: Callable[[bytes], object]) -> None:
        if table.name == TRUTH:
            raise OutputError("format fix has no tags for the truth; expected another format for it")
        if table.sort == RECORD_ID:
            raise OutputError(
                "shared_id is false, and a message of FIX has a tag for the trade's id; expected shared_id "
                "true with format fix"
            )
        needed = [field for field in table.left_out if field in (*TRADE_COLUMNS, RECORD_ID)]
        if needed:
            raise OutputError(
                f"{table.name}.include leaves out {needed[0]}, and a message of FIX has tags for it; "
                "expected all columns with format fix"
            )
        for column in table.columns:
            if isinstance(column.kind, Date | Timestamp) and column.kind.form:
                name = "date_format" if isinstance(column.kind, Date) else "timestamp_format"
                raise OutputError(
                    f"{name} is {shown(column.kind.form)}, and FIX has one form of its own; "
                    "expected none with format fix"
                )
        side = next(column.kind for column in table.columns if column.field == "order_type")
        if isinstance(side, Code) and (odd := set(side.names) - {*_SIDES}):
            raise OutputError(
                f"order_type may be spelled {shown(min(odd))}, and FIX has codes for sides; expected "
                "order_type.case, padded, truncated and typo without a weight, or another format"
            )
        self._message = _message_of(table)
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
            for _, text in self._message
        ]
        self._write(b"".join(map(self._line, zip(*columns, strict=True))))

    def end(self) -> None:
        """Nothing stands after the last line."""

    def _values(self, texts: Mapping[str, Array]) -> dict[str, list[str]]:
        """The columns as FIX has them, by what `MESSAGE` calls them."""
        values: dict[str, list[str]] = {field: strings(column).tolist() for field, column in texts.items()}
        for field in ("date", "settlement_date"):
            if field in values:
                values[field] = [date.replace("-", "") for date in values[field]]
        times = [time.replace("-", "").replace(" ", "-") for time in values["trade_timestamp"]]
        if max(map(len, times), default=0) > _FINEST:
            raise OutputError(
                "timestamp_precision is us, and FIX 4.4 has no microseconds; expected ms or s with format fix"
            )
        values["trade_timestamp"] = times
        values["side"] = [_SIDES.get(side, "") for side in values["order_type"]]
        brokers = zip(values["broker_id"], values["contra_broker_id"], strict=True)
        values["parties"] = [str(sum(map(bool, parties))) for parties in brokers]
        values["number"] = [str(next(self._numbers)) for _ in times]
        values["report"] = values.get(RECORD_ID) or [
            f"{trade}-{side}" for trade, side in zip(values["trade_id"], values["order_type"], strict=True)
        ]
        return values

    def _line(self, values: Iterable[str]) -> bytes:
        message, last = self._new(), ""
        for (tag, _), value in zip(self._message, values, strict=True):
            last = last if tag in _ABOUT_AN_ID else value
            # A tag without a value is no FIX: where a value is missing, so is its tag, and what goes with it.
            if value and last:
                message.append_pair(tag, value)
        encoded: bytes = message.encode()
        return encoded + b"\n"


def _message_of(table: Table) -> list[tuple[int, str]]:
    """The tags of the table's messages: those in `MESSAGE`, and those of the columns that the scenario adds.

    Raises
    ------
    OutputError
        Where one of these has no tag, is of a kind that its tag cannot hold, or shares its tag with another.
    """
    own = {
        column.field: column.kind
        for column in table.columns
        if column.field not in (*TRADE_COLUMNS, RECORD_ID)
    }
    how = f"leave it out by {table.name}.include, or write another format"
    for field, kind in own.items():
        if field not in OWN_TAGS:
            raise OutputError(
                f"column {field} has no tag in FIX; expected columns among {', '.join(OWN_TAGS)}; {how}"
            )
        if not isinstance(kind, _KINDS.get(field, _NAMES)):
            raise OutputError(
                f"column {field} is of the kind {type(kind).__name__.lower()}, which its tag "
                f"{OWN_TAGS[field][0][0]} of FIX cannot hold; {how}"
            )
    if {"note", "text"} <= own.keys():
        raise OutputError(f"columns note and text have one tag in FIX, 58; {how.replace('it', 'one', 1)}")
    tags = {field: list(OWN_TAGS[field]) for field in OWN_TAGS if field in own}
    message: list[tuple[int, str]] = []
    for tag, text in MESSAGE:
        message.append((tag, text))
        for field, after in _AFTER.items():
            message += tags.pop(field, []) if after == tag else []
    return [*message, *(pair for pairs in tags.values() for pair in pairs)]


def _messages() -> Callable[[], Any]:
    """What makes a message; the library is loaded where it is used."""
    from simplefix import FixMessage  # type: ignore[import-untyped]  # has no types

    made: Callable[[], Any] = FixMessage
    return made
