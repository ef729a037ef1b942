"""Findings: checked, put into the truth's words, and their ids resolved to pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradegen.core.columns import RECORD
from tradegen.errors import ScoringError, nearest, shown
from tradegen.scoring.finding_checks import check_json, count_rows, refuse
from tradegen.scoring.finding_filters import EMPTY_WORDS, FindingFilter
from tradegen.scoring.inputs import Extent
from tradegen.scoring.relations import Reader, Source, first_row, literal
from tradegen.scoring.run_fields import RunFields
from tradegen.scoring.score_counts import Input

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLUMNS = ("trade_id", "field", "leg", "linked_trade_id", "score")
_RECORD_WORDS = ("missing", "duplicate", "split", "orphan")


@dataclass(frozen=True, slots=True)
class FindingsSummary:
    """Whether any finding names a field, links a record or gives a score; and how many rows there are.

    `left_out` counts the rows that a filter has left out.
    """

    fields: bool
    links: bool
    scores: bool
    rows: int
    left_out: int = 0


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
    reader: Reader, findings: Any, columns: Mapping[str, str] | None, filters: FindingFilter
) -> tuple[Source, dict[str, str]]:
    """The findings' table, and its own name for each of the `COLUMNS` that it has.

    Raises
    ------
    ScoringError
        If there is no column of ids, or one that `columns` or a condition names is missing.
    """
    called = _called(columns)
    asked = tuple(condition.column for condition in filters.conditions)
    source = reader.source(findings, "findings", (*called.values(), *asked), called["trade_id"])
    seen = source.seen or (tuple(source.columns) if source.json else ())
    for name in asked:
        if name not in seen:
            has = ", ".join(seen) or "none"
            raise ScoringError(f"{source.name} has no column {name}, which where asks for; it has {has}")
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
    filters: FindingFilter,
    run_fields: RunFields,
) -> FindingsSummary:
    """Read the findings into the table ``findings``; see the query for its columns.

    The view ``findings_read`` has them as text, without those that the filter leaves out.

    Raises
    ------
    ScoringError
        On a field or leg that is unknown, a score that is no number, an id that is missing.
    """
    if source.json:
        check_json(connection, source, called)
    names = _field_names(fields, run_fields)
    connection.execute("CREATE TEMP TABLE field_names (name VARCHAR, field trade_field)")
    connection.executemany("INSERT INTO field_names VALUES (?, ?)", [list(item) for item in names.items()])
    _define_views(connection, source, called, filters)
    known_legs = ", ".join(map(literal, legs))
    differing, partners = "false", ""
    # Where each record has an id of its own, two ids that are linked say nothing of a wrong one.
    if "linked_trade_id" in called and run_fields.shared_id:
        differing, partners = (
            _DIFFERING,
            "LEFT JOIN aliases AS partners ON partners.alias = id_number(linked)",
        )
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
            {differing} AS differing,
            coalesce(id, read.field, read.leg, linked, read.score) IS NULL AS blank,
            id IS NULL
                OR (read.field IS NOT NULL AND field_names.field IS NULL)
                OR (read.leg IS NOT NULL AND read.leg NOT IN ({known_legs}))
                OR (read.score IS NOT NULL
                    AND coalesce(isnan(TRY_CAST(read.score AS DOUBLE)), true)) AS wrong
        FROM findings_kept AS read
        LEFT JOIN field_names ON field_names.name = read.field
        LEFT JOIN aliases ON aliases.alias = id_number(id)
        {partners}
        """
    )
    fields_named, links, scores, rows, wrong = first_row(
        connection,
        """
        SELECT
            count(field) > 0 OR coalesce(bool_or(differing), false),
            count(linked) > 0, count(score) > 0, count(*), count(*) FILTER (wrong)
        FROM findings
        WHERE NOT blank
        """,
    )
    if links and run_fields.injected:
        raise ScoringError(
            f"{called['linked_trade_id']} in {source.name} links records, which are scored of generated "
            "trades alone; expected findings by trade_id, without links"
        )
    if wrong:
        refuse(connection, source.name, called, legs, names, stated=run_fields.stated)
    # Most findings have no blank line, and looking for one costs less than a filter of texts.
    if count_rows(connection, "FROM findings WHERE blank"):
        connection.execute("DELETE FROM findings WHERE blank")
    connection.execute("ALTER TABLE findings DROP COLUMN wrong")
    connection.execute("ALTER TABLE findings DROP COLUMN blank")
    given = "FROM findings_given WHERE coalesce(trade_id, field, leg, linked_trade_id, score) IS NOT NULL"
    left_out = count_rows(connection, given) - rows if filters else 0
    return FindingsSummary(fields_named, links, scores, rows, left_out)


_DIFFERING = """
    coalesce(
        id_number(id) <> id_number(linked)
            AND coalesce(aliases.pair, id_number(id)) = coalesce(partners.pair, id_number(linked)),
        false
    )
"""
"""SQL that says of a finding whether it links two ids of one pair, and so states that they differ."""


def _define_views(
    connection: DuckDBPyConnection, source: Source, called: Mapping[str, str], filters: FindingFilter
) -> None:
    """Make the views ``findings_given``, of all rows as text, ``findings_kept`` and ``findings_read``.

    Those kept meet the conditions. Those read are no blank lines, in which CSV files of one column often end.
    """
    texts = {column: source.trimmed(called[column]) if column in called else "NULL" for column in COLUMNS}
    texts |= {f"c{n}": source.trimmed(one.column) for n, one in enumerate(filters.conditions)}
    trimmed = ", ".join(f"CAST({text} AS VARCHAR) AS {column}" for column, text in texts.items())
    empty = ", ".join(map(literal, EMPTY_WORDS))
    # In a subquery of its own: else every text would be trimmed once for each mention of it.
    stated = ", ".join(f"CASE WHEN {name} NOT IN ({empty}) THEN {name} END AS {name}" for name in texts)
    connection.execute(
        f"CREATE TEMP VIEW findings_given AS SELECT {stated} FROM (SELECT {trimmed} FROM {source.relation})"
    )
    kept = [condition.sql(f"c{number}") for number, condition in enumerate(filters.conditions)]
    if filters.ignored_fields:
        ignored = ", ".join(map(literal, filters.ignored_fields))
        kept.append(f"coalesce(field NOT IN ({ignored}), true)")
    connection.execute(
        f"""
        CREATE TEMP VIEW findings_kept AS
        SELECT trade_id AS id, field, leg, linked_trade_id AS linked, score
        FROM findings_given
        {f"WHERE {' AND '.join(kept)}" if kept else ""}
        """
    )
    connection.execute(
        "CREATE TEMP VIEW findings_read AS "
        "FROM findings_kept WHERE coalesce(id, field, leg, linked, score) IS NOT NULL"
    )


def _field_names(fields: Mapping[str, str] | None, run_fields: RunFields) -> dict[str, str]:
    """The field that each name in findings stands for."""
    # A column of the scenario may have the name of one of these words.
    own = {name: name for name in run_fields.names} | dict(run_fields.roles)
    known = tuple(own)
    own |= {word: RECORD for word in _RECORD_WORDS if word not in own}
    theirs: dict[str, str] = {}
    for field, name in (fields or {}).items():
        if field not in known:
            raise ScoringError(f"fields has {shown(field)}, which is unknown; {nearest(str(field), known)}")
        if str(name) in theirs:
            raise ScoringError(
                f"fields gives {shown(name)} for {theirs[str(name)]} and for {field}; expected one of them"
            )
        theirs[str(name)] = own[field]
    return own | theirs


def input_of(
    connection: DuckDBPyConnection,
    name: str,
    summary: FindingsSummary,
    extent: Extent | None,
    key: str = "trade_id",
) -> Input:
    """What the findings were; the table ``unknown_ids`` is there.

    Raises
    ------
    ScoringError
        If there are findings, and every id of them is unknown.
    """
    distinct = count_rows(connection, "SELECT DISTINCT id, field, leg, linked, score FROM findings")
    unnamed = count_rows(connection, "SELECT 1 FROM findings WHERE field IS NULL")
    unknown = count_rows(connection, "SELECT 1 FROM unknown_ids")
    examples = _examples(connection) if unknown else ()
    every = "SELECT id FROM findings UNION SELECT linked FROM findings WHERE linked IS NOT NULL"
    if unknown and unknown == count_rows(connection, every):
        data = f"tid{extent.first:08d} to tid{extent.last:08d}" if extent else "those of its trades"
        data = data if key == "trade_id" else f"the {key} of each record"
        ids = f"none of the {unknown} ids in {name} is" if unknown > 1 else f"the one id in {name} is not"
        raise ScoringError(
            f"{ids} in the data: {shown(examples[0])}; its ids are {data}; "
            "expected findings about the same run"
        )
    return Input(summary.rows, summary.rows - distinct, unnamed, unknown, examples, summary.left_out)


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
