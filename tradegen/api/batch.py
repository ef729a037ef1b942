"""`generate`, and the `Batch` that it gives: a whole run in memory, as frames or Arrow, with its manifest."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from tradegen.core.blocks import Block, Trades, Truth
from tradegen.engine.generator import generate_blocks
from tradegen.engine.manifest import Tally
from tradegen.engine.run import Run, prepare
from tradegen.errors import ScenarioError
from tradegen.formats.tables import list_tables
from tradegen.market.universe import Tickers
from tradegen.mechanisms.record_counts import MOST_FILLS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pandas.api.extensions import ExtensionArray

    from tradegen.analysis.side_by_side import SideBySide
    from tradegen.scenario.model import Scenario
    from tradegen.scenario.overrides import ScenarioOverrides
    from tradegen.scoring import Score

MOST_IN_MEMORY = 50_000_000
"""The most pairs that `generate` holds at once (about 200 bytes each); the command line streams."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What `generate` made: two-sided trades, the truth about them, and the manifest.

    The frames are built when first looked at.
    """

    run: Run
    blocks: tuple[Block, ...]
    _trades: Trades
    _truth: Truth

    @cached_property
    def trades(self) -> pd.DataFrame:
        """All records under their plain names; columns and dtypes as `frames.trades_frame` says.

        In a view of two lists, those of the first list come first.

        Prices are floats, which ``to_csv`` prints as 447.9 and not as 447.90, so that ``tradegen verify``
        refutes the file. `write` writes exact decimals.
        """
        if len(self.run.scenario.lists) == 1:
            return self._frame(self._trades)
        return self._frame(Trades.concatenate([self._on_list(leg) for leg in (0, 1)]))

    @cached_property
    def lists(self) -> dict[str, pd.DataFrame]:
        """The lists of the view by name, with the columns that the scenario gives them, under its names.

        ``trades`` in the view single, ``buy`` and ``sell`` in counterparty, ``ours`` and ``theirs`` in
        two_system; in the order of the files. With ``shared_id = false``, none has ``trade_id``. Dates
        and times are datetime64 whatever form files give them.
        """
        from tradegen.formats.sorting import sorted_rows  # loaded where it is used

        tables = list_tables(self.run)
        one = len(tables) == 1
        frames = [self.trades] if one else [self._frame(self._on_list(leg)) for leg in (0, 1)]
        for leg, table in enumerate(tables.values()):
            if table.sort:
                frames[leg] = self._frame(sorted_rows(table, self._trades if one else self._on_list(leg)))
        fields = {name: [column.field for column in table.columns] for name, table in tables.items()}
        return {
            name: (frame if list(frame) == fields[name] else frame[fields[name]]).set_axis(
                table.names, axis="columns"
            )
            for (name, table), frame in zip(tables.items(), frames, strict=True)
        }

    @cached_property
    def links(self) -> pd.DataFrame:
        """Which trade each record is of, where lists share no id: ``trade_id``, ``leg`` and ``record_id``.

        Raises
        ------
        ScenarioError
            Where `shared_id` is true, so that the lists say it themselves.
        """
        from tradegen.formats import frames  # loaded where it is used, for it needs pandas

        if self.run.scenario.shared_id:
            raise ScenarioError("links are of lists without trade_id alone; expected shared_id = false")
        return frames.links_frame(self.run, self._ids, self.blocks)

    def to_arrow(self) -> dict[str, pa.Table]:
        """The lists of the view and the truth as Arrow tables, by name; and the links, where no id is shared.

        Columns and types as `arrow.schema_of` says: exact decimals, names as dictionaries. A date or time
        in a form of its own is text, as in files.
        """
        from tradegen.formats.arrow import arrow_tables  # loaded where it is used

        return arrow_tables(self.run, self.blocks)

    @cached_property
    def truth(self) -> pd.DataFrame:
        """The answer key; columns and dtypes as `frames.truth_frame` says."""
        from tradegen.formats import frames  # loaded where it is used, for it needs pandas

        return frames.truth_frame(self.run, self._ids, self._truth)

    def write(
        self,
        trades: str | os.PathLike[str],
        truth: str | os.PathLike[str] | None = None,
        manifest: str | os.PathLike[str] | None = None,
        *,
        form: str | None = None,
    ) -> None:
        """Write files as ``tradegen generate --out`` does, with exact decimals; whole, or none of them.

        Parameters
        ----------
        trades : path
            Its suffix says the format: ``.csv``, ``.json``, ``.ndjson``, ``.parquet`` or ``.fix``; text may
            be compressed, as in ``.csv.gz`` or ``.ndjson.zst``. In a view of two lists, ``t.csv`` makes two
            files, such as ``t.buy.csv`` and ``t.sell.csv``.
        truth, manifest : path, optional
            Where these are to be written, too.
        form : str, optional
            The name of the format, if the suffix is not to say it.

        Raises
        ------
        OutputError
            Where a file cannot be written. None has changed then.

        Examples
        --------
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> generate(pairs=15, seed=7).write(f"{folder}/trades.csv", truth=f"{folder}/truth.csv")
        """
        from tradegen.output.single_files import Destinations, export  # loaded where it is used

        destinations = Destinations(
            Path(trades),
            Path(truth) if truth is not None else None,
            Path(manifest) if manifest is not None else None,
            form,
            lists=tuple(self.run.scenario.lists),
            linked=not self.run.scenario.shared_id,
        )
        with export(destinations) as write:
            write(self.run)

    def compare(self, ids: Sequence[str] | None = None, *, limit: int = 10) -> SideBySide:
        """Altered trades side by side; in Jupyter, altered cells are shaded.

        Parameters
        ----------
        ids : sequence of str, optional
            The trades to show, altered or not; the first altered ones if not given.
        limit : int
            How many to show at most, if no ids are given.

        Examples
        --------
        >>> batch = generate(pairs=15, seed=2, first_id=21, date="2025-07-21")
        >>> print(str(batch.compare(limit=1)).splitlines()[3])
          quantity.nudge on SELL: 467 -> 481, +14 shares (+3.0%)
        """
        from tradegen.analysis.side_by_side import compare  # loaded where it is used

        return compare(self, ids=ids, limit=limit)

    def to_html(self, *scores: Score) -> str:
        """A page that needs nothing else, as ``tradegen report`` writes it; figures need matplotlib.

        What was asked and made, what breaks where and by how much, with examples. There are no files to
        prove, and the page says so. All pairs are looked at, which takes some 10 seconds for a million.

        Parameters
        ----------
        *scores : Score
            Of matchers, for parts of their own.

        Examples
        --------
        >>> generate(pairs=15, seed=7).to_html().startswith("<!DOCTYPE html>")
        True
        """
        from tradegen.report.remade_run import RemadeRun  # loaded where it is used
        from tradegen.report.report_page import report_page

        made = RemadeRun(self.run, self.blocks, self.manifest)
        return report_page(f"{self.run.scenario.pairs:,} pairs", made, scores=scores)

    def _on_list(self, leg: int) -> Trades:
        return self._trades.take(self._trades.leg == leg)

    def _frame(self, trades: Trades) -> pd.DataFrame:
        from tradegen.formats import frames

        return frames.trades_frame(self.run, self._ids, trades)

    @cached_property
    def _ids(self) -> ExtensionArray:
        from tradegen.formats import frames

        return frames.trade_ids(self.run)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What this run was; ``generate(**batch.manifest["replay"])`` makes the same bytes."""
        tally = Tally(self.run)
        for block in self.blocks:
            tally.add(block)
        return tally.manifest()

    def __len__(self) -> int:
        """How many records there are: two a pair, but for missing, doubled and split legs."""
        return len(self._trades)

    def _repr_html_(self) -> str:
        from tradegen.analysis.batch_html import as_html  # loaded where it is used

        return as_html(self)

    def __repr__(self) -> str:
        mismatched = sum(block.mismatched for block in self.blocks)
        return f"<Batch of {self.run.scenario.pairs} pairs, {mismatched} mismatched, seed {self.run.seed}>"


def generate(
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    *,
    seed: int | None = None,
    first_id: int = 1,
    tickers: Tickers = None,
    **overrides: Unpack[ScenarioOverrides],
) -> Batch:
    """Make two-sided trades with known mismatches.

    Parameters
    ----------
    scenario : Scenario, mapping, str, path or None
        What to generate: a `Scenario`, a mapping of its fields, the name of a named scenario, or the path
        of a TOML file. None is ``original``: 15 pairs, 30% of them mismatched.
    seed : int, optional
        From 0 to 2**128 - 1. Not given: one is drawn, and the manifest says which.
    first_id : int
        The id of the first pair; the others follow on.
    tickers : mapping, Series or path, optional
        Prices in dollars by ticker, or a CSV file with the header ``ticker,price``; tradegen's own
        ``tickers.csv`` if not given.
    **overrides
        Fields of the scenario, such as ``pairs=1000`` or ``mismatch_rate=0.1``.

    Returns
    -------
    Batch
        With the frames ``trades`` and ``truth``, and the dict ``manifest``.

    Raises
    ------
    ScenarioError
        On an unknown field or name, or a value that cannot be generated from.
    MarketError
        On a universe that cannot be used.

    Examples
    --------
    >>> batch = generate(pairs=15, mismatch_rate=0.30, seed=7, first_id=21)
    >>> batch.trades.shape
    (30, 9)
    >>> batch.truth["trade_id"].nunique() in (4, 5)
    True
    """
    run = prepare(scenario, seed=seed, first_id=first_id, tickers=tickers, **overrides)
    if run.scenario.pairs > MOST_IN_MEMORY:
        raise ScenarioError(
            f"pairs is {run.scenario.pairs}; generate() holds its rows in memory and takes at most "
            f"{MOST_IN_MEMORY}; stream more with blocks(), or with tradegen generate --out FOLDER/"
        )
    return made(run)


def made(run: Run) -> Batch:
    """All blocks of a run that has been checked, their legs side by side in columns of the whole run.

    The columns are taken in one piece: at a million pairs, the pages of many small pieces, and of their
    concatenation afterwards, would take as long as making the pairs.
    """
    blocks: list[Block] = []
    trades: Trades | None = None
    rows = 0
    # Missing, doubled and split legs change the number of rows; memory that is not written to costs nothing.
    most = (2 + MOST_FILLS - 1 if run.scenario.record_ids else 2) * run.scenario.pairs
    for block in generate_blocks(run):
        trades = trades or block.trades.space(most)
        view = trades.put(rows, block.trades)
        rows += len(view)
        blocks.append(replace(block, trades=view))
    assert trades is not None  # a run has at least one pair
    return Batch(run, tuple(blocks), trades.first(rows), Truth.concatenate([block.truth for block in blocks]))
