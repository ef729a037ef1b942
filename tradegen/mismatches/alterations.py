"""The masks applied: what each selected field becomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradegen.mismatches.catalogue import CATALOGUE, NAMES
from tradegen.mismatches.selection import Selection
from tradegen.schema import Array, Pairs
from tradegen.streams import draw

if TYPE_CHECKING:
    from tradegen.scenario import Scenario

__all__ = ["Alteration", "alterations"]


@dataclass(frozen=True, slots=True, eq=False)
class Alteration:
    """What one mechanism does to one block: at `pairs` (positions), on `legs`, `original` to `altered`."""

    mechanism: int  # position in the catalogue
    field: str
    pairs: Array  # int64, shape (k,)
    legs: Array  # int8, shape (k,)
    original: Array  # int64, shape (k,)
    altered: Array  # int64, shape (k,)


def alterations(
    scenario: Scenario, pairs: Pairs, selection: Selection, seed: int, block: int
) -> Iterator[Alteration]:
    """Apply each mechanism's mask to the clean values, in catalogue order."""
    columns = pairs.arrays()
    for name, mask in selection.masks.items():
        rows = np.flatnonzero(mask)
        if not len(rows):
            continue
        mechanism = CATALOGUE[name]
        where = selection.pairs[rows]
        original = columns[mechanism.field][where].astype(np.int64, copy=False)
        # One draw for every mismatched pair, used or not: another mechanism's weight must move nothing here.
        raw = draw(seed, f"{name}/size", block, len(mask))[rows]
        altered = mechanism.alter(original, raw, scenario.settings_of(name))
        if (altered == original).any():
            raise AssertionError(f"{name} left a value as it was: a bug in its entry of the catalogue")
        yield Alteration(NAMES.index(name), mechanism.field, where, selection.legs[rows], original, altered)
