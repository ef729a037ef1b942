"""Tolerances that a desk might state: many differences are small, others are large, and few lie between."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tradegen.desk.differences import Observed

_GAP = 2.5  # so many times the size of those below is the least above
_FEWEST = 20  # differences below
_PART = 0.1  # of all differences of the field, below


def tolerance_hints(observed: Sequence[Observed]) -> Mapping[str, Any]:
    """By field, the tolerance that would make the small differences benign, as a scenario has it.

    Only where small and large ones are clearly apart.
    """
    found: dict[str, Any] = {}
    for field in ("price", "quantity", "trade_timestamp"):
        seen = [one for trade in observed for one in trade.differences if one.field == field]
        in_steps = field != "trade_timestamp"
        sizes = np.sort([one.size / one.least if in_steps else one.size for one in seen if one.size > 0])
        if len(sizes) < _FEWEST / _PART:
            continue
        ratio = sizes[1:] / sizes[:-1]
        places = np.arange(1, len(sizes))
        possible = (
            (places >= max(_FEWEST, _PART * len(sizes))) & (places <= 0.98 * len(sizes)) & (ratio >= _GAP)
        )
        if possible.any():
            place = int(np.flatnonzero(possible)[0])
            limit = float(sizes[place])
            if field == "price":
                found[field] = {"ticks": math.ceil(limit - 1e-6)}
            else:
                found[field] = math.ceil(limit - 1e-6) if in_steps else float(f"{limit:.3g}")
    return found
