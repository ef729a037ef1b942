"""Blocks as columns of text, which every text sink writes and the frames agree with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradegen import printed, text
from tradegen.mismatches.catalogue import NAMES
from tradegen.mismatches.strata import causes
from tradegen.run import Run
from tradegen.schema import FIELDS, RECORD_ID, TRADE_COLUMNS, TRUTH_COLUMNS, Array, Block

__all__ = ["Columns", "Kind", "trade_kinds", "trade_records", "truth_kind", "truth_records"]

Columns = dict[str, Array]
"""Columns of text by the names they are written under, all of one length and in the order of the kind."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: its columns' names, and which of them JSON writes bare (numbers, booleans, null)."""

    names: tuple[str, ...]
    bare: frozenset[str]


def trade_kinds(run: Run) -> dict[str, Kind]:
    """The kinds of records in the view's lists, by list."""
    names = (*TRADE_COLUMNS, RECORD_ID) if run.scenario.record_ids else TRADE_COLUMNS
    kinds = {}
    for name, layout in run.scenario.lists.items():
        written = {column: layout.columns.get(column, column) for column in names}
        kinds[name] = Kind(tuple(written.values()), frozenset({written["quantity"], written["price"]}))
    return kinds


def truth_kind(run: Run) -> Kind:
    """The kind of the truth's rows."""
    names = (*TRUTH_COLUMNS, RECORD_ID) if run.scenario.record_ids else TRUTH_COLUMNS
    return Kind(names, frozenset({"delta", "benign", "notional"}))


def trade_records(run: Run, block: Block) -> dict[str, Columns]:
    """The records of a block as they are printed, in row order, by list."""
    lists = run.scenario.lists
    how = printed.forms(run)
    found = {}
    for leg, (name, layout) in enumerate(lists.items()):
        trades = block.trades if len(lists) == 1 else block.trades.take(block.trades.leg == leg)
        own = dict(how)
        if layout.date_format:
            own["date"] = text.days_as(layout.date_format)
        if layout.timestamp_format:
            own["trade_timestamp"] = text.moments_as(layout.timestamp_format)
        columns = {column: own[column](getattr(trades, column)) for column in TRADE_COLUMNS}
        if run.scenario.record_ids:
            columns[RECORD_ID] = printed.record_ids(run, trades.record)
        found[name] = {layout.columns.get(column, column): values for column, values in columns.items()}
    return found


def truth_records(run: Run, block: Block) -> Columns:
    """The truth rows of a block as they are printed."""
    truth = block.truth
    original, altered = printed.altered_values(run, truth)
    columns = {
        "trade_id": text.trade_ids(truth.trade_id),
        "leg": text.named(printed.leg_names(run))(truth.leg),
        "field": text.named(FIELDS)(truth.field),
        "mechanism": text.named(NAMES)(truth.mechanism),
        "original": original,
        "altered": altered,
        "delta": printed.deltas(run, truth),
        "benign": text.named(("false", "true"))(truth.benign.astype(np.int8)),
        "notional": text.dollars(truth.notional),
        "cause": text.named(causes(run.scenario))(truth.cause),
    }
    if run.scenario.record_ids:
        columns[RECORD_ID] = printed.record_ids(run, truth.record)
    return columns
