"""Counts: what the profiles of pairs, and the rows of the truth, come to."""

from __future__ import annotations

import functools
import operator
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tradegen.core.columns import FIELDS, RECORD
from tradegen.mechanisms.catalogue import HOUSE
from tradegen.scoring.classification import Profile, Row
from tradegen.scoring.outcomes import Outcome, Recall
from tradegen.scoring.relations import first_row
from tradegen.scoring.score_counts import Benign, Several, Undecidable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_RECORD_ROWS = "('record.missing', 'record.duplicate', 'record.split')"
_ALTERED_RECORDS = ("missing", "duplicate", "split", "orphan")


def pairs(found: Iterable[Profile], total: int | None) -> Outcome:
    """By pair; `total` is how many there are, None where that is not known."""
    counts: dict[tuple[str, bool], int] = defaultdict(int)
    for profile in found:
        counts[profile.kind, profile.reported] += profile.pairs
    expected = counts["expected", True] + counts["expected", False]
    return Outcome(
        expected=expected,
        found=counts["expected", True],
        false_alarms=counts["benign", True] + counts["clean", True],
        unknown=counts["unknown", True],
        quiet=None if total is None else total - expected,
    )


def fields(
    found: Iterable[Profile],
    names: Sequence[str] = FIELDS,
    id_field: str = "trade_id",
    ids: Sequence[str] = ("trade_id",),
) -> dict[str, Outcome]:
    """By field, of pairs with it, in the order of the columns: `names`, by the position of their bits.

    `id_field` is that of a trade's id, which may consist of several fields, `ids`.
    """
    outcomes: dict[str, Outcome] = {}
    trade, record = 1 << names.index(id_field), 1 << names.index(RECORD)
    parts = sum(1 << names.index(name) for name in ids)
    for profile in found:
        for bit, field in _of(profile.wanted | profile.named, names):
            if profile.kind == "unknown":
                outcome = Outcome(unknown=profile.pairs)
            elif profile.wanted & bit:
                named = bool(profile.named & _naming(bit, profile, (trade, record, parts)))
                outcome = Outcome(expected=profile.pairs, found=profile.pairs * named)
            elif (profile.right_names | profile.excused) & bit:
                continue  # another name for what is wanted, or what no one can tell
            else:
                outcome = Outcome(false_alarms=profile.pairs)
            outcomes[field] = outcomes.get(field, Outcome()) + outcome
    return {field: outcomes[field] for field in names if field in outcomes}


def total(by_field: Mapping[str, Outcome]) -> Outcome:
    """All fields together."""
    return functools.reduce(operator.add, by_field.values(), Outcome())


def _naming(bit: int, profile: Profile, special: tuple[int, int, int]) -> int:
    """The bits by which a wanted field of a pair may be named."""
    trade, record, parts = special
    orphan = profile.orphan and bit & parts
    missing = profile.missing and bit == record
    return bit | trade | record if orphan or missing else bit


def records(found: Iterable[Profile]) -> dict[str, Recall]:
    """Of the pairs with a wrong number of records, or one under another id: those reported."""
    counts = dict.fromkeys(_ALTERED_RECORDS, Recall())
    for profile in found:
        for name in _ALTERED_RECORDS:
            if getattr(profile, name):
                counts[name] += Recall(profile.pairs, profile.pairs * profile.reported)
    return counts


def confusion(found: Iterable[Profile], names: Sequence[str] = FIELDS) -> dict[str, dict[str, int]]:
    """By the one field that is wanted of a pair, the fields that it was reported with."""
    counts: dict[str, dict[str, int]] = {}
    for profile in found:
        if profile.kind == "unknown" or (profile.kind != "expected" and not profile.reported):
            continue
        wanted = [field for _, field in _of(profile.wanted, names)]
        if profile.kind == "expected" and (len(wanted) != 1 or profile.excused):
            continue
        row = wanted[0] if profile.kind == "expected" else f"({profile.kind})"
        named = [field for _, field in _of(profile.named, names)]
        for column in named or ["(no field)" if profile.reported else "(not reported)"]:
            cells = counts.setdefault(row, {})
            cells[column] = cells.get(column, 0) + profile.pairs
    rows = [*names, "(benign)", "(clean)"]
    columns = [*names, "(no field)", "(not reported)"]
    return {
        row: {column: counts[row][column] for column in columns if column in counts[row]}
        for row in rows
        if row in counts
    }


def several(found: Iterable[Profile], fields_named: bool) -> Several:
    """Pairs with several wanted fields; those that were reported, but without a field, are left out."""
    total = Several()
    if not fields_named:
        return total
    for profile in found:
        fieldless = profile.reported and not profile.named
        if profile.orphan or profile.wanted.bit_count() < 2 or fieldless:
            continue
        named = (profile.wanted & profile.named).bit_count()
        if named == profile.wanted.bit_count():
            total += Several(all=profile.pairs)
        elif named:
            total += Several(some=profile.pairs)
        else:
            total += Several(none=profile.pairs)
    return total


def recalls(found: Iterable[Row], group: str) -> dict[str, Recall]:
    """Recall of truth rows by ``mechanism``, ``cause`` or ``leg``, in the catalogue's order or by name."""
    counts: dict[str, Recall] = {}
    for row in found:
        if not row.benign and not row.behind:
            name = getattr(row, group)
            counts[name] = counts.get(name, Recall()) + Recall(row.rows, row.rows * row.found)
    places = {name: place for place, name in enumerate(HOUSE)}
    ordered = sorted(counts, key=lambda name: (places.get(name, len(places)), name))
    return {name: counts[name] for name in ordered}


def benign(found: Iterable[Row]) -> Benign:
    """Differences within their tolerance."""
    total = Benign()
    for row in found:
        if row.benign:
            total += Benign(row.rows, row.rows * row.found)
    return total


def undecidable(connection: DuckDBPyConnection, found: Iterable[Row]) -> Undecidable:
    """What counts neither way: fields behind a mistyped id, and the legs that findings name."""
    total = Undecidable()
    for row in found:
        if row.behind and not row.benign:
            total += Undecidable(rows_behind_orphans=row.rows, found_behind_orphans=row.rows * row.found)
    legs = first_row(
        connection,
        f"""
        WITH
        named_legs AS (
            SELECT pair, leg, coalesce(bit_of(field), 0) AS named
            FROM findings
            WHERE report AND leg IS NOT NULL
        ),
        decided AS (
            SELECT
                named_legs.pair, named_legs.leg, named_legs.named,
                bool_or(truth.leg = named_legs.leg) AS hit
            FROM named_legs
            JOIN truth ON truth.pair = named_legs.pair
                AND NOT truth.benign
                AND truth.mechanism NOT IN {_RECORD_ROWS}
                AND (named_legs.named = 0 OR (named_legs.named & truth.names) <> 0)
            GROUP BY ALL
        )
        SELECT count(*) FILTER (hit), count(*) FILTER (NOT hit) FROM decided
        """,
    )
    return total + Undecidable(legs_right=legs[0], legs_wrong=legs[1])


def _of(bits: int, names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The fields of a set, with their bits."""
    for position, field in enumerate(names):
        if bits & 1 << position:
            yield 1 << position, field
