"""Altered trades of a batch as examples: the first ones, or one for each mechanism."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tradegen.analysis.rates import mismatched_pairs
from tradegen.analysis.side_by_side import SideBySide, compare
from tradegen.core.blocks import Block, Truth
from tradegen.core.columns import FIELDS, Array
from tradegen.core.formatting import trade_id
from tradegen.engine.generator import GeneratedBlocks
from tradegen.engine.run import MANIFEST_VERSION

_TRADE_ID = FIELDS.index("trade_id")


def first_examples(batch: GeneratedBlocks, most: int) -> SideBySide:
    """The first mismatched trades side by side, in the order of their ids."""
    found = np.empty(0, np.int64)
    for block in batch.blocks:
        found = np.append(found, np.unique(_mismatches(block).trade_id)[: most - len(found)])
        if len(found) >= most:
            break
    return _side_by_side(batch, found)


def one_of_each(batch: GeneratedBlocks, most: int) -> SideBySide:
    """For each mechanism its first mismatched trade, side by side; the most frequent mechanisms come first.

    Trades with one mismatch alone are preferred. A trade that is the example of several mechanisms stands for
    all of them.
    """
    counts = np.zeros(len(batch.run.mechanisms), np.int64)
    first = np.zeros(len(counts), np.int64)
    for block in batch.blocks:
        rows = _mismatches(block)
        _, trade, several = np.unique(rows.trade_id, return_inverse=True, return_counts=True)
        order = np.argsort(several[trade] > 1, kind="stable")
        codes, places = np.unique(rows.mechanism[order], return_index=True)
        unseen = counts[codes] == 0
        first[codes[unseen]] = rows.trade_id[order[places[unseen]]]
        counts += np.bincount(rows.mechanism, minlength=len(counts))
    by_count = np.argsort(-counts, kind="stable")
    chosen = list(dict.fromkeys(first[by_count[counts[by_count] > 0]].tolist()))[:most]
    return _side_by_side(batch, np.array(chosen, np.int64))


def _mismatches(block: Block) -> Truth:
    return block.truth.take(~block.truth.benign)


def _side_by_side(batch: GeneratedBlocks, chosen: Array) -> SideBySide:
    """Trades by the numbers of their ids, of which nothing else is made into tables."""
    from tradegen.formats.arrow import arrow_tables  # loaded where it is used

    run = batch.run
    parts = [part for block in batch.blocks if len((part := _part(block, chosen)).truth)]
    if not parts:
        return SideBySide((), 0)
    tables = arrow_tables(run, parts)
    truth = tables.pop("truth")
    manifest = {"manifest": MANIFEST_VERSION, "replay": run.replay()}
    found = compare(truth, tables, ids=list(map(trade_id, chosen.tolist())), manifest=manifest)
    return replace(found, total=mismatched_pairs(batch))


def _part(block: Block, chosen: Array) -> Block:
    """The rows of a block that are about the trades chosen, under whatever id they go."""
    truth = block.truth.take(np.isin(block.truth.trade_id, chosen))
    mistyped = truth.altered[truth.field == _TRADE_ID]
    trades = block.trades.take(np.isin(block.trades.trade_id, np.append(chosen, mistyped)))
    return replace(block, trades=trades, truth=truth)
