"""Mechanisms by kind of column: what can be wrong with a column that a scenario adds.

A column of its own gets the mechanisms of its kind, named by the column: ``settlement_date.next_session``,
``gross_amount.digit_swap``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from tradegen.core.columns import FIELDS, MICROSECONDS, MICROSECONDS_A_DAY, Array, blank
from tradegen.core.streams import whole
from tradegen.mechanisms.dates import DATES
from tradegen.mechanisms.difference import Difference
from tradegen.mechanisms.displacement import Ranges
from tradegen.mechanisms.mechanism import Case, Mechanism, Needs, Setting, Shown
from tradegen.mechanisms.quantities import (
    digits_exchanged,
    exchangeable,
    extra_digit,
    nudge_reach,
    share_of,
    share_off,
    share_settings,
    swap_digits,
    typed_twice,
)
from tradegen.mechanisms.spellings import spelling_mechanisms

__all__ = [
    "FOLLOWS",
    "MECHANISMS_BY_KIND",
    "KindOfColumn",
    "blank_mechanism",
    "is_own_mechanism",
    "mechanisms_of",
]

FOLLOWS = "follows"
"""What the mechanism of a derived column is called that follows on an altered one; it has no weight."""


@dataclass(frozen=True, slots=True)
class KindOfColumn:
    """What a mechanism must know of a scenario's own column."""

    name: str
    kind: str  # code, integer, decimal, date, timestamp, text, reference
    places: int = 0  # of a decimal
    sources: tuple[str, ...] = ()  # the columns that it is derived from

    @property
    def called(self) -> str:
        """The column, as sentences name it."""
        return f"`{self.name}`"

    @property
    def excludes(self) -> frozenset[str]:
        """What cannot go wrong along with it: a leg that is missing, and what it is derived from."""
        split = {"record.split"} if "quantity" in self.sources else set()
        return frozenset({"record.missing", *self.sources, *split})

    @property
    def step(self) -> str:
        """The smallest step of its numbers, as it would be printed."""
        return str(Decimal(1).scaleb(-self.places))


def mechanisms_of(column: KindOfColumn) -> tuple[Mechanism, ...]:
    """The entries of the catalogue for a column that a scenario adds."""
    return tuple(make(column) for make in MECHANISMS_BY_KIND[column.kind].values()) + _follows(column)


def blank_mechanism(column: KindOfColumn) -> Mechanism:
    """The value is missing."""
    return Mechanism(
        name=f"{column.name}.blank",
        sentence=f"{column.called} is missing: empty in CSV, null elsewhere.",
        examples=((_EXAMPLES[column.kind], ""),),
        alter=lambda case: np.full_like(case.original, blank(np.int64)),
        recognises=lambda seen: seen.altered == "",
        shows=(Shown((column.name,), "no clean value is missing"),),
        excludes=column.excludes,
        tolerated=False,
    )


_EXAMPLES = {
    "code": "ACC017",
    "text": "ACC017",
    "integer": "250",
    "decimal": "154.00",
    "date": "2025-07-21",
    "timestamp": "2025-07-21 10:33:00",
    "reference": "ORD00000021",
}


def _other(column: KindOfColumn) -> Mechanism:
    def alter(case: Case) -> Array:
        count = case.context.names(column.name)
        if count < 2:
            return case.original
        code = whole(case.raw, 0, count - 2)
        return code + (code >= case.original)

    return Mechanism(
        name=f"{column.name}.other",
        sentence=f"{column.called} is another one of those there are.",
        examples=(("ACC017", "ACC142"),),
        alter=alter,
        recognises=lambda seen: seen.altered != seen.original,
        needs=Needs("a second name", None),
        excludes=column.excludes,
    )


def _spelled(column: KindOfColumn, way: str) -> Mechanism:
    entries = spelling_mechanisms(column.name, column.called, column.excludes)
    return next(entry for entry in entries if entry.name == f"{column.name}.{way}")


def _nudge(column: KindOfColumn) -> Mechanism:
    def alter(case: Case) -> Array:
        ranges = case.context.own_ranges(column.name, case.original, case.settings["max"])
        sizes = case.sizes(share_of(case))
        return case.displaced(case.original, ranges.joined(sizes.bounds), sizes)

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


def _digit_swap(column: KindOfColumn) -> Mechanism:
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


def _extra_digit(column: KindOfColumn) -> Mechanism:
    return Mechanism(
        name=f"{column.name}.extra_digit",
        sentence=f"A fat finger: one digit of {column.called} was typed twice.",
        examples=(("250", "2250"),),
        alter=extra_digit,
        recognises=typed_twice,
        shows=(Shown((column.name,), "about ten times: out of the range"),),
        excludes=column.excludes,
    )


def _decimal_shift(column: KindOfColumn) -> Mechanism:
    def alter(case: Case) -> Array:
        tenth = (case.original + 5) // 10
        down = (whole(case.raw, 0, 1) == 1) & (tenth > 0)
        return np.where(down, tenth, case.original * 10)

    def recognises(seen: Difference) -> bool:
        original, altered = seen.numbers
        return altered == 10 * original or abs(10 * altered - original) <= 5 * Decimal(column.step)

    return Mechanism(
        name=f"{column.name}.decimal_shift",
        sentence=f"The decimal point of {column.called} is one place off: ten times, or a tenth.",
        examples=(("154.00", "15.40"),),
        alter=alter,
        recognises=recognises,
        shows=(Shown((column.name,), "ten times, or a tenth: out of the range"),),
        excludes=column.excludes,
    )


def _sign(column: KindOfColumn) -> Mechanism:
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


def _dated(column: KindOfColumn, house: Mechanism) -> Mechanism:
    """One of the mechanisms of the trade date, for another date."""
    what = house.name.partition(".")[2]
    sentence = {
        "next_session": f"{column.called} is the next weekday.",
        "previous_session": f"{column.called} is the weekday before.",
        "day_month_swap": f"Day and month of {column.called} changed places, where that is another date.",
    }[what]
    needs = house.needs
    if needs is not None and needs.chance is not None:
        of_date = needs.chance
        needs = Needs(needs.words, lambda leg, settings: of_date({"date": leg[column.name]}, settings))
    return Mechanism(
        name=f"{column.name}.{what}",
        sentence=sentence,
        examples=house.examples,
        alter=house.alter,
        recognises=house.recognises,
        needs=needs,
        shows=(Shown((column.name,), "no clean date is that far from the trade's"),),
        excludes=column.excludes,
    )


def _delay(column: KindOfColumn) -> Mechanism:
    def alter(case: Case) -> Array:
        step = case.context.step
        least, most = (max(round(case.settings[name] * MICROSECONDS) // step, 1) for name in ("min", "max"))

        def sizes(value: Array) -> tuple[Array, Array]:
            return np.full(np.shape(value), least), np.full(np.shape(value), most)

        units, rest = np.divmod(case.original, step)
        days, each = np.unique(case.original // MICROSECONDS_A_DAY, return_inverse=True)
        midnight = days * (MICROSECONDS_A_DAY // step)
        ranges = Ranges(
            midnight,
            midnight + MICROSECONDS_A_DAY // step - 1,
            each,
            midnight,
            midnight + MICROSECONDS_A_DAY // step - 1,
        )
        return case.displaced(units, ranges, case.sizes(sizes, step)) * step + rest

    def recognises(seen: Difference) -> bool:
        original, altered = seen.times
        apart = abs((altered - original).total_seconds())
        least, most = seen.settings["min"], max(seen.settings["max"], 1)
        return original.date() == altered.date() and min(least, 1) <= apart <= most

    return Mechanism(
        name=f"{column.name}.delay",
        sentence=f"{column.called} is minutes late, or early, within the same day.",
        examples=(("2025-07-21 10:33:00", "2025-07-21 10:41:27"),),
        alter=alter,
        recognises=recognises,
        settings=(
            Setting("min", 60.0, 0, 43_200, "number of seconds", "smallest error, seconds"),
            Setting("max", 1800.0, 0, 43_200, "number of seconds", "largest error, seconds"),
        ),
        shows=(Shown((column.name,), "no clean time is that far from the trade's"),),
        excludes=column.excludes,
        sized=True,
    )


def _mistyped(column: KindOfColumn) -> Mechanism:
    def alter(case: Case) -> Array:
        power = np.int64(10) ** whole(case.raw, 0, column.places - 1)
        digit = case.original // power % 10
        new = (digit + whole(case.raw << np.uint64(32), 1, 9)) % 10
        altered: Array = case.original + (new - digit) * power
        return altered

    def recognises(seen: Difference) -> bool:
        one, other = seen.original, seen.altered
        return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1

    return Mechanism(
        name=f"{column.name}.mistyped",
        sentence=f"One digit of {column.called} is wrong.",
        examples=(("ORD00000021", "ORD00070021"),),
        alter=alter,
        recognises=recognises,
        excludes=column.excludes,
    )


_FOLLOWING = {"decimal": ("38500.00", "39578.00"), "date": ("2025-07-22", "2025-07-23")}


def _follows(column: KindOfColumn) -> tuple[Mechanism, ...]:
    """The entry of a derived column, whose value follows on another that was altered; it is never drawn."""
    if not column.sources:
        return ()
    return (
        Mechanism(
            name=f"{column.name}.{FOLLOWS}",
            sentence=f"{column.called} was worked out from an altered {' or '.join(column.sources)}.",
            examples=(_FOLLOWING[column.kind],),
            alter=_never,
            recognises=lambda seen: seen.altered != seen.original,
        ),
    )


def _never(_case: Case) -> Array:
    raise AssertionError("a derived column follows; it is altered by no draw")


_Make = Callable[[KindOfColumn], Mechanism]
_NAMES: dict[str, _Make] = {
    "other": _other,
    **{way: functools.partial(_spelled, way=way) for way in ("case", "padded", "truncated", "typo")},
}
_NUMBERS: dict[str, _Make] = {"nudge": _nudge, "digit_swap": _digit_swap}
_BLANK: dict[str, _Make] = {"blank": blank_mechanism}

MECHANISMS_BY_KIND: Mapping[str, Mapping[str, _Make]] = {
    "code": _NAMES | _BLANK,
    "text": _NAMES | _BLANK,
    "integer": {**_NUMBERS, "extra_digit": _extra_digit, **_BLANK},
    "decimal": {**_NUMBERS, "decimal_shift": _decimal_shift, "sign": _sign, **_BLANK},
    "date": {
        **{entry.name.partition(".")[2]: functools.partial(_dated, house=entry) for entry in DATES},
        **_BLANK,
    },
    "timestamp": {"delay": _delay, **_BLANK},
    "reference": {"mistyped": _mistyped, **_BLANK},
}
"""What each kind of column may have wrong with it, by what it is called."""


def is_own_mechanism(name: str) -> bool:
    """Whether some scenario with columns of its own may have a mechanism of this name."""
    column, _, way = name.partition(".")
    ways = {FOLLOWS, *(way for known in MECHANISMS_BY_KIND.values() for way in known)}
    return column not in FIELDS and way in ways
