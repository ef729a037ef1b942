"""Records to pairs: which records make up a pair, which leg each is of, and when a pair has all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradegen.verify.vocabulary import (
    LEG,
    ORDER_TYPE,
    PAIR,
    QUANTITY,
    RECORD,
    RECORD_ID,
    T_ALTERED,
    T_FIELD,
    T_LEG,
    T_PAIR,
    T_RECORD_ID,
    Array,
)

__all__ = ["Batch", "batch_of", "find_flipped_legs", "rows_of", "true_ids"]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some pairs: their records, by pair, and their truth rows, by pair.

    Attributes
    ----------
    ids : ndarray of int64, shape (pairs,)
        Ascending.
    records : ndarray of int64, shape (records, RECORD_WIDTH)
    at : ndarray of int64, shape (records,)
        The pair of each record, as a position in `ids`; ascending.
    truth : ndarray of int64, shape (rows, TRUTH_WIDTH)
    truth_at : ndarray of int64, shape (rows,)
    """

    ids: Array
    records: Array
    at: Array
    truth: Array
    truth_at: Array

    def leg_counts(self) -> Array:
        """How many records each leg has (shape (2, pairs))."""
        size = len(self.ids)
        return np.bincount(self.records[:, LEG] * size + self.at, minlength=2 * size).reshape(2, size)

    def expected_counts(self) -> Array:
        """How many records each leg has by the truth (shape (2, pairs))."""
        counts = np.ones((2, len(self.ids)), np.int64)
        rows = np.flatnonzero(self.truth[:, T_FIELD] == RECORD)
        counts[self.truth[rows, T_LEG], self.truth_at[rows]] = self.truth[rows, T_ALTERED]
        return counts

    def part(self, chosen: Array) -> Batch:
        """The pairs that a mask over `ids` chooses."""
        position = np.cumsum(chosen) - 1
        records, rows = chosen[self.at], chosen[self.truth_at]
        return Batch(
            self.ids[chosen],
            self.records[records],
            position[self.at[records]],
            self.truth[rows],
            position[self.truth_at[rows]],
        )


def batch_of(records: Array, truth: Array) -> tuple[Batch, Array]:
    """Records by pair with the truth rows about them, and which truth rows these are (a mask)."""
    records = records[np.argsort(records[:, PAIR], kind="stable")]
    pairs = records[:, PAIR]
    new = np.ones(len(pairs), bool)
    new[1:] = pairs[1:] != pairs[:-1]
    ids = pairs[new]
    at = np.minimum(np.searchsorted(ids, truth[:, T_PAIR]), max(0, len(ids) - 1))
    about = ids[at] == truth[:, T_PAIR] if len(ids) else np.zeros(len(truth), bool)
    return Batch(ids, records, np.cumsum(new) - 1, truth[about], at[about]), about


def true_ids(records: Array, mistyped: tuple[Array, Array]) -> None:
    """Put records with a mistyped id, as the truth knows them, to the pair that they belong to."""
    altered, pairs = mistyped
    if len(altered):
        at = np.minimum(np.searchsorted(altered, records[:, PAIR]), len(altered) - 1)
        found = altered[at] == records[:, PAIR]
        records[found, PAIR] = pairs[at[found]]


def rows_of(at: Array, chosen: Array, size: int) -> tuple[Array, Array]:
    """The rows of each chosen group, one group after the other.

    Parameters
    ----------
    at : ndarray of int64, shape (rows,)
        The group of each row, ascending.
    chosen : ndarray of int64, shape (n,)
        Groups.
    size : int
        How many groups there are.

    Returns
    -------
    rows : ndarray of int64
        Positions in `at`.
    which : ndarray of int64
        For each of them, the position in `chosen`.
    """
    counts = np.bincount(at, minlength=size)
    starts = np.cumsum(counts) - counts
    counts, starts = counts[chosen], starts[chosen]
    which = np.repeat(np.arange(len(chosen)), counts)
    rows: Array = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts) + starts[which]
    return rows, which


def find_flipped_legs(batch: Batch) -> None:
    """In one list, give the records of a leg whose order type was flipped to that leg.

    The truth names the record; a doubled or split leg has further ones, like it in all but the quantity.
    """
    flips = np.flatnonzero(batch.truth[:, T_FIELD] == ORDER_TYPE)
    if not len(flips):
        return
    # A pair with two such rows is reported elsewhere; the first row is as good as any.
    pairs, first = np.unique(batch.truth_at[flips], return_index=True)
    flips = flips[first]
    rows, which = rows_of(batch.at, pairs, len(batch.ids))
    concerned = batch.truth[flips[which], T_RECORD_ID]
    found = np.flatnonzero((batch.records[rows, RECORD_ID] == concerned) & (concerned != 0))
    named = np.full(len(flips), -1)
    named[which[found]] = rows[found]
    known = named[which] >= 0
    rows, which = rows[known], which[known]
    fields = [field for field in range(RECORD) if field != QUANTITY]
    alike = (batch.records[rows][:, fields] == batch.records[named[which]][:, fields]).all(axis=1)
    leg = batch.truth[flips[which], T_LEG]
    batch.records[rows, LEG] = np.where(alike, leg, 1 - leg)
