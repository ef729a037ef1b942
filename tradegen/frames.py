"""Blocks as pandas frames, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from tradegen import text
from tradegen.mismatches.catalogue import NAMES
from tradegen.run import Run
from tradegen.schema import (
    FIELDS,
    MICROSECONDS,
    MICROSECONDS_A_DAY,
    ORDER_TYPES,
    TICKS_PER_DOLLAR,
    Array,
    Trades,
    Truth,
)

__all__ = ["trade_ids", "trades_frame", "truth_frame"]

_PER_UNIT = {"quantity": 1, "price": TICKS_PER_DOLLAR, "date": 1, "trade_timestamp": MICROSECONDS}


def trade_ids(run: Run) -> ExtensionArray:
    """The id of each pair as text, in order; frames share them row by row."""
    return _strings(text.trade_ids(run.first_id, run.scenario.pairs))


def trades_frame(run: Run, ids: ExtensionArray, trades: Trades) -> pd.DataFrame:
    """All legs, in row order.

    Parameters
    ----------
    run : Run
    ids : ExtensionArray
        What `trade_ids` gave.
    trades : Trades

    Returns
    -------
    DataFrame
        2 x pairs rows. ``trade_id`` str; ``ticker``, ``broker_id``, ``contra_broker_id``, ``order_type``
        categorical; ``quantity`` int64, shares; ``price`` float64, dollars, the double nearest to the tick
        price; ``date`` and ``trade_timestamp`` datetime64, naive local time.
    """
    brokers = text.broker_names(run.scenario.brokers)
    return pd.DataFrame(
        {
            "trade_id": ids.take(trades.trade_id - run.first_id),
            "ticker": _categorical(trades.ticker, run.market.tickers),
            "broker_id": _categorical(trades.broker_id, brokers),
            "contra_broker_id": _categorical(trades.contra_broker_id, brokers),
            "quantity": trades.quantity,
            "price": trades.price / TICKS_PER_DOLLAR,
            "order_type": _categorical(trades.order_type, ORDER_TYPES),
            "date": (trades.date.astype(np.int64) * MICROSECONDS_A_DAY).view("datetime64[us]"),
            "trade_timestamp": trades.trade_timestamp.view("datetime64[us]"),
        },
        copy=False,
    )


def truth_frame(run: Run, ids: ExtensionArray, truth: Truth) -> pd.DataFrame:
    """The answer key, by trade_id and then by field.

    Returns
    -------
    DataFrame
        A row per altered field. ``trade_id`` str; ``leg``, ``field``, ``mechanism``, ``cause`` categorical;
        ``original``, ``altered`` str, as the files print them; ``delta`` float64, in shares, dollars, days or
        seconds; ``benign`` bool; ``notional`` float64, dollars of the clean pair.
    """
    per_unit = np.array([_PER_UNIT[field] for field in FIELDS])[truth.field]
    return pd.DataFrame(
        {
            "trade_id": ids.take(truth.trade_id - run.first_id),
            "leg": _categorical(truth.leg, ORDER_TYPES),
            "field": _categorical(truth.field, FIELDS),
            "mechanism": _categorical(truth.mechanism, NAMES),
            "original": _strings(text.by_field(truth.original, truth.field)),
            "altered": _strings(text.by_field(truth.altered, truth.field)),
            "delta": (truth.altered - truth.original) / per_unit,
            "benign": np.zeros(len(truth), bool),
            "notional": truth.notional / TICKS_PER_DOLLAR,
            "cause": _categorical(np.zeros(len(truth), np.int8), ("",)),
        },
        copy=False,
    )


def _strings(texts: Array) -> ExtensionArray:
    strings: ExtensionArray = pd.Series(texts, dtype="str").array
    return strings


def _categorical(codes: Array, names: Sequence[str]) -> pd.Categorical[Any]:
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(names)))
