"""The two legs of every pair as single rows, and what makes the records of a leg one leg."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradegen.verify.settling import Batch
from tradegen.verify.tables import Reading
from tradegen.verify.vocabulary import (
    COLUMNS,
    LEG,
    MIRROR,
    ORDER_TYPE,
    QUANTITY,
    RECORD,
    RECORD_ID,
    T_LEG,
    T_MECHANISM,
    TRADE_ID,
    UNREADABLE,
    Array,
)

__all__ = ["Legs", "make_legs"]


@dataclass(frozen=True, slots=True, eq=False)
class Legs:
    """The legs of a batch of pairs.

    Attributes
    ----------
    values : ndarray of int64, shape (2, pairs, 9)
        By leg, pair and field what was written; the quantity of a leg in several records is their sum.
    there : ndarray of bool, shape (2, pairs)
        Whether the leg has any record; where not, its values mean nothing.
    record_ids : ndarray of int64, shape (2, pairs)
        Of each leg's first record.
    """

    values: Array
    there: Array
    record_ids: Array

    @property
    def both(self) -> Array:
        """Which pairs have both legs (shape (pairs,))."""
        found: Array = self.there[0] & self.there[1]
        return found


def other_leg(values: Array, facing: bool) -> Array:
    """What each leg should be, to go with the other one: values of shape (2, ...), turned round."""
    turned: Array = values[::-1]
    if facing:
        turned = turned[..., MIRROR]
        turned[..., ORDER_TYPE] = np.where(
            turned[..., ORDER_TYPE] == UNREADABLE, UNREADABLE, 1 - turned[..., ORDER_TYPE]
        )
    return turned


def make_legs(batch: Batch, reading: Reading) -> Legs:
    """Put the records of each leg together, and report legs whose records are not what the truth says."""
    size = len(batch.ids)
    counts = batch.leg_counts()
    _report_counts(batch, counts, batch.expected_counts(), reading)
    values = np.zeros((2, size, RECORD), np.int64)
    record_ids = np.zeros((2, size), np.int64)
    for leg in (0, 1):
        chosen = batch.records[:, LEG] == leg
        records, at = batch.records[chosen], batch.at[chosen]
        if not len(records):
            continue
        first = np.minimum(np.cumsum(counts[leg]) - counts[leg], len(records) - 1)
        values[leg] = records[first, :RECORD]
        record_ids[leg] = records[first, RECORD_ID]
        several = np.flatnonzero(counts[leg] > 1)
        if len(several):
            _several(batch, leg, records, at, several, values, reading)
    return Legs(values, counts > 0, record_ids)


def _several(
    batch: Batch, leg: int, records: Array, at: Array, several: Array, values: Array, reading: Reading
) -> None:
    """Legs of several records: copies are equal, fills add up."""
    split = np.zeros(len(batch.ids), bool)
    fills = batch.truth[:, T_MECHANISM] == reading.names.code("record.split")
    split[batch.truth_at[fills & (batch.truth[:, T_LEG] == leg)]] = True
    follows = np.flatnonzero(at[1:] == at[:-1]) + 1
    differs = records[follows, :RECORD] != records[follows - 1, :RECORD]
    differs[:, QUANTITY] &= ~split[at[follows]]
    for field in np.flatnonzero(differs.any(axis=0)).tolist():
        bad = follows[differs[:, field]]

        def sentence(row: int, field: int = field) -> str:
            before, value = (reading.text(field, int(records[at_row, field])) for at_row in (row - 1, row))
            told = f"{reading.text(TRADE_ID, int(batch.ids[at[row]]))} {reading.leg(leg)}"
            return f"{told}: records of one leg have {COLUMNS[field]} {before} and {value}"

        reading.findings.extend("unlabelled", len(bad), bad, sentence)
    quantities = records[:, QUANTITY]
    totals = np.concatenate([[0], np.cumsum(np.maximum(quantities, 0))])
    first = np.searchsorted(at, several)
    last = np.searchsorted(at, several, side="right")
    totals = np.where(split[several], totals[last] - totals[first], quantities[first])
    values[leg, several, QUANTITY] = totals


def _report_counts(batch: Batch, counts: Array, expected: Array, reading: Reading) -> None:
    legs, pairs = np.nonzero(counts != expected)

    def sentence(row: int) -> str:
        leg, at = legs[row], pairs[row]
        told = f"{reading.text(TRADE_ID, int(batch.ids[at]))} {reading.leg(int(leg))}"
        return f"{told}: records of the leg: {counts[leg, at]}; by the truth: {expected[leg, at]}"

    reading.findings.extend("records", len(legs), range(len(legs)), sentence)
