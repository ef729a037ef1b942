"""What differed already between two lists, one of which `inject` has broken: all of it is in the truth.

The lists have forms of their own. What is compared are values: numbers, days, moments, and names without the
blanks around them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradegen.verify.counts import compare_count
from tradegen.verify.database import Database
from tradegen.verify.injected_form import InjectedColumn, InjectedForm
from tradegen.verify.injected_sizes import notional, within
from tradegen.verify.proof_report import Findings
from tradegen.verify.words import literal

_EXISTING = literal("existing")
_NUMBER = "DECIMAL(38, 12)"
_ABOUT = "trade_id || ' ' || field || ': ' || "
_VALUES = ("integer", "decimal", "date", "timestamp")


def set_existing_apart(database: Database) -> None:
    """Move the rows about what differed already from ``truth_rows`` to ``existing_rows``."""
    rest = f"FROM truth_rows WHERE mechanism = {_EXISTING}"
    database.run(f"CREATE TABLE existing_rows AS {rest}; DELETE {rest}")


def prove_existing(
    database: Database,
    ours: InjectedForm,
    theirs: InjectedForm,
    names: tuple[str, str],
    manifest: Mapping[str, Any],
    findings: Findings,
) -> None:
    """Prove that the truth has what differed already, that it has nothing else so, and that it is kept.

    Parameters
    ----------
    database : Database
        With the tables ``ours``, ``mine``, ``existing_rows``, ``told`` and ``renamed``.
    ours, theirs : InjectedForm
    names : tuple of str
        What messages call our list, and theirs as it was.
    manifest : mapping
    findings : Findings
    """
    _find(database, ours, theirs)
    mine, other = map(literal, names)

    def tell(kind: str, found: str, sentence: str) -> None:
        database.tell(findings, kind, found, sentence)

    tell(
        "repeated", "SELECT trade_id, field FROM existing_rows GROUP BY ALL HAVING count(*) > 1",
        f"{_ABOUT}'the truth has it twice'",
    )  # fmt: skip
    tell(
        "invalid", "SELECT * FROM existing_rows WHERE cause <> ''",
        f"{_ABOUT}'cause is ' || cause || '; expected nothing of a difference that there was already'",
    )  # fmt: skip
    tell(
        "unlabelled", "SELECT * FROM differing ANTI JOIN existing_rows USING (trade_id, field)",
        f"{_ABOUT}was || ' in ' || {mine} || ', ' || found || ' in ' || {other}",
    )  # fmt: skip
    tell(
        "vanished", "SELECT * FROM existing_rows ANTI JOIN differing USING (trade_id, field)",
        f"{_ABOUT}'existing by the truth, and ' || {mine} || ' and ' || {other} || ' do not differ so'",
    )  # fmt: skip
    told = "SELECT e.*, d.* EXCLUDE (trade_id, field) FROM existing_rows AS e JOIN differing AS d USING"
    told = f"({told} (trade_id, field))"
    for form, place, text, cell, name in (
        (ours, "our_position", "original", "was", mine),
        (theirs, "position", "altered", "found", other),
    ):
        tell(
            "vanished", f"SELECT * FROM {told} WHERE NOT {form.same(text, cell, place)}",
            f"{_ABOUT}'{text} is ' || {text} || ' by the truth, and ' || {cell} || ' in ' || {name}",
        )  # fmt: skip
    tell(
        "delta",
        f"SELECT * FROM {told} WHERE TRY_CAST(delta AS {_NUMBER}) IS DISTINCT FROM size "
        "OR (delta <> '' AND size IS NULL)",
        f"{_ABOUT}'delta is ' || CASE delta WHEN '' THEN 'empty' ELSE delta END || ', from ' || was "
        "|| ' to ' || found",
    )
    tell(
        "benign", f"SELECT * FROM {told} WHERE (benign = 'true') <> {within(theirs, manifest)}",
        f"{_ABOUT}'benign is ' || benign || '; the tolerances say otherwise of ' || was || ' to ' || found",
    )  # fmt: skip
    tell(
        "notional",
        f"SELECT * FROM {told} WHERE TRY_CAST(notional AS DECIMAL(38, {_places(ours, theirs)})) "
        "IS DISTINCT FROM clean OR (notional <> '' AND clean IS NULL)",
        f"{_ABOUT}'notional is ' || CASE notional WHEN '' THEN 'empty' ELSE notional END || '; that of the "
        "trade is ' || coalesce(clean::VARCHAR, 'not known')",
    )
    tell(
        "invalid",
        """SELECT * FROM told WHERE trade_id IN (SELECT trade_id FROM differing UNION ALL
            SELECT key FROM ours WHERE key <> '' GROUP BY key HAVING count(*) > 1)""",
        f"{_ABOUT}mechanism || ' by the truth, in a trade that is not to be altered'",
    )
    tell(
        "collision",
        "SELECT * FROM renamed WHERE key <> '' AND key <> was AND key NOT IN (SELECT key FROM mine) "
        "AND key IN (SELECT key FROM ours)",
        f"was || ': its id ' || key || ' is that of another record in ' || {mine}",
    )


def _find(database: Database, ours: InjectedForm, theirs: InjectedForm) -> None:
    """Make the table ``differing``: a row for each difference between the two lists."""
    once = "(SELECT key, any_value(cells) AS cells, count(*) AS times FROM {} WHERE key <> '' GROUP BY key)"
    places = _places(ours, theirs)
    worth = [
        f"TRY_CAST({notional(form, cells)[0]} AS DECIMAL(38, {places}))"
        for form, cells in ((ours, "here"), (theirs, "there"))
    ]
    # An id that stands twice names no trade.
    database.run(f"""
        CREATE TABLE both_lists AS SELECT *, coalesce({", ".join(worth)}) AS clean FROM (
            SELECT key AS trade_id, o.cells AS here, t.cells AS there
            FROM {once.format("ours")} AS o FULL JOIN {once.format("mine")} AS t USING (key)
            WHERE coalesce(o.times, 1) = 1 AND coalesce(t.times, 1) = 1)""")
    one_sided = "CASE WHEN {} IS NULL THEN '0' ELSE '1' END"
    parts = [
        f"""SELECT trade_id, 'record' AS field, 0 AS our_position, 0 AS position,
            {one_sided.format("here")} AS was, {one_sided.format("there")} AS found,
            NULL::{_NUMBER} AS old, NULL::{_NUMBER} AS new,
            CASE WHEN here IS NULL THEN 1 ELSE -1 END::{_NUMBER} AS size, clean
        FROM both_lists WHERE here IS NULL OR there IS NULL"""
    ]
    for mine, other in _matched(ours, theirs):
        texts = f"trim(here[{mine.position}])", f"trim(there[{other.position}])"
        values = [
            form.value(text, column) if column.kind in _VALUES else f"nullif({text}, '')"
            for form, column, text in zip((ours, theirs), (mine, other), texts, strict=True)
        ]
        sizes = values if other.measured else [f"NULL::{_NUMBER}"] * 2
        parts.append(f"""
            SELECT trade_id, {literal(other.name)}, {mine.position}, {other.position}, {", ".join(texts)},
                {", ".join(sizes)}, {sizes[1]} - {sizes[0]}, clean
            FROM both_lists WHERE here IS NOT NULL AND there IS NOT NULL
                AND {values[0]} IS DISTINCT FROM {values[1]}""")
    database.run(f"CREATE TABLE differing AS {' UNION ALL '.join(parts)}")


def _matched(ours: InjectedForm, theirs: InjectedForm) -> list[tuple[InjectedColumn, InjectedColumn]]:
    """The columns of one role, or without any of one name; but none of an id."""
    theirs_of = {(column.role, "" if column.role else column.name): column for column in theirs.columns}
    pairs = [
        (column, theirs_of.get((column.role, "" if column.role else column.name))) for column in ours.columns
    ]
    return [
        (mine, other)
        for mine, other in pairs
        if other and mine.position not in ours.id and other.position not in theirs.id
    ]


def _places(*forms: InjectedForm) -> int:
    return max(notional(form, "")[1] for form in forms)


def count_existing(database: Database, told: Any, findings: Findings) -> None:
    """Hold what the manifest counts of existing differences against the truth."""
    counts = told if isinstance(told, Mapping) else {}
    alone = "count(*) FILTER (field = 'record' AND original = '{}')"
    [benign] = database.row(
        "SELECT count(*) FROM (SELECT trade_id FROM existing_rows GROUP BY 1 "
        "HAVING bool_and(benign = 'true'))"
    )
    found = database.row(
        f"SELECT count(DISTINCT trade_id), {alone.format(1)}, {alone.format(0)} FROM existing_rows"
    )
    named = dict(zip(("trades", "ours_alone", "theirs_alone"), found, strict=True)) | {
        "benign_trades": benign
    }
    by_field = dict(database.rows("SELECT field, count(*) FROM existing_rows GROUP BY 1"))
    for name, number in named.items():
        compare_count(f"counts.existing.{name}", counts.get(name, "missing"), number, findings)
    told_fields = counts.get("by_field")
    told_fields = told_fields if isinstance(told_fields, Mapping) else {}
    for name in sorted({*told_fields, *by_field}):
        compare_count(
            f"counts.existing.by_field.{name}", told_fields.get(name, 0), by_field.get(name, 0), findings
        )
