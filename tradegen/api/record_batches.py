"""A run of any size as a stream of Arrow record batches, for DuckDB, Polars and others that read Arrow."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, Unpack, cast

import pyarrow as pa

from tradegen.engine.generator import generate_blocks
from tradegen.engine.run import prepare
from tradegen.errors import ScenarioError, nearest, shown
from tradegen.formats.arrow import record_batch, schema_of
from tradegen.formats.sorting import in_order, require_sortable
from tradegen.formats.tables import tables
from tradegen.market.universe import Tickers

if TYPE_CHECKING:
    import pandas as pd

    from tradegen.scenario.model import Scenario
    from tradegen.scenario.overrides import ScenarioOverrides


class RecordBatches(Protocol):
    """What type checkers know of a ``pyarrow.RecordBatchReader``, for pyarrow has no types of its own."""

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns."""

    def __iter__(self) -> Iterator[pa.RecordBatch]: ...

    def __next__(self) -> pa.RecordBatch: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...

    def read_next_batch(self) -> pa.RecordBatch:
        """The next batch; StopIteration after the last."""

    def read_all(self) -> pa.Table:
        """All that is left, as one table."""

    def read_pandas(self, **options: Any) -> pd.DataFrame:
        """All that is left, as one frame; the options are those of ``pyarrow.Table.to_pandas``."""

    def close(self) -> None:
        """Let go of what the reader holds."""


def blocks(
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    *,
    table: str | None = None,
    seed: int | None = None,
    first_id: int = 1,
    tickers: Tickers = None,
    **overrides: Unpack[ScenarioOverrides],
) -> RecordBatches:
    """Stream a run of any size as Arrow record batches, a block of 65,536 pairs each.

    DuckDB reads it by its name in SQL, Polars with ``from_arrow``, pandas by its ``read_pandas``; batches are
    made when they are asked for, and memory does not grow with the run, unless the table is sorted.

    Parameters
    ----------
    scenario, seed, first_id, tickers, **overrides
        As `generate` takes them.
    table : str, optional
        One of the view's lists, or ``truth``; the first list if not given. For several tables of a run, give
        the same seed and date.

    Returns
    -------
    pyarrow.RecordBatchReader
        Columns and types as `arrow.schema_of` says.

    Raises
    ------
    ScenarioError, MarketError
        As `generate` does; also on an unknown `table`.

    Examples
    --------
    >>> reader = blocks(pairs=100_000, seed=7, date="2025-07-21")
    >>> sum(len(batch) for batch in reader)
    200000
    """
    run = prepare(scenario, seed=seed, first_id=first_id, tickers=tickers, **overrides)
    of_run = tables(run)
    name = next(iter(of_run)) if table is None else table
    if name not in of_run:
        raise ScenarioError(f"table {shown(name)} is unknown; {nearest(name, of_run)}")
    chosen = of_run[name]
    if chosen.sort:
        require_sortable(run, run.scenario.pairs, ScenarioError)
    batches = (
        record_batch(chosen, rows) for rows in in_order(chosen, map(chosen.rows, generate_blocks(run)))
    )
    return cast(RecordBatches, pa.RecordBatchReader.from_batches(schema_of(chosen), batches))
