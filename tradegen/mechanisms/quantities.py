"""Wrong quantities, and what prices share with them: nudges and digits."""

from __future__ import annotations

import itertools
from decimal import Decimal

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.grids import SHARES, Grid
from tradegen.core.streams import whole
from tradegen.mechanisms.difference import Difference, Settings
from tradegen.mechanisms.mechanism import Case, Mechanism, Needs, Setting, Shown
from tradegen.mechanisms.shapes import Bounds

_LOT = 100


def share_settings(least: float, most: float, of: str) -> tuple[Setting, Setting]:
    """The settings of a nudge: its smallest and largest size, as shares of the value."""
    return (
        Setting("min", least, 0, 1, "share", f"smallest error, a share of the {of}"),
        Setting("max", most, 0, 1, "share", f"largest error, a share of the {of}"),
    )


def share_of(case: Case) -> Bounds:
    """By how much a nudge changes values: from `min` to `max` of the value, by 1 at least."""

    def sizes(value: Array) -> tuple[Array, Array]:
        least, most = (np.maximum(value * case.settings[name], 1.0) for name in ("min", "max"))
        return least, most

    return sizes


def share_off(seen: Difference, step: str) -> bool:
    """Whether a value is off by `min` to `max` of itself, rounded to a whole step, or by one step."""
    (original, altered), rounded = seen.numbers, Decimal(step)
    size = abs(altered - original)
    if size == rounded:
        return True
    least, most = (Decimal(str(seen.settings[name])) * original for name in ("min", "max"))
    return max(least - rounded, Decimal(0)) < size < most + rounded


def nudge(case: Case) -> Array:
    """Change quantities by a share of them, inside the range of clean quantities if possible."""
    ranges, sizes = (
        case.context.quantity_ranges(case.original, case.settings["max"]),
        case.sizes(share_of(case)),
    )
    return case.displaced(case.original, case.joined(ranges, sizes), sizes)


def nudge_reach(settings: Settings, largest: int) -> int:
    """How far a nudge moves the largest value."""
    return max(int(largest * settings["max"]), 1)


def lot_scale(case: Case) -> Array:
    """Read lots for shares, or shares for lots: times 100, or a hundredth where that is whole."""
    divided, rest = np.divmod(case.original, _LOT)
    down = (whole(case.raw, 0, 1) == 1) & (rest == 0)
    return np.where(down, divided, case.original * _LOT)


def _a_hundredfold(seen: Difference) -> bool:
    original, altered = seen.numbers
    return altered == 100 * original or 100 * altered == original


def swap_digits(case: Case) -> Array:
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
    able &= case.allowed.clear(value, swapped)
    if case.allowed.step > 1:
        able &= swapped % case.allowed.step == 0
    count = able.sum(axis=0)
    chosen = whole(case.raw, np.zeros_like(count), np.maximum(count - 1, 0))
    # The chosen one of those possible: where their running number reaches it.
    hit = able & (np.cumsum(able, axis=0) - 1 == chosen)
    result: Array = np.where(count > 0, (swapped * hit).sum(axis=0), value)
    return result


def swap_reach(_settings: Settings, largest: int) -> int:
    """How far exchanging two digits moves a value at most."""
    return int(81 * 10 ** max(len(str(largest)) - 2, 0))


def _digits(text: str) -> str:
    """A price or a quantity without its point, and without zeros in front of it."""
    return text.replace(".", "").lstrip("0")


def digits_exchanged(seen: Difference) -> bool:
    """Whether the values differ in two neighbouring digits that have changed places."""
    one, other = _digits(seen.original), _digits(seen.altered)
    if one == other or len(one) != len(other):
        return False
    first = next(place for place, digit in enumerate(one) if digit != other[place])
    return other == one[:first] + one[first : first + 2][::-1] + one[first + 2 :]


def exchangeable(text: str, step: int = 1) -> bool:
    """Whether a number has neighbouring digits that differ, whose exchange leaves no zero in front.

    The number that they make must be a multiple of so many of the last decimal place.
    """
    digits = _digits(text)
    pairs = enumerate(itertools.pairwise(digits))
    return any(
        one != other
        and (place > 0 or other != "0")
        and int(digits[:place] + other + one + digits[place + 2 :]) % step == 0
        for place, (one, other) in pairs
    )


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


def typed_twice(seen: Difference) -> bool:
    """Whether the altered number has one digit of the original twice."""
    original, typed = _digits(seen.original), _digits(seen.altered)
    again = [place for place in range(1, len(typed)) if typed[place - 1] == typed[place]]
    return any(typed[:place] + typed[place + 1 :] == original for place in again)


def quantities(shares: Grid) -> tuple[Mechanism, ...]:
    """The entries of the catalogue for quantities on this grid."""
    step = "share" if shares == SHARES else "step"
    return (
        Mechanism(
            name="quantity.nudge",
            sentence=f"The quantity is off by a few percent, by one {step} at least.",
            examples=(("250", "257"), ("7", "8")),
            alter=nudge,
            recognises=lambda seen: share_off(seen, str(shares.written)),
            # Assumed, as the original script had it.
            settings=share_settings(0.01, 0.05, of="quantity"),
            iso="DQUA",
            fix="15",
            sized=True,
            reach=nudge_reach,
        ),
        Mechanism(
            name="quantity.lot_scale",
            sentence=(
                "Lots were read for shares, or shares for lots: times 100, or a hundredth where it divides."
            ),
            examples=(("300", "3"), ("250", "25000")),
            alter=lot_scale,
            recognises=_a_hundredfold,
            shows=(Shown(("quantity", "notional"), "a hundred times, or a hundredth: out of the range"),),
            iso="DQUA",
            fix="15",
        ),
        Mechanism(
            name="quantity.digit_swap",
            sentence="Two neighbouring digits of the quantity changed places.",
            examples=(("250", "520"), ("250", "205")),
            alter=swap_digits,
            recognises=digits_exchanged,
            needs=Needs(
                "two neighbouring digits that differ",
                lambda leg, _settings: exchangeable(leg["quantity"], shares.step),
            ),
            by_digits=True,
            shows=(Shown(("quantity", "notional"), "digits that are alike cannot be exchanged"),),
            iso="DQUA",
            fix="15",
            reach=swap_reach,
        ),
        Mechanism(
            name="quantity.extra_digit",
            sentence="A fat finger: one digit of the quantity was typed twice.",
            examples=(("250", "2250"), ("7", "77")),
            alter=extra_digit,
            by_digits=True,
            recognises=typed_twice,
            shows=(
                Shown(("quantity", "notional"), "about ten times, with two digits alike: out of the range"),
            ),
            iso="DQUA",
            fix="15",
        ),
    )


QUANTITIES = quantities(SHARES)
"""Those where nothing else is said."""
