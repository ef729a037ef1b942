"""The truth as tables: its rows, labelled, and its pairs, with their fields as sets of bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradegen.core.columns import LEGS, MICROSECONDS, TRUTH_COLUMNS
from tradegen.core.grids import CENTS, FINEST, Grid
from tradegen.errors import ScoringError, nearest, shown
from tradegen.mechanisms.allowed_sizes import PARTS
from tradegen.mechanisms.by_kind import EXISTING, FOLLOWS
from tradegen.mechanisms.catalogue import HOUSE
from tradegen.mechanisms.column_kinds import unit_of
from tradegen.scoring.inputs import Extent
from tradegen.scoring.relations import Source, first_row, literal, units
from tradegen.scoring.run_fields import RunFields

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from tradegen.scenario.tolerances import Tolerances

_ONE_SIDED = f"(mechanism = 'record.missing' OR (mechanism = '{EXISTING}' AND field = 'record'))"
SIZED = ("quantity", "price", "date", "trade_timestamp")
"""Fields that have tolerances."""
_BITS_OF_SMALLINT = 15
_BITS_OF_BIGINT = 63
_MOST_FIELDS = 127
_DELTA_PLACES = 12  # as many as a delta of `inject` may have
_USED = tuple(name for name in TRUTH_COLUMNS if name != "delta")


def define(connection: DuckDBPyConnection, fields: RunFields) -> None:
    """Define the types and functions that all queries use.

    ``id_number`` is the number behind a trade id. A text that is no id of tradegen's gets a negative number,
    its hash: two of a hundred million of those would meet once in some thousand runs.
    """
    if len(fields.names) > _MOST_FIELDS:
        raise ScoringError(
            f"the list has {len(fields.own):,} columns, and a score takes {_MOST_FIELDS - 2}; expected the "
            "truth without its manifest, so that only the columns that it names count"
        )
    connection.execute(f"CREATE TYPE trade_field AS ENUM ({', '.join(map(literal, fields.names))})")
    connection.execute("CREATE TYPE kind AS ENUM ('expected', 'benign', 'clean', 'unknown')")
    connection.execute(
        r"""
        CREATE MACRO id_number(id) AS CASE WHEN id IS NOT NULL THEN coalesce(
            CASE
                WHEN regexp_full_match(id, 'tid(\d{8}|[1-9]\d{8,18})') THEN TRY_CAST(substr(id, 4) AS BIGINT)
            END,
            -1 - CAST(hash(id) >> 1 AS BIGINT)
        ) END
        """
    )
    connection.execute(
        f"""
        CREATE MACRO units(field, value) AS CASE field
            WHEN 'quantity' THEN {units("quantity", "value", "TRY_CAST")}
            WHEN 'price' THEN {units("price", "value", "TRY_CAST")}
            WHEN 'date' THEN TRY_CAST(value AS DATE) - DATE '1970-01-01'
            WHEN 'trade_timestamp' THEN epoch_us(TRY_CAST(value AS TIMESTAMP))
            {_own_units(fields)}
        END
        """
    )
    # A set of the house's fields takes two bytes of each pair.
    of_bits = "SMALLINT" if len(fields.names) < _BITS_OF_SMALLINT else "BIGINT"
    of_bits = of_bits if len(fields.names) < _BITS_OF_BIGINT else "HUGEINT"
    wide = "HUGEINT" if of_bits == "HUGEINT" else "BIGINT"
    connection.execute(
        f"""
        CREATE MACRO bit_of(field) AS
            CAST(CAST(1 AS {wide}) << CAST(enum_code(CAST(field AS trade_field)) AS INTEGER) AS {of_bits})
        """
    )
    connection.execute(f"CREATE MACRO id_field() AS {literal(fields.id)}")


def _own_units(fields: RunFields) -> str:
    """SQL for the values of the scenario's columns, in their integer units."""
    forms = {
        "integer": "TRY_CAST(value AS BIGINT)",
        "decimal": "CAST(TRY_CAST(value AS DECIMAL(38, {places})) * {unit} AS BIGINT)",
        "date": "TRY_CAST(value AS DATE) - DATE '1970-01-01'",
        "timestamp": "epoch_us(TRY_CAST(value AS TIMESTAMP))",
    }
    return " ".join(
        f"WHEN {literal(column.name)} THEN "
        + forms[column.kind].format(places=column.places, unit=10**column.places)
        for column in fields.measured
    )


def load_truth(
    connection: DuckDBPyConnection,
    source: Source,
    view: str | None,
    extent: Extent | None,
    tolerances: Tolerances | None,
    fields: RunFields,
) -> tuple[str, ...]:
    """Read the truth into the tables ``truth``, ``aliases`` and ``labelled``.

    ``truth``: a row per row, with ``own``, the bit of its field, ``names``, the bits of all fields that name
    it, ``size``, the difference in the field's integer unit, ``emptied``, whether the altered value is
    missing, ``orphan``, whether its record has another id, and ``behind``, whether another row's has.
    ``aliases``: the pair of each id that was altered. ``labelled``: a row per pair.

    Returns
    -------
    tuple of str
        What the legs are called.

    Raises
    ------
    ScoringError
        If it is no truth, or not that of the manifest's run.
    """
    source.require(TRUTH_COLUMNS if fields.injected else _USED)
    if fields.injected and tolerances is not None:
        raise ScoringError(
            "tolerances label the truth of generated trades anew; expected none with trades of your own, "
            "whose tolerances are those with which they were broken"
        )
    before, size = _sizes(fields)
    altered_id, alias = _altered_id(fields)
    legs = _define_words(connection, source, view)
    # Sizes are whole numbers of the field's unit, from the text of both values: no float decides anything.
    connection.execute(
        f"""
        CREATE TEMP TABLE truth AS
        WITH
        read AS (
            SELECT
                {source.trimmed("trade_id")} AS trade_id,
                id_number({source.trimmed("trade_id")}) AS pair,
                {source.text("leg")} AS leg,
                TRY_CAST({source.text("field")} AS trade_field) AS field,
                {source.text("mechanism")} AS mechanism,
                {source.text("original")} AS original,
                {source.text("altered")} AS altered,
                {_delta(source, fields)} AS delta,
                TRY_CAST({source.raw("benign")} AS BOOLEAN) AS benign,
                CAST(TRY_CAST({source.raw("notional")} AS DECIMAL(30, 2)) * {CENTS.unit} AS HUGEINT)
                    AS cents,
                coalesce({source.text("cause")}, '(none)') AS cause
            FROM {source.relation}
        ),
        sized AS (
            SELECT
                *,
                {before} AS before,
                {size} AS size
            FROM read
        )
        SELECT
            pair, field, cents, before, size, altered IS NULL AS emptied,
            CAST(leg AS word) AS leg, CAST(mechanism AS word) AS mechanism, CAST(cause AS word) AS cause,
            {_benign(tolerances, fields)} AS benign,
            bit_of(folded(field)) AS own,
            CASE
                WHEN {altered_id} OR {_ONE_SIDED} THEN bit_of(id_field()) | bit_of('record')
                ELSE 0
            END | bit_of(folded(field)) AS names,
            CASE WHEN {altered_id} THEN {alias} END AS alias,
            {altered_id} AS orphan,
            false AS behind
        FROM sized
        """
    )
    _check(connection, source.name, extent, fields)
    if tolerances is not None:
        _relabel_followers(connection, fields, tolerances)
    _resolve_ids(connection, extent)
    return legs


def _altered_id(fields: RunFields) -> tuple[str, str]:
    """SQL for whether a row alters what names a trade, and for the number of the id that comes of it."""
    if not fields.ids:
        return "false", "NULL::BIGINT"
    parts = []
    for at, name in enumerate(fields.ids, 1):
        own = f"split_part(trade_id, ' / ', {at})" if len(fields.ids) > 1 else "trade_id"
        parts.append(f"CASE WHEN field = {literal(name)} THEN trim(altered) ELSE {own} END")
    number = f"id_number(concat_ws(' / ', {', '.join(parts)}))"
    alias = f"CASE WHEN nullif(trim(altered), '') IS NOT NULL THEN {number} END"
    return f"coalesce(field IN ({', '.join(map(literal, fields.ids))}), false)", alias


def _delta(source: Source, fields: RunFields) -> str:
    """SQL for a row's difference as the truth states it, where it is of use."""
    return f"TRY_CAST({source.raw('delta')} AS DECIMAL(38, {_DELTA_PLACES}))" if fields.injected else "NULL"


def _sizes(fields: RunFields) -> tuple[str, str]:
    """SQL for the original value, and the size of the difference, in the field's integer unit.

    A list of the user's own writes values in its own way, so that the truth's `delta` says how they differ.
    """
    if not fields.injected:
        return "units(field, original)", "abs(units(field, altered) - units(field, original))"
    units = " ".join(
        f"WHEN {literal(one.name)} THEN {MICROSECONDS if one.kind == 'timestamp' else 10**one.places}"
        for one in fields.measured
    )
    unit = f"CASE field {units} END" if units else "NULL"
    return "NULL::BIGINT", f"CAST(round(abs(delta) * CAST({unit} AS HUGEINT)) AS HUGEINT)"


def _define_words(connection: DuckDBPyConnection, source: Source, view: str | None) -> tuple[str, ...]:
    """Define the type ``word`` of all names in the truth, a byte each, and ``folded``, the field that counts.

    If legs face each other, both brokers are one field. Returns the names of the legs, or every name that
    they may have if nothing tells.
    """
    leg, mechanism, cause = source.text("leg"), source.text("mechanism"), source.text("cause")
    found = connection.execute(
        f"SELECT DISTINCT {leg}, {mechanism}, {cause} FROM {source.relation}"
    ).fetchall()
    words = {word for row in found for word in row if word is not None}
    words |= {"(none)", *HOUSE, *(name for names in LEGS.values() for name in names)}
    connection.execute(f"CREATE TYPE word AS ENUM ({', '.join(map(literal, sorted(words)))})")
    legs = _legs({row[0] for row in found if row[0] is not None}, source.name, view)
    both = "CASE field WHEN 'contra_broker_id' THEN 'broker_id' ELSE field END"
    folded = both if LEGS["single"][0] in legs else "field"
    connection.execute(f"CREATE MACRO folded(field) AS CAST({folded} AS trade_field)")
    return legs


def _legs(found: set[str], name: str, view: str | None) -> tuple[str, ...]:
    if view is None:
        if not found:
            return (*LEGS["single"], *LEGS["two_system"])
        view = next((view for view, known in LEGS.items() if found <= set(known)), "single")
    odd = min(found - set(LEGS[view]), default=None)
    if odd is not None:
        raise ScoringError(f"leg is {shown(odd)} in {name}; {nearest(odd, LEGS[view])}")
    return LEGS[view]


def _check(connection: DuckDBPyConnection, name: str, extent: Extent | None, fields: RunFields) -> None:
    # A value may be missing, and then it differs by no amount.
    measured = ", ".join(map(literal, (*SIZED, *(column.name for column in fields.measured))))
    blank = "emptied AND mechanism::VARCHAR = field::VARCHAR || '.blank'"
    expected = {
        "trade_id": (
            ("pair IS NULL", "an id")
            if fields.injected
            else ("pair IS NULL OR pair < 0", "ids such as tid00000021")
        ),
        "field": ("field IS NULL", f"one of {', '.join(fields.names)}"),
        "leg": ("leg IS NULL", "the name of a leg"),
        "mechanism": ("mechanism IS NULL", "the name of a mechanism"),
        "notional": ("cents IS NULL" if not fields.injected else "false", "dollars"),
        "original or altered": (
            f"size IS NULL AND field IN ({measured}) AND NOT ({blank})" if not fields.injected else "false",
            "values as tradegen prints them",
        ),
        "benign": ("benign IS NULL", "true or false"),
    }
    counts = ", ".join(f"count(*) FILTER ({wrong})" for wrong, _ in expected.values())
    *bad, least, most = first_row(connection, f"SELECT {counts}, min(pair), max(pair) FROM truth")
    for (column, (_, what)), count in zip(expected.items(), bad, strict=True):
        if count:
            rows = "row" if count == 1 else "rows"
            raise ScoringError(f"{column} cannot be used in {count} {rows} of {name}; expected {what}")
    if extent and least is not None and not extent.first <= least <= most <= extent.last:
        odd = least if least < extent.first else most
        raise ScoringError(
            f"{name} has tid{odd:08d}, and the manifest's run has tid{extent.first:08d} to "
            f"tid{extent.last:08d}; expected the truth and the manifest of one run"
        )


def _relabel_followers(connection: DuckDBPyConnection, fields: RunFields, tolerances: Tolerances) -> None:
    """Have a value that follows on others be benign where all of these are, now that they have new labels.

    One with a tolerance of its own is benign by that.
    """
    for column in fields.own.values():
        if column and column.kind in ("decimal", "date") and not tolerances.own.get(column.name):
            sources = ", ".join(map(literal, fields.sources(column)))
            connection.execute(
                f"""
                UPDATE truth SET benign = pair NOT IN (
                    SELECT pair FROM truth WHERE NOT benign AND field IN ({sources})
                )
                WHERE mechanism = {literal(f"{column.name}.{FOLLOWS}")}
                """
            )


def _resolve_ids(connection: DuckDBPyConnection, extent: Extent | None) -> None:
    # Where an id is a pair's own, it means that pair.
    taken = f"alias BETWEEN {extent.first} AND {extent.last}" if extent else "false"
    connection.execute(
        f"""
        CREATE TEMP TABLE aliases AS
        SELECT alias, min(pair) AS pair
        FROM truth
        WHERE alias IS NOT NULL AND alias NOT IN (SELECT pair FROM truth) AND NOT ({taken})
        GROUP BY alias
        """
    )
    orphans = "SELECT pair FROM truth WHERE orphan"
    if first_row(connection, f"SELECT count(*) FROM ({orphans})")[0]:
        connection.execute(f"UPDATE truth SET behind = true WHERE NOT orphan AND pair IN ({orphans})")
    connection.execute(
        f"""
        CREATE TEMP TABLE labelled AS
        SELECT
            pair,
            max(cents) AS cents,
            bool_or(NOT benign) AS expected,
            coalesce(bit_or(own) FILTER (NOT benign AND NOT behind), 0) AS wanted,
            coalesce(bit_or(names) FILTER (NOT benign AND NOT behind), 0) AS right_names,
            coalesce(bit_or(own) FILTER (behind), 0) AS excused,
            bool_or({_ONE_SIDED}) AS missing,
            bool_or(mechanism = 'record.duplicate') AS duplicate,
            bool_or(mechanism = 'record.split') AS split,
            bool_or(orphan) AS orphan
        FROM truth
        GROUP BY pair
        """
    )


def _benign(tolerances: Tolerances | None, fields: RunFields) -> str:
    """SQL for the label of a row: the truth's own, or anew."""
    if tolerances is None:
        return "benign"
    finest, prices, tick = FINEST["price"], tolerances.price, fields.tick
    # Of its grid, a scenario's tick counts only where the tolerance is in ticks.
    step = tick.step * finest.unit // tick.unit if prices and prices.ticks else finest.step
    grids = {**FINEST, "price": Grid(finest.places, step)}
    given = {name: tolerances.of(name, grids.get(name)) for name in SIZED}
    limits = {
        name: f"size::HUGEINT * {PARTS} <= before::HUGEINT * {tolerance.parts}"
        if tolerance.parts
        else f"size <= {tolerance.fixed}"
        for name, tolerance in given.items()
    }
    for column in fields.measured:
        # A number of the other sign is never within it.
        signs = " AND sign(before) * sign(units(field, altered)) >= 0"
        number = signs if column.kind in ("integer", "decimal") else ""
        limits[column.name] = f"size <= {tolerances.of(column.name, unit_of(column)).fixed}{number}"
    cases = " ".join(f"WHEN {literal(name)} THEN {within}" for name, within in limits.items())
    return f"CASE WHEN altered IS NULL THEN benign ELSE CASE field {cases} ELSE benign END END"
