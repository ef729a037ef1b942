"""Blocks as pandas frames, for people."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from tradegen.core import formatting as text
from tradegen.core.blocks import Trades, Truth
from tradegen.core.columns import (
    FIELDS,
    MEASURED,
    MICROSECONDS,
    MICROSECONDS_A_DAY,
    ORDER_TYPES,
    RECORD_ID,
    TICKS_PER_DOLLAR,
    Array,
)
from tradegen.core.text_columns import strings
from tradegen.engine.run import Run
from tradegen.formats import run_values as printed
from tradegen.mechanisms.catalogue import CATALOGUE

__all__ = ["trade_ids", "trades_frame", "truth_frame"]

_PER_UNIT = {"price": TICKS_PER_DOLLAR, "trade_timestamp": MICROSECONDS}


def trade_ids(run: Run) -> ExtensionArray:
    """The id of each pair as text, in order; frames share them row by row."""
    return _strings(text.trade_ids(run.first_id + np.arange(run.scenario.pairs)))


def trades_frame(run: Run, ids: ExtensionArray, trades: Trades) -> pd.DataFrame:
    """Records, in row order.

    Parameters
    ----------
    run : Run
    ids : ExtensionArray
        What `trade_ids` gave.
    trades : Trades

    Returns
    -------
    DataFrame
        A row per record. ``trade_id`` str; ``ticker``, ``broker_id``, ``contra_broker_id``, ``order_type``
        categorical; ``quantity`` int64, shares; ``price`` float64, dollars, the double nearest to the tick
        price; ``date`` and ``trade_timestamp`` datetime64, naive local time; ``record_id`` str, where
        records have one.
    """
    brokers = text.broker_names(run.scenario.brokers)
    columns = {
        "trade_id": _ids(run, ids, trades.trade_id),
        "ticker": _categorical(trades.ticker, run.tickers),
        "broker_id": _categorical(trades.broker_id, brokers),
        "contra_broker_id": _categorical(trades.contra_broker_id, brokers),
        "quantity": trades.quantity,
        "price": trades.price / TICKS_PER_DOLLAR,
        "order_type": _categorical(trades.order_type, ORDER_TYPES),
        "date": (trades.date.astype(np.int64) * MICROSECONDS_A_DAY).view("datetime64[us]"),
        "trade_timestamp": trades.trade_timestamp.view("datetime64[us]"),
    }
    if run.scenario.record_ids:
        columns[RECORD_ID] = _strings(printed.record_ids(run, trades.record))
    return pd.DataFrame(columns, copy=False)


def truth_frame(run: Run, ids: ExtensionArray, truth: Truth) -> pd.DataFrame:
    """The answer key, by trade_id and then by field.

    Returns
    -------
    DataFrame
        A row per altered field or record. ``trade_id`` str; ``leg``, ``field``, ``mechanism``, ``cause``
        categorical; ``original``, ``altered`` str, as the files print them; ``delta`` float64, in shares,
        dollars, days, seconds or records, NaN for names; ``benign`` bool; ``notional`` float64, dollars of
        the clean pair; ``record_id`` str, where records have one.
    """
    per_unit = np.array([_PER_UNIT.get(field, 1) for field in FIELDS])[truth.field]
    measured = np.array([field in MEASURED for field in FIELDS])[truth.field]
    original, altered = printed.altered_values(run, truth)
    active = run.mechanisms
    columns = {
        "trade_id": _ids(run, ids, truth.trade_id),
        "leg": _categorical(truth.leg, printed.leg_names(run)),
        "field": _of_those_on(truth.field, FIELDS, {name for on in active for name in CATALOGUE[on].fields}),
        "mechanism": _categorical(truth.mechanism, active),
        "original": _strings(original),
        "altered": _strings(altered),
        "delta": np.where(measured, (truth.altered - truth.original) / per_unit, np.nan),
        "benign": truth.benign,
        "notional": truth.notional / TICKS_PER_DOLLAR,
        "cause": _categorical(truth.cause, run.scenario.causes),
    }
    if run.scenario.record_ids:
        columns[RECORD_ID] = _strings(printed.record_ids(run, truth.record))
    return pd.DataFrame(columns, copy=False)


def _ids(run: Run, ids: ExtensionArray, numbers: Array) -> ExtensionArray:
    """Trade ids by number: the run's own, which all columns share, and mistyped ones."""
    if not run.scenario.record_ids:
        return ids.take(numbers - run.first_id)
    inside = (numbers >= run.first_id) & (numbers <= run.last_id)
    texts = ids.take(np.where(inside, numbers - run.first_id, 0))
    if not inside.all():
        texts[~inside] = [text.trade_id(number) for number in numbers[~inside].tolist()]
    return texts


def _of_those_on(codes: Array, names: Sequence[str], on: set[str]) -> pd.Categorical[Any]:
    """Names as categories without those that the scenario has off, which counts would only list as 0."""
    kept = [code for code, name in enumerate(names) if name in on]
    place = np.zeros(len(names), np.int16)
    place[kept] = np.arange(len(kept))
    return _categorical(place[codes], [names[code] for code in kept])


def _strings(texts: Array) -> ExtensionArray:
    kind = _string_type()
    if getattr(kind, "storage", None) == "pyarrow":
        from tradegen.formats.arrow import (
            text_array,  # where pandas holds strings in Arrow's arrays, it is there
        )

        # Without a Python string each, which would take a hundred times as long.
        column: ExtensionArray = kind.__from_arrow__(text_array(texts))
    else:
        column = pd.Series(strings(texts), dtype="str").array
    return column


@functools.cache
def _string_type() -> Any:
    """What pandas' dtype str is here: strings of Python's, or Arrow's."""
    return pd.Series([], dtype="str").dtype


def _categorical(codes: Array, names: Sequence[str]) -> pd.Categorical[Any]:
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(names)))
