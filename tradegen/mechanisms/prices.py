"""Wrong prices."""

from __future__ import annotations

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.streams import whole
from tradegen.mechanisms.displacement import Bounds, move
from tradegen.mechanisms.mechanism import Case, Mechanism, Setting
from tradegen.mechanisms.quantities import digit_swap, nudge_reach, proportional, sizes, swap_reach

__all__ = ["PRICES"]

_INCREMENTS = np.array([5, 10, 100])  # ticks: 0.05, 0.10, 1.00


def nudge(case: Case) -> Array:
    """Move prices up or down by a share of them, inside the ticker's band if possible."""
    return _moved(case, proportional(case))


def tick(case: Case) -> Array:
    """Move prices up or down by a few ticks, inside the ticker's band if possible."""

    def bounds(value: Array) -> tuple[Array, Array]:
        least, most = (np.full(np.shape(value), case.settings[name]) for name in ("min", "max"))
        return case.sizes.bounds(least, most, value, case.raw)

    return _moved(case, bounds)


def _moved(case: Case, bounds: Bounds) -> Array:
    return move(case.original, case.raw, case.context.price_ranges(case.pairs), bounds, case.sizes.drawn)


def rounding(case: Case) -> Array:
    """Round to the nearest multiple of an increment, any of them alike; halves go up."""
    increment = _INCREMENTS[whole(case.raw, 0, len(_INCREMENTS) - 1)]
    rounded: Array = (case.original + increment // 2) // increment * increment
    return np.where(rounded > 0, rounded, case.original)


def decimal_shift(case: Case) -> Array:
    """Move the decimal point: ten times, or a tenth, rounded to the tick, halves up."""
    tenth = (case.original + 5) // 10
    down = (whole(case.raw, 0, 1) == 1) & (tenth > 0)
    return np.where(down, tenth, case.original * 10)


def stale(case: Case) -> Array:
    """Take the ticker's price before: of the trade before it in the block, or else of the universe."""
    previous: Array = case.context.previous_price[case.pairs]
    return previous


PRICES = (
    Mechanism(
        name="price.nudge",
        sentence="The price is off by a fraction of a percent, by one tick at least.",
        example="154.00 -> 153.42",
        alter=nudge,
        # Assumed, as the original script had it.
        settings=sizes(0.001, 0.01, of="price"),
        iso="DDEA",
        fix="2",
        sized=True,
        reach=nudge_reach,
    ),
    Mechanism(
        name="price.tick",
        sentence="The price is a few ticks off.",
        example="154.00 -> 154.03",
        alter=tick,
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
        example="154.02 -> 154.00",
        alter=rounding,
        iso="DDEA",
        fix="2",
        reach=lambda _settings, _largest: int(_INCREMENTS[-1]) // 2,
    ),
    Mechanism(
        name="price.decimal_shift",
        sentence="The decimal point of the price is one place off: ten times, or a tenth.",
        example="154.00 -> 15.40",
        alter=decimal_shift,
        iso="DDEA",
        fix="2",
    ),
    Mechanism(
        name="price.digit_swap",
        sentence="Two neighbouring digits of the price changed places.",
        example="154.00 -> 145.00",
        alter=digit_swap,
        iso="DDEA",
        fix="2",
        reach=swap_reach,
    ),
    Mechanism(
        name="price.stale",
        sentence="The price is the ticker's previous one: that of its trade before, or of the universe.",
        example="154.00 -> 153.87",
        alter=stale,
        iso="DDEA",
        fix="2",
    ),
)
