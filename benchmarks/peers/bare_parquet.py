"""What plain pyarrow takes to write Parquet, from tables that are ready.

Encoded by what is in each column, the fastest that was found. Nanoseconds a pair on one thread and bytes a
pair, both legs, of blocks of the default scenario with pyarrow 26:

- trade_id: plain and snappy 52 ns, 11.5 bytes; dictionary 29 ns, 28.6 bytes, which take longer to write;
  delta 71 ns, 11.6.
- quantity: delta 12 ns, 2.6 bytes; plain 7 ns, 16.
- price, a decimal held as a whole number: delta 26 ns, 6.6 bytes; dictionary 81 ns, 4.8.
- trade_timestamp: dictionary 15 ns, 4.1 bytes, where there are many trades to a second; else delta, 18 ns,
  9.1 bytes.
- names: dictionaries.

Statistics are kept of ids and times alone, as tradegen keeps them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

__all__ = ["encodings", "write"]

_FEW = 4  # a dictionary pays where each value stands so often


def encodings(batch: pa.RecordBatch) -> dict[str, Any]:
    """How `write` is to write batches such as this one: its options."""
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


def write(tables: list[tuple[pa.Table, Path]], threads: int, options: dict[str, Any]) -> None:
    """Encode each table to its file, and nothing else.

    Parameters
    ----------
    tables : list of (Table, Path)
        A file each, taken in this order; its folder exists, a file of that name is overwritten. Where they
        are few, as many as threads or a multiple of it keeps every thread busy.
    threads : int
        How many files are written at the same time. pyarrow encodes a file on one thread.
    options : dict
        What `pyarrow.parquet.write_table` takes, the same for every file.
    """

    def encode(table: pa.Table, path: Path) -> None:
        pq.write_table(table, path, **options)

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(encode, table, path) for table, path in tables]:
            done.result()
