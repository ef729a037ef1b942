"""The answer key: a row for every altered field or record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tradegen.core.blocks import BLOCK_PAIRS, NO_RECORD, Truth
from tradegen.core.columns import Array
from tradegen.engine.alteration import Alteration
from tradegen.engine.context import BlockContext
from tradegen.engine.legs import added_record, leg_record


def make_truth(context: BlockContext, changes: Sequence[Alteration], block: int) -> Truth:
    """Collect the alterations of one block, by trade_id and then by field.

    Parameters are those of ``legs.make_legs``.
    """

    def joined(parts: list[Array], dtype: type) -> Array:
        return np.concatenate(parts) if parts else np.empty(0, dtype)

    fields = len(context.scenario.fields)
    # Where a key holds the field and the pair, above the position among the alterations of a block.
    field_bit = (fields * BLOCK_PAIRS).bit_length()
    pair_bit = field_bit + fields.bit_length()
    pair = joined([change.pairs for change in changes], np.int64)
    of_change = np.repeat(np.arange(len(changes)), [len(change.pairs) for change in changes])
    # No pair has a field altered twice, so the keys are distinct; with the position in the low bits, a plain
    # sort does what an argument sort would.
    keys = (pair << pair_bit) | (
        np.array([change.field for change in changes], np.int64)[of_change] << field_bit
    )
    keys |= np.arange(len(keys))
    keys.sort()
    order = keys & ((1 << field_bit) - 1)
    of_change = of_change.take(order)
    pair = keys >> pair_bit

    def each(values: Sequence[int], dtype: type) -> Array:
        return np.array(values, dtype).take(of_change)

    leg = joined([change.legs for change in changes], np.int8).take(order)
    codes = {name: code for code, name in enumerate(context.scenario.active)}
    # The record concerned: the leg's own, but for a copy, which is the one too many.
    record: Array = leg_record(block, pair, leg)
    copied = np.flatnonzero(each([change.mechanism == "record.duplicate" for change in changes], bool))
    record[copied] = added_record(block, pair[copied])
    record[each([change.mechanism == "record.missing" for change in changes], bool)] = NO_RECORD
    return Truth(
        trade_id=context.block_first_id + pair,
        leg=leg,
        field=each([change.field for change in changes], np.int8),
        mechanism=each([codes[change.mechanism] for change in changes], np.int16),
        original=joined([change.original for change in changes], np.int64).take(order),
        altered=joined([change.altered for change in changes], np.int64).take(order),
        benign=each([change.benign for change in changes], bool),
        notional=context.notional.take(pair),
        cause=each([change.cause for change in changes], np.int16),
        record=record,
    )
