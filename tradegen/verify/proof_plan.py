"""What is to be proved, and what is known of it before it is read through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tradegen.errors import shown
from tradegen.verify.added_columns import Added
from tradegen.verify.file_scan import Source
from tradegen.verify.grid_steps import places_of, steps_of
from tradegen.verify.odd_values import OddValues
from tradegen.verify.words import COLUMNS, FIELDS, LEGS, MIRROR, NAMES, VerifyError

_MOST_BROKERS = 100_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of trades: its file, the names of its columns there, and the layout of its dates and times."""

    source: Source
    names: Mapping[str, str]  # by column, of those that are written
    date_format: str | None
    timestamp_format: str | None
    sorted: bool = False  # by the id as it is written

    @property
    def key(self) -> str:
        """The column by which a record is known."""
        return "trade_id" if "trade_id" in self.names else "record_id"

    @property
    def with_record_id(self) -> bool:
        """Whether records have ids of their own."""
        return self.names.get("record_id") in self.source.names


@dataclass(frozen=True, slots=True)
class Plan:
    """The files, and all that is known about them before they are read through."""

    lists: tuple[Listed, ...]  # leg 0 first, or one with both legs
    truth: Source
    view: str
    decimals: int
    manifest: Mapping[str, Any] | None = None
    scenario: Mapping[str, Any] = field(default_factory=dict)
    part: tuple[int, int] | None = None  # the first and the last id, where the files are a part of a dataset
    added: tuple[Added, ...] = ()  # the columns that the scenario adds to the nine
    links: Source | None = None  # where the lists share no id
    odd: OddValues = field(
        default_factory=OddValues
    )  # the columns that have some by the truth, once it is read

    @property
    def compared(self) -> tuple[Added, ...]:
        """The added columns that say something of the pair."""
        return tuple(column for column in self.added if not column.own)

    @property
    def fields(self) -> dict[str, str]:
        """By field of a leg, the column of tables that holds its value."""
        return {name: name for name in COLUMNS} | {column.name: column.column for column in self.compared}

    @property
    def names(self) -> tuple[str, ...]:
        """Fields whose values are names; those of the others are integers once they are read."""
        return (*NAMES, *(column.name for column in self.compared if column.is_name))

    @property
    def truth_fields(self) -> tuple[str, ...]:
        """Fields that a truth row can name."""
        return (*FIELDS, *(column.name for column in self.compared))

    @property
    def legs(self) -> tuple[str, str]:
        """The names of leg 0 and leg 1."""
        return LEGS[self.view]

    @property
    def facing(self) -> bool:
        """Whether the legs face each other: BUY and SELL, with brokers the other way round."""
        return self.view != "two_system"

    @property
    def with_record_ids(self) -> bool:
        """Whether records have ids of their own."""
        return any(item.with_record_id for item in self.lists)

    @property
    def ids(self) -> tuple[int, int] | None:
        """The first and the last id of the pairs in the files, where a manifest tells."""
        return self.part or self.run_ids

    @property
    def run_ids(self) -> tuple[int, int] | None:
        """The first and the last id of the whole run, where a manifest tells."""
        if self.manifest is None:
            return None
        first = int(self.manifest["replay"]["first_id"])
        return first, first + int(self.scenario["pairs"]) - 1

    @property
    def brokers(self) -> tuple[str, ...]:
        """The brokers of the scenario; none, where no manifest tells."""
        count = int(self.scenario.get("brokers") or 0)
        if count not in range(_MOST_BROKERS):
            raise VerifyError(f"brokers is {count} in the manifest; expected less than {_MOST_BROKERS:,}")
        return tuple(f"BKR{number:03d}" for number in range(1, count + 1))

    @property
    def unseen(self) -> frozenset[tuple[int, str]]:
        """The legs, and their fields, that cannot be compared: one of the lists has no such column."""
        lists = self.lists if len(self.lists) == 2 else self.lists * 2
        found = set()
        for leg, item in enumerate(lists):
            for column in self.fields.keys() - item.names.keys():
                found |= {(leg, column), (1 - leg, MIRROR.get(column, column) if self.facing else column)}
        return frozenset(found)

    def file_of(self, leg: int) -> str:
        """The name of the file that a leg stands in."""
        return self.lists[leg if len(self.lists) == 2 else 0].source.name

    @property
    def steps(self) -> dict[str, Decimal]:
        """What quantities and prices are multiples of, by field."""
        return steps_of(self.scenario)

    @property
    def places(self) -> dict[str, int]:
        """Decimal places of quantities, prices and notionals."""
        return places_of(self.steps)

    def units(self, field: str) -> int:
        """A field's step in units of the last decimal place."""
        return int(self.steps[field].scaleb(self.places[field]))

    def tolerance(self, name: str) -> Fraction | None:
        """The tolerance of a field as the manifest's text has it: shares, seconds or days."""
        given = self.scenario.get("tolerances", {}).get(name)
        return None if given is None else Fraction(given)

    def price_tolerance(self) -> tuple[Fraction, bool] | None:
        """The tolerance of prices: in units of the last place or, where the second is true, as a share."""
        given = self.scenario.get("tolerances", {}).get("price")
        if not given:
            return None
        dollar, tick = Fraction(10 ** self.places["price"]), Fraction(self.units("price"))
        for name, unit in (("absolute", dollar), ("ticks", tick), ("bps", Fraction(1, 10_000))):
            if given.get(name) is not None:
                return Fraction(given[name]) * unit, name == "bps"
        raise VerifyError(f"tolerances.price is {shown(given)}; expected absolute, bps or ticks")
