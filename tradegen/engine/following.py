"""Derived columns follow: where a quantity is altered, so is the amount that was worked out from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tradegen.core.columns import Array, is_blank
from tradegen.core.streams import draw, happens
from tradegen.engine.alteration import Alteration
from tradegen.engine.context import BlockContext
from tradegen.engine.own_values import derived
from tradegen.mechanisms.by_kind import FOLLOWS

if TYPE_CHECKING:
    from tradegen.scenario.own_columns import OwnColumn

__all__ = ["following"]


def following(
    context: BlockContext, changes: Sequence[Alteration], seed: int, block: int
) -> Iterator[Alteration]:
    """The alterations of derived columns that follow from others.

    Nothing follows on a value that is missing, nor on the share of legs that the column does not recompute.
    A pair is altered on one leg, for one cause, so the values of a leg are found by its pair.
    """
    for column in context.scenario.columns:
        if column.derived_from:
            yield from _of_column(context, column, changes, seed, block)


def _of_column(
    context: BlockContext, column: OwnColumn, changes: Sequence[Alteration], seed: int, block: int
) -> Iterator[Alteration]:
    scenario, count = context.scenario, len(context.pairs)
    house = context.pairs.arrays()
    sources = {name: house[name].copy() for name in column.derived_from}
    leg = np.zeros(count, np.int8)
    blanks = np.zeros(count, bool)
    causes: dict[tuple[bool, int], Array] = {}
    for change in changes:
        name = scenario.fields[change.field]
        if name not in sources:
            continue
        missing = is_blank(change.altered)
        blanks[change.pairs[missing]] = True
        sources[name][change.pairs[~missing]] = change.altered[~missing]
        leg[change.pairs] = change.legs
        among = causes.setdefault((change.benign, change.cause), np.zeros(count, bool))
        among[change.pairs] = True
    if not causes:
        return
    original = house[column.name]
    altered = derived(scenario, column, sources)
    moved = (altered != original) & ~blanks
    if kept := getattr(column, "not_recomputed", 0.0):
        moved &= ~happens(draw(seed, f"column/{column.name}/not_recomputed", block, count), kept)
    for (benign, cause), among in causes.items():
        pairs = np.flatnonzero(among & moved)
        if len(pairs):
            yield Alteration(
                mechanism=f"{column.name}.{FOLLOWS}",
                field=scenario.fields.index(column.name),
                benign=benign,
                cause=cause,
                pairs=pairs,
                legs=leg[pairs],
                original=original[pairs].astype(np.int64),
                altered=altered[pairs].astype(np.int64),
            )
