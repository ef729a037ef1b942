"""Typed columns as Arrow's: what a batch in memory is, and what the description of a Parquet file's types is.

Names are dictionaries, prices exact decimals, times microseconds. Columns that hold numbers are handed over
as they are, without a copy.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tradegen.core import formatting as text
from tradegen.core.blocks import Block
from tradegen.core.columns import Array
from tradegen.core.text_columns import lengths
from tradegen.engine.run import Run
from tradegen.errors import OutputError
from tradegen.formats.records import records_of
from tradegen.formats.typed_columns import (
    Column,
    Decimals,
    Flags,
    Ids,
    Names,
    Numbers,
    Printed,
    TypedColumns,
    is_nullable,
)

try:
    import pyarrow as pa
except ModuleNotFoundError:
    raise OutputError("pyarrow is not installed; pip install 'tradegen[datasets]' brings it") from None

__all__ = ["record_batch", "schema_of", "tables", "text_array"]

_NUMBERS = {"whole": pa.int64(), "days": pa.date32(), "moments": pa.timestamp("us")}


def tables(run: Run, made: Iterable[Block]) -> dict[str, pa.Table]:
    """The lists of a run and its truth, whole."""
    batches = [
        {name: record_batch(records.typed()) for name, records in records_of(run, block).items()}
        for block in made
    ]
    return {name: pa.Table.from_batches([of[name] for of in batches]) for name in batches[0]}


def record_batch(columns: TypedColumns) -> pa.RecordBatch:
    """Columns as a record batch of the types that `schema_of` says."""
    return pa.RecordBatch.from_arrays(list(map(_array, columns.values())), schema=schema_of(columns))


def schema_of(columns: TypedColumns) -> pa.Schema:
    """What columns are called, and of which types they are.

    Returns
    -------
    pyarrow.Schema
        Of trades: ``trade_id`` string; ``ticker``, ``broker_id``, ``contra_broker_id``, ``order_type``
        dictionary of strings; ``quantity`` int64, shares; ``price`` decimal128(18, 2), dollars; ``date``
        date32; ``trade_timestamp`` timestamp[us], naive local time; ``record_id`` string, where records have
        one. A date or time in a form of its own is string.

        Of the truth: ``trade_id`` string; ``leg``, ``field``, ``mechanism``, ``cause`` dictionary of strings;
        ``original``, ``altered`` string, as text files print them; ``delta`` decimal128(24, 6) in shares,
        dollars, days, seconds or records, null for names; ``benign`` bool; ``notional`` decimal128(19, 2),
        dollars of the clean pair; ``record_id`` string, "" for none, where records have one.

        Only what holds nulls may hold them.
    """
    return pa.schema([pa.field(name, _type(column), is_nullable(column)) for name, column in columns.items()])


def _type(column: Column) -> pa.DataType:
    match column:
        case Names(codes):
            return pa.dictionary(pa.from_numpy_dtype(codes.dtype), pa.string())
        case Numbers(_, kind):
            return _NUMBERS[kind]
        case Decimals(_, precision, scale):
            return pa.decimal128(precision, scale)
        case Flags():
            return pa.bool_()
    return pa.string()


def _array(column: Column) -> pa.Array:
    match column:
        case Ids(numbers):
            return text_array(text.trade_ids(numbers))
        case Names(codes, names):
            return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string()))
        case Numbers(values):
            return _of_buffers(_type(column), len(values), np.ascontiguousarray(values))
        case Decimals():
            return _decimals(column)
        case Flags(values):
            return pa.array(values)
        case Printed(values, rows, forms):
            return text_array(text.by_field(values, rows, forms))
    return text_array(column.texts)


def _of_buffers(kind: pa.DataType, count: int, values: Array, valid: Array | None = None) -> pa.Array:
    there = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(kind, count, [there, pa.py_buffer(values)])


def _decimals(column: Decimals) -> pa.Array:
    wide = np.empty((len(column.values), 2), np.int64)
    wide[:, 0] = column.values
    wide[:, 1] = column.upper_half
    return _of_buffers(_type(column), len(wide), wide, column.valid)


def text_array(texts: Array) -> pa.StringArray:
    """A column of text, as `text` makes them, without its padding."""
    count = len(texts)
    data = np.ascontiguousarray(texts).view(np.uint8)
    ends = np.arange(count + 1, dtype=np.int32)
    if data.all():
        ends *= texts.dtype.itemsize
    else:
        there = data != 0
        np.cumsum(lengths(there.reshape(count, -1)), out=ends[1:])
        data = data[there]
    return pa.StringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(data))
