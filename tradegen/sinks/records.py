"""Blocks as columns of text, which every text sink writes and the frames agree with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradegen import text
from tradegen.mismatches.catalogue import NAMES
from tradegen.run import Run
from tradegen.schema import FIELDS, ORDER_TYPES, TRADE_COLUMNS, TRUTH_COLUMNS, Array, Block

__all__ = ["TRADES", "TRUTH", "Columns", "Kind", "trade_records", "truth_records"]

Columns = dict[str, list[str]]
"""Text columns by name, all of one length, in the order of the kind's names."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: its columns' names, and which of them JSON writes bare (numbers, booleans)."""

    names: tuple[str, ...]
    bare: frozenset[str]


TRADES = Kind(TRADE_COLUMNS, frozenset({"quantity", "price"}))
TRUTH = Kind(TRUTH_COLUMNS, frozenset({"delta", "benign", "notional"}))


def trade_records(run: Run, block: Block) -> Columns:
    """The legs of a block as they are printed, in row order."""
    trades = block.trades
    brokers = [text.broker_name(code) for code in range(run.scenario.brokers)]
    return {
        "trade_id": _trade_ids(run, block, trades.trade_id),
        "ticker": np.array(run.market.tickers, object)[trades.ticker].tolist(),
        "broker_id": np.array(brokers, object)[trades.broker_id].tolist(),
        "contra_broker_id": np.array(brokers, object)[trades.contra_broker_id].tolist(),
        "quantity": text.integers(trades.quantity).tolist(),
        "price": text.dollars(trades.price).tolist(),
        "order_type": np.array(ORDER_TYPES, object)[trades.order_type].tolist(),
        "date": text.days(trades.date).tolist(),
        "trade_timestamp": text.moments(trades.trade_timestamp).tolist(),
    }


def truth_records(run: Run, block: Block) -> Columns:
    """The truth rows of a block as they are printed."""
    truth = block.truth
    difference = truth.altered - truth.original
    return {
        "trade_id": _trade_ids(run, block, truth.trade_id),
        "leg": np.array(ORDER_TYPES, object)[truth.leg].tolist(),
        "field": np.array(FIELDS, object)[truth.field].tolist(),
        "mechanism": np.array(NAMES, object)[truth.mechanism].tolist(),
        "original": text.by_field(truth.original, truth.field).tolist(),
        "altered": text.by_field(truth.altered, truth.field).tolist(),
        "delta": text.by_field(difference, truth.field, text.DIFFERENCES).tolist(),
        "benign": ["false"] * len(truth),
        "notional": text.dollars(truth.notional).tolist(),
        "cause": [""] * len(truth),
    }


def _trade_ids(run: Run, block: Block, numbers: Array) -> list[str]:
    first = run.first_id_of(block.number)
    texts: list[str] = text.trade_ids(first, block.pairs)[numbers - first].tolist()
    return texts
