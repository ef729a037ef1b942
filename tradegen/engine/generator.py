"""Blocks of a run. ``generate_block`` is a pure function: no I/O, no clock, no state.

So the bytes of a run depend neither on who makes its blocks nor on their order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from tradegen.core.blocks import BLOCK_PAIRS, Block
from tradegen.engine.alterations import alterations
from tradegen.engine.context import BlockContext
from tradegen.engine.legs import make_legs
from tradegen.engine.pairs import make_pairs
from tradegen.engine.run import Run
from tradegen.engine.truth import make_truth
from tradegen.market.universe import Market

if TYPE_CHECKING:
    from tradegen.scenario.model import Scenario


class GeneratedBlocks(Protocol):
    """A run and all of its blocks, as a `Batch` holds them."""

    @property
    def run(self) -> Run:
        """What was to be generated."""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What was generated, in order."""


def generate_blocks(run: Run) -> Iterator[Block]:
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
    context = BlockContext(scenario, market, pairs, first_id, first_id + before)
    changes, counts = alterations(context, seed, block)
    return Block(
        number=block,
        pairs=count,
        trades=make_legs(context, changes, seed, block),
        truth=make_truth(context, changes, block),
        counts=counts,
    )
