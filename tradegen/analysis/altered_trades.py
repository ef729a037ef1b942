"""A trade as it is shown: all its records, the cells that were altered, and what was done to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tradegen.core.blocks import Truth
from tradegen.core.columns import RECORD
from tradegen.core.text_columns import strings
from tradegen.engine.run import Run
from tradegen.formats.tables import truth_table


@dataclass(frozen=True, slots=True)
class Alteration:
    """A row of the truth, as text.

    Of the user's own trades, `measure` is the column's role, or what else says the unit of its sizes, and
    `number` the original value as a plain number.
    """

    trade_id: str
    leg: str
    field: str
    mechanism: str
    original: str
    altered: str
    delta: str
    benign: bool
    cause: str = ""
    record_id: str = ""
    measure: str | None = None
    number: str | None = None

    @property
    def change(self) -> str:
        """What became of the value: ``250 -> 257``, ``ACC017 -> (blank)``; quoted if it ends in a blank."""
        return f"{_visible(self.original)} -> {_visible(self.altered)}"

    @property
    def size(self) -> str:
        """By how much the value is off, also in basis points or percent; "" for names."""
        field = self.field if self.measure is None else self.measure
        return _size(field, self.delta, self.original if self.number is None else self.number)


@dataclass(frozen=True, slots=True)
class Trade:
    """All records of a trade, and what was altered.

    Attributes
    ----------
    trade_id : str
    records : tuple of (str, mapping of str to str)
        The list and the values of each.
    altered : tuple of Alteration
        Empty where the trade is clean.
    marks : frozenset of (int, str)
        The altered cells: the position of the record, and the field.
    state : str
        ``found``, ``missed`` or ``invented`` where findings were given, else "".
    named : tuple of str
        The fields that findings name.
    """

    trade_id: str
    records: tuple[tuple[str, Mapping[str, str]], ...]
    altered: tuple[Alteration, ...]
    marks: frozenset[tuple[int, str]]
    state: str = ""
    named: tuple[str, ...] = ()


def alterations(run: Run, rows: Truth) -> Iterator[Alteration]:
    """Rows of a run's truth, as files print them; causes and records are left out."""
    texts = truth_table(run).texts(rows)
    names = ("trade_id", "leg", "field", "mechanism", "original", "altered", "delta", "benign")
    *columns, labels = (strings(texts[name]).tolist() for name in names)
    for values in zip(*columns, [label == "true" for label in labels], strict=True):
        yield Alteration(*values)


def _visible(value: str) -> str:
    return f'"{value}"' if value != value.strip() else value or "(blank)"


_DAY = re.compile(r"\d{4}-\d\d-\d\d( .+)?")


def _size(field: str, delta: str, original: str) -> str:
    """A difference as people read it: +14 shares (+3.0%), -0.12 dollars (-15.9 bps), +1,223 seconds."""
    if not delta:
        return ""
    amount = float(delta)
    units = {
        "quantity": "shares",
        "price": "dollars",
        "date": "days",
        "trade_timestamp": "seconds",
        RECORD: "records",
    }
    dated = _DAY.fullmatch(original)
    unit = units.get(field, "" if not dated else "seconds" if dated[1] else "days")
    unit = unit[:-1] if abs(amount) == 1 else unit
    places = max(len(delta.partition(".")[2]), 2)
    text = f"{amount:+,.{places}f}" if field == "price" else f"{amount:+,.10g}"
    relative = ""
    if field != RECORD and not dated and original and float(original):
        share = amount / float(original)
        relative = f" ({share * 10_000:+,.1f} bps)" if abs(share) < 0.01 else f" ({share:+.1%})"
    return f"{f'{text} {unit}'.strip()}{relative}"
