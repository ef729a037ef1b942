"""What can be wrong with a list of the user's own: mechanisms by the kinds and roles of its columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from tradegen.core.columns import RECORD
from tradegen.desk.injecting.case_context import one_digit_wrong
from tradegen.desk.injecting.column_labels import kind_of, label_of
from tradegen.desk.lists.list_form import ColumnForm, ListForm
from tradegen.errors import ListError, shown
from tradegen.mechanisms.by_kind import mechanisms_of
from tradegen.mechanisms.catalogue import CATALOGUE
from tradegen.mechanisms.column_kinds import KindOfColumn
from tradegen.mechanisms.mechanism import Mechanism

_NOT_OF_NUMBERS = ("case", "padded")  # a number has neither letters nor blanks around it
_BY_TICKER = ("price.nudge", "price.tick")
_FACTORS = frozenset({"quantity", "price"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A mechanism of a list: the column that it alters, by position, or None for whole records."""

    mechanism: Mechanism
    position: int | None


def possible(form: ListForm) -> Mapping[str, Entry]:
    """Every mechanism that there is for a list, by name.

    Raises
    ------
    ListError
        Where a column without a role is called as another column's role.
    """
    labels: dict[str, str] = {}
    found: dict[str, Entry] = {}
    for position, column in enumerate(form.columns):
        label = label_of(column)
        if label in labels:
            raise ListError(
                f"columns {shown(labels[label])} and {shown(column.name)} are both called {label}, one "
                "of them by its role; expected that role on the column of that name, or on none"
            )
        labels[label] = column.name
        for entry in _of_column(column, form):
            found[entry.name] = Entry(entry, position)
    products = any(column.product for column in form.columns)
    for entry in CATALOGUE.values():
        if entry.field == RECORD and (entry.name != "record.split" or "quantity" in form.by_role):
            # A record that is not there has no other mismatch, whatever its columns are called.
            excludes = frozenset(labels) if entry.name == "record.missing" else entry.excludes
            if products and entry.name == "record.split":
                excludes |= _FACTORS
            found[entry.name] = Entry(dataclasses.replace(entry, excludes=excludes), None)
    return found


def _of_column(column: ColumnForm, form: ListForm) -> list[Mechanism]:
    label, kind = label_of(column), kind_of(column)
    entries = mechanisms_of(KindOfColumn(label, kind, column.places or 0, column.product or ()))
    found = [
        _like_the_house(entry, form)
        for entry in entries
        if not (column.kind == "integer" and entry.name.removeprefix(f"{label}.") in _NOT_OF_NUMBERS)
    ]
    if label not in _FACTORS or not any(one.product for one in form.columns):
        return found
    # An amount follows on one of them: whether its column can hold it is known before it is altered.
    return [dataclasses.replace(entry, excludes=entry.excludes | _FACTORS) for entry in found]


def _like_the_house(entry: Mechanism, form: ListForm) -> Mechanism:
    """A mechanism with the sizes that the house's own column has, and altered within its clean values."""
    house = CATALOGUE.get(entry.name)
    _, _, way = entry.name.rpartition(".")
    if way == "mistyped":
        return dataclasses.replace(entry, alter=lambda case: one_digit_wrong(case.context, case.raw))
    if way in ("delay", "clock_skew"):
        # Within the hours of the list's own day, not only within the day.
        entry = dataclasses.replace(entry, alter=CATALOGUE[f"trade_timestamp.{way}"].alter)
    if house is None:
        return entry
    if entry.name in _BY_TICKER and "ticker" in form.by_role:
        entry = dataclasses.replace(entry, alter=house.alter)
    same = [setting.name for setting in house.settings] == [setting.name for setting in entry.settings]
    return dataclasses.replace(entry, settings=house.settings) if same else entry
