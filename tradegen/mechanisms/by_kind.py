"""Mechanisms by kind of column: what can be wrong with a column that a scenario adds.

A column of its own gets the mechanisms of its kind, named by the column: ``settlement_date.next_session``,
``gross_amount.digit_swap``. The nine columns get some of them, too (`house_columns`).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping

import numpy as np

from tradegen.core.columns import FIELDS, Array, blank
from tradegen.core.streams import uniform, whole
from tradegen.mechanisms.column_kinds import KindOfColumn
from tradegen.mechanisms.dates import DATES
from tradegen.mechanisms.difference import Difference
from tradegen.mechanisms.mechanism import Case, Mechanism, Needs, Shown
from tradegen.mechanisms.name_exchange import exchanged
from tradegen.mechanisms.numbers_by_kind import (
    decimal_shift,
    digit_swap,
    extra_digit,
    lot_scale,
    nudge,
    rounding,
    sign,
    tick,
)
from tradegen.mechanisms.spellings import SPELLINGS, spelled
from tradegen.mechanisms.times_by_kind import dated, shifted, timed

EXISTING = "existing"
"""What the mechanism of a difference is called that two lists had already; it is none of a column's own."""

FOLLOWS = "follows"
"""What the mechanism of a derived column is called that follows on an altered one; it has no weight."""


def mechanisms_of(column: KindOfColumn) -> tuple[Mechanism, ...]:
    """The entries of the catalogue for a column that a scenario adds."""
    entries = tuple(make(column) for make in MECHANISMS_BY_KIND[column.kind].values())
    if column.sources:
        what = f"it is not what {' and '.join(column.sources)} give"
        entries = tuple(
            entry if entry.shows else dataclasses.replace(entry, shows=(Shown((column.name,), what),))
            for entry in entries
        )
    return entries + _follows(column)


def blank_mechanism(column: KindOfColumn) -> Mechanism:
    """The value is missing."""
    return Mechanism(
        name=f"{column.name}.blank",
        sentence=f"{column.called} is missing: empty in CSV, null elsewhere.",
        examples=((_EXAMPLES.get(column.kind, column.example), ""),),
        alter=lambda case: np.full_like(case.original, blank(np.int64)),
        recognises=lambda seen: seen.altered == "",
        shows=(Shown((column.name,), "no clean value is missing"),),
        excludes=column.excludes,
        tolerated=False,
    )


_EXAMPLES = {
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
        weights = case.context.weights(column.name)
        if weights is not None:
            return exchanged(weights, case.original, uniform(case.raw))
        code = whole(case.raw, 0, count - 2)
        return code + (code >= case.original)

    return Mechanism(
        name=f"{column.name}.other",
        sentence=f"{column.called} is another one of those there are.",
        examples=(("ACC017", "ACC142"),),
        alter=alter,
        recognises=lambda seen: seen.altered != seen.original,
        needs=Needs("a second name", None),
        shows=(Shown((column.name,), column.tells),) if column.tells else (),
        excludes=column.excludes,
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
    **{way: functools.partial(spelled, way=way) for way in SPELLINGS},
}
_NUMBERS: dict[str, _Make] = {"nudge": nudge, "digit_swap": digit_swap}
_BLANK: dict[str, _Make] = {"blank": blank_mechanism}

MECHANISMS_BY_KIND: Mapping[str, Mapping[str, _Make]] = {
    "code": _NAMES | _BLANK,
    "text": _NAMES | _BLANK,
    "integer": {**_NUMBERS, "extra_digit": extra_digit, "lot_scale": lot_scale, **_BLANK},
    "decimal": {
        **_NUMBERS,
        "tick": tick,
        "rounding": rounding,
        "decimal_shift": decimal_shift,
        "sign": sign,
        **_BLANK,
    },
    "date": {
        **{entry.name.partition(".")[2]: functools.partial(dated, house=entry) for entry in DATES},
        **_BLANK,
    },
    "timestamp": {
        **{way: functools.partial(shifted, way=way) for way in ("delay", "clock_skew")},
        **{way: functools.partial(timed, way=way) for way in ("timezone", "truncated")},
        **_BLANK,
    },
    "reference": {"mistyped": _mistyped, **_BLANK},
}
"""What each kind of column may have wrong with it, by what it is called."""


def is_own_mechanism(name: str) -> bool:
    """Whether some scenario with columns of its own may have a mechanism of this name."""
    column, _, way = name.partition(".")
    ways = {FOLLOWS, *(way for known in MECHANISMS_BY_KIND.values() for way in known)}
    return column not in FIELDS and way in ways
