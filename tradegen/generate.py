"""generate(): the one way in. A run is prepared once, then made block by block.

``generate_block`` is a pure function: no I/O, no clock, no state. So a run is the same bytes whoever makes
its blocks, and in whatever order.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas.api.extensions import ExtensionArray

from tradegen import frames
from tradegen.errors import ScenarioError
from tradegen.legs import make_legs
from tradegen.manifest import Tally
from tradegen.market import Market, Tickers
from tradegen.mismatches.alterations import alterations
from tradegen.mismatches.selection import select
from tradegen.pairs import make_pairs
from tradegen.run import Run, prepare
from tradegen.schema import BLOCK_PAIRS, Block, Trades, Truth
from tradegen.truth import make_truth

if TYPE_CHECKING:
    from tradegen.scenario import Scenario

__all__ = ["MOST_IN_MEMORY", "Batch", "blocks", "generate", "generate_block"]

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
        """The legs, two rows a pair; columns and dtypes as ``frames.trades_frame`` says."""
        return frames.trades_frame(self.run, self._ids, self._trades)

    @cached_property
    def truth(self) -> pd.DataFrame:
        """The answer key, a row per altered field; columns and dtypes as ``frames.truth_frame`` says."""
        return frames.truth_frame(self.run, self._ids, self._truth)

    @cached_property
    def _ids(self) -> ExtensionArray:
        return frames.trade_ids(self.run)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What this run was; ``generate(**batch.manifest["replay"])`` makes the same bytes."""
        tally = Tally(self.run)
        for block in self.blocks:
            tally.add(block)
        return tally.manifest()

    def __len__(self) -> int:
        """How many trades there are: two a pair."""
        return len(self._trades)

    def __repr__(self) -> str:
        mismatched = sum(block.mismatched for block in self.blocks)
        return f"<Batch of {self.run.scenario.pairs} pairs, {mismatched} mismatched, seed {self.run.seed}>"


def generate(
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    *,
    seed: int | None = None,
    first_id: int = 1,
    tickers: Tickers = None,
    **overrides: Any,
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
            f"{MOST_IN_MEMORY}; stream more with blocks() or with tradegen generate --out"
        )
    return _gather(run)


def _gather(run: Run) -> Batch:
    """Make all blocks, their legs side by side in columns of the whole run.

    The columns are taken in one piece: at a million pairs, the pages of many small pieces, and of their
    concatenation afterwards, would take as long as making the pairs.
    """
    made: list[Block] = []
    trades: Trades | None = None
    for block in blocks(run):
        trades = trades or block.trades.space(2 * run.scenario.pairs)
        view = trades.put(2 * BLOCK_PAIRS * block.number, block.trades)
        made.append(replace(block, trades=view))
    assert trades is not None  # a run has at least one pair
    return Batch(run, tuple(made), trades, Truth.concatenate([block.truth for block in made]))


def blocks(run: Run) -> Iterator[Block]:
    """The blocks of a run, in order, one at a time."""
    for block in range(run.block_count):
        yield generate_block(run.scenario, run.market, run.seed, block, run.first_id)


def generate_block(scenario: Scenario, market: Market, seed: int, block: int, first_id: int) -> Block:
    """Make one block of a run: a pure function of its arguments.

    Parameters
    ----------
    scenario : Scenario
        Of the whole run, with its date set.
    market : Market
    seed : int
    block : int
        The block's number, from 0.
    first_id : int
        The id of the run's first pair.
    """
    before = block * BLOCK_PAIRS
    count = min(BLOCK_PAIRS, scenario.pairs - before)
    pairs = make_pairs(scenario, market, seed, block, count)
    selection = select(scenario, seed, block, count)
    changes = list(alterations(scenario, pairs, selection, seed, block))
    first_here = first_id + before
    return Block(
        number=block,
        pairs=count,
        mismatched=len(selection.pairs),
        trades=make_legs(pairs, changes, first_here, scenario.order, seed, block),
        truth=make_truth(pairs, changes, first_here),
    )
