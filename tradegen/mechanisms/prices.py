"""Wrong prices."""

from __future__ import annotations

import numpy as np

from tradegen.core.columns import TICKS_PER_DOLLAR, Array
from tradegen.core.streams import whole
from tradegen.mechanisms.difference import Difference, Leg, Settings
from tradegen.mechanisms.mechanism import Case, Mechanism, Needs, Setting, Shown
from tradegen.mechanisms.quantities import (
    digits_exchanged,
    exchangeable,
    nudge_reach,
    share_of,
    share_off,
    share_settings,
    swap_digits,
    swap_reach,
)
from tradegen.mechanisms.shapes import Sizes, alike

__all__ = ["INCREMENTS", "PRICES"]

INCREMENTS = (5, 10, 100)
"""What prices are rounded to, in ticks: 0.05, 0.10, 1.00."""
_PRICE = ("price", "notional", "price in ticker", "neighbours in ticker")


def nudge(case: Case) -> Array:
    """Change prices by a share of them, inside the ticker's band if possible."""
    return _displaced(case, case.sizes(share_of(case)))


def tick(case: Case) -> Array:
    """Change prices by a few ticks, inside the ticker's band if possible."""
    return _displaced(case, case.sizes(alike(case.settings["min"], case.settings["max"])))


def _displaced(case: Case, sizes: Sizes) -> Array:
    return case.displaced(case.original, case.context.price_ranges(case.pairs), sizes)


def _ticks_off(seen: Difference) -> bool:
    least, most = seen.settings["min"], seen.settings["max"]
    return bool(least <= seen.size * TICKS_PER_DOLLAR <= most)


def rounding(case: Case) -> Array:
    """Round to the nearest multiple of an increment, any of them alike; halves go up."""
    increment = np.array(INCREMENTS)[whole(case.raw, 0, len(INCREMENTS) - 1)]
    rounded: Array = (case.original + increment // 2) // increment * increment
    return np.where(rounded > 0, rounded, case.original)


def _rounded(seen: Difference) -> bool:
    altered, size = seen.numbers[1] * TICKS_PER_DOLLAR, seen.size * TICKS_PER_DOLLAR
    return any(altered % increment == 0 and 0 < 2 * size <= increment for increment in INCREMENTS)


def _roundable(leg: Leg, _settings: Settings) -> float:
    """The share of the increments to which the price can be rounded: it changes, and does not vanish."""
    ticks = int(leg["price"].replace(".", ""))
    able = [ticks % increment != 0 and 2 * ticks >= increment for increment in INCREMENTS]
    return sum(able) / len(INCREMENTS)


def decimal_shift(case: Case) -> Array:
    """Move the decimal point: ten times, or a tenth, rounded to the tick, halves up."""
    tenth = (case.original + 5) // 10
    down = (whole(case.raw, 0, 1) == 1) & (tenth > 0)
    return np.where(down, tenth, case.original * 10)


def _point_moved(seen: Difference) -> bool:
    original, altered = (number * TICKS_PER_DOLLAR for number in seen.numbers)
    return altered == 10 * original or abs(10 * altered - original) <= 5


def stale(case: Case) -> Array:
    """Take the ticker's price before: of the trade before it in the block, or else of the universe."""
    previous: Array = case.context.previous_price[case.pairs]
    return previous


PRICES = (
    Mechanism(
        name="price.nudge",
        sentence="The price is off by a fraction of a percent, by one tick at least.",
        examples=(("154.00", "153.42"), ("0.50", "0.51")),
        alter=nudge,
        recognises=lambda seen: share_off(seen, "0.01"),
        # Assumed, as the original script had it.
        settings=share_settings(0.001, 0.01, of="price"),
        iso="DDEA",
        fix="2",
        sized=True,
        reach=nudge_reach,
    ),
    Mechanism(
        name="price.tick",
        sentence="The price is a few ticks off.",
        examples=(("154.00", "154.03"),),
        alter=tick,
        recognises=_ticks_off,
        settings=(
            Setting("min", 1, 1, 1_000_000, "ticks", "smallest error, ticks of 0.01"),
            Setting("max", 5, 1, 1_000_000, "ticks", "largest error, ticks of 0.01"),  # assumed
        ),
        iso="DDEA",
        fix="2",
        sized=True,
        reach=lambda settings, _largest: int(settings["max"]),
    ),
    Mechanism(
        name="price.rounding",
        sentence="The price was rounded to 0.05, 0.10 or 1.00.",
        examples=(("154.02", "154.00"), ("154.03", "154.05")),
        alter=rounding,
        recognises=_rounded,
        needs=Needs("a price that is not that round already", _roundable),
        shows=(Shown(_PRICE, "the last digit becomes 0 or 5"),),
        iso="DDEA",
        fix="2",
        reach=lambda _settings, _largest: INCREMENTS[-1] // 2,
    ),
    Mechanism(
        name="price.decimal_shift",
        sentence="The decimal point of the price is one place off: ten times, or a tenth.",
        examples=(("154.00", "15.40"), ("154.00", "1540.00")),
        alter=decimal_shift,
        recognises=_point_moved,
        shows=(Shown(_PRICE, "ten times, or a tenth: out of the ticker's band"),),
        iso="DDEA",
        fix="2",
    ),
    Mechanism(
        name="price.digit_swap",
        sentence="Two neighbouring digits of the price changed places.",
        examples=(("154.00", "145.00"), ("154.00", "150.40")),
        alter=swap_digits,
        recognises=digits_exchanged,
        needs=Needs("two neighbouring digits that differ", lambda leg, _settings: exchangeable(leg["price"])),
        shows=(Shown(_PRICE, "out of the ticker's band, mostly"),),
        iso="DDEA",
        fix="2",
        reach=swap_reach,
    ),
    Mechanism(
        name="price.stale",
        sentence="The price is the ticker's previous one: that of its trade before, or of the universe.",
        examples=(("154.00", "153.87"),),
        alter=stale,
        recognises=lambda seen: seen.altered != seen.original and seen.altered in seen.prices_before,
        needs=Needs("a price of the ticker before it that is another", None),
        shows=(Shown(("neighbours in ticker",), "the ticker's trade before it has the same price"),),
        iso="DDEA",
        fix="2",
    ),
)
