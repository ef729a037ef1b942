"""Small proportional errors, in quantity and in price."""

from __future__ import annotations

import numpy as np

from tradegen.mismatches.settings import Setting, Values
from tradegen.schema import Array
from tradegen.streams import whole

__all__ = ["nudge", "sizes"]


def sizes(least: float, most: float, of: str) -> tuple[Setting, Setting]:
    """The settings of a nudge: its smallest and largest size, as shares of the value."""
    return (
        Setting("min", least, 0, 1, "share", f"smallest error, a share of the {of}"),
        Setting("max", most, 0, 1, "share", f"largest error, a share of the {of}"),
    )


def nudge(original: Array, raw: Array, settings: Values) -> Array:
    """Move each value up or down by a whole amount between `min` and `max` of it: 1 at the least.

    Up and down are equally likely. The amount is drawn among the whole numbers in the range, so that no
    rounding can undo it. Where moving down would leave nothing (1 share, 1 tick), the value moves up.
    """
    least = np.ceil(original * settings["min"]).astype(np.int64)
    most = np.maximum(np.floor(original * settings["max"]).astype(np.int64), least)
    amount = whole(raw, least, most)
    # The lowest bit is not among those that `whole` uses: one draw gives size and direction.
    down = (raw & np.uint64(1)).astype(bool) & (amount < original)
    return np.where(down, original - amount, original + amount)
