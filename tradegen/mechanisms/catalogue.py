"""The catalogue of mechanisms: how a leg can be wrong. One entry each; everything else iterates it.

The entries stand beside the functions they name, by field. They are vocabulary: an entry knows its field,
its settings and how the integers of that field change, and imports nothing of the generation. So the
scenario can validate against it, and the generator apply it.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

from tradegen.core.grids import CENTS, SHARES, Grid
from tradegen.mechanisms.by_kind import mechanisms_of
from tradegen.mechanisms.column_kinds import KindOfColumn
from tradegen.mechanisms.dates import DATES
from tradegen.mechanisms.house_columns import house_by_kind
from tradegen.mechanisms.identifiers import IDENTIFIERS
from tradegen.mechanisms.mechanism import Mechanism, Shown
from tradegen.mechanisms.prices import PRICES, prices
from tradegen.mechanisms.quantities import QUANTITIES, quantities
from tradegen.mechanisms.record_counts import RECORDS, records
from tradegen.mechanisms.times import TIMES

CATALOGUE: dict[str, Mechanism] = {
    entry.name: entry for entry in (*QUANTITIES, *PRICES, *DATES, *TIMES, *IDENTIFIERS, *RECORDS)
}
"""The entries of the nine columns and of whole records that have functions of their own, by name.

The order in which they are listed may change, and means nothing.
"""

_CODES = {entry.field: (entry.iso, entry.fix) for entry in CATALOGUE.values()}


def _with_codes(entry: Mechanism) -> Mechanism:
    """An entry with the codes that differences in its field are reported by."""
    iso, fix = _CODES[entry.field]
    return dataclasses.replace(entry, iso=iso, fix=fix)


HOUSE: dict[str, Mechanism] = {
    entry.name: entry
    for entry in sorted(
        (*CATALOGUE.values(), *map(_with_codes, house_by_kind())),
        key=lambda entry: [*_CODES].index(entry.field),
    )
}
"""All entries of the nine columns and of whole records: those, and what the columns have by their kind."""


@functools.lru_cache(maxsize=64)
def catalogue_with(
    columns: tuple[KindOfColumn, ...], shares: Grid = SHARES, ticks: Grid = CENTS
) -> Mapping[str, Mechanism]:
    """The catalogue for quantities and prices on these grids, and the entries of a scenario's own columns."""
    house = HOUSE
    if shares != SHARES:
        house = house | {entry.name: entry for entry in (*quantities(shares), *records(shares))}
    if ticks != CENTS:
        house = house | {entry.name: entry for entry in prices(ticks)}
    if not columns:
        return house
    entries = house | {entry.name: entry for column in columns for entry in mechanisms_of(column)}
    return {name: _seen_beside(entry, columns) for name, entry in entries.items()}


def _seen_beside(entry: Mechanism, columns: tuple[KindOfColumn, ...]) -> Mechanism:
    """An entry that says, too, in which of a scenario's own columns it shows."""
    altered = {*entry.fields, *(["quantity"] if entry.name == "record.split" else [])}
    kept = [column for column in columns if altered.intersection(column.keeps)]
    # What follows on a value that looks like any other does so, too.
    follow = [column for column in columns if entry.shows and altered.intersection(column.sources)]
    told = {column.name: f"{column.called} follows" for column in follow}
    told |= {column.name: f"{column.called} stays as it was" for column in kept}
    if not told:
        return entry
    ways = entry.shows or (Shown((), ""),)
    shows = tuple(
        Shown((*one.groups, *told), "; ".join(filter(None, (one.why, *told.values())))) for one in ways
    )
    return dataclasses.replace(entry, shows=shows)
