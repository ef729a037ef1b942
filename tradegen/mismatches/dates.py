"""Wrong dates: the neighbouring weekday.

A session is a weekday here; exchange holidays are not known.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from tradegen.mismatches.settings import Values
from tradegen.schema import Array

__all__ = ["next_session", "previous_session"]


def next_session(original: Array, _raw: Array, _settings: Values) -> Array:
    """The first weekday after each day (int64 days since 1970-01-01); nothing is drawn."""
    return _weekday_from(original, +1, roll="backward")


def previous_session(original: Array, _raw: Array, _settings: Values) -> Array:
    """The last weekday before each day (int64 days since 1970-01-01); nothing is drawn."""
    return _weekday_from(original, -1, roll="forward")


def _weekday_from(days: Array, step: int, roll: Literal["backward", "forward"]) -> Array:
    # From a weekend, first roll against the step, so that Saturday's next is Monday and not Tuesday.
    moved: Array = np.busday_offset(days.astype("datetime64[D]"), step, roll=roll)
    return moved.astype(np.int64)
