"""Wrong numbers of records: a leg that is missing, there twice, or in several fills."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import numpy as np

from tradegen.core.columns import FIELDS, RECORD, Array
from tradegen.core.grids import SHARES, Grid
from tradegen.core.streams import whole
from tradegen.mechanisms.difference import Difference, Leg
from tradegen.mechanisms.mechanism import Case, Mechanism, Needs, Setting, Shown

MOST_FILLS = 5
_EVERY_FIELD = frozenset(FIELDS) - {RECORD}
# Records that are alike stand beside each other, and draw the ticker's median to themselves.
_ALIKE = ("neighbours", "neighbours in ticker", "price in ticker")


def missing(case: Case) -> Array:
    """No record."""
    return np.zeros_like(case.original)


def duplicate(case: Case) -> Array:
    """Two records."""
    return np.full_like(case.original, 2)


def split(case: Case) -> Array:
    """`min` to `max` records, and no more than there are shares, or steps of them."""
    quantity = case.on_leg("quantity") // case.context.quantity_step
    least, most = case.settings["min"], np.minimum(case.settings["max"], quantity)
    count = whole(case.raw, least, np.maximum(most, least))
    return np.where(most >= least, count, case.original)


def _steps(leg: Leg, shares: Grid) -> int:
    """How many steps the quantity of a leg is."""
    return int(Decimal(leg["quantity"]) / shares.written)


def _fills_seen(seen: Difference, shares: Grid) -> bool:
    most = min(seen.settings["max"], _steps(seen.leg, shares))
    return seen.original == "1" and seen.settings["min"] <= int(seen.altered) <= most


def fills(quantity: Array, count: Array, raw: Array) -> Array:
    """Split quantities into fills of one share, or one step, at least, cut anywhere.

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
    cuts = whole(raw, 0, np.broadcast_to(rest, raw.shape))
    used = np.arange(MOST_FILLS - 1)[:, None] < count - 1
    cuts = np.sort(np.where(used, cuts, rest), axis=0)
    edges = np.concatenate([np.zeros((1, len(rest)), np.int64), cuts, rest[None]])
    return np.diff(edges, axis=0) + (np.arange(MOST_FILLS)[:, None] < count)


def records(shares: Grid) -> tuple[Mechanism, ...]:
    """The entries of the catalogue where quantities lie on this grid."""
    return (
        Mechanism(
            name="record.missing",
            sentence="The leg is not there.",
            examples=(("1", "0"),),
            alter=missing,
            recognises=lambda seen: (seen.original, seen.altered) == ("1", "0"),
            excludes=_EVERY_FIELD,
            iso="CMIS",
        ),
        Mechanism(
            name="record.duplicate",
            sentence="The leg is there twice.",
            examples=(("1", "2"),),
            alter=duplicate,
            recognises=lambda seen: (seen.original, seen.altered) == ("1", "2"),
            shows=(Shown(_ALIKE, "the copy stands in the same list"),),
            iso="PODU",
        ),
        Mechanism(
            name="record.split",
            sentence="The leg is split into fills that add up to the whole: 250 as 100, 90 and 60.",
            examples=(("1", "3"),),
            alter=split,
            recognises=partial(_fills_seen, shares=shares),
            needs=Needs(
                "a quantity that can be shared out",
                lambda leg, settings: _steps(leg, shares) >= settings["min"],
            ),
            shows=(Shown(("quantity", "notional", *_ALIKE), "fills are small, and stand in the same list"),),
            settings=(
                Setting("min", 2, 2, MOST_FILLS, "records", "fewest fills"),
                Setting("max", MOST_FILLS, 2, MOST_FILLS, "records", "most fills"),
            ),
            excludes=frozenset({"quantity"}),
        ),
    )


RECORDS = records(SHARES)
"""Those where nothing else is said."""
