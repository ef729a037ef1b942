"""Wrong numbers of records: a leg that is missing, there twice, or in several fills."""

from __future__ import annotations

import numpy as np

from tradegen.core.columns import FIELDS, RECORD, Array
from tradegen.core.streams import whole
from tradegen.mechanisms.mechanism import Case, Mechanism, Setting

__all__ = ["MOST_FILLS", "RECORDS", "fills"]

MOST_FILLS = 5
_EVERY_FIELD = frozenset(FIELDS) - {RECORD}


def missing(case: Case) -> Array:
    """No record."""
    return np.zeros_like(case.original)


def duplicate(case: Case) -> Array:
    """Two records."""
    return np.full_like(case.original, 2)


def split(case: Case) -> Array:
    """`min` to `max` records, and no more than there are shares."""
    quantity = case.on_leg("quantity")
    least, most = case.settings["min"], np.minimum(case.settings["max"], quantity)
    count = whole(case.raw, least, np.maximum(most, least))
    return np.where(most >= least, count, case.original)


def fills(quantity: Array, count: Array, raw: Array) -> Array:
    """Split quantities into fills of one share at least, cut at random places.

    Parameters
    ----------
    quantity, count : ndarray of int64, shape (n,)
        `count` fills each, from 2 to 5, and no more than the quantity.
    raw : ndarray of uint64, shape (MOST_FILLS - 1, n)
        Raw draws.

    Returns
    -------
    ndarray of int64, shape (MOST_FILLS, n)
        Fill by fill; 0 past the last one.
    """
    # With one share set aside for each fill, cuts may fall anywhere among the rest.
    rest = quantity - count
    places = whole(raw, 0, np.broadcast_to(rest, raw.shape))
    used = np.arange(MOST_FILLS - 1)[:, None] < count - 1
    places = np.sort(np.where(used, places, rest), axis=0)
    edges = np.concatenate([np.zeros((1, len(rest)), np.int64), places, rest[None]])
    return np.diff(edges, axis=0) + (np.arange(MOST_FILLS)[:, None] < count)


RECORDS = (
    Mechanism(
        name="record.missing",
        sentence="The leg is not there.",
        example="1 -> 0 records",
        alter=missing,
        excludes=_EVERY_FIELD,
        iso="CMIS",
    ),
    Mechanism(
        name="record.duplicate",
        sentence="The leg is there twice.",
        example="1 -> 2 records",
        alter=duplicate,
        iso="PODU",
    ),
    Mechanism(
        name="record.split",
        sentence="The leg is split into fills whose quantities add up to the other leg's.",
        example="1 -> 3 records: 250 as 100, 90 and 60",
        alter=split,
        settings=(
            Setting("min", 2, 2, MOST_FILLS, "records", "fewest fills"),
            Setting("max", MOST_FILLS, 2, MOST_FILLS, "records", "most fills"),
        ),
        excludes=frozenset({"quantity"}),
    ),
)
