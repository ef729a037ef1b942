"""The answer key: a row for every altered field or record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tradegen.legs import added_record, leg_record
from tradegen.mismatches.alterations import Alteration
from tradegen.mismatches.catalogue import NAMES
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
    return Truth(
        trade_id=ground.block_first_id + pair,
        leg=joined([change.legs for change in changes], np.int8)[order],
        field=field[order],
        mechanism=each([change.mechanism for change in changes], np.int16)[order],
        original=joined([change.original for change in changes], np.int64)[order],
        altered=joined([change.altered for change in changes], np.int64)[order],
        benign=each([change.benign for change in changes], bool)[order],
        notional=ground.notional[pair],
        cause=each([change.cause for change in changes], np.int16)[order],
        record=joined([_record(change, block) for change in changes], np.int64)[order],
    )


def _record(change: Alteration, block: int) -> Array:
    """The record concerned: the leg's own, but for a copy, which is the one too many."""
    name = NAMES[change.mechanism]
    if name == "record.missing":
        return np.full(len(change.pairs), NO_RECORD)
    if name == "record.duplicate":
        return added_record(block, change.pairs)
    return leg_record(block, change.pairs, change.legs)
