"""Parquet: a row group a block, encoded by what is in each column.

Nanoseconds a pair on one thread and bytes a pair, both legs, measured with pyarrow 26 on blocks of the
default scenario; what each choice below is about:

- trade_id: plain and snappy 52 ns, 11.5 bytes. Each value stands twice in a block, so that a dictionary
  saves next to nothing: 29 ns, 28.6 bytes; delta 71 ns, 11.6.
- quantity: delta 12 ns, 2.6 bytes; plain 7 ns, 16.
- price, a decimal held as a whole number: delta 26 ns, 6.6 bytes; dictionary 81 ns, 4.8.
- trade_timestamp: dictionary 15 ns, 4.1 bytes, where there are many trades to a second; else delta, 18 ns,
  9.1 bytes.
- names: dictionaries.

Statistics are kept where they tell one block from another, of ids and times. Those of the other columns would
be the same in every block, and cost up to half of a column's time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tradegen.sinks.records import Kind, Records

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Parquet", "encodings"]

_FEW = 4  # a dictionary pays where each value stands so often


class Parquet:
    """Writes a row group a block, and the footer at the end."""

    def __init__(self, _kind: Kind, write: Callable[[bytes], object]) -> None:
        import tradegen.arrow  # noqa: F401 - says how to install pyarrow, where it is missing

        self._stream = _Stream(write)
        self._writer: Any = None

    def add(self, records: Records) -> None:
        """Write the records of one block."""
        batch = records.batch()
        if self._writer is None:
            from pyarrow.parquet import ParquetWriter  # loaded where it is used

            self._writer = ParquetWriter(self._stream, batch.schema, **encodings(batch))
        if batch.num_rows:
            self._writer.write_batch(batch, row_group_size=batch.num_rows)

    def end(self) -> None:
        """Write the footer."""
        self._writer.close()


def encodings(batch: pa.RecordBatch) -> dict[str, Any]:
    """How `ParquetWriter` is to write batches such as this one: its keyword arguments."""
    import pyarrow as pa
    import pyarrow.compute as pc

    dictionaries: list[str] = []
    measured: list[str] = []
    deltas: dict[str, str] = {}
    compressed: dict[str, str] = {}
    for field in batch.schema:
        if pa.types.is_dictionary(field.type) or pa.types.is_date(field.type):
            dictionaries.append(field.name)
            continue
        if pa.types.is_string(field.type):
            compressed[field.name] = "snappy"
            measured += [field.name] if not measured else []  # the first one: the id
        elif pa.types.is_timestamp(field.type):
            measured.append(field.name)
            few = pc.count_distinct(batch[field.name]).as_py() * _FEW < batch.num_rows
            if few:
                dictionaries.append(field.name)
            else:
                deltas[field.name] = "DELTA_BINARY_PACKED"
        elif pa.types.is_integer(field.type) or (
            pa.types.is_decimal(field.type) and field.type.precision <= 18  # an INT64; wider ones are bytes
        ):
            deltas[field.name] = "DELTA_BINARY_PACKED"
    return {
        "use_dictionary": dictionaries or False,
        "column_encoding": deltas,
        "compression": {name: compressed.get(name, "none") for name in batch.schema.names},
        "write_statistics": measured,
        "store_decimal_as_integer": True,
    }


class _Stream:
    """What pyarrow takes for a file to write to."""

    closed = False

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self.write = write

    def flush(self) -> None:
        """There is nothing to flush."""
