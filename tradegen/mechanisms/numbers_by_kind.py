"""Wrong numbers in a column that is none of the nine."""

from __future__ import annotations

from decimal import Decimal

from tradegen.core.columns import Array
from tradegen.mechanisms.column_kinds import KindOfColumn, needs_of
from tradegen.mechanisms.difference import Difference
from tradegen.mechanisms.mechanism import Case, Mechanism, Needs, Setting, Shown
from tradegen.mechanisms.prices import INCREMENTS, PRICES
from tradegen.mechanisms.quantities import (
    QUANTITIES,
    digits_exchanged,
    exchangeable,
    nudge_reach,
    share_of,
    share_off,
    share_settings,
    swap_digits,
    typed_twice,
)
from tradegen.mechanisms.quantities import extra_digit as one_digit_twice
from tradegen.mechanisms.shapes import alike

_HOUSE = {entry.name: entry for entry in (*QUANTITIES, *PRICES)}


def nudge(column: KindOfColumn) -> Mechanism:
    """A number that is off by a small share of itself."""

    def alter(case: Case) -> Array:
        ranges = case.context.own_ranges(column.name, case.original, case.settings["max"])
        sizes = case.sizes(share_of(case))
        return case.displaced(case.original, case.joined(ranges, sizes), sizes)

    example = ("250", "257") if column.kind == "integer" else ("154.00", "153.42")
    return Mechanism(
        name=f"{column.name}.nudge",
        sentence=f"{column.called} is off by a few percent, by one step at least.",
        examples=(example,),
        alter=alter,
        recognises=lambda seen: share_off(seen, column.step),
        settings=share_settings(0.01, 0.05, of=column.called),  # assumed, as for quantities
        excludes=column.excludes,
        sized=True,
        reach=nudge_reach,
    )


def digit_swap(column: KindOfColumn) -> Mechanism:
    """Two digits that changed places."""
    return Mechanism(
        name=f"{column.name}.digit_swap",
        sentence=f"Two neighbouring digits of {column.called} changed places.",
        examples=(("250", "520") if column.kind == "integer" else ("154.00", "145.00"),),
        alter=swap_digits,
        recognises=digits_exchanged,
        needs=Needs(
            "two neighbouring digits that differ", lambda leg, _settings: exchangeable(leg[column.name])
        ),
        shows=(Shown((column.name,), "out of the range, mostly"),),
        excludes=column.excludes,
    )


def extra_digit(column: KindOfColumn) -> Mechanism:
    """A digit that was typed twice."""
    return Mechanism(
        name=f"{column.name}.extra_digit",
        sentence=f"A fat finger: one digit of {column.called} was typed twice.",
        examples=(("250", "2250"),),
        alter=one_digit_twice,
        recognises=typed_twice,
        shows=(Shown((column.name,), "about ten times: out of the range"),),
        excludes=column.excludes,
    )


def decimal_shift(column: KindOfColumn) -> Mechanism:
    """A decimal point one place off."""
    house = _HOUSE["price.decimal_shift"]

    def recognises(seen: Difference) -> bool:
        original, altered = seen.numbers
        return altered == 10 * original or abs(10 * altered - original) <= 5 * Decimal(column.step)

    return Mechanism(
        name=f"{column.name}.decimal_shift",
        sentence=f"The decimal point of {column.called} is one place off: ten times, or a tenth.",
        examples=(("154.00", "15.40"),),
        alter=house.alter,
        recognises=recognises,
        shows=(Shown((column.name,), "ten times, or a tenth: out of the range"),),
        excludes=column.excludes,
    )


def tick(column: KindOfColumn) -> Mechanism:
    """A decimal that is a few steps off."""
    house = _HOUSE["price.tick"]

    def alter(case: Case) -> Array:
        sizes = case.sizes(alike(case.settings["min"], case.settings["max"]))
        # Ranges that a change by a few steps fits into, however large the values are.
        ranges = case.context.own_ranges(column.name, case.original, 1.0)
        return case.displaced(case.original, ranges, sizes)

    def recognises(seen: Difference) -> bool:
        least, most = seen.settings["min"], seen.settings["max"]
        return bool(least <= seen.size / Decimal(column.step) <= most)

    return Mechanism(
        name=f"{column.name}.tick",
        sentence=f"{column.called} is a few of its smallest steps off.",
        examples=house.examples,
        alter=alter,
        recognises=recognises,
        settings=(
            Setting("min", 1, 1, 1_000_000, "steps", "smallest error, steps of the last decimal place"),
            Setting("max", 5, 1, 1_000_000, "steps", "largest error, steps of the last decimal place"),
        ),
        excludes=column.excludes,
        sized=True,
        reach=house.reach,
    )


def rounding(column: KindOfColumn) -> Mechanism:
    """A decimal that was rounded."""
    house = _HOUSE["price.rounding"]

    def recognises(seen: Difference) -> bool:
        altered, size = (number / Decimal(column.step) for number in (seen.numbers[1], seen.size))
        return any(altered % increment == 0 and 0 < 2 * size <= increment for increment in INCREMENTS)

    # Of products, those are altered whose factors do not make them round.
    groups = (column.name, *column.sources, "notional") if column.sources else (column.name,)
    steps = ", ".join(str(increment * Decimal(column.step)) for increment in INCREMENTS[:-1])
    return Mechanism(
        name=f"{column.name}.rounding",
        sentence=f"{column.called} was rounded to {steps} or {INCREMENTS[-1] * Decimal(column.step)}.",
        examples=house.examples,
        alter=house.alter,
        recognises=recognises,
        needs=needs_of(house, column, "a value that is not that round already"),
        shows=(Shown(groups, "the last digit becomes 0 or 5"),),
        excludes=column.excludes,
        reach=house.reach,
    )


def lot_scale(column: KindOfColumn) -> Mechanism:
    """A whole number in hundreds, or in ones."""
    house = _HOUSE["quantity.lot_scale"]
    return Mechanism(
        name=f"{column.name}.lot_scale",
        sentence=f"{column.called} is in hundreds, or in ones: times 100, or a hundredth where it divides.",
        examples=house.examples,
        alter=house.alter,
        recognises=house.recognises,
        shows=(Shown((column.name,), "a hundred times, or a hundredth: out of the range"),),
        excludes=column.excludes,
    )


def sign(column: KindOfColumn) -> Mechanism:
    """A decimal with the other sign."""
    return Mechanism(
        name=f"{column.name}.sign",
        sentence=f"{column.called} has the other sign.",
        examples=(("154.00", "-154.00"),),
        alter=lambda case: -case.original,
        recognises=lambda seen: seen.numbers[0] == -seen.numbers[1] != 0,
        shows=(Shown((column.name,), "clean values are above zero"),),
        excludes=column.excludes,
        tolerated=False,
    )
