"""Causes: what the truth names as the reason of a mismatch. No hot spot, one, or several that overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from tradegen.core.clock import stretches
from tradegen.scenario.column_conditions import Allowed, all_meet

if TYPE_CHECKING:
    from tradegen.scenario.hot_spots import HotSpot, Where

MOST_CAUSES = 1_000
"""So many ways to overlap would make every table of causes too long to read."""

_MOST_FACTORS = 60  # hot spots: a bit each

Cause: TypeAlias = tuple[int, ...]
"""The positions of its hot spots, ascending."""


def cause_name(cause: Cause, spots: Sequence[HotSpot]) -> str:
    """What the truth calls it: the names of its hot spots, in the scenario's order."""
    return " + ".join(spots[position].name for position in cause)


def can_meet(conditions: Sequence[Where], asked_of: Callable[[Where], Mapping[str, Allowed]]) -> bool:
    """Whether one pair can meet all of these conditions; `asked_of` reads those of the scenario's columns."""
    least = max((where.min_notional or 0.0 for where in conditions), default=0.0)
    most = min((where.max_notional for where in conditions if where.max_notional is not None), default=least)
    tickers = [set(where.ticker) for where in conditions if where.ticker is not None]
    hours = [stretches(where.hours) for where in conditions if where.hours is not None]
    # A pair has two brokers, and either may be the one that a leg is reported by.
    brokers = [
        set(names)
        for where in conditions
        for names in (where.broker_id, where.contra_broker_id)
        if names is not None
    ]
    own = all_meet((name, one.ranges) for where in conditions for name, one in asked_of(where).items())
    return least <= most and _common(tickers) and _meet(hours) and _two_of(brokers) and own


def causes_of(spots: Sequence[HotSpot], possible: Callable[[Sequence[Any]], bool]) -> tuple[Cause, ...]:
    """Every cause that a pair can have: none, each hot spot, and those that can apply together.

    A hot spot with a rate stands alone. One with a share stands alone, too, or with any that have a factor.

    Parameters
    ----------
    spots : sequence of HotSpot
    possible : callable
        Whether one pair can meet the conditions of several hot spots.

    Raises
    ------
    ValueError
        Where there are more than `MOST_CAUSES`.
    """
    relative = [position for position, spot in enumerate(spots) if spot.factor is not None]
    if len(relative) > _MOST_FACTORS:
        raise ValueError(f"hot_spots has more than {_MOST_FACTORS} with a factor; expected fewer")
    singles: list[Cause] = [(position,) for position in range(len(spots))]
    together: list[Cause] = []
    # Those with one hot spot less come first, so that all that can apply together are found.
    growing = [cause for cause in singles if spots[cause[0]].rate is None]
    while growing:
        larger = {
            tuple(sorted((*cause, position)))
            for cause in growing
            for position in relative
            if position > max((one for one in cause if spots[one].factor is not None), default=-1)
        }
        growing = [
            cause for cause in sorted(larger) if possible([spots[position].where for position in cause])
        ]
        together += growing
        if len(together) + len(spots) >= MOST_CAUSES:
            raise ValueError(
                f"hot_spots with a factor overlap in more than {MOST_CAUSES:,} ways; expected fewer of them, "
                "or a rate in place of some factors"
            )
    return ((), *singles, *together)


def _common(sets: Sequence[set[str]]) -> bool:
    return not sets or bool(set.intersection(*sets))


def _two_of(sets: Sequence[set[str]]) -> bool:
    """Whether each set has one or the other of some two names."""
    return not sets or any(_common([other for other in sets if name not in other]) for name in sets[0])


def _meet(times: Iterable[list[tuple[int, int]]]) -> bool:
    """Whether some second lies in all of these."""
    common = [(0, 24 * 3600)]
    for stretch in times:
        common = [(max(a, c), min(b, d)) for a, b in common for c, d in stretch if max(a, c) < min(b, d)]
    return bool(common)
