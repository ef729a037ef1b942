"""Wrong timestamps within the same day."""

from __future__ import annotations

import numpy as np

from tradegen.mismatches.settings import Setting, Values
from tradegen.schema import MICROSECONDS, MICROSECONDS_A_DAY, Array
from tradegen.streams import whole

__all__ = ["DELAY", "delay"]

# Up to half a day, one of the two directions always stays within the day.
_HALF_A_DAY = 43_200

# 1 to 30 minutes: assumed, as the original script had it.
DELAY = (
    Setting("min", 60, 1, _HALF_A_DAY, "seconds", "smallest shift, seconds"),
    Setting("max", 1_800, 1, _HALF_A_DAY, "seconds", "largest shift, seconds"),
)


def delay(original: Array, raw: Array, settings: Values) -> Array:
    """Shift each timestamp (int64 microseconds) by whole seconds, late or early alike, never across midnight.

    A shift that would leave the day goes the other way.
    """
    shift = whole(raw, settings["min"], settings["max"]) * MICROSECONDS
    into_day = original % MICROSECONDS_A_DAY
    # The lowest bit is not among those that `whole` uses: one draw gives size and direction.
    drawn_early = (raw & np.uint64(1)).astype(bool)
    fits_early = into_day - shift >= 0
    fits_late = into_day + shift < MICROSECONDS_A_DAY
    early = (drawn_early & fits_early) | ~fits_late
    shifted: Array = np.where(early, original - shift, original + shift)
    return shifted
