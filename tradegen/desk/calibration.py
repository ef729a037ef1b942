"""Weights that make the generator give certain shares of mechanisms, and numbers of fields a trade.

A weight is not a share: a trade with several fields draws them without repeating one, some mechanisms exclude
others, and some are not possible for every trade. So weights are tried on the generator itself,
and mended by what it makes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.core.blocks import BLOCK_PAIRS
from tradegen.desk.simulation import DATE, SEED
from tradegen.engine.alterations import alterations
from tradegen.engine.context import BlockContext
from tradegen.engine.generator import generate_blocks
from tradegen.engine.pairs import make_pairs
from tradegen.engine.run import prepare

if TYPE_CHECKING:
    from tradegen.core.blocks import Pairs
    from tradegen.core.columns import Array

_PAIRS = BLOCK_PAIRS
_RATE = 0.5  # of the trials: the more mismatches, the less chance there is in them
_ROUNDS = 6
_LEAST = 1e-7  # of all weights
_MADE = 0.5  # of its share: a mechanism that makes less than this cannot be made
_TOLD = 30  # mismatches that are expected of a mechanism, for the lack of them to be no accident
_TRIED = 8_192  # pairs that show where mechanisms are possible


def calibrated(
    shares: Mapping[str, float], fields_per_pair: Sequence[float], **scenario: Any
) -> tuple[dict[str, float], list[float]]:
    """Weights and shares of pairs with 1, 2, ... fields, for what a desk was seen to have.

    A mechanism that hardly any generated trade can have is left out: the others would have to become ever
    rarer for its share to be met.

    Parameters
    ----------
    shares : mapping of str to float
        The share of broken trades that each mechanism alters.
    fields_per_pair : sequence of float
        The shares of broken trades that 1, 2, ... mechanisms alter.
    **scenario
        The other fields of the scenario.

    Returns
    -------
    weights : dict of str to float
        1 in sum; of the mechanisms whose shares can be made.
    fields_per_pair : list of float
    """
    names = [name for name, share in shares.items() if share > 0]
    while True:
        weights, fields, made = _tried({name: shares[name] for name in names}, fields_per_pair, scenario)
        wanted = {name: shares[name] / sum(shares[one] for one in names) for name in names}
        short = [
            name
            for name in names
            if wanted[name] * _PAIRS * _RATE > _TOLD and made[name] < _MADE * wanted[name]
        ]
        if not short or len(names) == 1:
            return weights, fields
        names.remove(min(short, key=lambda name: made[name] / wanted[name]))


def possible_shares(mechanisms: Collection[str], **scenario: Any) -> dict[str, float]:
    """By mechanism, the share of the generated trades that can have it.

    Raises
    ------
    ScenarioError
        Where none of them can have one of the mechanisms, as far as the settings tell.
    """
    weights = dict.fromkeys(mechanisms, 1.0)
    run = prepare(mechanisms=weights, pairs=_TRIED, mismatch_rate=_RATE, date=DATE, seed=SEED, **scenario)
    [block] = generate_blocks(run)
    drawn, possible = block.counts.drawn, block.counts.possible
    return dict(zip(run.mechanisms, (possible / np.maximum(drawn, 1)).tolist(), strict=True))


def _tried(
    shares: Mapping[str, float], fields_per_pair: Sequence[float], scenario: Mapping[str, Any]
) -> tuple[dict[str, float], list[float], dict[str, float]]:
    """Weights, shares of pairs with 1, 2, ... fields, and the shares of mechanisms that come of them."""
    names = list(shares)
    wanted = np.array([shares[name] for name in names])
    weights = wanted / wanted.sum()
    fields = np.array(fields_per_pair, float)[: len({name.partition(".")[0] for name in names})]
    fields = fields if fields.sum() > 0 else np.ones(1)
    asked = fields = fields / fields.sum()
    pairs: Pairs | None = None
    for _ in range(_ROUNDS):
        tried = dict(zip(names, weights.tolist(), strict=True))
        made, by_count, pairs = _made(tried, fields, scenario, pairs)
        total = wanted.sum() / max(made.sum(), 1e-9)
        weights = weights * np.where(made > 0, wanted / np.maximum(made * total, 1e-9), 1.0)
        # A scenario takes no smaller ones.
        weights = np.maximum(weights / weights.sum(), _LEAST)
        fields = fields * np.where(by_count > 0, asked / np.maximum(by_count, 1e-9), 1.0)
        fields = fields / fields.sum() if fields.sum() > 0 else asked
    found, last = (dict(zip(names, one.tolist(), strict=True)) for one in (weights, made / made.sum()))
    return found, fields.tolist(), last


def _made(
    weights: Mapping[str, float], fields: Array, scenario: Mapping[str, Any], pairs: Pairs | None
) -> tuple[Array, Array, Pairs]:
    """Shares of the mismatched pairs by mechanism, and by number of mechanisms; and the clean pairs.

    The clean pairs do not depend on the weights, so that those of one round serve the next.
    """
    run = prepare(
        mechanisms=weights,
        fields_per_pair=_whole(fields),
        pairs=_PAIRS,
        mismatch_rate=_RATE,
        date=DATE,
        seed=SEED,
        **scenario,
    )
    pairs = pairs or make_pairs(run.scenario, run.market, run.seed, 0, _PAIRS)
    changes, _ = alterations(BlockContext(run.scenario, run.market, pairs, 1, 1), run.seed, 0)
    names = list(weights)
    # Several changes may be of one mechanism: a pair and mechanism count once.
    # What follows on another change is no mechanism that was drawn.
    drawn = [change for change in changes if change.mechanism in weights]
    keys = [change.pairs * len(names) + names.index(change.mechanism) for change in drawn]
    of_pair, mechanism = np.divmod(np.unique(np.concatenate(keys)), len(names))
    applied = np.bincount(mechanism, minlength=len(names))
    counts = np.bincount(of_pair)
    counts = counts[counts > 0]
    events = np.bincount(np.minimum(counts, len(fields)), minlength=len(fields) + 1)
    return applied / max(len(counts), 1), events[1:] / max(len(counts), 1), pairs


def _whole(fields: Array) -> list[float]:
    """The shares with 1 as their sum, to the last bit that a scenario asks for."""
    found = [round(float(share), 6) for share in fields]
    found[0] = round(1 - sum(found[1:]), 6)
    return found
