"""Odd values of the nine columns: those that are missing, and names that are misspelled.

They are read where the truth has some of them in that column. The proof then finds each that has no row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tradegen.verify.added_forms import BLANK_NUMBER
from tradegen.verify.database import Database
from tradegen.verify.words import COLUMNS, NAMES, literal

MAY_BE_BLANK = COLUMNS[1:]
"""Columns of the nine whose values may be missing: all but the id."""

SPELLINGS = ("case", "padded", "truncated", "typo")
"""What the mechanisms are called that spell a name wrongly, without their field."""

_HOLDS = dict.fromkeys(NAMES, "text") | dict.fromkeys(("quantity", "price"), "numbers")
_HOLDS |= {"date": "dates", "trade_timestamp": "timestamps without a zone"}


@dataclass(frozen=True, slots=True)
class OddValues:
    """The columns in which the truth has values that are `blank`, and names that are `misspelled`."""

    blank: frozenset[str] = field(default_factory=frozenset)
    misspelled: frozenset[str] = field(default_factory=frozenset)

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns with either of them."""
        return tuple(name for name in COLUMNS if name in self.blank | self.misspelled)

    @property
    def holds(self) -> Mapping[str, str]:
        """What those columns hold in which values may be missing."""
        return {name: _HOLDS[name] for name in self.blank}

    def value(self, column: str, cell: str, there: str) -> str:
        """An expression for the value of a cell, given that for a cell as the column's others are."""
        if column in NAMES and column in self.misspelled:
            there = f"CASE WHEN {cell} <> '' THEN {cell} END"
        if column not in self.blank:
            return there
        missing = "''" if column in NAMES else BLANK_NUMBER
        return f"CASE WHEN coalesce({cell}::VARCHAR, '') = '' THEN {missing} ELSE {there} END"


def odd_values(database: Database) -> OddValues:
    """Which columns have such values by the truth, whose table is `all_truth`."""
    found = {
        (field, mechanism.rpartition(".")[2])
        for field, mechanism in database.rows(
            f"SELECT DISTINCT field, mechanism FROM all_truth WHERE field IN ({_listed(MAY_BE_BLANK)})"
        )
        if mechanism
    }
    return OddValues(
        frozenset(name for name, way in found if way == "blank"),
        frozenset(name for name, way in found if way in SPELLINGS and name in NAMES),
    )


def unwritten(name: str, brokers: Iterable[str]) -> str:
    """Whether a leg has in a column of the nine what no clean leg has, whatever the other one has."""
    if name == "order_type":
        return "order_type NOT IN ('BUY', 'SELL')"
    if name in ("broker_id", "contra_broker_id") and (known := _listed(brokers)):
        return f"{name} NOT IN ({known})"
    return f"{name} = {literal('') if name in NAMES else BLANK_NUMBER}"


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(map(literal, texts))
