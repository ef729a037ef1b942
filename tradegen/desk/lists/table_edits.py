"""Altered cells in Arrow tables and data frames, whose types stay as they are; and in Parquet files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.sinks import Sink
from tradegen.desk.lists.edits import Edits, EditsByRow
from tradegen.desk.lists.plain_text import Writable
from tradegen.desk.lists.typed_cells import NOT_HELD, ArrowCells, PandasCells, TypedCells, arrow_table
from tradegen.errors import ListError, shown

if TYPE_CHECKING:
    import pyarrow as pa


def splice_parquet(path: Path, name: str, edits: Iterable[Edits], out: Writable) -> tuple[int, int]:
    """Write a Parquet file with some cells altered, and some rows left out or written several times.

    It has the row groups, the schema, the metadata and the codecs of the file that is read, of which one row
    group at a time is in memory.

    Parameters
    ----------
    path : Path
    name : str
        What messages call it.
    edits : iterable of Edits
    out : Writable

    Returns
    -------
    tuple of int
        How many rows were read, and how many were written.

    Raises
    ------
    ListError
        Where it cannot be read, or a column's type cannot hold a value.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    waiting, read, written = EditsByRow(edits), 0, 0
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            with pq.ParquetWriter(Sink(out.write), schema, **_options(file)) as writer:
                for number in range(file.num_row_groups):
                    group = file.read_row_group(number)
                    now = waiting.before(read + len(group))
                    edited = edited_table(group, now, read, name)
                    read, written = read + len(group), written + len(edited)
                    writer.write_table(edited, row_group_size=max(len(edited), 1))
    except pa.ArrowException as error:
        raise ListError(f"{name} cannot be read as Parquet: {error}") from None
    return read, written


def _options(file: Any) -> dict[str, Any]:
    """How a Parquet file was written, as far as it tells."""
    found: dict[str, Any] = {"store_schema": b"ARROW:schema" in (file.metadata.metadata or {})}
    leaves = [file.schema.column(number) for number in range(len(file.schema))]
    found["store_decimal_as_integer"] = any(
        leaf.logical_type.type == "DECIMAL" and leaf.physical_type.startswith("INT") for leaf in leaves
    )
    found["use_deprecated_int96_timestamps"] = any(leaf.physical_type == "INT96" for leaf in leaves)
    found["version"] = file.metadata.format_version
    if file.num_row_groups:
        group = file.metadata.row_group(0)
        chunks = [group.column(number) for number in range(group.num_columns)]
        found["compression"] = {
            chunk.path_in_schema: "none" if chunk.compression == "UNCOMPRESSED" else chunk.compression.lower()
            for chunk in chunks
        }
        found["use_dictionary"] = [chunk.path_in_schema for chunk in chunks if chunk.has_dictionary_page]
        found["write_statistics"] = [chunk.path_in_schema for chunk in chunks if chunk.is_stats_set]
    return found


def edited_table(table: pa.Table, edits: Edits, first: int, name: str) -> pa.Table:
    """An Arrow table with edits of its rows.

    Parameters
    ----------
    table : pyarrow.Table
    edits : Edits
        Of these rows alone, whose texts are as Arrow reads them: ISO 8601, plain numbers.
    first : int
        The number of the table's first row.
    name : str
        What messages call the list.

    Raises
    ------
    ListError
        Where a column's type cannot hold a value.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not edits:
        return table
    taken, places = _rows(edits, first, len(table))
    if len(edits.repeated):
        table = table.take(pa.array(taken))
    kept = places >= 0
    for column in np.unique(edits.columns[kept]).tolist():
        chosen = np.flatnonzero(kept & (edits.columns == column))
        cells = ArrowCells(table.schema.field(column))
        values, plain = table.column(column).combine_chunks(), cells.plain
        texts = [edits.texts[at] for at in chosen.tolist()]
        mask = np.zeros(len(table), bool)
        mask[places[chosen]] = True
        try:
            replaced = pc.replace_with_mask(values.cast(plain), pa.array(mask), cells.array(texts))
            if plain is not cells.field.type:
                replaced = replaced.dictionary_encode().cast(cells.field.type)
        except NOT_HELD as error:
            raise _cannot_hold(name, cells.field.name, cells, texts, error) from None
        table = table.set_column(column, cells.field, replaced)
    return table


def _rows(edits: Edits, first: int, count: int) -> tuple[Array, Array]:
    """The rows to take, in their order; and the row that each edit is in then, -1 where it is left out."""
    times = edits.written(first, count)
    begins = np.cumsum(times) - times
    rows = edits.rows - first
    places = np.where(edits.copies < times[rows], begins[rows] + edits.copies, -1)
    return np.repeat(np.arange(count), times), places


def _cannot_hold(
    name: str, column: str, cells: TypedCells, texts: Sequence[str | None], error: Exception
) -> ListError:
    """What to say of a column that cannot hold the first of some texts that it has no value for."""
    value = "some values"
    for text in dict.fromkeys(texts):
        try:
            cells.values([text])
        except NOT_HELD as wrong:
            value, error = "a blank" if text is None else shown(text), wrong
            break
    reason = str(error).partition("\n")[0]
    return ListError(f"column {shown(column)} of {name}, of type {cells.kind}, cannot hold {value}: {reason}")


def edited_frame(frame: Any, edits: Edits, name: str = "the frame") -> Any:
    """A data frame, of pandas or Polars, or an Arrow table, with edits; of the same kind and types.

    Parameters
    ----------
    frame : DataFrame or Arrow table
        It is not changed.
    edits : Edits
        All of its edits.
    name : str
        What messages call it.

    Raises
    ------
    ListError
        Where a column's type cannot hold a value.
    """
    import pandas as pd

    if isinstance(frame, pd.DataFrame):
        return _edited_pandas(frame, edits, name)
    edited = edited_table(arrow_table(frame), edits, 0, name)
    if type(frame).__module__.partition(".")[0] == "polars":
        import polars as pl

        return pl.DataFrame(edited, schema=frame.schema)
    return edited


def _edited_pandas(frame: Any, edits: Edits, name: str) -> Any:
    import pandas as pd

    taken, places = _rows(edits, 0, len(frame))
    edited = frame.iloc[taken].copy()
    if _is_numbering(frame.index):
        edited.index = pd.RangeIndex(len(edited), name=frame.index.name)
    kept = places >= 0
    for column in np.unique(edits.columns[kept]).tolist():
        chosen = np.flatnonzero(kept & (edits.columns == column))
        old = edited.iloc[:, column]
        cells, texts = PandasCells(frame.iloc[:, column]), [edits.texts[at] for at in chosen.tolist()]
        try:
            new, values = cells.values(texts), old.array.copy()
            if isinstance(old.dtype, pd.CategoricalDtype):
                seen = old.cat.categories
                more = [one for one in dict.fromkeys(new) if one is not None and one not in seen]
                values = old.cat.add_categories(more).array
            values[places[chosen]] = new
        except NOT_HELD as error:
            raise _cannot_hold(name, str(frame.columns[column]), cells, texts, error) from None
        edited.isetitem(column, pd.Series(values, index=edited.index, name=old.name))
    return edited


def _is_numbering(index: Any) -> bool:
    """Whether an index does nothing but count rows from 0, and is none of the user's own."""
    import pandas as pd

    return isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1
