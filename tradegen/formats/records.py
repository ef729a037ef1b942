"""Blocks as records: what sinks write, as columns of text or typed ones, whichever they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tradegen.core import formatting as text
from tradegen.core.blocks import Block, Trades, Truth
from tradegen.core.columns import FIELDS, RECORD_ID, TRADE_COLUMNS, TRUTH_COLUMNS, Array
from tradegen.engine.run import Run
from tradegen.formats import run_values as printed

if TYPE_CHECKING:
    from tradegen.formats.typed_columns import TypedColumns
    from tradegen.scenario.layouts import Layout

__all__ = [
    "Columns",
    "Kind",
    "Records",
    "records_of",
    "trade_kinds",
    "trade_records",
    "truth_kind",
    "truth_records",
]

Columns = dict[str, Array]
"""Columns of text by the names they are written under, all of one length and in the order of the kind."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: its columns' names, and which of them JSON writes bare (numbers, booleans, null).

    `layout` is that of the list, for sinks that have names and forms of their own; the truth has none.
    """

    names: tuple[str, ...]
    bare: frozenset[str]
    layout: Layout | None = None


class Records(Protocol):
    """Some records of one kind, in row order."""

    def __len__(self) -> int: ...

    def texts(self) -> Columns:
        """Their values as they are printed."""

    def typed(self) -> TypedColumns:
        """Their values as numbers and codes."""


def trade_kinds(run: Run) -> dict[str, Kind]:
    """The kinds of records in the view's lists, by list."""
    names = (*TRADE_COLUMNS, RECORD_ID) if run.scenario.record_ids else TRADE_COLUMNS
    kinds = {}
    for name, layout in run.scenario.lists.items():
        written = {column: layout.columns.get(column, column) for column in names}
        bare = frozenset({written["quantity"], written["price"]})
        kinds[name] = Kind(tuple(written.values()), bare, layout)
    return kinds


def truth_kind(run: Run) -> Kind:
    """The kind of the truth's rows."""
    names = (*TRUTH_COLUMNS, RECORD_ID) if run.scenario.record_ids else TRUTH_COLUMNS
    return Kind(names, frozenset({"delta", "benign", "notional"}))


def trade_records(run: Run, block: Block) -> dict[str, Records]:
    """The records of a block in row order, by list."""
    lists, ids = run.scenario.lists, _ids(run, block)
    if len(lists) == 1:
        return {name: _TradeRecords(run, block.trades, layout, ids) for name, layout in lists.items()}
    return {
        name: _TradeRecords(run, block.trades.take(block.trades.leg == leg), layout, ids)
        for leg, (name, layout) in enumerate(lists.items())
    }


def truth_records(run: Run, block: Block) -> Records:
    """The truth rows of a block."""
    return _TruthRecords(run, block.truth, _ids(run, block))


def records_of(run: Run, block: Block) -> dict[str, Records]:
    """The records of a block by table: the view's lists, and ``truth``."""
    return {**trade_records(run, block), "truth": truth_records(run, block)}


def _ids(run: Run, block: Block) -> range:
    """The ids of a block's clean pairs."""
    first = run.first_id_of(block.number)
    return range(first, first + block.pairs)


@dataclass(frozen=True, slots=True, eq=False)
class _TradeRecords:
    run: Run
    trades: Trades
    layout: Layout
    ids: range

    def __len__(self) -> int:
        return len(self.trades)

    def texts(self) -> Columns:
        how = dict(printed.forms(self.run))
        if self.layout.date_format:
            how["date"] = text.days_as(self.layout.date_format)
        if self.layout.timestamp_format:
            how["trade_timestamp"] = text.moments_as(self.layout.timestamp_format)
        columns = {column: how[column](getattr(self.trades, column)) for column in TRADE_COLUMNS}
        if self.run.scenario.record_ids:
            columns[RECORD_ID] = printed.record_ids(self.run, self.trades.record)
        return {self.layout.columns.get(column, column): values for column, values in columns.items()}

    def typed(self) -> TypedColumns:
        from tradegen.formats.typed_columns import trades_columns  # loaded where it is used

        return trades_columns(self.run, self.trades, self.layout, self.ids)


@dataclass(frozen=True, slots=True, eq=False)
class _TruthRecords:
    run: Run
    truth: Truth
    ids: range

    def __len__(self) -> int:
        return len(self.truth)

    def texts(self) -> Columns:
        run, truth = self.run, self.truth
        original, altered = printed.altered_values(run, truth)
        columns = {
            "trade_id": text.trade_ids(truth.trade_id),
            "leg": text.named(printed.leg_names(run))(truth.leg),
            "field": text.named(FIELDS)(truth.field),
            "mechanism": text.named(run.mechanisms)(truth.mechanism),
            "original": original,
            "altered": altered,
            "delta": printed.deltas(run, truth),
            "benign": text.named(("false", "true"))(truth.benign.astype(np.int8)),
            "notional": text.dollars(truth.notional),
            "cause": text.named(run.scenario.causes)(truth.cause),
        }
        if run.scenario.record_ids:
            columns[RECORD_ID] = printed.record_ids(run, truth.record)
        return columns

    def typed(self) -> TypedColumns:
        from tradegen.formats.typed_columns import truth_columns  # loaded where it is used

        return truth_columns(self.run, self.truth, self.ids)
