"""The answer key: a row for every altered field."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tradegen.mismatches.alterations import Alteration
from tradegen.schema import FIELDS, Array, Pairs, Truth

__all__ = ["make_truth"]


def make_truth(pairs: Pairs, changes: Sequence[Alteration], first_id: int) -> Truth:
    """Collect the alterations of one block, by trade_id and then by field.

    Parameters are those of ``legs.make_legs``.
    """

    def collect(parts: list[Array], dtype: type) -> Array:
        return np.concatenate(parts) if parts else np.empty(0, dtype)

    pair = collect([change.pairs for change in changes], np.int64)
    leg = collect([change.legs for change in changes], np.int8)
    sizes = [len(change.pairs) for change in changes]
    field = np.repeat(np.array([FIELDS.index(change.field) for change in changes], np.int8), sizes)
    mechanism = np.repeat(np.array([change.mechanism for change in changes], np.int16), sizes)
    original = collect([change.original for change in changes], np.int64)
    altered = collect([change.altered for change in changes], np.int64)
    # No pair has a field altered twice, so the keys are distinct.
    order = np.argsort(pair * len(FIELDS) + field)
    notional = pairs.quantity * pairs.price
    return Truth(
        trade_id=first_id + pair[order],
        leg=leg[order],
        field=field[order],
        mechanism=mechanism[order],
        original=original[order],
        altered=altered[order],
        notional=notional[pair[order]],
    )
