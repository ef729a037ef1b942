"""Which hot spots each row of a list is in, and so which cause its mismatch has."""

# ruff: noqa: S608 - what is put into SQL is made by `Condition`

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tradegen.core.columns import Array
from tradegen.desk.injecting.breaks import Breaks
from tradegen.desk.injecting.clean_values import CleanValues
from tradegen.desk.injecting.held_list import HeldList
from tradegen.desk.lists.value_stream import arrow_batches
from tradegen.engine.segments import parts_of
from tradegen.errors import ScenarioError, named, near, shown

_FITTED = re.compile(r"BKR\d{3,4}")
_NONE = 2**16 - 1  # of a row that is left as it is


@dataclass(frozen=True, slots=True)
class RowCauses:
    """The causes of the rows.

    Attributes
    ----------
    sizes : ndarray of int64, shape (causes,)
        How many rows each has.
    numbers : ndarray of uint16, shape (rows,), or None
        By row, its cause; None where there are no hot spots.
    """

    sizes: Array
    numbers: Array | None


def row_causes(held: HeldList, breaks: Breaks, left: Array) -> RowCauses:
    """Find the cause of each row.

    Parameters
    ----------
    held : HeldList
    breaks : Breaks
    left : ndarray of int64
        The rows that are left as they are.
    """
    count = len(breaks.causes)
    if not breaks.hot_spots:
        return RowCauses(np.array([held.rows - len(left)]), None)
    numbers, sizes, done = np.empty(held.rows, np.uint16), np.zeros(count, np.int64), 0
    asked = [" AND ".join(one.sql for one in spot.where.conditions) for spot in breaks.hot_spots]
    for batch in arrow_batches(held.connection, f"SELECT {', '.join(asked)} FROM held"):
        part = numbers[done : done + len(batch)]
        about = [column.to_numpy(zero_copy_only=False) for column in batch.columns]
        for cause, members in parts_of(breaks, about):
            part[members] = cause
        sizes += np.bincount(part, minlength=count)
        done += len(batch)
    sizes -= np.bincount(numbers[left], minlength=count)
    numbers[left] = _NONE
    return RowCauses(sizes, numbers)


def require_seen(clean: CleanValues, breaks: Breaks) -> None:
    """Refuse hot spots about names that no row has: they are mistyped, or of another list.

    Raises
    ------
    ScenarioError
    """
    for spot in breaks.hot_spots:
        for condition in spot.where.conditions:
            if not condition.allowed.names:
                continue
            seen = {name for [name] in clean.held.connection.execute(condition.seen).fetchall()}
            for name in condition.allowed.names:
                if name not in seen:
                    raise ScenarioError(
                        f"hot spot {spot.name}: where.{named(condition.name)} has {shown(name)}, which no "
                        f"trade of the list has; {_hint(name, clean.names(condition.positions[0]))}"
                    )


def _hint(name: str, known: Iterable[str]) -> str:
    if close := near(name, known):
        return f"did you mean {close}?"
    if _FITTED.fullmatch(name):
        return "fit calls brokers so; with --for-inject it writes their own names"
    return "expected a name of that column"
