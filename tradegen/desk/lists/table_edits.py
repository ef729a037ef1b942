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
from tradegen.errors import ListError, shown

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["edited_frame", "edited_table", "splice_parquet"]


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
        field = table.schema.field(column)
        values = table.column(column).combine_chunks()
        texts = pa.array([edits.texts[at] for at in chosen.tolist()], pa.string())
        mask = np.zeros(len(table), bool)
        mask[places[chosen]] = True
        try:
            plain = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
            old, new = values.cast(plain).filter(pa.array(mask)), _typed(texts, plain)
            replaced = pc.replace_with_mask(values.cast(plain), pa.array(mask), new)
            if plain is not field.type:
                replaced = replaced.dictionary_encode().cast(field.type)
        except (pa.ArrowException, NotImplementedError) as error:
            raise _cannot_hold(name, field.name, str(field.type), texts[0].as_py(), error) from None
        blank = pc.and_(old.is_null(nan_is_null=True), new.is_null(nan_is_null=True))
        alike = pc.or_(pc.fill_null(pc.equal(old, new), False), blank).to_pylist()
        _require_altered(name, field.name, str(field.type), texts.to_pylist(), alike)
        table = table.set_column(column, field, replaced)
    return table


def _rows(edits: Edits, first: int, count: int) -> tuple[Array, Array]:
    """The rows to take, in their order; and the row that each edit is in then, -1 where it is left out."""
    times = edits.written(first, count)
    begins = np.cumsum(times) - times
    rows = edits.rows - first
    places = np.where(edits.copies < times[rows], begins[rows] + edits.copies, -1)
    return np.repeat(np.arange(count), times), places


def _typed(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_timestamp(kind) and kind.tz:
        return pc.assume_timezone(texts.cast(pa.timestamp(kind.unit)), "UTC").cast(kind)
    return texts.cast(kind)


def _cannot_hold(name: str, column: str, kind: str, text: str | None, error: Exception) -> ListError:
    reason = str(error).partition("\n")[0]
    value = "a blank" if text is None else shown(text)
    return ListError(f"column {shown(column)} of {name}, of type {kind}, cannot hold {value}: {reason}")


def _require_altered(
    name: str, column: str, kind: str, texts: Sequence[str | None], alike: Sequence[bool]
) -> None:
    """Refuse an alteration that a typed column cannot show, such as the case of a boolean's name.

    Raises
    ------
    ListError
    """
    if any(alike):
        text = shown(texts[list(alike).index(True)])
        raise ListError(
            f"column {shown(column)} of {name}, of type {kind}, has the same value for {text} as before; "
            "leave out the mechanism that writes it so, or give the column as text"
        )


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
    import pyarrow as pa

    if isinstance(frame, pd.DataFrame):
        return _edited_pandas(frame, edits, name)
    if type(frame).__module__.partition(".")[0] == "polars":
        import polars as pl

        # As Arrow's older types, which its functions know.
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        return pl.DataFrame(edited_table(table, edits, 0, name), schema=frame.schema)
    return edited_table(frame if isinstance(frame, pa.Table) else pa.table(frame), edits, 0, name)


def _edited_pandas(frame: Any, edits: Edits, name: str) -> Any:
    import pandas as pd

    taken, places = _rows(edits, 0, len(frame))
    edited = frame.iloc[taken].copy()
    if isinstance(frame.index, pd.RangeIndex):
        edited.index = pd.RangeIndex(len(edited), name=frame.index.name)
    kept = places >= 0
    for column in np.unique(edits.columns[kept]).tolist():
        chosen = np.flatnonzero(kept & (edits.columns == column))
        old = edited.iloc[:, column]
        texts = [edits.texts[at] for at in chosen.tolist()]
        try:
            values = old.array.copy()
            if isinstance(old.dtype, pd.CategoricalDtype):
                new = [
                    one for one in dict.fromkeys(texts) if one is not None and one not in old.cat.categories
                ]
                values = old.cat.add_categories(new).array
            before = pd.Series(values[places[chosen]])
            values[places[chosen]] = _as_in(old, texts)
        except (ValueError, TypeError, ArithmeticError) as error:
            text = None if None in texts else texts[0]
            raise _cannot_hold(name, str(frame.columns[column]), str(old.dtype), text, error) from None
        after = pd.Series(values[places[chosen]])
        blanks = zip(before.isna(), after.isna(), strict=True)
        alike = [
            one and other if one or other else was == now
            for (one, other), was, now in zip(blanks, before, after, strict=True)
        ]
        _require_altered(name, str(frame.columns[column]), str(old.dtype), texts, alike)
        edited.isetitem(column, pd.Series(values, index=edited.index, name=old.name))
    return edited


def _as_in(old: Any, texts: list[str | None]) -> Any:
    """Texts as values of a pandas column's own type."""
    import pandas as pd

    kind = old.dtype
    if kind.kind == "O" or isinstance(kind, (pd.CategoricalDtype, pd.StringDtype)):
        example = next((one for one in old if not (one is None or one is pd.NA or one != one)), "")
        read = type(example) if not isinstance(example, str) else str
        parse = getattr(read, "fromisoformat", read)
        return [None if text is None else parse(text) for text in texts]
    if None in texts and kind.kind in "iub" and isinstance(kind, np.dtype):
        raise ValueError("it has no blanks")
    if kind.kind == "M":
        moments = pd.to_datetime(pd.Series(texts, dtype=object), format="ISO8601")
        zone = getattr(kind, "tz", None)
        return (moments.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else moments).array
    numeric = pd.to_numeric(pd.Series(texts, dtype=object))
    return pd.array(numeric, dtype=kind)
