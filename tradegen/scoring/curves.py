"""Curves: counts by tolerance, by size of the difference, and by score.

Tolerances and sizes have the same places for every run, so that curves add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING

from tradegen.core.columns import MICROSECONDS
from tradegen.core.grids import FINEST
from tradegen.mechanisms.allowed_sizes import PARTS
from tradegen.scoring.classification import FOUND, Profile
from tradegen.scoring.outcomes import Outcome
from tradegen.scoring.relations import literal
from tradegen.scoring.run_fields import RunFields
from tradegen.scoring.score_counts import Curve

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MOST_THRESHOLDS = 50
_BASIS_POINTS = 10_000


def _decades(least: str, most: str) -> tuple[Decimal, ...]:
    """0, then 1, 2 and 5 times each power of ten, from one place to another."""
    low, high = Decimal(least), Decimal(most)
    places = [Decimal(0)]
    power = low
    while power <= high:
        places += [power * digit for digit in (1, 2, 5) if power * digit <= high]
        power *= 10
    return tuple(places)


@dataclass(frozen=True, slots=True)
class Scale:
    """The places on a field's scale, in a unit of which `per_unit` whole numbers make one.

    `relative` says that sizes are shares of the original value, in parts of 100,000,000.
    """

    field: str
    unit: str
    places: tuple[Decimal, ...]
    per_unit: int
    relative: bool = False

    @property
    def wholes(self) -> list[int]:
        """The places as whole numbers."""
        return [int(place * self.per_unit) for place in self.places]

    @property
    def floats(self) -> list[float]:
        """The places as points of a curve have them."""
        return [float(place) for place in self.places]


_DAYS = tuple(map(Decimal, (0, 1, 2, 5, 10, 20, 50, 100, 200, 365)))
SCALES = (
    Scale("quantity", "shares", _decades("1", "1e6"), FINEST["quantity"].unit),
    Scale("price", "dollars", _decades("0.01", "1e4"), FINEST["price"].unit),
    Scale("price", "bps", _decades("0.01", "1e5"), PARTS // _BASIS_POINTS, relative=True),
    Scale("date", "days", _DAYS, 1),
    Scale("trade_timestamp", "seconds", _decades("0.001", "1e5"), MICROSECONDS),
)
"""Those of the fields that come with the house."""


def scales_of(fields: RunFields) -> tuple[Scale, ...]:
    """The scales of all measured fields, those of the scenario's columns last."""
    own: list[Scale] = []
    for column in fields.measured:
        match column.kind:
            case "date":
                own.append(Scale(column.name, "days", _DAYS, 1))
            case "timestamp":
                own.append(Scale(column.name, "seconds", _decades("0.001", "1e5"), MICROSECONDS))
            case _:
                own.append(Scale(column.name, "units", _decades(column.step, "1e6"), 10**column.places))
        # Where values are written in the list's own way, nothing says what a difference is a share of.
        if column.kind == "decimal" and not fields.injected:
            bps = _decades("0.01", "1e5")
            own.append(Scale(column.name, "bps", bps, PARTS // _BASIS_POINTS, relative=True))
    return tuple(own) if fields.injected else (*SCALES, *own)


def gather_sizes(connection: DuckDBPyConnection, scales: Iterable[Scale]) -> None:
    """Make the table ``sizes`` for the curves: how many truth rows have which size of difference.

    ``hit`` says that findings name the row's field, ``found`` that the row was found at all. Few rows differ
    in all of this, so that each curve takes next to no time. A missing value has no size.
    """
    # A list of nothing is an error to DuckDB 1.3; no field is NULL.
    relative = ", ".join(literal(scale.field) for scale in scales if scale.relative) or "NULL"
    connection.execute(
        f"""
        CREATE TEMP TABLE sizes AS
        SELECT
            field, size, CASE WHEN field IN ({relative}) THEN before END AS before,
            (named & own) <> 0 AS hit, {FOUND} AS found, count(*) AS rows
        FROM truth
        JOIN classified USING (pair)
        WHERE (size IS NOT NULL OR emptied) AND NOT behind
        GROUP BY ALL
        """
    )


def tolerance_sweep(
    connection: DuckDBPyConnection, profiles: Iterable[Profile], scales: Iterable[Scale], names: Sequence[str]
) -> tuple[Curve, ...]:
    """By tolerance, what would have been to be reported, and was, had the truth been labelled by it."""
    named, unknown = _named(profiles, names)
    curves = []
    for scale in scales:
        # How many places a size exceeds says at how many tolerances its row is to be reported; for a missing
        # value, at all of them.
        size = f"(({_size(scale)} + {_over(scale)} - 1) // {_over(scale)})"
        rows = connection.execute(
            f"""
            SELECT
                coalesce({_count_places(scale, ">")}, {len(scale.places)}) AS exceeded,
                hit,
                sum(rows)::BIGINT
            FROM (SELECT {size} AS whole, hit, rows FROM sizes WHERE field = {literal(scale.field)})
            GROUP BY ALL
            """
        ).fetchall()
        all_named = named.get(scale.field, 0)
        if not rows and not all_named and not unknown.get(scale.field):
            continue
        expected, found = [0] * (len(scale.places) + 1), [0] * (len(scale.places) + 1)
        for exceeded, hit, count in rows:
            expected[exceeded] += count
            found[exceeded] += count * hit
        # From the largest tolerance on down: at the place i, rows that exceed more than i places.
        expected, found = (list(accumulate(reversed(counts)))[::-1][1:] for counts in (expected, found))
        points = {
            place: Outcome(expected[i], found[i], all_named - found[i], unknown.get(scale.field, 0))
            for i, place in enumerate(scale.floats)
        }
        curves.append(Curve(scale.field, scale.unit, points))
    return tuple(curves)


def detection(connection: DuckDBPyConnection, scales: Iterable[Scale]) -> tuple[Curve, ...]:
    """By size of the difference, benign or not, how much of it was found."""
    curves = []
    for scale in scales:
        size = f"(({_size(scale)}) // {_over(scale)})"
        rows = connection.execute(
            f"""
            SELECT {_count_places(scale, ">=")} - 1 AS place, found, sum(rows)::BIGINT
            FROM (
                SELECT {size} AS whole, found, rows
                FROM sizes
                WHERE field = {literal(scale.field)} AND size IS NOT NULL
            )
            GROUP BY ALL
            """
        ).fetchall()
        if not rows:
            continue
        points = {place: Outcome() for place in scale.floats}
        for place, found, count in rows:
            points[scale.floats[place]] += Outcome(expected=count, found=count * found)
        curves.append(Curve(scale.field, scale.unit, points))
    return tuple(curves)


def thresholds(connection: DuckDBPyConnection, pairs: Outcome) -> Curve:
    """By score, the pairs that were reported with at least that."""
    connection.execute(
        f"""
        CREATE TEMP TABLE places AS
        WITH
        scores AS (SELECT DISTINCT score FROM classified WHERE score IS NOT NULL),
        numbered AS (
            SELECT score, row_number() OVER (ORDER BY score) - 1 AS number, count(*) OVER () AS total
            FROM scores
        )
        SELECT score AS place FROM numbered
        WHERE total <= {_MOST_THRESHOLDS}
            OR number = 0
            OR (number * {_MOST_THRESHOLDS}) // total <> ((number - 1) * {_MOST_THRESHOLDS}) // total
        """
    )
    rows = connection.execute(
        """
        SELECT place, kind, count(*)
        FROM classified ASOF JOIN places ON classified.score >= places.place
        GROUP BY ALL
        ORDER BY place DESC
        """
    ).fetchall()
    counts = {"expected": 0, "benign": 0, "clean": 0, "unknown": 0}
    points: dict[float, Outcome] = {}
    for place, kind, count in rows:
        counts[kind] += count
        alarms = counts["benign"] + counts["clean"]
        points[place] = Outcome(pairs.expected, counts["expected"], alarms, counts["unknown"], pairs.quiet)
    return Curve("", "score", dict(sorted(points.items())))


def _named(profiles: Iterable[Profile], names: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """By field, the pairs in the data that were reported with it, and those that are not in the data."""
    known: dict[str, int] = {}
    unknown: dict[str, int] = {}
    for profile in profiles:
        into = unknown if profile.kind == "unknown" else known
        for position, field in enumerate(names):
            if profile.named & ~profile.excused & 1 << position:
                into[field] = into.get(field, 0) + profile.pairs
    return known, unknown


def _size(scale: Scale) -> str:
    """SQL for a row's size, in whole numbers that are exact once divided by `_over`."""
    return f"size::HUGEINT * {PARTS}" if scale.relative else "size::HUGEINT"


def _over(scale: Scale) -> str:
    return "greatest(before, 1)::HUGEINT" if scale.relative else "1::HUGEINT"


def _count_places(scale: Scale, compared: str) -> str:
    """SQL for how many places a size, which a subquery calls ``whole``, is above, or reaches."""
    return " + ".join(f"CAST(whole {compared} {place} AS INTEGER)" for place in scale.wholes)
