"""Names that were written down wrongly: in another case, with a blank, cut short, with letters exchanged.

A name has few wrong spellings, so each is a code of its own, past those of the names as they should be.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.streams import whole
from tradegen.mechanisms.column_kinds import KindOfColumn
from tradegen.mechanisms.difference import Difference, Leg, Settings
from tradegen.mechanisms.mechanism import Case, Mechanism, Needs, Shown


def _other_case(name: str) -> Sequence[str]:
    return [name.lower() if name.upper() == name else name.upper()]


def _padded(name: str) -> Sequence[str]:
    return [f"{name} ", f" {name}"]


def _cut(name: str) -> Sequence[str]:
    return [name[:-1].rstrip()]


def _exchanged(name: str) -> Sequence[str]:
    return [name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in range(len(name) - 1)]


@dataclass(frozen=True, slots=True)
class _Spelling:
    wrong: Callable[[str], Sequence[str]]
    sentence: str
    needs: str


_WRONG: Mapping[str, _Spelling] = {
    "case": _Spelling(
        _other_case,
        "{field} is in small letters, or in capitals where it has small ones.",
        "a letter",
    ),
    "padded": _Spelling(_padded, "{field} has a blank before it or after it.", ""),
    "truncated": _Spelling(_cut, "The last character of {field} is cut off.", "two characters"),
    "typo": _Spelling(
        _exchanged,
        "Two neighbouring characters of {field} changed places.",
        "two neighbouring characters that differ",
    ),
}

SPELLINGS = tuple(_WRONG)
"""What the mechanisms are called that spell a name wrongly, without their field."""


def spell(way: str, name: str) -> list[str]:
    """The wrong spellings of a name that this way has; none is empty, and none is the name itself."""
    return [wrong for wrong in dict.fromkeys(_WRONG[way].wrong(name)) if wrong.strip() and wrong != name]


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """The names of a column by code, with their wrong spellings after them.

    `wrong` holds, by way of spelling, an array of int64 of shape (names, most): the codes of each name's
    wrong spellings, and how many there are (shape (names,)).
    """

    names: tuple[str, ...]
    wrong: Mapping[str, tuple[Array, Array]] = field(default_factory=dict)


@functools.lru_cache(maxsize=64)
def misspelled(names: tuple[str, ...], taken: tuple[str, ...], ways: tuple[str, ...]) -> Names:
    """Give every wrong spelling of `names` a code. A spelling that is another one of the names has none.

    Nobody could tell such a one from that other name, and a broker who has it might trade with himself.

    Parameters
    ----------
    names : tuple of str
        As they should be, by code.
    taken : tuple of str
        Names that have the codes after those already.
    ways : tuple of str
        Of `SPELLINGS`.
    """
    codes = {name: code for code, name in enumerate((*names, *taken))}
    right = frozenset(names)
    wrong = {}
    for way in ways:
        found = [
            [codes.setdefault(text, len(codes)) for text in spell(way, name) if text not in right]
            for name in names
        ]
        table = np.zeros((len(names), max(map(len, found), default=0) or 1), np.int64)
        for row, spellings in zip(table, found, strict=True):
            row[: len(spellings)] = spellings
        wrong[way] = table, np.array([len(spellings) for spellings in found], np.int64)
    return Names(tuple(codes), wrong)


def _alter(way: str, column: str, case: Case) -> Array:
    """One of a name's wrong spellings, any of them alike."""
    table, count = case.context.misspelled(column, way)
    have = count[case.original]
    chosen = table[case.original, whole(case.raw, np.zeros_like(have), np.maximum(have - 1, 0))]
    return np.where(have > 0, chosen, case.original)


def _recognised(way: str, seen: Difference) -> bool:
    return seen.altered in spell(way, seen.original)


def _able(way: str, column: str, leg: Leg, _settings: Settings) -> bool:
    """Whether a name can be spelled wrongly, where no other name is spelled so."""
    return bool(spell(way, leg[column]))


def spelled(column: KindOfColumn, way: str) -> Mechanism:
    """The entry of the catalogue that spells a column's names wrongly in this way, one of `SPELLINGS`."""
    spelling, able = _WRONG[way], functools.partial(_able, way, column.name)
    return Mechanism(
        name=f"{column.name}.{way}",
        sentence=spelling.sentence.format(field=column.called),
        examples=((column.example, spell(way, column.example)[0]),),
        alter=functools.partial(_alter, way, column.name),
        recognises=functools.partial(_recognised, way),
        needs=Needs(f"{spelling.needs}, and no other name spelled so", able) if spelling.needs else None,
        shows=(Shown((column.name,), "no clean value is spelled so"),),
        excludes=column.excludes,
    )
