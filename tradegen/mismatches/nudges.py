"""Small proportional errors, in quantity and in price."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradegen.mismatches.settings import Range
from tradegen.schema import Array
from tradegen.streams import whole
from tradegen.validation import Expected

__all__ = ["Nudge", "PriceNudge", "QuantityNudge", "nudge"]

Size = Annotated[float, Field(gt=0, le=1), Expected("a share above 0 and at most 1")]


class Nudge(Range):
    """The smallest and the largest error, as shares of the value; up and down are equally likely."""

    min: Size
    max: Size


class QuantityNudge(Nudge):
    """1% to 5% of the quantity (assumed, as the original script had it)."""

    min: Size = Field(0.01, description="smallest error, a share of the quantity")
    max: Size = Field(0.05, description="largest error, a share of the quantity")


class PriceNudge(Nudge):
    """0.1% to 1% of the price (assumed, as the original script had it)."""

    min: Size = Field(0.001, description="smallest error, a share of the price")
    max: Size = Field(0.01, description="largest error, a share of the price")


def nudge(original: Array, raw: Array, settings: Nudge) -> Array:
    """Move each value up or down by a whole amount between `min` and `max` of it, at least 1.

    The amount is drawn among the whole numbers in the range, so that no rounding can undo it. Where
    moving down would leave nothing (1 share, 1 tick), the value moves up.
    """
    least = np.maximum(np.ceil(original * settings.min).astype(np.int64), 1)
    most = np.maximum(np.floor(original * settings.max).astype(np.int64), least)
    amount = whole(raw, least, most)
    # The lowest bit is not among those that `whole` uses: one draw gives size and direction.
    down = (raw & np.uint64(1)).astype(bool) & (amount < original)
    return np.where(down, original - amount, original + amount)
