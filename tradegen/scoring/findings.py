"""Findings: checked, put into the truth's words, and their ids resolved to pairs."""

# ruff: noqa: S608 - what is put into SQL is quoted by `literal` and `identifier`, or is ours

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from tradegen.core.columns import FIELDS, RECORD
from tradegen.errors import ScoringError, nearest, shown
from tradegen.scoring.inputs import Extent
from tradegen.scoring.relations import Reader, Source, first_row, literal
from tradegen.scoring.score_counts import Input

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["COLUMNS", "FindingsSummary", "input_of", "load_findings", "open_findings"]

COLUMNS = ("trade_id", "field", "leg", "linked_trade_id", "score")
_RECORD_WORDS = ("missing", "duplicate", "split", "orphan")


@dataclass(frozen=True, slots=True)
class FindingsSummary:
    """Whether any finding names a field, links a record or gives a score; and how many rows there are."""

    fields: bool
    links: bool
    scores: bool
    rows: int


def _called(columns: Mapping[str, str] | None) -> dict[str, str]:
    """By column of findings, what it is called.

    Raises
    ------
    ScoringError
        On an unknown column, or one name for two.
    """
    called = {column: column for column in COLUMNS}
    for column, name in (columns or {}).items():
        if column not in called:
            raise ScoringError(
                f"columns has {shown(column)}, which is unknown; {nearest(str(column), COLUMNS)}"
            )
        called[column] = str(name)
    for column, name in (columns or {}).items():
        other = next((other for other in columns or {} if other != column and called[other] == name), None)
        if other:
            raise ScoringError(
                f"columns gives {shown(name)} for {column} and for {other}; expected one of them"
            )
    return called


def open_findings(
    reader: Reader, findings: Any, columns: Mapping[str, str] | None
) -> tuple[Source, dict[str, str]]:
    """The findings' table, and by column of `COLUMNS` that it has, what it is called there.

    Raises
    ------
    ScoringError
        Where there is no column of ids, or one that `columns` names is not there.
    """
    called = _called(columns)
    source = reader.source(findings, "findings", tuple(called.values()))
    seen = source.seen or (tuple(source.columns) if source.json else ())
    for column, name in called.items():
        if name in seen or (column != "trade_id" and column not in (columns or {})):
            continue
        has = ", ".join(seen) or "none"
        if column in (columns or {}):
            raise ScoringError(f"{source.name} has no column {name}, which is to be {column}; it has {has}")
        example = _likely(seen)
        raise ScoringError(
            f"{source.name} has no column trade_id; it has {has}; say which one it is: "
            f"--map trade_id={example}, or columns={{'trade_id': {example!r}}}"
        )
    return source, {column: name for column, name in called.items() if name in source.columns}


def _likely(seen: tuple[str, ...]) -> str:
    """The column that looks most like one of ids."""
    ids = [name for name in seen if name.lower().endswith(("id", "ref", "key"))]
    return (ids or list(seen) or ["NAME"])[0]


def load_findings(
    connection: DuckDBPyConnection,
    source: Source,
    called: Mapping[str, str],
    legs: tuple[str, ...],
    fields: Mapping[str, str] | None,
) -> FindingsSummary:
    """Read the findings into the table ``findings``; see the query for its columns.

    The view ``findings_read`` has them as text.

    Raises
    ------
    ScoringError
        On a field or leg that is unknown, a score that is no number, an id that is missing.
    """
    if source.json:
        _check_json(connection, source, called)
    names = _field_names(fields)
    connection.execute("CREATE TEMP TABLE field_names (name VARCHAR, field trade_field)")
    connection.executemany("INSERT INTO field_names VALUES (?, ?)", [list(item) for item in names.items()])
    texts = {column: source.trimmed(called[column]) if column in called else "NULL" for column in COLUMNS}
    wanted = ", ".join(f"CAST({text} AS VARCHAR) AS {column}" for column, text in texts.items())
    connection.execute(
        f"""
        CREATE TEMP VIEW findings_read AS
        SELECT trade_id AS id, field, leg, linked_trade_id AS linked, score
        FROM (SELECT {wanted} FROM {source.relation})
        -- A line without anything is no finding: CSV files of one column often end in one.
        WHERE coalesce(trade_id, field, leg, linked_trade_id, score) IS NOT NULL
        """
    )
    known_legs = ", ".join(map(literal, legs))
    # Wrong rows are marked as they are read, and only looked for again if there are any.
    connection.execute(
        f"""
        CREATE TEMP TABLE findings AS
        SELECT
            id_number(id) AS id,
            coalesce(aliases.pair, id_number(id)) AS pair,
            folded(field_names.field) AS field,
            TRY_CAST(read.leg AS word) AS leg,
            id_number(linked) AS linked,
            TRY_CAST(read.score AS DOUBLE) AS score,
            field_names.field IS NOT NULL OR linked IS NULL AS report,
            id IS NULL
                OR (read.field IS NOT NULL AND field_names.field IS NULL)
                OR (read.leg IS NOT NULL AND read.leg NOT IN ({known_legs}))
                OR (read.score IS NOT NULL
                    AND NOT coalesce(isfinite(TRY_CAST(read.score AS DOUBLE)), false)) AS wrong
        FROM findings_read AS read
        LEFT JOIN field_names ON field_names.name = read.field
        LEFT JOIN aliases ON aliases.alias = id_number(id)
        """
    )
    found = first_row(
        connection,
        "SELECT count(field) > 0, count(linked) > 0, count(score) > 0, count(*), count(*) FILTER (wrong) "
        "FROM findings",
    )
    if found[-1]:
        _refuse(connection, source.name, called, legs, names)
    connection.execute("ALTER TABLE findings DROP COLUMN wrong")
    return FindingsSummary(*found[:-1])


def _field_names(fields: Mapping[str, str] | None) -> dict[str, str]:
    """The field that each name in findings stands for."""
    own = {name: name for name in FIELDS} | dict.fromkeys(_RECORD_WORDS, RECORD)
    theirs: dict[str, str] = {}
    for field, name in (fields or {}).items():
        if field not in FIELDS:
            raise ScoringError(f"fields has {shown(field)}, which is unknown; {nearest(str(field), FIELDS)}")
        if str(name) in theirs:
            raise ScoringError(
                f"fields gives {shown(name)} for {theirs[str(name)]} and for {field}; expected one of them"
            )
        theirs[str(name)] = field
    return own | theirs


def _check_json(connection: DuckDBPyConnection, source: Source, called: Mapping[str, str]) -> None:
    """Refuse columns that hold now text, now numbers, or no plain values at all."""
    asked = ", ".join(f"list(DISTINCT json_type({source.columns[name]}))" for name in called.values())
    all_kinds = first_row(connection, f"SELECT {asked} FROM {source.relation}")
    for (column, name), kinds in zip(called.items(), all_kinds, strict=True):
        found = {_KINDS.get(kind, "numbers") for kind in kinds or () if kind not in (None, "NULL")}
        if len(found) > 1 or found & {"lists", "objects"}:
            raise ScoringError(
                f"{name} in {source.name} holds {' and '.join(sorted(found))}; "
                f"expected {'numbers' if column == 'score' else 'text'} in each row"
            )


_KINDS = {"VARCHAR": "text", "ARRAY": "lists", "OBJECT": "objects", "BOOLEAN": "booleans"}


def _refuse(
    connection: DuckDBPyConnection,
    name: str,
    called: Mapping[str, str],
    legs: tuple[str, ...],
    names: Mapping[str, str],
) -> NoReturn:
    """Say what is wrong with the findings."""
    missing = _count(connection, "SELECT 1 FROM findings_read WHERE id IS NULL")
    if missing:
        raise ScoringError(
            f"{called['trade_id']} is empty in {_rows(missing)} of {name}; expected an id in each"
        )
    for column, known in (("field", names), ("leg", dict.fromkeys(legs))):
        odd = first_row(
            connection,
            f"SELECT {column}, count(*) FROM findings_read WHERE {column} IS NOT NULL "
            f"AND NOT list_contains(?, {column}) GROUP BY ALL ORDER BY ALL LIMIT 1",
            [list(known)],
        )
        if odd:
            raise ScoringError(
                f"{called[column]} is {shown(odd[0])} in {_rows(odd[1])} of {name}; {nearest(odd[0], known)}"
            )
    text, count = first_row(
        connection,
        "SELECT score, count(*) FROM findings_read WHERE score IS NOT NULL "
        "AND NOT coalesce(isfinite(TRY_CAST(score AS DOUBLE)), false) GROUP BY ALL ORDER BY ALL LIMIT 1",
    )
    raise ScoringError(f"{called['score']} is {shown(text)} in {_rows(count)} of {name}; expected a number")


def _count(connection: DuckDBPyConnection, query: str) -> int:
    return int(first_row(connection, f"SELECT count(*) FROM ({query})")[0])


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def input_of(
    connection: DuckDBPyConnection, name: str, summary: FindingsSummary, extent: Extent | None
) -> Input:
    """What the findings were; the table ``unknown_ids`` is there.

    Raises
    ------
    ScoringError
        Where there are findings, and every id of them is unknown.
    """
    distinct = _count(connection, "SELECT DISTINCT id, field, leg, linked, score FROM findings")
    unnamed = _count(connection, "SELECT 1 FROM findings WHERE field IS NULL")
    unknown = _count(connection, "SELECT 1 FROM unknown_ids")
    examples = _examples(connection) if unknown else ()
    every = "SELECT id FROM findings UNION SELECT linked FROM findings WHERE linked IS NOT NULL"
    if unknown and unknown == _count(connection, every):
        data = f"tid{extent.first:08d} to tid{extent.last:08d}" if extent else "those of its trades"
        ids = f"none of the {unknown} ids in {name} is" if unknown > 1 else f"the one id in {name} is not"
        raise ScoringError(
            f"{ids} in the data: {shown(examples[0])}; its ids are {data}; "
            "expected findings about the same run"
        )
    return Input(summary.rows, summary.rows - distinct, unnamed, unknown, examples)


def _examples(connection: DuckDBPyConnection) -> tuple[str, ...]:
    """Some unknown ids; those that are none of tradegen's have only their hash in the tables."""
    texts = connection.execute(
        """
        WITH
        odd AS (SELECT id FROM unknown_ids WHERE id < 0),
        texts AS (
            SELECT printf('tid%08d', id) AS text FROM unknown_ids WHERE id >= 0
            UNION
            SELECT id FROM findings_read WHERE id_number(id) IN (FROM odd)
            UNION
            SELECT linked FROM findings_read WHERE id_number(linked) IN (FROM odd)
        )
        SELECT text FROM texts ORDER BY text LIMIT 5
        """
    )
    return tuple(row[0] for row in texts.fetchall())
