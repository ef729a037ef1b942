"""Written lists and truth read as rows of text, whatever their format and layout."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import io
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, str]
Lists: TypeAlias = dict[str, list[Row]]
"""Rows of trades by the name of their list: ``{"trades": [...]}``, ``{"buy": [...], "sell": [...]}``, ..."""

COLUMNS = (
    "trade_id",
    "ticker",
    "broker_id",
    "contra_broker_id",
    "quantity",
    "price",
    "order_type",
    "date",
    "trade_timestamp",
)
TRUTH_COLUMNS = (
    "trade_id",
    "leg",
    "field",
    "mechanism",
    "original",
    "altered",
    "delta",
    "benign",
    "notional",
    "cause",
)
FORMS = {"s": "%Y-%m-%d %H:%M:%S", "ms": "%Y-%m-%d %H:%M:%S.%f", "us": "%Y-%m-%d %H:%M:%S.%f"}
TICK = Decimal("0.01")
MICROSECOND = dt.timedelta(microseconds=1)
_VALUES = {
    "trade_id": re.compile(r"tid(\d{8}|[1-9]\d{8,18})"),
    "ticker": re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]*"),
    "broker_id": re.compile(r"BKR\d{3,4}"),
    "contra_broker_id": re.compile(r"BKR\d{3,4}"),
    "quantity": re.compile(r"[1-9]\d*"),
    "price": re.compile(r"(?!0\.00)(0|[1-9]\d*)\.\d\d"),
    "order_type": re.compile(r"BUY|SELL"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "record_id": re.compile(r"[0-9a-f]{16}"),
}
_FRACTIONS = {"s": "", "ms": r"\.\d{3}", "us": r"\.\d{6}"}


# Reading -----------------------------------------------------------------------------------------------


def rows(
    text: str, form: str = "csv", layout: Mapping[str, Any] | None = None, precision: str = "s"
) -> list[Row]:
    """The records of a file as text by column: numbers as they are written, null as ``""``.

    A `layout` (`columns`, `date_format`, `timestamp_format`, as in a scenario) is undone: columns have their
    own names again, dates and timestamps their own form, to `precision`.
    """
    if form == "csv":
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = next(reader)
        found = [dict(zip(header, cells, strict=True)) for cells in reader]
    else:
        decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_number)
        lines = text.splitlines() if form == "ndjson" else []
        records = decoder.decode(f"[{','.join(lines)}]" if form == "ndjson" else text)
        if form == "ndjson":
            whole = len(lines) == len(records) and all(line[0] + line[-1] == "{}" for line in lines)
            assert whole, "a line is not a record"
        found = [record if set(map(type, record.values())) == {str} else _texts(record) for record in records]
    return _undone(found, layout, precision) if layout else found


def _no_number(text: str) -> str:
    raise AssertionError(f"{text} is no JSON")


def _texts(record: dict[str, Any]) -> Row:
    words = {None: "", True: "true", False: "false"}
    return {name: value if isinstance(value, str) else words[value] for name, value in record.items()}


def _undone(found: list[Row], layout: Mapping[str, Any], precision: str) -> list[Row]:
    names = {written: name for name, written in layout.get("columns", {}).items()}
    forms: dict[str, Callable[[str], str]] = {}
    if form := layout.get("date_format"):
        forms["date"] = functools.lru_cache(lambda text: str(dt.datetime.strptime(text, form).date()))
    if stamp := layout.get("timestamp_format"):
        cut = {"s": None, "ms": -3, "us": None}[precision]
        default = FORMS[precision]
        forms["trade_timestamp"] = lambda text: dt.datetime.strptime(text, stamp).strftime(default)[:cut]
    undone = [{names.get(name, name): value for name, value in row.items()} for row in found]
    for name, form_of in forms.items():
        for row in undone:
            row[name] = form_of(row[name])
    return undone
