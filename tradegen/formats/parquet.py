"""Parquet, written by pyarrow from codes that are ready.

Every column has the encoding that was found the fastest of those that all readers read rightly: names,
quantities and dates are dictionaries; ids and other text are plain and compressed; prices, as whole numbers,
and times are plain. Differences (DELTA_BINARY_PACKED) would take fewer bytes, and fastparquet misreads them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tradegen.core.sinks import Sink
from tradegen.formats import arrow
from tradegen.formats.kinds import Decimal, Kind
from tradegen.formats.parquet_options import DEFAULTS, ParquetOptions
from tradegen.formats.tables import Rows, Table

_MOST_IN_INT64 = 18  # digits of a decimal
_VALUES_AT_ONCE = 16_384  # of one column; pyarrow's own 1,024 take a fifth longer


class Parquet:
    """Writes row groups, and the footer at the end.

    Parameters
    ----------
    table : Table
    write : callable
        Takes the bytes of the file, piece by piece.
    options : ParquetOptions, optional
    """

    def __init__(
        self,
        table: Table,
        write: Callable[[bytes], object],
        options: ParquetOptions = DEFAULTS,
    ) -> None:
        self._table = table
        self._size = options.row_group_rows
        plain = arrow.schema_of(table)
        self._schema = pa.schema(
            [
                field.with_type(_written_type(column.kind, field.type))
                for field, column in zip(plain, table.columns, strict=True)
            ]
        )
        self._waiting: list[pa.RecordBatch] = []
        self._writer = pq.ParquetWriter(
            Sink(write),
            self._schema,
            compression={field.name: _codec(field.type, options.codec) for field in self._schema},
            use_dictionary=[field.name for field in self._schema if _has_few_values(field.type)],
            store_decimal_as_integer=True,
            store_schema=False,
            write_batch_size=_VALUES_AT_ONCE,
            write_page_index=True,
        )
        # By it, Arrow reads names as dictionaries again, and prices as it holds them in memory.
        self._writer.add_key_value_metadata({"ARROW:schema": base64.b64encode(plain.serialize())})

    def add(self, rows: Rows) -> None:
        """Write rows of the table: as a row group, or as many as fill row groups, and keep the rest."""
        arrays = [
            _array(column.kind, column.values(rows), field.type)
            for column, field in zip(self._table.columns, self._schema, strict=True)
        ]
        self._waiting.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        count = sum(map(len, self._waiting))
        self._write(count if self._size is None else count - count % self._size)

    def end(self) -> None:
        """Write what is left, and the footer."""
        self._write(sum(map(len, self._waiting)))
        self._writer.close()

    def _write(self, count: int) -> None:
        """Write the first of the rows that wait."""
        if count:
            waiting = pa.Table.from_batches(self._waiting, self._schema)
            self._writer.write_table(waiting.slice(0, count), self._size or count)
            self._waiting = waiting.slice(count).to_batches()


def _written_type(kind: Kind, plain: pa.DataType) -> pa.DataType:
    """The type that is written: decimals of 64 bits as such, which are held so already."""
    if isinstance(kind, Decimal) and kind.precision <= _MOST_IN_INT64:
        return pa.decimal64(kind.precision, kind.places)
    return plain


def _array(kind: Kind, values: Any, written: pa.DataType) -> pa.Array:
    if pa.types.is_decimal64(written):
        return arrow.of_buffers(written, values, arrow.valid_of(kind, values))
    return arrow.array(kind, values)


def _has_few_values(of: pa.DataType) -> bool:
    """Whether a column's values are a dictionary: names, quantities, dates."""
    return pa.types.is_dictionary(of) or of in (pa.int64(), pa.date32())


def _codec(of: pa.DataType, compression: str) -> str:
    """The codec of a column: see `COMPRESSIONS`."""
    worth_it = pa.types.is_string(of) or compression == "zstd"
    return compression if worth_it else "none"
