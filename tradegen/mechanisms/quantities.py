"""Wrong quantities, and what prices share with them: nudges and digits."""

from __future__ import annotations

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.streams import whole
from tradegen.mechanisms.displacement import Bounds, move
from tradegen.mechanisms.mechanism import Case, Mechanism, Setting, Values

__all__ = ["QUANTITIES", "digit_swap", "extra_digit", "proportional", "sizes", "swap_reach"]

_LOT = 100


def sizes(least: float, most: float, of: str) -> tuple[Setting, Setting]:
    """The settings of a nudge: its smallest and largest size, as shares of the value."""
    return (
        Setting("min", least, 0, 1, "share", f"smallest error, a share of the {of}"),
        Setting("max", most, 0, 1, "share", f"largest error, a share of the {of}"),
    )


def proportional(case: Case) -> Bounds:
    """What a nudge may move values by: whole amounts between `min` and `max` of the value, 1 at the least."""

    def bounds(value: Array) -> tuple[Array, Array]:
        least = np.maximum(np.ceil(value * case.settings["min"]).astype(np.int64), 1)
        most = np.maximum(np.floor(value * case.settings["max"]).astype(np.int64), least)
        return case.sizes.bounds(least, most, value, case.raw)

    return bounds


def nudge(case: Case) -> Array:
    """Move quantities up or down by a share of them, inside the range of clean quantities if possible."""
    ranges = case.context.quantity_ranges(case.original, case.settings["max"])
    return move(case.original, case.raw, ranges, proportional(case), case.sizes.drawn)


def nudge_reach(settings: Values, largest: int) -> int:
    """How far a nudge moves the largest value."""
    return max(int(largest * settings["max"]), 1)


def lot_scale(case: Case) -> Array:
    """Read lots for shares, or shares for lots: times 100, or a hundredth where that is whole."""
    divided, rest = np.divmod(case.original, _LOT)
    down = (whole(case.raw, 0, 1) == 1) & (rest == 0)
    return np.where(down, divided, case.original * _LOT)


def digit_swap(case: Case) -> Array:
    """Exchange two neighbouring digits that differ, any such two alike, but for a leading zero.

    Works on whole numbers: shares, or a price in ticks, whose decimal point may lie between the two.
    """
    value = case.original
    powers = [10**power for power in range(len(str(int(value.max(initial=1)))))]
    digits = np.stack([value // power % 10 for power in powers] or [value])
    step = 9 * np.array(powers[:-1], np.int64)[:, None]
    swapped = value + (digits[:-1] - digits[1:]) * step
    # Left of the first digit there is nothing to swap with; a zero in front would vanish.
    leads = np.array(powers[1:], np.int64)[:, None] * 10 > value
    able = (value >= np.array(powers[1:], np.int64)[:, None]) & ~(leads & (digits[:-1] == 0))
    able &= case.sizes.clear(value, swapped)
    count = able.sum(axis=0)
    chosen = whole(case.raw, np.zeros_like(count), np.maximum(count - 1, 0))
    # The chosen one of those possible: where their running number reaches it.
    hit = able & (np.cumsum(able, axis=0) - 1 == chosen)
    result: Array = np.where(count > 0, (swapped * hit).sum(axis=0), value)
    return result


def swap_reach(_settings: Values, largest: int) -> int:
    """How far exchanging two digits moves a value at most."""
    return int(81 * 10 ** max(len(str(largest)) - 2, 0))


def extra_digit(case: Case) -> Array:
    """Type one digit twice, any of them alike."""
    value = case.original
    count = np.ones_like(value)
    for power in range(1, len(str(int(value.max(initial=1))))):
        count += value >= 10**power
    place = np.int64(10) ** whole(case.raw, np.zeros_like(count), count - 1)
    # Everything from the chosen digit on moves one place to the left, and the digit comes again.
    upper = value // place
    return (upper * 10 + upper % 10) * place + value % place


QUANTITIES = (
    Mechanism(
        name="quantity.nudge",
        sentence="The quantity is off by a few percent, by one share at least.",
        example="250 -> 257",
        alter=nudge,
        # Assumed, as the original script had it.
        settings=sizes(0.01, 0.05, of="quantity"),
        iso="DQUA",
        fix="15",
        sized=True,
        reach=nudge_reach,
    ),
    Mechanism(
        name="quantity.lot_scale",
        sentence="Lots were read for shares, or shares for lots: times 100, or a hundredth where it divides.",
        example="300 -> 3",
        alter=lot_scale,
        iso="DQUA",
        fix="15",
    ),
    Mechanism(
        name="quantity.digit_swap",
        sentence="Two neighbouring digits of the quantity changed places.",
        example="250 -> 520",
        alter=digit_swap,
        iso="DQUA",
        fix="15",
        reach=swap_reach,
    ),
    Mechanism(
        name="quantity.extra_digit",
        sentence="A fat finger: one digit of the quantity was typed twice.",
        example="250 -> 2250",
        alter=extra_digit,
        iso="DQUA",
        fix="15",
    ),
)
