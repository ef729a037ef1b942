"""The two legs of every pair, with the alterations in place, in row order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tradegen.mismatches.alterations import Alteration
from tradegen.schema import BLOCK_PAIRS, Array, Pairs, Trades
from tradegen.streams import draw

__all__ = ["make_legs"]


def make_legs(
    pairs: Pairs, changes: Sequence[Alteration], first_id: int, order: str, seed: int, block: int
) -> Trades:
    """Lay out the legs of one block.

    Parameters
    ----------
    pairs : Pairs
        The clean pairs, n of them.
    changes : sequence of Alteration
    first_id : int
        The id of the block's first pair.
    order : str
        ``"paired"``: BUY, SELL, BUY, SELL, ...; ``"shuffled"``: the block's rows in random order.
    seed, block : int

    Returns
    -------
    Trades
        2 n rows.
    """
    legs = _row_order(order, seed, block, len(pairs))
    pair = legs >> 1
    columns = pairs.arrays()
    # Interleaved as the legs are: a leg's broker sits at its number, the other side's beside it.
    brokers = np.stack([columns.pop("buyer"), columns.pop("seller")], axis=1).ravel()
    laid_out = {name: values[pair] for name, values in columns.items()}
    row = np.empty_like(legs)
    row[legs] = np.arange(len(legs))
    for change in changes:
        laid_out[change.field][row[2 * change.pairs + change.legs]] = change.altered
    return Trades(
        trade_id=first_id + pair,
        broker_id=brokers[legs],
        contra_broker_id=brokers[legs ^ 1],
        order_type=(legs & 1).astype(np.int8),
        **laid_out,
    )


def _row_order(order: str, seed: int, block: int, count: int) -> Array:
    """The leg at each row: twice its pair's position, plus its order type (int64, shape (2 * count,))."""
    if order == "paired":
        return np.arange(2 * count)
    # Sorting random keys that carry the leg in their low bits gives a permutation without an argument sort.
    keys = draw(seed, "order", block, 2 * count)
    keys &= ~_LEG
    keys |= np.arange(2 * count, dtype=np.uint64)
    keys.sort()
    keys &= _LEG
    return keys.view(np.int64)


_LEG = np.uint64(2 * BLOCK_PAIRS - 1)  # a leg's number within a block fits 17 bits
