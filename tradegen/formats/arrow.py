"""Tables as Arrow has them, for a batch in memory and for Parquet.

Names are dictionaries, prices exact decimals, times microseconds. Columns that hold numbers are handed over
as they are, without a copy.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from tradegen.core import formatting
from tradegen.core.blocks import Block
from tradegen.core.columns import MICROSECONDS, Array, is_blank
from tradegen.core.text_columns import lengths
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
from tradegen.formats.sorting import in_order
from tradegen.formats.tables import Rows, Table, tables

_DIFFERENCE = pa.decimal128(24, 6)
_CODES = 128  # of fields: they are int8
_DIFFERENCE_PARTS = MICROSECONDS  # exact to a millionth of a unit: time, the finest, is in these


def arrow_tables(run: Run, blocks: Iterable[Block]) -> dict[str, pa.Table]:
    """The lists of a run and its truth, whole, from its blocks in order."""
    of_run, made_of = tables(run), tuple(blocks)
    return {
        name: pa.Table.from_batches(
            [record_batch(table, rows) for rows in in_order(table, map(table.rows, made_of))],
            schema_of(table),
        )
        for name, table in of_run.items()
    }


def record_batch(table: Table, rows: Rows) -> pa.RecordBatch:
    """Rows of a table as a record batch of the types that `schema_of` says."""
    arrays = [array(column.kind, column.values(rows)) for column in table.columns]
    return pa.RecordBatch.from_arrays(arrays, schema=schema_of(table))


def schema_of(table: Table) -> pa.Schema:
    """What the columns of a table are called, and of which types they are.

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

        A price has the places of the scenario's tick. A quantity is decimal128(18, places) where its step has
        places, and a notional has the places of both.

        Only what holds nulls may hold them.
    """
    return pa.schema(
        [pa.field(column.name, _type(column.kind), column.kind.nullable) for column in table.columns]
    )


def _type(kind: Kind) -> pa.DataType:
    match kind:
        case Code():
            return pa.dictionary(pa.int32(), pa.string())
        case Integer():
            return pa.int64()
        case Decimal(precision):
            return pa.decimal128(precision, kind.places)
        case Date(None):
            return pa.date32()
        case Timestamp(_, None):
            return pa.timestamp("us")
        case Flag():
            return pa.bool_()
        case Difference():
            return _DIFFERENCE
    return pa.string()


def array(kind: Kind, values: Any) -> pa.Array:
    """Values as a kind of column holds them, as an array of the type that `schema_of` says."""
    valid = valid_of(kind, values)
    match kind:
        case Code(names):
            codes = of_buffers(pa.int32(), values.astype(np.int32, copy=False), valid)
            return pa.DictionaryArray.from_arrays(codes, _dictionary(names))
        case Integer() | Date(None) | Timestamp(_, None):
            return of_buffers(_type(kind), values, valid)
        case Decimal():
            return of_buffers(_type(kind), _wide(values, values >> 63), valid)
        case Flag():
            return of_buffers(_type(kind), values)
        case Difference():
            return _differences(kind, values)
    return text_array(kind.texts(values), valid)


def valid_of(kind: Kind, values: Any) -> Array | None:
    """Which values of a column are there (bool); None where none can be missing."""
    return ~is_blank(values) if kind.nullable and not isinstance(kind, Difference) else None


@functools.lru_cache(maxsize=64)
def _dictionary(names: tuple[str, ...]) -> pa.Array:
    return text_array(formatting.named(names)(np.arange(len(names))))


def of_buffers(kind: pa.DataType, values: Array, valid: Array | None = None) -> pa.Array:
    """Numbers or flags as an array of a type of their width; `valid` (bool) is false for null.

    Numbers are not copied. ``pyarrow.array`` would do as well, but its first call imports pandas.
    """
    validity = None if valid is None else _bits(valid)
    held = _bits(values) if values.dtype == bool else pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [validity, held])


def _bits(flags: Array) -> pa.Buffer:
    """A bit for each flag, as Arrow has them."""
    return pa.py_buffer(np.packbits(flags, bitorder="little"))


def _wide(low: Array, high: Array) -> Array:
    """Numbers of 128 bits in two's complement, from their lower and their upper half."""
    wide = np.empty((len(low), 2), np.int64)
    wide[:, 0] = low
    wide[:, 1] = high
    return wide


def _differences(kind: Difference, found: FieldValues) -> pa.Array:
    """Differences in millionths of their unit; null for names, and where a value is missing."""
    # Each field's integers in a millionth of the unit; 0 for a name.
    parts = np.zeros(_CODES, np.int64)
    for code, unit in kind.units.items():
        parts[code] = _DIFFERENCE_PARTS // unit
    units = parts[found.fields]
    valid = (units > 0) & ~found.missing
    values = np.where(valid, found.numbers, 0)
    # Millionths may take more than 64 bits: halves of the difference are multiplied apart, and put together.
    low = (values & 0xFFFFFFFF) * units
    high = (values >> 32) * units + (low >> 32)
    return of_buffers(_DIFFERENCE, _wide(values * units, high >> 32), valid)


def text_array(texts: Array, valid: Array | None = None) -> pa.StringArray:
    """A column of text, as `formatting` prints it, without its padding; `valid` (bool) is false for null."""
    count = len(texts)
    data = np.ascontiguousarray(texts).view(np.uint8)
    ends = np.arange(count + 1, dtype=np.int32)
    if data.all():
        ends *= texts.dtype.itemsize
    else:
        kept = data != 0
        np.cumsum(lengths(kept.reshape(count, -1)), out=ends[1:])
        data = data[kept]
    validity = None if valid is None else _bits(valid)
    return pa.StringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(data), validity)
