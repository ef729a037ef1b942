"""Blocks as columns of text, which every text sink writes and the frames agree with."""

from __future__ import annotations

from collections.abc import Sequence
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
    brokers = text.broker_names(run.scenario.brokers)
    return {
        "trade_id": _trade_ids(run, block, trades.trade_id),
        "ticker": _named(run.market.tickers, trades.ticker),
        "broker_id": _named(brokers, trades.broker_id),
        "contra_broker_id": _named(brokers, trades.contra_broker_id),
        "quantity": text.integers(trades.quantity).tolist(),
        "price": text.dollars(trades.price).tolist(),
        "order_type": _named(ORDER_TYPES, trades.order_type),
        "date": text.days(trades.date).tolist(),
        "trade_timestamp": text.moments(trades.trade_timestamp).tolist(),
    }


def truth_records(run: Run, block: Block) -> Columns:
    """The truth rows of a block as they are printed."""
    truth = block.truth
    difference = truth.altered - truth.original
    return {
        "trade_id": _trade_ids(run, block, truth.trade_id),
        "leg": _named(ORDER_TYPES, truth.leg),
        "field": _named(FIELDS, truth.field),
        "mechanism": _named(NAMES, truth.mechanism),
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


def _named(names: Sequence[str], codes: Array) -> list[str]:
    texts: list[str] = np.array(names, object)[codes].tolist()
    return texts
