"""Wrong prices. All but their digits are counted in ticks."""

from __future__ import annotations

from functools import partial

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.grids import CENTS, Grid
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

INCREMENTS = (5, 10, 100)
"""What prices are rounded to, in ticks: 0.05, 0.10 and 1.00 where a tick is 0.01."""
_PRICE = ("price", "notional", "price in ticker", "neighbours in ticker")


def nudge(case: Case) -> Array:
    """Change prices by a share of them, inside the ticker's band if possible."""
    return _displaced(case, case.sizes(share_of(case)))


def tick(case: Case) -> Array:
    """Change prices by a few ticks, inside the ticker's band if possible."""
    return _displaced(case, case.sizes(alike(case.settings["min"], case.settings["max"])))


def _displaced(case: Case, sizes: Sizes) -> Array:
    return case.displaced(case.original, case.context.price_ranges(case.pairs), sizes)


def _ticks_off(seen: Difference, ticks: Grid) -> bool:
    least, most = seen.settings["min"], seen.settings["max"]
    return bool(least <= seen.size / ticks.written <= most)


def rounding(case: Case) -> Array:
    """Round to the nearest multiple of an increment, any of them alike; halves go up."""
    increment = np.array(INCREMENTS)[whole(case.raw, 0, len(INCREMENTS) - 1)]
    rounded: Array = (case.original + increment // 2) // increment * increment
    return np.where(rounded > 0, rounded, case.original)


def _rounded(seen: Difference, ticks: Grid) -> bool:
    altered, size = seen.numbers[1] / ticks.written, seen.size / ticks.written
    return any(altered % increment == 0 and 0 < 2 * size <= increment for increment in INCREMENTS)


def _roundable(leg: Leg, _settings: Settings, ticks: Grid = CENTS) -> float:
    """The share of the increments to which the price can be rounded: it changes, and does not vanish."""
    price = int(leg["price"].replace(".", "")) // ticks.step
    able = [price % increment != 0 and 2 * price >= increment for increment in INCREMENTS]
    return sum(able) / len(INCREMENTS)


def decimal_shift(case: Case) -> Array:
    """Move the decimal point: ten times, or a tenth, rounded to the tick, halves up."""
    tenth = (case.original + 5) // 10
    down = (whole(case.raw, 0, 1) == 1) & (tenth > 0)
    return np.where(down, tenth, case.original * 10)


def _point_moved(seen: Difference, ticks: Grid) -> bool:
    original, altered = (number / ticks.written for number in seen.numbers)
    return altered == 10 * original or abs(10 * altered - original) <= 5


def stale(case: Case) -> Array:
    """Take the ticker's price before: of the trade before it in the block, or else of the universe."""
    previous: Array = case.context.previous_price[case.pairs]
    return previous


def prices(ticks: Grid) -> tuple[Mechanism, ...]:
    """The entries of the catalogue for prices in these ticks."""
    small, middle, large = (increment * ticks.written for increment in INCREMENTS)
    called = f"ticks of {ticks.written}"
    return (
        Mechanism(
            name="price.nudge",
            sentence="The price is off by a fraction of a percent, by one tick at least.",
            examples=(("154.00", "153.42"), ("0.50", "0.51")),
            alter=nudge,
            recognises=lambda seen: share_off(seen, str(ticks.written)),
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
            recognises=partial(_ticks_off, ticks=ticks),
            settings=(
                Setting("min", 1, 1, 1_000_000, "ticks", f"smallest error, {called}"),
                Setting("max", 5, 1, 1_000_000, "ticks", f"largest error, {called}"),  # assumed
            ),
            iso="DDEA",
            fix="2",
            sized=True,
            reach=lambda settings, _largest: int(settings["max"]),
        ),
        Mechanism(
            name="price.rounding",
            sentence=f"The price was rounded to {small}, {middle} or {large}.",
            examples=(("154.02", "154.00"), ("154.03", "154.05")),
            alter=rounding,
            recognises=partial(_rounded, ticks=ticks),
            needs=Needs("a price that is not that round already", partial(_roundable, ticks=ticks)),
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
            recognises=partial(_point_moved, ticks=ticks),
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
            needs=Needs(
                "two neighbouring digits that differ",
                lambda leg, _settings: exchangeable(leg["price"], ticks.step),
            ),
            shows=(Shown(_PRICE, "out of the ticker's band, mostly"),),
            iso="DDEA",
            fix="2",
            by_digits=True,
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


PRICES = prices(CENTS)
"""Those where nothing else is said."""
