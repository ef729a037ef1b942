"""A run made again from its manifest, as far as a report looks at it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from tradegen.core.blocks import BLOCK_PAIRS, Block
from tradegen.engine.generator import generate_block
from tradegen.engine.manifest import Tally, differing_digests, run_of
from tradegen.engine.run import Run
from tradegen.errors import OutputError

MOST_BLOCKS = 16
"""As many as are looked at of a large run: about a million pairs, some 10 seconds with all figures."""


@dataclass(frozen=True, slots=True, eq=False)
class RemadeRun:
    """The first blocks of a run, and the manifest of all of it.

    Attributes
    ----------
    run : Run
        Of the blocks that are here alone: figures are about these.
    blocks : tuple of Block
    manifest : mapping
        Of the whole run.
    differing : tuple of str or None
        The digests that are not as the manifest states them; None where they were not compared.
    """

    run: Run
    blocks: tuple[Block, ...]
    manifest: Mapping[str, Any]
    differing: tuple[str, ...] | None = None

    @property
    def pairs(self) -> int:
        """The pairs of the whole run."""
        return int(self.manifest["counts"]["pairs"])

    @property
    def whole(self) -> bool:
        """Whether all pairs are here."""
        return self.run.scenario.pairs == self.pairs


class _Counts(BaseModel):
    pairs: int
    trades: int
    mismatched_pairs: int
    benign_pairs: int
    truth_rows: int
    by_mechanism: dict[str, dict[str, int]]


class _Rate(BaseModel):
    asked: float | None
    expected: float | None
    made: float | None


class _Rates(BaseModel):
    overall: _Rate
    base: _Rate
    hot_spots: dict[str, dict[str, _Rate]] = {}


class _Counted(BaseModel):
    counts: _Counts
    rates: _Rates


def remake(
    manifest: Mapping[str, Any],
    source: object,
    *,
    most_blocks: int = MOST_BLOCKS,
    advance: Callable[[int], object] = lambda _pairs: None,
) -> RemadeRun:
    """Make the first blocks of a run again.

    Parameters
    ----------
    manifest : mapping
        As `manifest_files.load_manifest` reads it.
    source : object
        What messages call it.
    most_blocks : int
    advance : callable
        Called with the number of pairs made since its last call.

    Raises
    ------
    ScenarioError
        Where the run is of a generation that this tradegen cannot make.
    OutputError
        Where the manifest of a larger run does not say what was counted.
    """
    run = run_of(manifest, source)
    tally = Tally(run)
    blocks = []
    for number in range(min(run.block_count, most_blocks)):
        block = generate_block(run.scenario, run.market, run.seed, number, run.first_id)
        blocks.append(block)
        tally.add(block)
        advance(block.pairs)
    if run.block_count <= most_blocks:
        # Counted anew, so that no count in the manifest need be believed.
        made = tally.manifest()
        differing = tuple(name for name, other in differing_digests(manifest, made).items() if other)
        counted = {name: made[name] for name in ("counts", "rates")}
        return RemadeRun(run, tuple(blocks), {**manifest, **counted}, differing)
    try:
        _Counted.model_validate(manifest)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise OutputError(
            f"{source} does not say what was counted, in {place}; expected it as written"
        ) from None
    shown = run.scenario.replace(pairs=most_blocks * BLOCK_PAIRS)
    return RemadeRun(dataclasses.replace(run, scenario=shown), tuple(blocks), manifest)
