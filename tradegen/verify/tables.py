"""Records as a table of integers, checked for what does not depend on other records."""

from __future__ import annotations

import functools

import numpy as np

from tradegen.verify.cells import Cells, readable
from tradegen.verify.columns import Rows
from tradegen.verify.findings import Findings
from tradegen.verify.moments import Moments, date_text, moment_text
from tradegen.verify.plan import Plan, Trades
from tradegen.verify.sources import Source
from tradegen.verify.values import Names, record_id_text, record_ids, ticks, trade_ids
from tradegen.verify.vocabulary import (
    COLUMNS,
    DATE,
    FIELDS,
    LEG,
    LINE,
    MOMENT,
    NAMES,
    ORDER_TYPE,
    PAIR,
    PRICE,
    QUANTITY,
    RECORD,
    RECORD_ID,
    RECORD_WIDTH,
    TRADE_ID,
    UNREADABLE,
    Array,
)

__all__ = ["Reading"]

_EXPECTED = {
    TRADE_ID: "an id such as tid00000021",
    QUANTITY: "a whole number",
    PRICE: "dollars with two decimals",
    ORDER_TYPE: "BUY or SELL",
    DATE: "a date in the list's format",
    MOMENT: "a timestamp in the list's format",
    RECORD_ID: "16 hexadecimal digits",
}


class Reading:
    """Reads cells as values, and values as text: with one dictionary of names for all files."""

    def __init__(self, plan: Plan, findings: Findings) -> None:
        self.plan, self.findings, self.names = plan, findings, Names()
        self._date = Moments("%Y-%m-%d", timestamp=False)
        form = "%Y-%m-%d %H:%M:%S.%f" if plan.decimals else "%Y-%m-%d %H:%M:%S"
        self._moment = Moments(form, timestamp=True, decimals=plan.decimals)
        brokers = plan.scenario.get("brokers")
        self._brokers = int(brokers) if brokers else None
        self._good_broker: list[bool] = []

    def records(self, rows: Rows, trades: Trades) -> Array:
        """A table of records (shape (n, RECORD_WIDTH), int64); those without a readable id are left out."""
        table = np.zeros((len(rows), RECORD_WIDTH), np.int64)
        name_of = trades.columns
        for code, column in enumerate(COLUMNS):
            if code in (DATE, MOMENT):
                read = (trades.date if code == DATE else trades.moment).read
            else:
                read = functools.partial(self.values, code)
            table[:, code] = rows.read(name_of[column], read)
        if trades.with_record_id:
            cells = rows.columns[name_of["record_id"]]
            ids = record_ids(cells)
            table[:, RECORD_ID] = np.where(cells.lengths > 0, ids, UNREADABLE)
        table[:, PAIR] = table[:, TRADE_ID]
        table[:, LINE] = rows.lines
        if trades.leg >= 0:
            table[:, LEG] = trades.leg
        else:
            table[:, LEG] = table[:, ORDER_TYPE] == 1
        self._sound(table, rows, trades)
        good = table[:, TRADE_ID] != UNREADABLE
        return table if good.all() else table[good]

    def values(self, field: int, cells: Cells) -> Array:
        """Cells in the default form as values of one field."""
        if field in NAMES:
            codes = self.names.codes(cells)
            if field == ORDER_TYPE:
                return readable(codes, codes < 2)
            return readable(codes, cells.lengths > 0)
        if field == TRADE_ID:
            return trade_ids(cells)
        if field == PRICE:
            return ticks(cells)
        if field == DATE:
            return self._date.read(cells)
        return self._moment.read(cells) if field == MOMENT else cells.whole()

    def known_brokers(self, codes: Array) -> Array:
        """Which codes are of brokers that the scenario has; all, where no manifest tells."""
        if self._brokers is None or not len(codes):
            return np.ones(len(codes), bool)
        for code in range(len(self._good_broker), int(codes.max()) + 1):
            self._good_broker.append(_broker_number(self.names.text(code)) in range(1, self._brokers + 1))
        known = np.array(self._good_broker, bool)
        return known[np.maximum(codes, 0)] | (codes < 0)

    def _sound(self, table: Array, rows: Rows, trades: Trades) -> None:
        """Report values that cannot be what was written."""
        unreadable = table[:, : RECORD_ID + 1] == UNREADABLE
        for field in np.flatnonzero(unreadable.any(axis=0)).tolist():
            expected = _EXPECTED.get(field, "a name")
            self._invalid(np.flatnonzero(unreadable[:, field]), field, rows, trades, expected)
        for field in (QUANTITY, PRICE):
            low = (table[:, field] <= 0) & ~unreadable[:, field]
            if low.any():
                self._invalid(np.flatnonzero(low), field, rows, trades, "a value above 0")
        for field in NAMES[1:3]:
            strange = ~self.known_brokers(table[:, field])
            if strange.any():
                self._invalid(np.flatnonzero(strange), field, rows, trades, "a broker of the scenario")

    def _invalid(self, bad: Array, field: int, rows: Rows, trades: Trades, expected: str) -> None:
        column = "record_id" if field == RECORD_ID else COLUMNS[field]
        written = trades.columns[column]

        def sentence(row: int) -> str:
            told = rows.text(trades.columns["trade_id"], row)
            value = rows.text(written, row)
            where = f"in {trades.source.name} {trades.source.unit} {rows.lines[row]}"
            return f"{told} {written} {where} is {value!r}; expected {expected}"

        self.findings.extend("invalid", len(bad), bad, sentence)

    def text(self, field: int, value: int) -> str:
        """A value as the truth holds it, for a sentence."""
        if value == UNREADABLE:
            return "unreadable"
        if field in NAMES:
            return self.names.text(value)
        if field == TRADE_ID:
            return f"tid{value:08d}"
        if field == PRICE:
            return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"
        if field == DATE:
            return date_text(value)
        return moment_text(value, self.plan.decimals) if field == MOMENT else str(value)

    def record_id(self, value: int) -> str:
        """A record id as files hold it, for a sentence."""
        return record_id_text(value) if value else "none"

    def leg(self, leg: int, field: str = "") -> str:
        """A leg, a field, and the file they stand in: ``BUY price in trades.csv``."""
        return f"{self.plan.legs[leg]} {field}{' ' if field else ''}in {self.file(leg)}"

    def file(self, leg: int) -> str:
        """The name of the file that a leg stands in."""
        return self._source(leg).name

    def place(self, leg: int, line: int) -> str:
        """Where in its file a record of a leg stands: ``trades.csv line 3``."""
        return f"{self.file(leg)} {self._source(leg).unit} {line}"

    def _source(self, leg: int) -> Source:
        trades = self.plan.trades
        return trades[leg if len(trades) == 2 else 0].source

    def field(self, field: int) -> str:
        """A field's name."""
        return FIELDS[field] if field <= RECORD else "record_id"


def _broker_number(name: str) -> int:
    """The number in a broker's name, ``BKR005``; 0 where it is none."""
    digits = name.removeprefix("BKR")
    number = int(digits) if digits.isdecimal() and len(digits) < 10 else 0
    return number if name == f"BKR{number:03d}" else 0
