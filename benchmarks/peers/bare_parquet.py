"""The floor under any writer of Parquet: plain pyarrow, on tables that are ready."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["write"]


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
