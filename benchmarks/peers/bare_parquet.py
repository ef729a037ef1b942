"""What plain pyarrow takes to write the same Parquet files, from tables that are ready in memory.

Encodings, compression, statistics and page index are those of tradegen's files: names, quantities and dates
as dictionaries, ids and other text plain with Snappy, prices (decimals of 64 bits) and times plain.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def narrowed(table: pa.Table) -> pa.Table:
    """The table with decimals of 64 bits where they fit, which are the fastest to write."""
    fields = [
        field.with_type(pa.decimal64(field.type.precision, field.type.scale))
        if pa.types.is_decimal(field.type) and field.type.precision <= 18
        else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def write(tables: list[tuple[pa.Table, Path]], threads: int) -> None:
    """Encode each table to its file, a row group a chunk, and nothing else.

    Parameters
    ----------
    tables : list of (Table, Path)
        A file each, taken in this order; its folder exists, a file of that name is overwritten. Where they
        are few, as many as threads or a multiple of it keeps every thread busy.
    threads : int
        How many files are written at the same time. pyarrow encodes a file on one thread.
    """

    def encode(table: pa.Table, path: Path) -> None:
        few = [
            field.name
            for field in table.schema
            if pa.types.is_dictionary(field.type) or field.type in (pa.int64(), pa.date32())
        ]
        texts = {field.name: "snappy" if pa.types.is_string(field.type) else "none" for field in table.schema}
        with pq.ParquetWriter(
            path,
            table.schema,
            use_dictionary=few,
            compression=texts,
            store_decimal_as_integer=True,
            write_batch_size=16_384,
            write_page_index=True,
        ) as writer:
            for batch in table.to_batches():
                writer.write_batch(batch, batch.num_rows)

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(encode, table, path) for table, path in tables]:
            done.result()
