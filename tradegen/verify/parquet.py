"""Parquet as columns of cells and numbers, a few rows at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tradegen.verify.cells import Cells, Chosen, buffer
from tradegen.verify.columns import Numbers, Rows
from tradegen.verify.sources import Source
from tradegen.verify.vocabulary import ABSENT, UNREADABLE, Array, VerifyError

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ModuleNotFoundError:
    raise VerifyError(
        "pyarrow, which reads Parquet, is not installed; pip install 'tradegen[datasets]' brings it"
    ) from None

__all__ = ["decimals_in", "kinds_of", "read_parquet"]


def kinds_of(path: Path, name: str) -> dict[str, str]:
    """By column, in the file's order, its kind: ``text``, a kind of numbers, or the type that has no kind.

    Raises
    ------
    VerifyError
        Where the file is not Parquet, or a damaged one.
    """
    with _explained(name), _opened(path) as file:
        return {column.name: _kind(column.type) for column in file.schema_arrow}


def read_parquet(source: Source, chunk_rows: int, names: Collection[str] | None = None) -> Iterator[Rows]:
    """Read a file in chunks of `chunk_rows` records at most.

    Parameters
    ----------
    source : Source
    chunk_rows : int
    names : collection of str, optional
        The columns to read; all, if not given.

    Raises
    ------
    VerifyError
        Where the file cannot be read, or is damaged.
    """
    wanted = [name for name in source.names if names is None or name in names]
    with contextlib.ExitStack() as stack:
        with _explained(source.name):
            file = stack.enter_context(_opened(source.path))
            batches = file.iter_batches(chunk_rows, columns=wanted, use_threads=False)
        row = 1
        while True:
            with _explained(source.name):
                batch = next(batches, None)
                if batch is None:
                    return
                rows = _rows(batch, row)
            row += len(rows)
            if len(rows):
                yield rows


def decimals_in(source: Source) -> int:
    """The decimals of seconds that the first timestamps need: 0, 3 or 6."""
    for rows in read_parquet(source, 1000, ["trade_timestamp"]):
        found = rows.numbers.get("trade_timestamp")
        if found is None:
            break
        return next((count for count, unit in ((0, 10**6), (3, 10**3)) if not (found.values % unit).any()), 6)
    return 0


def _opened(path: Path) -> Any:
    return pq.ParquetFile(path, pre_buffer=False)


@contextlib.contextmanager
def _explained(name: str) -> Iterator[None]:
    """Whatever Arrow says of a file that is damaged, as one sentence."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
        if isinstance(error, VerifyError):
            raise
        # Arrow's messages may be long, and may quote what is in the file.
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        reason = "".join(letter if letter.isprintable() else "?" for letter in reason[:150])
        raise VerifyError(f"{name} cannot be read as Parquet: {reason.rstrip('. ')}") from None


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "text"
    if pa.types.is_integer(kind):
        return "whole"
    if pa.types.is_decimal(kind) and kind.scale in (2, 6):
        return "ticks" if kind.scale == 2 else "millionths"
    if pa.types.is_date32(kind):
        return "days"
    if pa.types.is_timestamp(kind) and kind.tz is None:
        return "micros"
    return "flag" if pa.types.is_boolean(kind) else str(kind)


def _rows(batch: pa.RecordBatch, first: int) -> Rows:
    # What a damaged file makes Arrow believe may point anywhere.
    batch.validate(full=True)
    columns: dict[str, Cells] = {}
    numbers: dict[str, Numbers] = {}
    for name, array in zip(batch.schema.names, batch.columns, strict=True):
        kind = _kind(array.type)
        if pa.types.is_dictionary(array.type) and kind == "text":
            columns[name] = _chosen(array)
        elif kind == "text":
            columns[name] = _cells(array)
        else:
            numbers[name] = Numbers(_numbers(array, kind), kind)
    return Rows(columns, np.arange(first, first + batch.num_rows), numbers)


def _cells(array: pa.Array) -> Cells:
    """A column of strings; null is nothing."""
    array = array.cast(pa.large_string())
    if array.null_count:
        array = array.fill_null("")
    _, places, data = array.buffers()
    if not len(array):
        return Cells.of([])
    ends = np.frombuffer(places, np.int64)[array.offset : array.offset + len(array) + 1]
    text = buffer(memoryview(data)[ends[0] : ends[-1]] if data is not None else b"")
    # The buffer begins with its margin.
    starts = ends[:-1] - ends[0] + (len(text) - int(ends[-1] - ends[0])) // 2
    return Cells(text, starts, np.diff(ends))


def _chosen(array: pa.DictionaryArray) -> Cells:
    """A column of strings out of a dictionary; null is nothing."""
    indices, few = array.indices, array.dictionary
    if indices.null_count:
        indices, few = indices.fill_null(len(few)), pa.concat_arrays([few, pa.array([""], few.type)])
    return Chosen.among(_cells(few), indices.to_numpy(zero_copy_only=False).astype(np.int64))


def _numbers(array: pa.Array, kind: str) -> Array:
    missing = ABSENT if kind == "millionths" else UNREADABLE
    if kind in ("ticks", "millionths"):
        values = _unscaled(array.cast(pa.decimal128(38, array.type.scale)))
    elif kind == "flag":
        values = array.cast(pa.int8()).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    else:
        plain = {"days": pa.int32(), "micros": pa.timestamp("us")}.get(kind, array.type)
        whole = array.cast(plain).cast(pa.int64())
        values = whole.fill_null(0).to_numpy(zero_copy_only=False)
    if array.null_count:
        values = np.where(array.is_null().to_numpy(zero_copy_only=False), missing, values)
    return values


def _unscaled(array: pa.Decimal128Array) -> Array:
    """The whole numbers behind decimals; `UNREADABLE` where they need more than 64 bits."""
    if not len(array):
        return np.zeros(0, np.int64)
    halves = np.frombuffer(array.buffers()[1], np.int64).reshape(-1, 2)
    halves = halves[array.offset : array.offset + len(array)]
    low, high = halves[:, 0], halves[:, 1]
    return np.where(low >> 63 == high, low, UNREADABLE)
