"""Two lists compared: every trade that both, or only one, of them has, and which fields differ."""

# ruff: noqa: S608 - what is put into SQL is quoted by `literal` and `identifier`, or is ours

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tradegen.core.columns import TRADE_COLUMNS
from tradegen.core.grids import CENTS
from tradegen.desk.desk_columns import DeskColumn, desk_columns, related
from tradegen.desk.list_columns import KINDS, NAMES, OPPOSITE, ListColumns
from tradegen.desk.list_loading import bare_names, compare_coarser, load_lists
from tradegen.errors import FitError, shown
from tradegen.mechanisms.allowed_sizes import PARTS
from tradegen.scoring.relations import first_row, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from tradegen.scenario.tolerances import Tolerances

RECORD_FAULTS = {
    "missing_ours": ("record.missing", 0),
    "missing_theirs": ("record.missing", 1),
    "duplicate_ours": ("record.duplicate", 0),
    "duplicate_theirs": ("record.duplicate", 1),
    "split_ours": ("record.split", 0),
    "split_theirs": ("record.split", 1),
    "mistyped": ("trade_id.mistyped", None),
    "unclear": (None, None),
}
"""What can be wrong with a trade's records, its mechanism, and the list where it shows (0 or 1)."""

_MIRRORED_AT = 0.5  # so many of the trades on opposite sides, or with their brokers exchanged
_LOOKED_AT = 100_000  # trades that tell whether the lists mirror each other
_LONGEST_ID = 40  # characters of an id in which a wrong one is looked for
_MOST_LONE = 200_000  # trades on one list alone, among which mistyped ids are looked for
_ONCE = "((SELECT count(*) FROM ours) - coalesce((SELECT sum(on_ours) FROM odd), 0))"
"""SQL for how many ids stand once on each list."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What the table ``pairs`` and three views in a connection hold.

    ``pairs`` has a row for each trade that is not the same on both lists: ``trade_id`` and ``their_id``;
    ``fault``, some of `RECORD_FAULTS` with commas between them, or NULL; ``fills``, the records of a split
    trade; ``differs`` and ``breaks``, a bit for each of `fields`: whether its values differ, and whether they
    differ by more than the tolerance. ``broken`` has those that break, with ``id``, one of their two ids.
    ``our_records`` and ``their_records`` have a record for each of these trades, read from our side: where
    there are several, the whole.

    Attributes
    ----------
    fields : tuple of str
        The fields that both lists have.
    pairs : int
        Trades on either list.
    mirrored : bool
        Whether the two lists are those of two counterparties, each with its own view of who is who.
    remarks : tuple of str
        Sentences on how they were compared.
    own : tuple of DeskColumn
        Columns that both lists have beside the nine.
    bare : frozenset of str
        The fields whose names have no blanks around them on most trades: there, a blank is a difference.
    """

    fields: tuple[str, ...]
    pairs: int
    mirrored: bool
    remarks: tuple[str, ...] = ()
    own: tuple[DeskColumn, ...] = ()
    bare: frozenset[str] = frozenset()


def compare(
    connection: DuckDBPyConnection,
    ours: ListColumns,
    theirs: ListColumns,
    tolerances: Tolerances,
    *,
    hide: bool = False,
) -> Compared:
    """Read two lists, put their records to each other by id, and compare the values of all fields.

    Raises
    ------
    FitError
        Where the lists have no id or no other field in common, or one holds cells of a wrong form.
    """
    house = tuple(name for name in TRADE_COLUMNS[1:] if name in ours.names and name in theirs.names)
    if not house:
        raise FitError(f"{ours.source.name} and {theirs.source.name} have no column in common but the id")
    own, remarks = desk_columns(connection, ours, theirs, hide=hide)
    own = load_lists(connection, (ours, theirs), house, own)
    own, apart = related(connection, own, house)
    remarks += apart
    compared_own = {column.name: column for column in own if not column.own}
    try:
        tolerances.check(compared_own)
    except ValueError as error:
        raise FitError(str(error)) from None
    fields = (*house, *compared_own)
    named = {*NAMES, *(one.name for one in compared_own.values() if one.named)}
    bare = frozenset(bare_names(connection, [name for name in fields if name in named - {"order_type"}]))
    if "trade_timestamp" in fields and (remark := compare_coarser(connection)):
        remarks.append(remark)
    mirrored = _find_unlike(connection, fields)
    if first_row(connection, "SELECT count(*) FROM odd WHERE trade_id <> trim(trade_id)")[0]:
        # Blanks around ids are looked for only where ids do not meet: to trim all of them takes seconds.
        for table in ("ours", "theirs"):
            connection.execute(f"UPDATE {table} SET trade_id = nullif(trim(trade_id), '')")
        mirrored = _find_unlike(connection, fields)
    _require_ids(connection, ours.source.name, theirs.source.name)
    _pair_off(connection, fields, _bits(fields, tolerances, compared_own, named, bare), compared_own)
    connection.execute("""
        CREATE VIEW broken AS SELECT *, coalesce(trade_id, their_id) AS id FROM pairs
        WHERE breaks > 0 OR fault IS NOT NULL""")
    names = ", ".join(("trade_id", *fields))
    for view, tables in (
        ("our_records", ("ours_differing", "ours_rows")),
        ("their_records", ("their_differing", "their_rows")),
    ):
        parts = " UNION ALL ".join(f"SELECT {names} FROM {table}" for table in tables)
        connection.execute(f"CREATE VIEW {view} AS {parts}")
    [once, others] = first_row(
        connection, f"SELECT {_ONCE}, (SELECT count(*) FROM pairs WHERE fault IS NOT NULL)"
    )
    return Compared(fields, int(once + others), mirrored, tuple(remarks), tuple(own), bare)


def _find_unlike(connection: DuckDBPyConnection, fields: tuple[str, ...]) -> bool:
    """Find the ids whose records are not one on each list, and alike; tell whether the lists are mirrored.

    The table ``odd`` gets those that do not stand once on each list, with how often they stand on each;
    ``differing`` those that do, with other values. The view ``seen`` is their list as seen from our side.
    """
    opposite, exchanged = _mirrored(connection, fields)
    shown_as = {name: f"theirs.{name}" for name in fields}
    if exchanged:
        brokers = {"broker_id": "contra_broker_id", "contra_broker_id": "broker_id"}
        shown_as |= {one: f"theirs.{other}" for one, other in brokers.items() if {one, other} <= set(fields)}
    if opposite:
        side = "theirs.order_type"
        turned = " ".join(f"WHEN {literal(one)} THEN {literal(other)}" for one, other in OPPOSITE.items())
        shown_as["order_type"] = f"CASE {side} {turned} ELSE {side} END"
    columns = ", ".join(f"{value} AS {name}" for name, value in shown_as.items())
    connection.execute(f"CREATE OR REPLACE VIEW seen AS SELECT trade_id, {columns} FROM theirs")
    # One pass over both lists, by a hash of the values, which takes little memory: equal ones cancel out.
    cells = f"hash({', '.join(fields)}) AS cells"
    connection.execute(f"""
        CREATE OR REPLACE TABLE unlike AS
        SELECT trade_id, count(*) FILTER (list = 0) AS on_ours, count(*) FILTER (list = 1) AS on_theirs
        FROM (SELECT trade_id, 0 AS list, {cells} FROM ours UNION ALL SELECT trade_id, 1, {cells} FROM seen)
        GROUP BY trade_id HAVING on_ours <> 1 OR on_theirs <> 1 OR bit_xor(cells) <> 0""")
    once = "on_ours = 1 AND on_theirs = 1"
    connection.execute(f"CREATE OR REPLACE TABLE odd AS FROM unlike WHERE NOT ({once})")
    connection.execute(f"CREATE OR REPLACE TABLE differing AS SELECT trade_id FROM unlike WHERE {once}")
    # The brokers decide, where both lists have them: sides alone may be told from another point of view.
    return exchanged or (opposite and not {"broker_id", "contra_broker_id"} <= set(fields))


def _require_ids(connection: DuckDBPyConnection, ours: str, theirs: str) -> None:
    """Refuse ids that do not name trades, and lists that have none in common."""
    for name, table in ((ours, "ours"), (theirs, "theirs")):
        [blank] = first_row(connection, f"SELECT count(*) - count(trade_id) FROM {table}")
        if blank:
            raise FitError(f"{name} has {blank:,} records without an id; expected one in each")
        [rows] = first_row(connection, f"SELECT count(*) FROM {table}")
        several, example, often = first_row(
            connection,
            f"SELECT coalesce(sum(on_{table}), 0), any_value(trade_id), any_value(on_{table}) "
            f"FROM odd WHERE on_{table} > 1",
        )
        if 2 * several > rows:
            raise FitError(
                f"{name} has most ids more than once, such as {shown(example)}, {often} times; "
                "expected an id that names a trade"
            )
    [met] = first_row(
        connection, f"SELECT {_ONCE} + (SELECT count(*) FROM odd WHERE on_ours > 0 AND on_theirs > 0)"
    )
    if not met:
        examples = [
            first_row(connection, f"SELECT min(trade_id) FROM {table}")[0] for table in ("ours", "theirs")
        ]
        raise FitError(
            f"no id of {ours} is in {theirs}: they have such as {shown(examples[0])} and "
            f"{shown(examples[1])}; expected the same trades on both lists"
        )


def _mirrored(connection: DuckDBPyConnection, fields: tuple[str, ...]) -> tuple[bool, bool]:
    """Whether most trades have opposite sides on the lists, and whether most have their brokers exchanged."""
    sides = crossed = "NULL"
    if "order_type" in fields:
        sides = "avg((ours.order_type <> theirs.order_type)::INT)"
    if {"broker_id", "contra_broker_id"} <= set(fields):
        crossed = (
            "avg((trim(ours.broker_id) = trim(theirs.contra_broker_id) AND trim(ours.contra_broker_id) = "
            "trim(theirs.broker_id) AND trim(ours.broker_id) <> trim(theirs.broker_id))::INT)"
        )
    # One record of theirs for each id: not yet known is whether ids name trades at all.
    shares = first_row(
        connection,
        f"""WITH looked_at AS MATERIALIZED (FROM ours LIMIT {_LOOKED_AT})
        SELECT {sides}, {crossed} FROM looked_at AS ours JOIN (
            SELECT DISTINCT ON (trade_id) * FROM theirs SEMI JOIN looked_at USING (trade_id)
        ) AS theirs USING (trade_id)""",
    )
    opposite, exchanged = (share is not None and share > _MIRRORED_AT for share in shares)
    return opposite, exchanged


def _pair_off(
    connection: DuckDBPyConnection,
    fields: tuple[str, ...],
    bits: tuple[str, str],
    own: Mapping[str, DeskColumn],
) -> None:
    """Make the table ``pairs``, and ``ours_rows`` and ``their_rows`` for the ids in ``odd``."""
    differs, breaks = bits
    # The rows that differ are few. Kept by themselves, they need not be looked for again.
    for table, source in (("ours_differing", "ours"), ("their_differing", "seen")):
        connection.execute(
            f"CREATE TABLE {table} AS SELECT * FROM {source} SEMI JOIN differing USING (trade_id)"
        )
    connection.execute(f"""
        CREATE TABLE pairs AS
        SELECT o.trade_id, NULL::VARCHAR AS fault, 1 AS fills, {differs} AS differs, {breaks} AS breaks,
            o.trade_id AS their_id
        FROM ours_differing o JOIN their_differing t USING (trade_id)""")
    amounts = {column.name: column.sql_type for column in own.values() if "quantity" in column.sources}
    _pair_odd(connection, fields, differs, breaks, amounts)


def _pair_odd(
    connection: DuckDBPyConnection,
    fields: tuple[str, ...],
    differs: str,
    breaks: str,
    amounts: Mapping[str, str],
) -> None:
    """Add the trades that do not have one record on each list to ``pairs``.

    `amounts` are columns that add up over fills, as quantities do, with their types.
    """
    whole = f"sum(quantity)::{KINDS['quantity']}" if "quantity" in fields else "NULL"
    totals = "".join(f", sum({name})::{kind} AS {name}_total_" for name, kind in amounts.items())
    kept = ", ".join(f"min({name}) AS {name}" for name in fields)
    for table, source in (("ours_rows", "ours"), ("their_rows", "seen")):
        connection.execute(f"""
            CREATE TABLE {table} AS
            SELECT trade_id, count(*) AS rows_, count(DISTINCT ({", ".join(fields)})) = 1 AS alike_,
                {whole} AS total_{totals}, {kept}
            FROM {source} SEMI JOIN odd USING (trade_id) GROUP BY trade_id""")
    _put_mistyped(connection, fields)
    # The copies of a doubled record are alike, and each is the whole; fills add up to it.
    quantity = "o.total_ = t.quantity", "t.total_ = o.quantity"
    if "quantity" not in fields:
        quantity = "false", "false"
    connection.execute(f"""
        CREATE TABLE met AS
        SELECT o.trade_id, t.trade_id AS their_id, greatest(o.rows_, t.rows_) AS fills, mistyped, CASE
            WHEN o.rows_ > 1 AND t.rows_ > 1 THEN 'unclear'
            WHEN o.rows_ > 1 AND {quantity[0]} THEN 'split_ours'
            WHEN t.rows_ > 1 AND {quantity[1]} THEN 'split_theirs'
            WHEN o.rows_ = 2 AND o.alike_ THEN 'duplicate_ours'
            WHEN t.rows_ = 2 AND t.alike_ THEN 'duplicate_theirs'
            WHEN o.rows_ > 1 OR t.rows_ > 1 THEN 'unclear' END AS several
        FROM (SELECT trade_id, trade_id AS their_id, false AS mistyped FROM odd
                WHERE on_ours > 0 AND on_theirs > 0
            UNION ALL SELECT trade_id, their_id, true FROM mistyped) AS ids
            JOIN ours_rows o USING (trade_id) JOIN their_rows t ON t.trade_id = ids.their_id""")
    if "quantity" in fields:
        of_fills = "".join(f", {name} = {name}_total_" for name in amounts)
        for table, name in (("ours_rows", "trade_id"), ("their_rows", "their_id")):
            connection.execute(f"""
                UPDATE {table} SET quantity = total_{of_fills} FROM met
                WHERE met.{name} = {table}.trade_id AND starts_with(met.several, 'split')""")
    connection.execute(f"""
        INSERT INTO pairs
        SELECT met.trade_id, concat_ws(',', CASE WHEN met.mistyped THEN 'mistyped' END, met.several),
            met.fills, CASE WHEN met.several = 'unclear' THEN 0 ELSE {differs} END,
            CASE WHEN met.several = 'unclear' THEN 0 ELSE {breaks} END, met.their_id
        FROM met JOIN ours_rows o USING (trade_id) JOIN their_rows t ON t.trade_id = met.their_id
        UNION ALL
        SELECT trade_id, 'missing_theirs', 1, 0, 0, NULL FROM ours_rows
        WHERE trade_id NOT IN (SELECT trade_id FROM met)
        UNION ALL
        SELECT NULL, 'missing_ours', 1, 0, 0, trade_id FROM their_rows
        WHERE trade_id NOT IN (SELECT their_id FROM met)""")


def _put_mistyped(connection: DuckDBPyConnection, fields: tuple[str, ...]) -> None:
    """Put ids to each other that differ in one place, or by neighbours exchanged, of trades otherwise alike.

    Each is on one list alone, no other fits, and all fields but four agree.
    """
    alike = " + ".join(f"(o.{name} IS NOT DISTINCT FROM t.{name})::INT" for name in fields)
    places = f"unnest(range(1, least(length(trade_id), {_LONGEST_ID}) + 1)) AS place"
    lone = {
        "ours_rows": "SELECT trade_id FROM ours_rows ANTI JOIN their_rows USING (trade_id)",
        "their_rows": "SELECT trade_id FROM their_rows ANTI JOIN ours_rows USING (trade_id)",
    }
    [most] = first_row(
        connection,
        f"SELECT greatest({', '.join(f'(SELECT count(*) FROM ({one}))' for one in lone.values())})",
    )
    wanted = f"LIMIT {_MOST_LONE if most <= _MOST_LONE else 0}"
    # Ids that differ in one place have one text in common with a mark at that place; those in which
    # neighbours are exchanged, one with both in their order by the alphabet.
    pair = "substr(trade_id, place, 1)", "substr(trade_id, place + 1, 1)"
    common = (
        "unnest([left(trade_id, place - 1) || '?' || substr(trade_id, place + 1), left(trade_id, place - 1) "
        f"|| '<' || least({pair[0]}, {pair[1]}) || greatest({pair[0]}, {pair[1]}) || '>' "
        "|| substr(trade_id, place + 2)])"
    )
    keys = {
        name: f"SELECT trade_id, place, {common} AS key "
        f"FROM (SELECT trade_id, {places} FROM ({query} {wanted}))"
        for name, query in lone.items()
    }
    connection.execute(f"""
        CREATE TABLE mistyped AS
        SELECT trade_id, their_id FROM (
            SELECT a.trade_id, b.trade_id AS their_id,
                count(*) OVER (PARTITION BY a.trade_id) AS of_ours,
                count(*) OVER (PARTITION BY b.trade_id) AS of_theirs
            FROM ({keys["ours_rows"]}) a JOIN ({keys["their_rows"]}) b USING (place, key)
            JOIN ours_rows o ON o.trade_id = a.trade_id JOIN their_rows t ON t.trade_id = b.trade_id
            WHERE {alike} >= {max(len(fields) - 4, 1)})
        WHERE of_ours = 1 AND of_theirs = 1""")


def _bits(
    fields: tuple[str, ...],
    tolerances: Tolerances,
    own: Mapping[str, DeskColumn],
    named: Collection[str],
    bare: Collection[str],
) -> tuple[str, str]:
    """SQL for the bits of the fields that differ, and of those that differ by more than the tolerance.

    What follows from another difference is none of its own.
    """
    differs, breaks = [], []
    for number, name in enumerate(fields):
        values = [f"{side}.{name}" for side in "ot"]
        if name in named:
            values = [
                f"CASE WHEN trim({value}) <> '' THEN {value if name in bare else f'trim({value})'} END"
                for value in values
            ]
        different = " IS DISTINCT FROM ".join(values)
        if name in own and own[name].sources:
            different = f"({different}) AND NOT {own[name].follows('o', 't')}"
        differs.append(f"({different})::INT * {1 << number}")
        beyond = different
        kind = own[name].kind if name in own else name
        size, base, unit = f"abs(o.{name} - t.{name})", f"least(o.{name}, t.{name})", 1
        if kind == "date":
            size = f"abs(datediff('day', o.{name}, t.{name}))"
        if kind in ("timestamp", "trade_timestamp"):
            size = f"abs(datediff('microsecond', o.{name}, t.{name}))"
        limit = ""
        if name in own:
            steps = 10**6 if kind == "timestamp" else 1
            limit = str(Decimal(str(tolerances.own.get(name, 0))) * steps)
        elif tolerance := tolerances.of(name):
            unit = CENTS.unit if name == "price" else 1
            parts = f"{base} * {unit} * {tolerance.parts} / {PARTS}"
            limit = str(tolerance.fixed) if tolerance.fixed else parts
        if limit and name not in named:
            beyond = f"({different} AND coalesce({size} * {unit} > {limit}, true))"
        breaks.append(f"({beyond})::INT * {1 << number}")
    return " + ".join(differs), " + ".join(breaks)
