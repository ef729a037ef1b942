"""Small statistics that tables, scores and figures share."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tradegen.core.columns import Array

CONFIDENCE = 0.95
"""The confidence of every interval that stands alone."""


def wilson_interval(
    hits: npt.ArrayLike, trials: npt.ArrayLike, confidence: float = CONFIDENCE
) -> tuple[Array, Array]:
    """Wilson's score interval for a share.

    Parameters
    ----------
    hits, trials : array_like of int
        `hits` of `trials`; without trials the interval is 0 to 1.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    low, high : ndarray of float64
        Shares from 0 to 1.
    """
    found, among = np.asarray(hits, float), np.asarray(trials, float)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (found + z**2 / 2) / (among + z**2)
    half = z / (among + z**2) * np.sqrt(found * (among - found) / np.maximum(among, 1) + z**2 / 4)
    # Where all or none hit, the interval ends there exactly, whatever the rounding.
    return np.where(found == 0, 0.0, centre - half), np.where(found == among, 1.0, centre + half)
