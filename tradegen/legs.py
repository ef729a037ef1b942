"""The records: both legs of every pair, with the alterations in place, in row order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tradegen.mismatches.alterations import Alteration
from tradegen.mismatches.catalogue import NAMES
from tradegen.mismatches.ground import Ground
from tradegen.mismatches.records import MOST_FILLS, fills
from tradegen.schema import BLOCK_PAIRS, FIELDS, RECORD, Array, Trades
from tradegen.streams import draw, scramble

__all__ = ["added_record", "leg_record", "make_legs"]

_LEGS = 2 * BLOCK_PAIRS
_ADDED = MOST_FILLS - 1  # records that a pair can have beyond its two legs
_NUMBERS = 1 << 19  # a block's records are numbered below: the legs first, then what is added to them
_NUMBER = np.uint64(_NUMBERS - 1)
_RECORD = FIELDS.index(RECORD)


def leg_record(block: int, pairs: Array, legs: Array) -> Array:
    """The numbers of legs' own records in the run (int64)."""
    return block * _NUMBERS + 2 * pairs + legs


def added_record(block: int, pairs: Array, number: Array | int = 0) -> Array:
    """The numbers of records added to a leg: a copy, or all fills but the first, from 0 on (int64)."""
    return block * _NUMBERS + _LEGS + _ADDED * pairs + number


def make_legs(ground: Ground, changes: Sequence[Alteration], seed: int, block: int) -> Trades:
    """Lay out the records of one block.

    Parameters
    ----------
    ground : Ground
        With the clean pairs, n of them.
    changes : sequence of Alteration
    seed, block : int

    Returns
    -------
    Trades
        2 n rows, fewer where legs are missing, more where they are doubled or split. In random order, or,
        where the scenario's order is ``"paired"``, BUY, SELL, BUY, SELL, ...
    """
    pairs, scenario = ground.pairs, ground.scenario
    records = [change for change in changes if change.field == _RECORD]
    added = np.concatenate([_added(change) for change in records] or [np.empty(0, np.int64)])
    kept = _kept(records, len(pairs))
    numbers = _row_order(scenario.order, seed, block, kept, added)
    legs, row = _places(numbers, records, len(pairs))
    pair, leg = legs >> 1, (legs & 1).astype(np.int8)
    order_type = ground.order_type(pair, leg)
    # Interleaved as the legs are: a leg's broker sits at its number, the other side's beside it.
    brokers = np.stack([pairs.buyer, pairs.seller], axis=1).ravel()
    own = 2 * pair + order_type
    columns = {
        "trade_id": ground.block_first_id + pair,
        "ticker": pairs.ticker[pair],
        "broker_id": brokers[own],
        "contra_broker_id": brokers[own ^ 1],
        "quantity": pairs.quantity[pair],
        "price": pairs.price[pair],
        "order_type": order_type,
        "date": pairs.date[pair],
        "trade_timestamp": pairs.trade_timestamp[pair],
    }
    by_field: dict[int, list[Alteration]] = {}
    for change in changes:
        by_field.setdefault(change.field, []).append(change)
    by_field.pop(_RECORD, None)
    for field, those in by_field.items():
        where = np.concatenate([2 * change.pairs + change.legs for change in those])
        columns[FIELDS[field]][row[where]] = np.concatenate([change.altered for change in those])
    if len(added):
        extra = np.flatnonzero(numbers >= _LEGS)
        for values in columns.values():
            values[extra] = values[row[legs[extra]]]
        _fill(columns["quantity"], records, row, numbers, seed, block)
    return Trades(**columns, leg=leg, record=block * _NUMBERS + numbers)


def _places(numbers: Array, records: Sequence[Alteration], count: int) -> tuple[Array, Array]:
    """Each row's leg, and each leg's row; a missing leg has none, and no other alteration asks for it."""
    row = np.empty(2 * count, np.int64)
    if not records:
        row[numbers] = np.arange(len(numbers))
        return numbers, row
    own = numbers < _LEGS
    row[numbers[own]] = np.flatnonzero(own)
    altered_leg = np.empty(count, np.int64)
    for change in records:
        altered_leg[change.pairs] = change.legs
    legs = numbers.copy()
    extra = np.flatnonzero(~own)
    pair = (numbers[extra] - _LEGS) // _ADDED
    legs[extra] = 2 * pair + altered_leg[pair]
    return legs, row


def _added(change: Alteration) -> Array:
    """The numbers, within the block, of the records that are added to legs."""
    each = added_record(0, change.pairs[:, None], np.arange(_ADDED))
    return each[np.arange(_ADDED) < change.altered[:, None] - 1]


def _fill(
    quantity: Array, records: Sequence[Alteration], row: Array, numbers: Array, seed: int, block: int
) -> None:
    """Share the quantities of split legs among their fills."""
    # By number and not by count, so that no pair's fills depend on those of others.
    salt = int(draw(seed, "record.split/fills", block, 1)[0])
    rows = np.flatnonzero(numbers >= _LEGS)
    rows = rows[numbers[rows].argsort()]
    for change in records:
        if NAMES[change.mechanism] != "record.split":
            continue
        each = added_record(0, change.pairs, np.arange(_ADDED)[:, None])
        own = row[2 * change.pairs + change.legs]
        shares = fills(quantity[own], change.altered, scramble(each, salt))
        quantity[own] = shares[0]
        used = shares[1:] > 0
        quantity[rows[np.searchsorted(numbers[rows], each[used])]] = shares[1:][used]


def _kept(records: Sequence[Alteration], count: int) -> Array:
    """The numbers of the legs that are not missing."""
    legs = np.arange(2 * count)
    if not records:
        return legs
    there = np.ones(2 * count, bool)
    for change in records:
        there[(2 * change.pairs + change.legs)[change.altered == 0]] = False
    return legs if there.all() else legs[there]


def _row_order(order: str, seed: int, block: int, legs: Array, added: Array) -> Array:
    """The record at each row, by its number within the block (int64)."""
    numbers = np.concatenate([legs, added]) if len(added) else legs
    if order == "paired":
        # Added records follow on their pair.
        pair = np.where(numbers < _LEGS, numbers >> 1, (numbers - _LEGS) // _ADDED)
        return numbers[np.lexsort((numbers, pair))] if len(added) else legs
    # Sorting random keys that carry the number in their low bits needs no argument sort.
    keys = draw(seed, "order", block, int(legs.max(initial=-1)) + 1)
    keys = keys[legs] if len(legs) < len(keys) else keys
    if len(added):
        # By number and not by count, so that no other record moves.
        salt = int(draw(seed, "order/added", block, 1)[0])
        keys = np.concatenate([keys, scramble(added, salt)])
    keys &= ~_NUMBER
    keys |= numbers.view(np.uint64)
    keys.sort()
    keys &= _NUMBER
    return keys.view(np.int64)
