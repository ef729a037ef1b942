"""Wrong timestamps within the same day."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tradegen.mismatches.settings import Range
from tradegen.schema import MICROSECONDS, MICROSECONDS_A_DAY, Array
from tradegen.streams import whole
from tradegen.validation import Expected, Whole

__all__ = ["Delay", "delay"]

# Up to half a day, one of the two directions always stays within the day.
Seconds = Annotated[Whole, Field(ge=1, le=43_200), Expected("whole seconds from 1 to 43200 (half a day)")]


class Delay(Range):
    """1 to 30 minutes (assumed, as the original script had it); late and early are equally likely."""

    min: Seconds = Field(60, description="smallest shift, seconds")
    max: Seconds = Field(1_800, description="largest shift, seconds")


def delay(original: Array, raw: Array, settings: Delay) -> Array:
    """Shift each timestamp (int64 microseconds) by whole seconds, late or early, never across midnight.

    A shift that would leave the day goes the other way.
    """
    shift = whole(raw, settings.min, settings.max) * MICROSECONDS
    into_day = original % MICROSECONDS_A_DAY
    # The lowest bit is not among those that `whole` uses: one draw gives size and direction.
    drawn_early = (raw & np.uint64(1)).astype(bool)
    fits_early = into_day - shift >= 0
    fits_late = into_day + shift < MICROSECONDS_A_DAY
    early = (drawn_early & fits_early) | ~fits_late
    shifted: Array = np.where(early, original - shift, original + shift)
    return shifted
