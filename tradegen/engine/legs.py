"""The records: both legs of every pair, with the alterations in place, in row order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tradegen.core.blocks import BLOCK_PAIRS, Trades
from tradegen.core.columns import RECORD, TRADE_COLUMNS, Array, blank, is_blank
from tradegen.core.streams import draw, scramble
from tradegen.engine.alteration import Alteration
from tradegen.engine.context import BlockContext
from tradegen.engine.own_values import derived
from tradegen.mechanisms.record_counts import MOST_FILLS, fills

_LEGS = 2 * BLOCK_PAIRS
_ADDED = MOST_FILLS - 1  # records that a pair can have beyond its two legs
_NUMBERS = 1 << 19  # a block's records are numbered below: the legs first, then what is added to them
_NUMBER = np.uint64(_NUMBERS - 1)
_LEG = np.uint64(_LEGS - 1)
_SPARE = np.uint64(2)  # bits of a number that are zero for legs
_NORMAL = np.uint64(1 << 61)


def leg_record(block: int, pairs: Array, legs: Array) -> Array:
    """The numbers of legs' own records in the run (int64)."""
    return block * _NUMBERS + 2 * pairs + legs


def added_record(block: int, pairs: Array, number: Array | int = 0) -> Array:
    """The numbers of records added to a leg: a copy, or all fills but the first, from 0 on (int64)."""
    return block * _NUMBERS + _LEGS + _ADDED * pairs + number


def make_legs(context: BlockContext, changes: Sequence[Alteration], seed: int, block: int) -> Trades:
    """Lay out the records of one block.

    Parameters
    ----------
    context : BlockContext
        With the clean pairs, n of them.
    changes : sequence of Alteration
    seed, block : int

    Returns
    -------
    Trades
        2 n rows, fewer where legs are missing, more where they are doubled or split. In random order, or,
        where the scenario's order is ``"paired"``, BUY, SELL, BUY, SELL, ...
    """
    count = len(context.pairs)
    by_field: dict[str, list[Alteration]] = {}
    for change in changes:
        by_field.setdefault(context.scenario.fields[change.field], []).append(change)
    records = by_field.get(RECORD, [])
    numbers = _row_order(context.scenario.order, seed, block, count, records)
    legs = _legs(numbers, records, count)
    pair, leg = legs >> 1, legs.astype(np.int8) & np.int8(1)

    def column(field: str) -> Array:
        if field == "order_type" and field not in by_field:
            return context.order_type(pair, leg)
        first, second = context.both_legs(field)
        if first is second and field not in by_field:
            return first.take(pair)
        # Altered by leg, and then put in order: no one asks for the row of a leg, and a record that is added
        # to a leg is altered as the leg is.
        each = np.empty(2 * count, first.dtype)
        each[0::2], each[1::2] = first, second
        for change in by_field.get(field, ()):
            each[2 * change.pairs + change.legs] = _in_width(change.altered, each.dtype)
        return each.take(legs)

    columns = {field: column(field) for field in TRADE_COLUMNS if field != "trade_id"}
    own = {field: column(field) for field in context.pairs.own}
    if split := [change for change in records if change.mechanism == "record.split"]:
        rows = _fill(columns["quantity"], split, context, numbers, legs, seed, block)
        _amounts_of_fills(columns, own, rows, context, numbers, legs)
    # The positions have served: their memory goes to the ids, and that of the numbers to the records.
    ids = column("trade_id") if "trade_id" in by_field else np.add(pair, context.block_first_id, out=pair)
    return Trades(
        trade_id=ids, **columns, leg=leg, record=np.add(numbers, block * _NUMBERS, out=numbers), own=own
    )


def _legs(numbers: Array, records: Sequence[Alteration], count: int) -> Array:
    """Each row's leg: for what is added to a leg, that one."""
    if not records:
        return numbers
    extra = np.flatnonzero(numbers >= _LEGS)
    altered_leg = np.empty(count, np.int64)
    for change in records:
        altered_leg[change.pairs] = change.legs
    legs = numbers.copy()
    pair = (numbers[extra] - _LEGS) // _ADDED
    legs[extra] = 2 * pair + altered_leg[pair]
    return legs


def _fill(
    quantity: Array,
    changes: Sequence[Alteration],
    context: BlockContext,
    numbers: Array,
    legs: Array,
    seed: int,
    block: int,
) -> Array:
    """Share the quantities of split legs among their fills, and give the rows of these."""
    pairs = np.concatenate([change.pairs for change in changes])
    # By number and not by count, so that no pair's fills depend on those of others.
    salt = int(draw(seed, "record.split/fills", block, 1)[0])
    raw = scramble(added_record(0, pairs, np.arange(_ADDED)[:, None]), salt)
    step = context.quantity_step
    count = np.concatenate([change.altered for change in changes])
    shares = fills(context.pairs.quantity[pairs] // step, count, raw) * step
    position = np.full(2 * len(context.pairs), -1, np.int32)
    position[2 * pairs + np.concatenate([change.legs for change in changes])] = np.arange(len(pairs))
    rows = np.flatnonzero(position[legs] >= 0)
    fill = np.where(numbers[rows] < _LEGS, 0, (numbers[rows] - _LEGS) % _ADDED + 1)
    quantity[rows] = shares[fill, position[legs[rows]]]
    return rows


def _amounts_of_fills(
    columns: dict[str, Array],
    own: dict[str, Array],
    rows: Array,
    context: BlockContext,
    numbers: Array,
    legs: Array,
) -> None:
    """Work out what is derived from a quantity for each fill, such that the fills add up to the whole."""
    for column in context.scenario.columns:
        if "quantity" not in column.derived_from:
            continue
        order = rows[np.lexsort((numbers[rows], legs[rows]))]
        new_leg = np.append(True, np.diff(legs[order]) != 0)
        # By running totals, so that what rounding leaves out of one fill goes to the next.
        running = np.cumsum(columns["quantity"][order])
        start = np.flatnonzero(new_leg)
        running -= np.repeat(np.append(0, running[start[1:] - 1]), np.diff(np.append(start, len(order))))
        clean, altered = context.pairs.arrays(), columns | own
        sources = {
            name: running
            if name == "quantity"
            else _or_clean(altered[name][order], clean[name], legs[order] >> 1)
            for name in column.derived_from
        }
        total = derived(context.scenario, column, sources)
        # A leg whose amount is wrong for another reason keeps that amount in all, on its first fill.
        whole = own[column.name][order]
        amounts = np.where(new_leg, total, np.diff(total, prepend=0))
        last = np.append(new_leg[1:], True)
        own[column.name][order] = amounts + np.where(last, whole - total, 0)


def _or_clean(values: Array, clean: Array, pairs: Array) -> Array:
    """Values of records, and those of their pairs where they are missing, on which nothing follows."""
    missing = is_blank(values)
    return np.where(missing, clean[pairs], values) if missing.any() else values


def _in_width(values: Array, dtype: np.dtype[Any]) -> Array:
    """Altered values for a narrower column, in which another number stands for a missing one."""
    missing = is_blank(values)
    return np.where(missing, blank(dtype), values) if missing.any() else values


def _row_order(order: str, seed: int, block: int, count: int, records: Sequence[Alteration]) -> Array:
    """The record at each row, by its number within the block (int64)."""
    legs, added = _kept(records, count), _added(records)
    numbers = np.concatenate([legs, added]) if len(added) else legs
    if order == "paired":
        if len(added):
            # Added records follow on their pair.
            pair = np.where(numbers < _LEGS, numbers >> 1, (numbers - _LEGS) // _ADDED)
            numbers = _sorted(pair.view(np.uint64) * np.uint64(_NUMBERS), numbers)
        return numbers
    keys = draw(seed, "order", block, 2 * count)
    keys = keys[legs] if len(legs) < len(keys) else keys
    if not len(added):
        return _sorted_legs(keys, legs)
    # By number and not by count, so that no other record moves.
    salt = int(draw(seed, "order/added", block, 1)[0])
    return _sorted(np.concatenate([keys, scramble(added, salt)]), numbers)


def _sorted(keys: Array, numbers: Array) -> Array:
    """The numbers in order of their keys (uint64), which are overwritten, by all but their low bits."""
    # Keys that carry the number in their low bits need no argument sort.
    keys &= ~_NUMBER
    keys |= numbers.view(np.uint64)
    keys.sort()
    keys &= _NUMBER
    return keys.view(np.int64)


def _sorted_legs(keys: Array, legs: Array) -> Array:
    """The same order, where all numbers are those of legs."""
    # These leave two bits of a key free. Positive doubles are in the order of their bits, and sort a quarter
    # faster than integers; a bit is added for none to be so small that some libraries make the processor take
    # it for zero.
    keys >>= _SPARE
    keys &= ~_LEG
    keys |= legs.view(np.uint64)
    keys += _NORMAL
    keys.view(np.float64).sort()
    keys &= _LEG
    return keys.view(np.int64)


def _kept(records: Sequence[Alteration], count: int) -> Array:
    """The numbers of the legs that are not missing."""
    legs = np.arange(2 * count)
    if not records:
        return legs
    present = np.ones(2 * count, bool)
    for change in records:
        present[(2 * change.pairs + change.legs)[change.altered == 0]] = False
    return legs if present.all() else legs[present]


def _added(records: Sequence[Alteration]) -> Array:
    """The numbers, within the block, of the records that are added to legs."""
    each = [added_record(0, change.pairs[:, None], np.arange(_ADDED)) for change in records]
    present = [np.arange(_ADDED) < change.altered[:, None] - 1 for change in records]
    numbers = [numbers[those] for numbers, those in zip(each, present, strict=True)]
    return np.concatenate(numbers) if numbers else np.empty(0, np.int64)
