"""The catalogue of mechanisms: how a field can be wrong. One entry each; everything else iterates it.

An entry is vocabulary: it knows its field, its settings and how integers of that field change, and
imports nothing of the generation. So the scenario can validate against it, and the generator apply it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tradegen.mismatches import dates, nudges, times
from tradegen.mismatches.settings import Setting
from tradegen.schema import FIELDS, Array

__all__ = ["CATALOGUE", "NAMES", "Mechanism"]


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One way for a field to be wrong.

    `alter(original, raw, settings)` takes int64 values in the field's unit and one raw 64-bit draw for
    each, and returns int64 values of the same shape, every one valid and different from its original.
    """

    name: str
    sentence: str
    example: str
    alter: Callable[..., Array]
    settings: tuple[Setting, ...] = ()

    @property
    def field(self) -> str:
        """The altered column: the part of the name before the dot."""
        return self.name.partition(".")[0]

    @property
    def field_code(self) -> int:
        """The column's position in `schema.FIELDS`."""
        return FIELDS.index(self.field)


_ENTRIES = (
    Mechanism(
        name="quantity.nudge",
        sentence="The quantity is off by a few percent, by one share at least.",
        example="250 -> 257",
        alter=nudges.nudge,
        # Assumed, as the original script had it; so are the sizes below.
        settings=nudges.sizes(0.01, 0.05, of="quantity"),
    ),
    Mechanism(
        name="price.nudge",
        sentence="The price is off by a fraction of a percent, by one tick at least.",
        example="154.00 -> 153.42",
        alter=nudges.nudge,
        settings=nudges.sizes(0.001, 0.01, of="price"),
    ),
    Mechanism(
        name="date.next_session",
        sentence="The trade is booked on the next weekday; its timestamp stays.",
        example="2025-07-18 -> 2025-07-21",
        alter=dates.next_session,
    ),
    Mechanism(
        name="date.previous_session",
        sentence="The trade is booked on the weekday before; its timestamp stays.",
        example="2025-07-21 -> 2025-07-18",
        alter=dates.previous_session,
    ),
    Mechanism(
        name="trade_timestamp.delay",
        sentence="The timestamp is minutes late, or early, within the same day.",
        example="2025-07-21 10:33:00 -> 2025-07-21 10:41:27",
        alter=times.delay,
        settings=times.DELAY,
    ),
)

CATALOGUE: dict[str, Mechanism] = {entry.name: entry for entry in _ENTRIES}
NAMES = tuple(CATALOGUE)
"""Mechanism names in catalogue order; a truth row holds the position in this tuple."""
