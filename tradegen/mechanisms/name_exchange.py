"""Another name for each of some, so that altered names are as frequent as clean ones."""

from __future__ import annotations

import functools
import math

import numpy as np

from tradegen.core.columns import Array

_ROUNDS = 200


def exchanged(weights: tuple[float, ...], codes: Array, draws: Array) -> Array:
    """Give another name for each.

    A draw by the weights alone would give rare names too often, since no name replaces itself. So one name
    replaces another as often as it is replaced by it. That cannot be where one name is more than half of all:
    it replaces every other name, and they replace it by their weights.

    Parameters
    ----------
    weights : tuple of float
        How frequent each name is among clean ones, in any unit; by code.
    codes : ndarray of int
        Shape (n,). The clean names.
    draws : ndarray of float64
        Shape (n,). Numbers from 0 to 1, without 1.

    Returns
    -------
    ndarray of int64
        Shape (n,). Codes, none of them the clean one.
    """
    top = max(range(len(weights)), key=weights.__getitem__)
    if 2 * weights[top] >= math.fsum(weights):
        others = np.cumsum([*weights[:top], 0.0, *weights[top + 1 :]])
        return np.where(codes == top, _at(others, draws * others[-1]), top)
    ends = np.cumsum(_affinities(weights))
    starts = np.concatenate([[0.0], ends[:-1]])
    # A number in what is left of the line without the name's own part.
    own = ends[codes] - starts[codes]
    place = draws * (ends[-1] - own)
    found = _at(ends, np.where(place < starts[codes], place, place + own))
    # Where rounding has led back to the name itself, its neighbour.
    neighbours = np.where(codes + 1 < len(ends), codes + 1, codes - 1)
    return np.where(found == codes, neighbours, found)


def _at(ends: Array, places: Array) -> Array:
    """Which parts of a line numbers lie in, by the parts' ends."""
    found: Array = np.minimum(np.searchsorted(ends, places, side="right"), len(ends) - 1)
    return found


@functools.lru_cache(maxsize=64)
def _affinities(weights: tuple[float, ...]) -> Array:
    """Numbers a whose products a[i] * a[j], over all j but i, have sums in the ratio of the weights.

    NumPy's own sum goes in another order on another processor.
    """
    shares = np.array(weights) / math.fsum(weights)
    found: Array = shares
    for _ in range(_ROUNDS):
        found = found * np.sqrt(shares / (found * (math.fsum(found) - found)))
    affinities: Array = found / found.max()
    return affinities
