"""Tables as pandas frames, for people."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from tradegen.core import formatting
from tradegen.core.blocks import Block, Trades, Truth
from tradegen.core.columns import MICROSECONDS_A_DAY, Array, blank, is_blank
from tradegen.core.text_columns import strings
from tradegen.engine.run import Run
from tradegen.formats.kinds import (
    Code,
    Date,
    Decimal,
    Difference,
    FieldValues,
    Flag,
    Integer,
    Kind,
    Timestamp,
)
from tradegen.formats.tables import Rows, Table, links_table, trades_table, truth_table

_CODES = 128  # of fields: they are int8


def trade_ids(run: Run) -> ExtensionArray:
    """The id of each pair as text, in order; frames share them row by row."""
    return _strings(formatting.trade_ids(run.first_id + np.arange(run.scenario.pairs)))


def trades_frame(run: Run, ids: ExtensionArray, trades: Trades) -> pd.DataFrame:
    """Records under their plain names, in row order.

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
        categorical; ``quantity`` int64, shares, or float64 where its step has decimals; ``price`` float64,
        dollars, the double nearest to the tick price; ``date`` and ``trade_timestamp`` datetime64, naive
        local time; ``record_id`` str, where records have one. Where a ``blank`` is on, values may be missing
        (NaN, NaT, NA), and ``quantity`` is Int64.
    """
    return _frame(run, ids, trades_table(run), trades)


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
    return _frame(run, ids, truth_table(run), truth)


def links_frame(run: Run, ids: ExtensionArray, blocks: Sequence[Block]) -> pd.DataFrame:
    """Which trade each record is of, by trade_id, leg and record.

    Returns
    -------
    DataFrame
        A row per record. ``trade_id`` str, ``leg`` categorical, ``record_id`` str.
    """
    table = links_table(run)
    return pd.concat([_frame(run, ids, table, table.rows(block)) for block in blocks], ignore_index=True)


def _frame(run: Run, ids: ExtensionArray, table: Table, rows: Rows) -> pd.DataFrame:
    columns = {
        column.name: _ids(run, ids, rows.trade_id)
        if column.field == "trade_id"
        else _column(column.kind, column.values(rows))
        for column in table.columns
    }
    return pd.DataFrame(columns, copy=False)


def _column(kind: Kind, values: Any) -> Any:
    missing = is_blank(values) if kind.nullable and not isinstance(kind, Difference) else None
    match kind:
        case Code(names):
            codes = values if missing is None else np.where(missing, -1, values)
            return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(names)))
        case Flag():
            return values
        case Integer():
            return (
                values if missing is None else pd.arrays.IntegerArray(np.where(missing, 1, values), missing)
            )
        case Decimal():
            numbers = values / 10**kind.places
            return numbers if missing is None else np.where(missing, np.nan, numbers)
        case Date():
            return _moments(values.astype(np.int64) * MICROSECONDS_A_DAY, missing)
        case Timestamp():
            return _moments(values, missing)
        case Difference():
            return _differences(kind, values)
    texts = _strings(kind.texts(values))
    return texts if missing is None else pd.Series(texts).mask(missing).array


def _moments(microseconds: Array, missing: Array | None) -> Array:
    if missing is not None:
        # The smallest number is NumPy's own mark of a moment that is missing.
        microseconds = np.where(missing, blank(np.int64), microseconds)
    return microseconds.view("datetime64[us]")


def _ids(run: Run, ids: ExtensionArray, numbers: Array) -> ExtensionArray:
    """Trade ids by number: the run's own, which all columns share, and mistyped ones."""
    if not run.scenario.record_ids:
        return ids.take(numbers - run.first_id)
    inside = (numbers >= run.first_id) & (numbers <= run.last_id)
    texts = ids.take(np.where(inside, numbers - run.first_id, 0))
    if not inside.all():
        texts[~inside] = [formatting.trade_id(number) for number in numbers[~inside].tolist()]
    return texts


def _differences(kind: Difference, found: FieldValues) -> Array:
    units = np.array([kind.units.get(code, 0) for code in range(_CODES)])[found.fields]
    return np.where((units > 0) & ~found.missing, found.numbers / np.maximum(units, 1), np.nan)


def _strings(texts: Array) -> ExtensionArray:
    kind = _string_type()
    if getattr(kind, "storage", None) == "pyarrow":
        # Where pandas holds strings in Arrow's arrays, pyarrow is there.
        from tradegen.formats.arrow import text_array

        # Without a Python string each, which would take a hundred times as long.
        column: ExtensionArray = kind.__from_arrow__(text_array(texts))
    else:
        column = pd.Series(strings(texts), dtype="str").array
    return column


@functools.cache
def _string_type() -> Any:
    """What pandas' dtype str is here: strings of Python's, or Arrow's."""
    return pd.Series([], dtype="str").dtype
