"""Altered trades side by side: their records, the cells that were altered, and what was done to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradegen.analysis.altered_trades import Alteration, Trade
from tradegen.analysis.injected_trades import (
    forms_shown,
    measured,
    owners_of,
    records_shown,
    shown_names,
)
from tradegen.analysis.side_by_side_text import as_html, as_text
from tradegen.core.columns import LEGS, LINK_COLUMNS, LINKS, LISTS, RECORD, RECORD_ID, TRUTH_COLUMNS
from tradegen.core.compression import compression_of, plain_name, start_of
from tradegen.core.databases import temporary_database
from tradegen.errors import ScoringError, shown, whole_number
from tradegen.scoring.injected_fields import fields_found
from tradegen.scoring.inputs import Inputs, lists_of, resolve_inputs
from tradegen.scoring.relations import Reader, Source, literal
from tradegen.scoring.run_fields import RunFields

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MOST = 10_000
_HEAD = 1 << 20  # bytes that hold a header
_MEMORY = "500MB"
_STATES = ("missed", "invented", "found")


@dataclass(frozen=True, slots=True, repr=False)
class SideBySide:
    """Some trades, and how many altered ones there are.

    Attributes
    ----------
    trades : tuple of Trade
    total : int
        Altered trades there are; with findings, those that were invented as well.
    columns : tuple of str
        Those that are shown of the user's own trades; of generated ones, all.
    """

    trades: tuple[Trade, ...]
    total: int
    columns: tuple[str, ...] = ()

    def __repr__(self) -> str:
        # What IPython shows in a terminal, and a notebook that is exported as text.
        return as_text(self.trades, self.total, self.columns)

    def _repr_html_(self) -> str:
        return as_html(self.trades, self.total, self.columns)


def truth_among(files: Sequence[str]) -> tuple[str, list[str]]:
    """Which of some files is the truth, by its columns; and the others, in their order.

    Raises
    ------
    ScoringError
        Where none is, or several are.
    """
    with temporary_database("show", _MEMORY) as (connection, folder):
        reader = Reader(connection, folder)
        found = [file for file in files if _is_truth(reader, file)]
    if not found:
        named = ", ".join(TRUTH_COLUMNS)
        raise ScoringError(f"none of {', '.join(files)} is a truth; expected one with the columns {named}")
    if len(found) > 1:
        raise ScoringError(f"{' and '.join(found)} are truths; expected one")
    return found[0], [file for file in files if file != found[0]]


def _is_truth(reader: Reader, file: str) -> bool:
    path, plain = Path(file), plain_name(file)
    try:
        if compression_of(path) and plain.suffix.lower() != ".json":
            # The first lines tell, and the whole text is unpacked when it is compared.
            lines = start_of(path, _HEAD).rpartition(b"\n")
            path = reader.folder / f"{len(list(reader.folder.iterdir()))}-{plain.name}"
            path.write_bytes(lines[0] + lines[1] or lines[2])
        return set(reader.source(path, "truth").seen) >= set(TRUTH_COLUMNS)
    except (OSError, ScoringError):  # a list of the user's own may be in any dialect
        return False


def compare(
    truth: Any,
    trades: Any = None,
    *,
    findings: Any = None,
    ids: Sequence[str] | None = None,
    limit: int = 10,
    manifest: Any = None,
    id: str = "trade_id",  # noqa: A002 - what a user calls it
) -> SideBySide:
    """Show altered trades side by side.

    Parameters
    ----------
    truth : Batch, Injected, path, folder of a dataset, DataFrame or Arrow table
        A batch, a dataset, and what `inject` made have their trades with them.
    trades : path, DataFrame, Arrow table, or several of them
        The lists; two for a view of two lists.
    findings : path, DataFrame or Arrow table, optional
        A matcher's: trades are then shown as missed, invented and found, in this order.
    ids : sequence of str, optional
        The trades to show, altered or not; the first ones of the truth if not given.
    limit : int
        How many to show at most, if no ids are given.
    manifest : path or mapping, optional
        Says how the columns of the lists are called; of `inject`, in which dialect the lists are.
    id : str
        What the findings call the trade's id.

    Raises
    ------
    ScoringError
        Where a table cannot be read or lacks a column, or an id is in no list.
    ListError
        Where a list of the user's own is not as it is described.
    """
    whole_number("limit", limit, 1, _MOST, ScoringError)
    if trades is None and hasattr(truth, "to_arrow"):
        # As files print them, not as floats.
        tables = truth.to_arrow()
        manifest, truth, trades = truth.manifest, tables.pop("truth"), tables
    links = None
    if isinstance(trades, Mapping):
        links = trades.get(LINKS)
        trades = {name: table for name, table in trades.items() if name != LINKS}
    inputs = resolve_inputs(truth, trades, manifest, links)
    if inputs.trades is None:
        raise ScoringError("trades are missing; expected the lists along with the truth")
    with temporary_database("show", _MEMORY) as (connection, folder):
        reader = Reader(connection, folder)
        source = reader.source(inputs.truth, "truth")
        source.require(TRUTH_COLUMNS)
        with reader.explaining(source.name):
            _load_truth(connection, source)
            fields = inputs.fields or fields_found(connection, source)
        if not fields.shared_id:
            _load_links(connection, reader, inputs.links)
        named = _findings(connection, reader, findings, id, fields)
        [(example,)] = connection.execute("SELECT min(trade_id) FROM truth").fetchall()
        with reader.explaining(source.name):
            wanted, total = _wanted(connection, ids, limit, with_findings=findings is not None)
            altered = _alterations(connection, wanted)
        columns: tuple[str, ...] = ()
        if fields.injected:
            altered, records, columns = _injected(connection, reader, inputs, wanted, altered)
        else:
            records = _records(connection, reader, inputs, fields, wanted, altered)
    if ids is not None and (unknown := [one for one in ids if one not in records and one not in altered]):
        raise ScoringError(
            f"trade {shown(unknown[0])} is in none of the lists; "
            f"expected an id such as {example or 'tid00000021'}"
        )
    shown_trades = [
        _trade(one, records.get(one, ()), altered.get(one, ()), state, named) for one, state in wanted
    ]
    return SideBySide(tuple(shown_trades), total, columns)


def _load_truth(connection: DuckDBPyConnection, source: Source) -> None:
    texts = {name: source.text(name) for name in TRUTH_COLUMNS}
    texts[RECORD_ID] = source.text(RECORD_ID) if RECORD_ID in source.columns else "NULL"
    columns = [f"coalesce({text}, '') AS {name}" for name, text in texts.items()]
    connection.execute(f"CREATE TABLE truth AS SELECT {', '.join(columns)} FROM {source.relation}")


def _load_links(connection: DuckDBPyConnection, reader: Reader, given: Any) -> None:
    """Make the table ``links``: which trade each record is of."""
    source = reader.source(given, LINKS, LINK_COLUMNS)
    source.require(LINK_COLUMNS)
    columns = ", ".join(f"{source.text(name)} AS {name}" for name in LINK_COLUMNS)
    with reader.explaining(source.name):
        connection.execute(f"CREATE TABLE links AS SELECT {columns} FROM {source.relation}")


def _findings(
    connection: DuckDBPyConnection, reader: Reader, findings: Any, trade_id: str, fields: RunFields
) -> Mapping[str, tuple[str, ...]]:
    """Put the ids that were reported into ``reported``; and by id, the fields that findings name."""
    connection.execute("CREATE TABLE reported (trade_id VARCHAR, field VARCHAR)")
    if findings is None:
        return {}
    source = reader.source(findings, "findings")
    source.require([trade_id])
    field = source.text("field") if "field" in source.columns else "NULL"
    link = source.text("linked_trade_id") if "linked_trade_id" in source.columns else "NULL"
    with reader.explaining(source.name):
        connection.execute(
            # A link alone is no report.
            f"INSERT INTO reported SELECT DISTINCT {source.text(trade_id)}, {field} FROM {source.relation} "
            f"WHERE {field} IS NOT NULL OR {link} IS NULL"
        )
        # A mistyped id stands for the trade that it belongs to, and so does a record's own.
        connection.execute(
            "UPDATE reported SET trade_id = truth.trade_id FROM truth "
            f"WHERE truth.field = {literal(fields.id)} AND truth.altered = reported.trade_id"
            if fields.shared_id
            else "UPDATE reported SET trade_id = links.trade_id FROM links "
            f"WHERE links.{RECORD_ID} = reported.trade_id"
        )
        rows = connection.execute(
            "SELECT trade_id, list(field ORDER BY field) FROM reported GROUP BY trade_id"
        ).fetchall()
    return {one: tuple(field for field in fields if field) for one, fields in rows}


def _wanted(
    connection: DuckDBPyConnection, ids: Sequence[str] | None, limit: int, *, with_findings: bool
) -> tuple[list[tuple[str, str]], int]:
    """The ids to show, each with its state; and how many there are."""
    state = "''"
    if with_findings:
        state = (
            "CASE WHEN reported.trade_id IS NULL THEN 'missed' WHEN altered THEN 'found' ELSE 'invented' END"
        )
    connection.execute(f"""
        CREATE TABLE states AS
        SELECT coalesce(truth.trade_id, reported.trade_id) AS trade_id, {state} AS state
        FROM (SELECT trade_id, bool_or(benign <> 'true') AS altered FROM truth GROUP BY 1) truth
            FULL JOIN (SELECT DISTINCT trade_id FROM reported) reported USING (trade_id)
        WHERE altered OR reported.trade_id IS NOT NULL""")
    [total] = connection.execute("SELECT count(*) FROM states").fetchall()[0]
    order = f"ORDER BY list_position({list(_STATES)}, state), length(trade_id), trade_id"
    if ids is None:
        return connection.execute(
            f"SELECT trade_id, state FROM states {order} LIMIT {limit}"
        ).fetchall(), total
    states = dict(
        connection.execute(
            f"SELECT trade_id, state FROM states WHERE trade_id IN ({_listed(ids)})"
        ).fetchall()
    )
    return [(one, states.get(one, "")) for one in dict.fromkeys(ids)], total


def _alterations(
    connection: DuckDBPyConnection, wanted: Iterable[tuple[str, str]]
) -> dict[str, tuple[Alteration, ...]]:
    rows = connection.execute(
        "SELECT trade_id, leg, field, mechanism, original, altered, delta, benign = 'true', cause, record_id "
        f"FROM truth WHERE trade_id IN ({_listed(one for one, _ in wanted)})"
    ).fetchall()
    found: dict[str, tuple[Alteration, ...]] = {}
    for row in rows:
        found[row[0]] = (*found.get(row[0], ()), Alteration(*row))
    return found


def _records(
    connection: DuckDBPyConnection,
    reader: Reader,
    inputs: Inputs,
    fields: RunFields,
    wanted: Sequence[tuple[str, str]],
    altered: Mapping[str, Sequence[Alteration]],
) -> dict[str, list[tuple[str, dict[str, str]]]]:
    """By trade, the list and the values of each of its records."""
    owners = {one: one for one, _ in wanted}
    for trade_id, alterations in altered.items():
        owners |= {one.altered: trade_id for one in alterations if one.field == "trade_id"}
    if not fields.shared_id:
        linked = f"SELECT {RECORD_ID}, trade_id FROM links WHERE trade_id IN ({_listed(owners)})"
        owners = dict(connection.execute(linked).fetchall())
    found: dict[str, list[tuple[str, dict[str, str]]]] = {}
    faces = any(one.leg in LEGS["single"] for several in altered.values() for one in several)
    for name, given in lists_of(inputs.trades, inputs.view, faces).items():
        called = inputs.columns.get(name) or {column: column for column in fields.columns}
        for table in given if isinstance(given, (list, tuple)) else [given]:
            source = reader.source(table, "trades", tuple(called.values()))
            needed = {column for column in called if column != RECORD_ID} | {fields.key}
            source.require([named for column, named in called.items() if column in needed])
            shown_columns = [column for column in called if called[column] in source.columns]
            if not fields.stated:
                # Nothing but the list says in which order its columns stand.
                shown_columns.sort(key=(*source.seen, *called.values()).index)
            values = ", ".join(f"coalesce({source.text(called[column])}, '')" for column in shown_columns)
            with reader.explaining(source.name):
                rows = connection.execute(
                    f"SELECT {values} FROM {source.relation} "
                    f"WHERE {source.text(called[fields.key])} IN ({_listed(owners)})"
                ).fetchall()
            for row in rows:
                record = dict(zip(shown_columns, row, strict=True))
                found.setdefault(owners[record[fields.key]], []).append((name, record))
    return found


def _injected(
    connection: DuckDBPyConnection,
    reader: Reader,
    inputs: Inputs,
    wanted: Sequence[tuple[str, str]],
    altered: Mapping[str, tuple[Alteration, ...]],
) -> tuple[dict[str, tuple[Alteration, ...]], dict[str, list[tuple[str, dict[str, str]]]], tuple[str, ...]]:
    """Of the user's own trades: rows of the truth with their sizes, records, and the columns to show."""
    lists = [
        (name, table)
        for name, given in lists_of(inputs.trades, inputs.view, False).items()
        for table in (given if isinstance(given, (list, tuple)) else [given])
    ]
    forms = forms_shown(inputs.manifest, lists[0][1])
    form = forms.theirs or forms.ours
    told = {trade_id: measured(rows, forms) for trade_id, rows in altered.items()}
    owners = {one: one for one, _ in wanted} | owners_of(altered, form)
    return told, records_shown(connection, reader, lists, forms, owners), shown_names(form, told.values())


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(map(literal, ids)) or "NULL"


def _trade(
    trade_id: str,
    records: Sequence[tuple[str, dict[str, str]]],
    altered: Sequence[Alteration],
    state: str,
    named: Mapping[str, tuple[str, ...]],
) -> Trade:
    ordered = sorted(records, key=lambda record: _side(*record))
    marks = frozenset((position, row.field) for row in altered for position in _altered_records(ordered, row))
    return Trade(trade_id, tuple(ordered), tuple(altered), marks, state, named.get(trade_id, ()))


def _altered_records(records: Sequence[tuple[str, dict[str, str]]], row: Alteration) -> list[int]:
    """The positions of the records that a row of the truth is about: several of a leg that is there twice."""
    if row.field == RECORD:
        return []
    places = range(len(records))
    if row.record_id:
        sides = {_side(*records[at]) for at in places if records[at][1].get(RECORD_ID) == row.record_id}
        own = [at for at in places if _side(*records[at]) in sides]
    else:
        own = [at for at in places if row.leg in (_LEG_OF.get(records[at][0]), _side(*records[at])[1])]
    as_altered = [at for at in places if records[at][1].get(row.field) == row.altered]
    # In a form of its own, a date or a time does not look like the truth's.
    return [at for at in own if at in as_altered] or own or as_altered[:1]


def _side(name: str, record: Mapping[str, str]) -> tuple[str, str]:
    return name, record.get("order_type", "")  # two lists may leave it out


_LEG_OF = {
    name: leg
    for view, lists in LISTS.items()
    if view != "single"
    for name, leg in zip(lists, LEGS[view], strict=True)
}
"""The leg that each list of a view of two holds."""
