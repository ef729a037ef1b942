"""Derived columns follow: where a quantity is altered, so is the amount that was worked out from it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tradegen.core.columns import Array, is_blank
from tradegen.core.streams import draw, happens
from tradegen.engine.alteration import Alteration
from tradegen.engine.context import BlockContext
from tradegen.engine.own_values import derived
from tradegen.mechanisms.allowed_sizes import Tolerance
from tradegen.mechanisms.by_kind import FOLLOWS

if TYPE_CHECKING:
    from tradegen.scenario.own_columns import OwnColumn


def following(
    context: BlockContext, changes: Sequence[Alteration], seed: int, block: int
) -> Iterator[Alteration]:
    """The alterations of derived columns that follow from others.

    Nothing follows on a value that is missing, nor on the share of legs that the column does not recompute.
    What follows is benign where the column's own tolerance says so; without one, if what it follows on is.
    A pair is altered on one leg, for one cause, so the values of a leg are found by its pair.
    """
    for column in context.scenario.columns:
        if column.derived_from:
            yield from _of_column(context, column, changes, seed, block)


def _of_column(
    context: BlockContext, column: OwnColumn, changes: Sequence[Alteration], seed: int, block: int
) -> Iterator[Alteration]:
    scenario, count, limit = context.scenario, len(context.pairs), context.scenario.tolerance(column.name)
    house = context.pairs.arrays()
    sources = {name: house[name].copy() for name in column.derived_from}
    leg = np.zeros(count, np.int8)
    blanks = np.zeros(count, bool)
    benign = np.zeros(count, bool)
    causes: dict[int, Array] = {}
    for change in changes:
        name = scenario.fields[change.field]
        if name not in sources:
            continue
        missing = is_blank(change.altered)
        blanks[change.pairs[missing]] = True
        sources[name][change.pairs[~missing]] = change.altered[~missing]
        leg[change.pairs] = change.legs
        benign[change.pairs] = change.benign
        causes.setdefault(change.cause, np.zeros(count, bool))[change.pairs] = True
    if not causes:
        return
    original = house[column.name]
    altered = derived(scenario, column, sources)
    moved = (altered != original) & ~blanks & ~_kept(context, column, seed, block)
    if limit:
        benign = _within(limit, column, original, altered)
    for cause, label in itertools.product(causes, (False, True)):
        pairs = np.flatnonzero(causes[cause] & moved & (benign == label))
        if len(pairs):
            yield Alteration(
                mechanism=f"{column.name}.{FOLLOWS}",
                field=scenario.fields.index(column.name),
                benign=label,
                cause=cause,
                pairs=pairs,
                legs=leg[pairs],
                original=original[pairs].astype(np.int64),
                altered=altered[pairs].astype(np.int64),
            )


def follows_beyond(
    context: BlockContext, field: str, pairs: Array, altered: Array, seed: int, block: int
) -> Array:
    """Where a column that is derived from a field would follow by more than its own tolerance.

    Such a pair would have to be reported, however little the field differs.

    Parameters
    ----------
    context : BlockContext
    field : str
        The one that is altered.
    pairs : ndarray of int64, shape (n,)
        Positions in the block.
    altered : ndarray of int64, shape (n,)
        What the field's values become, none of them missing.
    seed, block : int

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    beyond = np.zeros(len(pairs), bool)
    for column in context.scenario.columns:
        if field in column.derived_from and (limit := context.scenario.tolerance(column.name)):
            house = context.pairs.arrays()
            sources = {name: house[name][pairs] for name in column.derived_from} | {field: altered}
            follows = derived(context.scenario, column, sources)
            moved = ~_kept(context, column, seed, block)[pairs]
            beyond |= moved & ~_within(limit, column, house[column.name][pairs], follows)
    return beyond


def _kept(context: BlockContext, column: OwnColumn, seed: int, block: int) -> Array:
    """By pair, whether the column keeps its value whatever it is derived from (bool, shape (pairs,))."""
    count = len(context.pairs)
    if kept := getattr(column, "not_recomputed", 0.0):
        return happens(draw(seed, f"column/{column.name}/not_recomputed", block, count), kept)
    return np.zeros(count, bool)


def _within(limit: Tolerance, column: OwnColumn, original: Array, altered: Array) -> Array:
    """Whether what follows is within the tolerance; an amount of the other sign is not."""
    within = limit.holds(original, altered)
    if column.kind == "decimal":
        within &= np.sign(original) * np.sign(altered) >= 0
    return within
