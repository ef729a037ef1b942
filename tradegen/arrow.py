"""Blocks as Arrow record batches: for Parquet, and for DuckDB, Polars and others that read Arrow.

Names are dictionaries, prices exact decimals, times microseconds. Columns that hold numbers are handed over
as they are, without a copy.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen import printed, text
from tradegen.errors import OutputError, ScenarioError, nearest, shown
from tradegen.generate import generate_blocks
from tradegen.market import Tickers
from tradegen.mismatches.catalogue import NAMES
from tradegen.mismatches.strata import causes
from tradegen.run import Run, prepare
from tradegen.schema import (
    FIELDS,
    MEASURED,
    MICROSECONDS,
    ORDER_TYPES,
    RECORD_ID,
    TICKS_PER_DOLLAR,
    Array,
    Block,
    Trades,
    Truth,
)
from tradegen.sinks.records import trade_records, truth_records

try:
    import pyarrow as pa
    import pyarrow.compute
except ModuleNotFoundError:
    raise OutputError("pyarrow is not installed; pip install 'tradegen[datasets]' brings it") from None

if TYPE_CHECKING:
    from tradegen.layouts import Layout
    from tradegen.scenario import Scenario

__all__ = ["blocks", "tables", "text_array", "trades_batch", "truth_batch"]

_DELTA_PARTS = MICROSECONDS  # a difference is exact to a millionth of its unit: time, the finest, is in these
_INT64 = 2**63 - 1


def blocks(
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    *,
    table: str | None = None,
    seed: int | None = None,
    first_id: int = 1,
    tickers: Tickers = None,
    **overrides: Any,
) -> pa.RecordBatchReader:
    """Stream a run of any size as Arrow record batches, a block of 65,536 pairs each.

    DuckDB reads it by its name in SQL, Polars with ``from_arrow``, pandas by its ``read_pandas``; batches are
    made when they are asked for, and memory does not grow with the run.

    Parameters
    ----------
    scenario, seed, first_id, tickers, **overrides
        As `generate` takes them.
    table : str, optional
        One of the view's lists, or ``truth``; the first list if not given. For several tables of a run, give
        the same seed and date.

    Returns
    -------
    pyarrow.RecordBatchReader
        Columns and types as `trades_batch` and `truth_batch` say.

    Raises
    ------
    ScenarioError, MarketError
        As `generate` does; also on an unknown `table`.
    OutputError
        Where pyarrow is not installed.

    Examples
    --------
    >>> reader = blocks(pairs=100_000, seed=7, date="2025-07-21")
    >>> sum(len(batch) for batch in reader)
    200000
    """
    run = prepare(scenario, seed=seed, first_id=first_id, tickers=tickers, **overrides)
    known = (*run.scenario.lists, "truth")
    name = known[0] if table is None else table
    if name not in known:
        raise ScenarioError(f"table {shown(name)} is unknown; {nearest(name, known)}")
    batches = (_batches(run, block)[name]() for block in generate_blocks(run))
    first = next(batches)
    return pa.RecordBatchReader.from_batches(first.schema, itertools.chain([first], batches))


def tables(run: Run, made: Iterable[Block]) -> dict[str, pa.Table]:
    """The lists of a run and its truth, whole."""
    batches = [{name: batch() for name, batch in _batches(run, block).items()} for block in made]
    return {name: pa.Table.from_batches([of[name] for of in batches]) for name in batches[0]}


def _batches(run: Run, block: Block) -> dict[str, Callable[[], pa.RecordBatch]]:
    records = {**trade_records(run, block), "truth": truth_records(run, block)}
    return {name: those.batch for name, those in records.items()}


def trades_batch(run: Run, trades: Trades, layout: Layout) -> pa.RecordBatch:
    """Records of one list, in row order.

    Parameters
    ----------
    run : Run
    trades : Trades
        The list's own records, n of them.
    layout : Layout
        Names of columns; a date or time in a form of its own becomes text.

    Returns
    -------
    pyarrow.RecordBatch
        n rows. ``trade_id`` string; ``ticker``, ``broker_id``, ``contra_broker_id``, ``order_type``
        dictionary of strings; ``quantity`` int64, shares; ``price`` decimal128(18, 2), dollars; ``date``
        date32; ``trade_timestamp`` timestamp[us], naive local time; ``record_id`` string, where records have
        one.
    """
    brokers = text.broker_names(run.scenario.brokers)
    columns = {
        "trade_id": text_array(text.trade_ids(trades.trade_id)),
        "ticker": _names(trades.ticker, run.tickers),
        "broker_id": _names(trades.broker_id, brokers),
        "contra_broker_id": _names(trades.contra_broker_id, brokers),
        "quantity": pa.array(trades.quantity),
        "price": _decimals(trades.price, pa.decimal128(18, 2)),
        "order_type": _names(trades.order_type, ORDER_TYPES),
        "date": _numbers(trades.date, pa.date32()),
        "trade_timestamp": _numbers(trades.trade_timestamp, pa.timestamp("us")),
    }
    if layout.date_format:
        columns["date"] = text_array(text.days_as(layout.date_format)(trades.date))
    if layout.timestamp_format:
        columns["trade_timestamp"] = text_array(
            text.moments_as(layout.timestamp_format)(trades.trade_timestamp)
        )
    if run.scenario.record_ids:
        columns[RECORD_ID] = text_array(printed.record_ids(run, trades.record))
    names = [layout.columns.get(column, column) for column in columns]
    return pa.RecordBatch.from_arrays(list(columns.values()), names=names)


def truth_batch(run: Run, truth: Truth) -> pa.RecordBatch:
    """The answer key of one block, by trade_id and then by field.

    Returns
    -------
    pyarrow.RecordBatch
        ``trade_id`` string; ``leg``, ``field``, ``mechanism``, ``cause`` dictionary of strings; ``original``,
        ``altered`` string, as text files print them; ``delta`` decimal128(24, 6) in shares, dollars, days,
        seconds or records, null for names; ``benign`` bool; ``notional`` decimal128(19, 2), dollars of the
        clean pair; ``record_id`` string, "" for none, where records have one.
    """
    original, altered = printed.altered_values(run, truth)
    columns = {
        "trade_id": text_array(text.trade_ids(truth.trade_id)),
        "leg": _names(truth.leg, printed.leg_names(run)),
        "field": _names(truth.field, FIELDS),
        "mechanism": _names(truth.mechanism, NAMES),
        "original": text_array(original),
        "altered": text_array(altered),
        "delta": _deltas(truth),
        "benign": pa.array(truth.benign),
        "notional": _decimals(truth.notional, pa.decimal128(19, 2)),
        "cause": _names(truth.cause, causes(run.scenario)),
    }
    if run.scenario.record_ids:
        columns[RECORD_ID] = text_array(printed.record_ids(run, truth.record))
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def text_array(texts: Array) -> pa.StringArray:
    """A column of text, as `text` makes them, without its padding."""
    count = len(texts)
    data = np.ascontiguousarray(texts).view(np.uint8)
    ends = np.arange(count + 1, dtype=np.int32)
    if data.all():
        ends *= texts.dtype.itemsize
    else:
        there = data != 0
        np.cumsum(_lengths(there.reshape(count, -1)), out=ends[1:])
        data = data[there]
    return pa.StringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(data))


def _lengths(there: Array) -> Array:
    """How many of each row's booleans are true."""
    if there.shape[1] % 8:
        lengths: Array = np.count_nonzero(there, axis=1)
    else:
        # Eight at a time: the product's upper byte is the sum of all bytes.
        sums = (there.view(np.uint64) * np.uint64(0x0101010101010101)) >> np.uint64(56)
        lengths = sums.sum(axis=1)
    return lengths


def _names(codes: Array, names: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string()))


def _numbers(values: Array, kind: pa.DataType) -> pa.Array:
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def _decimals(values: Array, kind: pa.DataType) -> pa.Array:
    """Whole numbers of a decimal's last digit."""
    wide = np.empty((len(values), 2), np.int64)
    wide[:, 0] = values
    np.right_shift(values, 63, out=wide[:, 1])  # the sign, through all of the upper half
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(wide)])


def _deltas(truth: Truth) -> pa.Array:
    parts = {"price": _DELTA_PARTS // TICKS_PER_DOLLAR, "trade_timestamp": 1}
    units = np.array([parts.get(field, _DELTA_PARTS) for field in FIELDS])[truth.field]
    unnamed = ~np.array([field in MEASURED for field in FIELDS])[truth.field]
    delta = np.where(unnamed, 0, truth.altered - truth.original)
    kind = pa.decimal128(24, 6)
    if float(np.abs(delta * units.astype(float)).max(initial=0)) < _INT64 / 2:
        exact = _decimals(delta * units, kind)
    else:
        each = zip(delta.tolist(), units.tolist(), strict=True)
        exact = pa.array([Decimal(value * unit).scaleb(-kind.scale) for value, unit in each], kind)
    return pa.compute.if_else(pa.array(unnamed), pa.scalar(None, kind), exact)
