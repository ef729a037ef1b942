"""What a column of some type can hold: texts as its values, and which of them are read as they are."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tradegen.core.columns import Array

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NOT_HELD = (ValueError, TypeError, ArithmeticError, NotImplementedError)
"""What is raised where a column cannot hold a text; Arrow's errors are among them."""

_NESTED = (list, dict, tuple, set, np.ndarray)
_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True)
class ArrowCells:
    """A column of an Arrow table or of a Parquet file."""

    field: pa.Field

    @property
    def kind(self) -> str:
        """What messages call its type."""
        return str(self.field.type)

    @property
    def nested(self) -> bool:
        """Whether it holds lists or objects."""
        import pyarrow as pa

        return bool(pa.types.is_nested(self.plain))

    @property
    def text(self) -> bool:
        """Whether it holds texts."""
        import pyarrow as pa

        kinds = pa.types
        return any(
            is_one(self.plain) for is_one in (kinds.is_string, kinds.is_large_string, kinds.is_string_view)
        )

    @property
    def blanks(self) -> bool:
        """Whether a value may be missing."""
        return bool(self.field.nullable)

    @property
    def plain(self) -> pa.DataType:
        """The type of its values, however they are stored."""
        import pyarrow as pa

        kind = self.field.type
        return kind.value_type if pa.types.is_dictionary(kind) else kind

    def array(self, texts: Sequence[str | None]) -> pa.Array:
        """Texts as an array of the plain type."""
        import pyarrow as pa
        import pyarrow.compute as pc

        kind, array = self.plain, pa.array(texts, pa.string())
        if array.null_count == len(array):  # not every type can be made of texts
            return pa.nulls(len(array), kind)
        if pa.types.is_timestamp(kind) and kind.tz:
            return pc.assume_timezone(array.cast(pa.timestamp(kind.unit)), "UTC").cast(kind)
        return array.cast(kind)

    def values(self, texts: Sequence[str | None]) -> Any:
        """Texts as values of the column's type, to be iterated over; one of `NOT_HELD` where it has none."""
        return self.array(texts).to_numpy(zero_copy_only=False)


@dataclass(frozen=True)
class PandasCells:
    """A column of a pandas frame."""

    column: pd.Series[Any]

    @property
    def kind(self) -> str:
        """What messages call its type."""
        return str(self.column.dtype)

    @property
    def nested(self) -> bool:
        """Whether it holds lists or objects."""
        return isinstance(self._example, _NESTED)

    @property
    def text(self) -> bool:
        """Whether it holds texts, or nothing yet that says otherwise."""
        # Of the types of text, of categories, and of objects.
        return self.column.dtype.kind in "OU" and isinstance(self._example, str)

    @property
    def blanks(self) -> bool:
        """Whether a value may be missing."""
        kind = self.column.dtype
        return not (isinstance(kind, np.dtype) and kind.kind in "iub")

    @functools.cached_property
    def _example(self) -> Any:
        """A value, which tells the type where the column does not."""
        import pandas as pd

        if self.column.dtype != object and not isinstance(self.column.dtype, pd.CategoricalDtype):
            return ""
        filled = (one for one in self.column if isinstance(one, _NESTED) or not pd.isna(one))
        return next(filled, "")

    def values(self, texts: Sequence[str | None]) -> Any:
        """Texts as values of the column's type, to be iterated over; one of `NOT_HELD` where it has none."""
        import pandas as pd

        kind, given = self.column.dtype, pd.Series(list(texts), dtype=object)
        array: Any = pd.array  # its types allow for fewer than it takes
        if None in texts and not self.blanks:
            raise ValueError("it has no blanks")
        if kind.kind in "Ob":
            read = bool if kind.kind == "b" else type(self._example)
            parse = _truth if read in (bool, np.bool_) else getattr(read, "fromisoformat", read)
            values = [None if text is None else parse(text) for text in texts]
            return array(values, dtype=kind) if kind.kind == "b" else values
        if kind.kind == "M":
            moments = pd.to_datetime(given, format="ISO8601")
            zone = getattr(kind, "tz", None)
            moments = moments.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else moments
            return moments.astype(kind).array
        return array(pd.to_numeric(given), dtype=kind)


TypedCells: TypeAlias = ArrowCells | PandasCells


def _truth(text: str) -> bool:
    if text.lower() not in _TRUTHS:
        raise ValueError(f"{text} is neither true nor false")
    return _TRUTHS[text.lower()]


def typed_cells(given: Any) -> list[TypedCells]:
    """The columns of a Parquet file, a frame or an Arrow table, in their order."""
    import pandas as pd

    if isinstance(given, pd.DataFrame):
        return [PandasCells(given.iloc[:, number]) for number in range(given.shape[1])]
    if isinstance(given, (str, os.PathLike)):
        import pyarrow.parquet as pq

        return [ArrowCells(field) for field in pq.read_schema(Path(given))]
    return [ArrowCells(field) for field in arrow_table(given).schema]


def arrow_table(frame: Any) -> pa.Table:
    """A frame of Polars, or what else Arrow reads, as an Arrow table."""
    import pyarrow as pa

    if type(frame).__module__.partition(".")[0] == "polars":
        import polars as pl

        # As Arrow's older types, which its functions know.
        return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    return frame if isinstance(frame, pa.Table) else pa.table(frame)


def shown_in(cells: TypedCells, texts: Sequence[str | None], kind: str) -> Array:
    """Which texts a column can hold, such that they are read from it as they are.

    Parameters
    ----------
    cells : ArrowCells or PandasCells
    texts : sequence of str or None
        None for a blank.
    kind : str
        Numbers, dates and times may be written otherwise there; of other kinds, texts must be the same.

    Returns
    -------
    ndarray of bool, length of `texts`
        Nothing is shown in a column of lists or objects.
    """
    if cells.nested:
        return np.zeros(len(texts), bool)
    distinct = [text for text in dict.fromkeys(texts) if text is not None]
    found: dict[str | None, bool] = {None: cells.blanks}
    found |= zip(distinct, _shown(cells, distinct, kind), strict=True)
    return np.array([found[text] for text in texts], bool)


def _shown(cells: TypedCells, texts: Sequence[str], kind: str) -> list[bool]:
    try:
        values = cells.values(texts)
    except NOT_HELD:
        return [False] if len(texts) == 1 else [_shown(cells, [text], kind)[0] for text in texts]
    if kind in ("date", "timestamp") and not cells.text:
        import pandas as pd

        moments = pd.to_datetime(pd.Series(values), utc=True).dt.tz_localize(None)
        same: list[bool] = (moments.to_numpy() == np.array(texts, "datetime64[us]")).tolist()
        return same
    if kind in ("integer", "decimal"):
        return [Decimal(str(value)) == Decimal(text) for value, text in zip(values, texts, strict=True)]
    plain = cells.kind != "object"
    return [_told(value, plain=plain) == text for value, text in zip(values, texts, strict=True)]


def _told(value: Any, *, plain: bool) -> str:
    """What is read of a value: objects as Python prints them, others as DuckDB does."""
    text = str(value)
    if plain and isinstance(value, (bool, np.bool_)):
        return text.lower()
    if plain and isinstance(value, np.datetime64):
        text = text.replace("T", " ")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return text
