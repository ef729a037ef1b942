"""The answer key: a row for every altered field or record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tradegen.legs import added_record, leg_record
from tradegen.mismatches.alterations import Alteration
from tradegen.mismatches.catalogue import POSITIONS
from tradegen.mismatches.ground import Ground
from tradegen.schema import FIELDS, NO_RECORD, Array, Truth

__all__ = ["make_truth"]


def make_truth(ground: Ground, changes: Sequence[Alteration], block: int) -> Truth:
    """Collect the alterations of one block, by trade_id and then by field.

    Parameters are those of ``legs.make_legs``.
    """

    def each(values: list[int] | list[bool], dtype: type) -> Array:
        return np.repeat(np.array(values, dtype), [len(change.pairs) for change in changes])

    def joined(parts: list[Array], dtype: type) -> Array:
        return np.concatenate(parts) if parts else np.empty(0, dtype)

    pair = joined([change.pairs for change in changes], np.int64)
    field = each([change.field for change in changes], np.int8)
    # No pair has a field altered twice, so the keys are distinct.
    order = np.argsort(pair * len(FIELDS) + field)
    pair = pair[order]
    leg = joined([change.legs for change in changes], np.int8)[order]
    mechanism = each([change.mechanism for change in changes], np.int16)[order]
    return Truth(
        trade_id=ground.block_first_id + pair,
        leg=leg,
        field=field[order],
        mechanism=mechanism,
        original=joined([change.original for change in changes], np.int64)[order],
        altered=joined([change.altered for change in changes], np.int64)[order],
        benign=each([change.benign for change in changes], bool)[order],
        notional=ground.notional[pair],
        cause=each([change.cause for change in changes], np.int16)[order],
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
