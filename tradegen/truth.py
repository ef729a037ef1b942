"""The answer key: a row for every altered field or record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tradegen.legs import added_record, leg_record
from tradegen.mismatches.alterations import Alteration
from tradegen.mismatches.catalogue import POSITIONS
from tradegen.mismatches.ground import Ground
from tradegen.schema import BLOCK_PAIRS, FIELDS, NO_RECORD, Array, Truth

__all__ = ["make_truth"]

# Where a key holds the field and the pair, above the position among up to 2**20 alterations of a block.
_FIELD = (len(FIELDS) * BLOCK_PAIRS).bit_length()
_PAIR = _FIELD + len(FIELDS).bit_length()


def make_truth(ground: Ground, changes: Sequence[Alteration], block: int) -> Truth:
    """Collect the alterations of one block, by trade_id and then by field.

    Parameters are those of ``legs.make_legs``.
    """

    def joined(parts: list[Array], dtype: type) -> Array:
        return np.concatenate(parts) if parts else np.empty(0, dtype)

    pair = joined([change.pairs for change in changes], np.int64)
    of_change = np.repeat(np.arange(len(changes)), [len(change.pairs) for change in changes])
    # No pair has a field altered twice, so the keys are distinct; with the position in the low bits, a plain
    # sort does what an argument sort would.
    keys = (pair << _PAIR) | (np.array([change.field for change in changes], np.int64)[of_change] << _FIELD)
    keys |= np.arange(len(keys))
    keys.sort()
    order = keys & ((1 << _FIELD) - 1)
    of_change = of_change.take(order)
    pair = keys >> _PAIR

    def each(values: list[int] | list[bool], dtype: type) -> Array:
        return np.array(values, dtype).take(of_change)

    leg = joined([change.legs for change in changes], np.int8).take(order)
    mechanism = each([change.mechanism for change in changes], np.int16)
    return Truth(
        trade_id=ground.block_first_id + pair,
        leg=leg,
        field=each([change.field for change in changes], np.int8),
        mechanism=mechanism,
        original=joined([change.original for change in changes], np.int64).take(order),
        altered=joined([change.altered for change in changes], np.int64).take(order),
        benign=each([change.benign for change in changes], bool),
        notional=ground.notional.take(pair),
        cause=each([change.cause for change in changes], np.int16),
        record=_records(mechanism, block, pair, leg),
    )


def _records(mechanism: Array, block: int, pair: Array, leg: Array) -> Array:
    """The record concerned: the leg's own, but for a copy, which is the one too many."""
    record: Array = leg_record(block, pair, leg)
    copies = np.flatnonzero(mechanism == _DUPLICATE)
    record[copies] = added_record(block, pair[copies])
    record[mechanism == _MISSING] = NO_RECORD
    return record


_DUPLICATE, _MISSING = POSITIONS["record.duplicate"], POSITIONS["record.missing"]
