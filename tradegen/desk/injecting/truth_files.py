"""The truth about a list of the user's own, as a frame and in files."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradegen.core.columns import TRUTH_COLUMNS
from tradegen.core.sinks import Sink
from tradegen.desk.lists.plain_text import Writable
from tradegen.errors import OutputError
from tradegen.output.files import STANDARD_OUTPUT

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_FORMS = {".csv": "csv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet"}
_LEG = "THEIRS"
_DELTA_PLACES = 12  # as many as a list's own decimals may have
_NUMBERS = ("delta", "notional")


def truth_suffix(path: Path) -> str:
    """The format of a truth's file, by its suffix; CSV on standard output.

    Raises
    ------
    OutputError
        Where the suffix is none of those known.
    """
    form = "csv" if path == STANDARD_OUTPUT else _FORMS.get(path.suffix.lower())
    if form is None:
        raise OutputError(f"{path} has the suffix {path.suffix!r}; expected one of {', '.join(_FORMS)}")
    return form


def write_truth(batches: Iterable[pa.RecordBatch], form: str, out: Writable, notional_places: int) -> None:
    """Write the truth.

    Parameters
    ----------
    batches : iterable of RecordBatch
        As `Changes.truth` gives them.
    form : str
        ``csv``, ``json``, ``ndjson`` or ``parquet``.
    out : Writable
    notional_places : int
        The decimal places of notionals.
    """
    if form == "parquet":
        _write_parquet(batches, out, notional_places)
        return
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    if form == "csv":
        rows.writerow(TRUTH_COLUMNS)
    between = ""
    text.write("[" if form == "json" else "")
    for batch in batches:
        if form == "csv":
            rows.writerows(_rows(batch, benign=("false", "true")))
        else:
            for row in _rows(batch):
                text.write(f"{between}{_object(row)}" if form == "json" else f"{_object(row)}\n")
                between = ",\n "
        out.write(text.getvalue().encode())
        text.seek(0)
        text.truncate()
    text.write("]\n" if form == "json" else "")
    out.write(text.getvalue().encode())


def _rows(batch: pa.RecordBatch, benign: Sequence[Any] = (False, True)) -> Iterator[tuple[Any, ...]]:
    """Rows with all columns of a truth; None for nothing."""
    trades, fields, *rest, are_benign, notionals, causes = (column.to_pylist() for column in batch.columns)
    legs, told = itertools.repeat(_LEG), map(benign.__getitem__, are_benign)
    return zip(trades, legs, fields, *rest, told, notionals, causes, strict=False)


def _object(row: tuple[Any, ...]) -> str:
    pairs = []
    for name, value in zip(TRUTH_COLUMNS, row, strict=True):
        # Numbers are written as they are: a float could not hold them.
        number = name in _NUMBERS and value is not None
        pairs.append(f"{json.dumps(name)}: {value if number else json.dumps(value, ensure_ascii=False)}")
    return f"{{{', '.join(pairs)}}}"


def _write_parquet(batches: Iterable[pa.RecordBatch], out: Writable, notional_places: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = dict.fromkeys(TRUTH_COLUMNS, pa.string()) | {
        "delta": pa.decimal128(38, _DELTA_PLACES),
        "benign": pa.bool_(),
        "notional": pa.decimal128(38, notional_places),
    }
    schema = pa.schema(list(kinds.items()))
    with pq.ParquetWriter(Sink(out.write), schema) as writer:
        for batch in batches:
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            columns["trade_id"] = columns.pop("id")
            columns["leg"] = pa.array([_LEG] * len(batch))
            arrays = [columns[name].cast(kind) for name, kind in kinds.items()]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def truth_frame(batches: Iterable[pa.RecordBatch]) -> pd.DataFrame:
    """The truth as a frame.

    Returns
    -------
    DataFrame
        A row per altered field or record, by id and then by column. ``trade_id``, ``original``, ``altered``
        str, as the list writes them; ``leg``, ``field``, ``mechanism``, ``cause`` categorical; ``delta``
        float64, in the column's unit, days, seconds or records, NaN for names; ``benign`` bool; ``notional``
        float64, NaN where quantity or price is not known.
    """
    import pandas as pd

    rows = [row for batch in batches for row in _rows(batch)]
    frame = pd.DataFrame(rows, columns=list(TRUTH_COLUMNS))
    kinds: dict[str, Any] = dict.fromkeys(("trade_id", "original", "altered"), "str")
    kinds |= dict.fromkeys(("leg", "field", "mechanism", "cause"), "category")
    kinds |= dict.fromkeys(_NUMBERS, "float64") | {"benign": "bool"}
    return frame.astype(kinds)
