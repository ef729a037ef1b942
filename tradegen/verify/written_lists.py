"""The lists: every record as a row of values, beside the pair and the leg that it belongs to."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tradegen.verify.added_forms import BLANK_NUMBER, typed_value, value
from tradegen.verify.database import Database
from tradegen.verify.proof_plan import Listed, Plan
from tradegen.verify.proof_report import Findings
from tradegen.verify.value_tables import Cells, Rule, cells_of, load
from tradegen.verify.words import COLUMNS, literal
from tradegen.verify.written_forms import Forms, expected, typed
from tradegen.verify.written_links import link_records

RECORDS_AT_ONCE = 2_500_000
"""Records that are proved at a time, about: those of a part of the usual size, and a few more."""

_KINDS = dict.fromkeys(COLUMNS, "BIGINT") | dict.fromkeys(
    ("ticker", "broker_id", "contra_broker_id", "order_type"), "VARCHAR"
)


def load_lists(
    database: Database, plan: Plan, findings: Findings, advance: Callable[[int], object]
) -> dict[str, int]:
    """Read the lists into the table `loaded`.

    Its columns are those of a list, as values (NULL where the list leaves one out), `record_id` (NULL where
    there is none), and

    - `leg`: 0 or 1,
    - `pair`: the id of the pair that the record belongs to; its own, if the truth does not say otherwise.

    Records whose id cannot be read are counted and reported, and left out.

    Returns
    -------
    dict of str to int
        The records of each list, by the name of its file.
    """
    kinds = ", ".join(
        f"{name} {kind}"
        for name, kind in [*_KINDS.items(), *((column.column, column.type) for column in plan.added)]
    )
    faults = "BIGINT" if plan.added else "INTEGER"  # a bit a rule
    database.run(
        f"CREATE OR REPLACE TABLE loaded (list UTINYINT, {kinds}, record_id UBIGINT, "
        f"leg UTINYINT, pair BIGINT, faults {faults}, weight INTEGER, shape UTINYINT)"
    )
    # A record with a mistyped id is put to its pair, as the truth has it.
    database.run("""
        CREATE OR REPLACE TABLE mistyped AS
            SELECT altered_number AS altered, min(pair) AS of_pair FROM truth
            WHERE field = 'trade_id' AND altered_number <> pair GROUP BY altered_number""")
    counts: dict[str, int] = {}
    century = _century(database, plan)
    for number, item in enumerate(plan.lists):
        rows = 0
        if item.source.names:
            cells = cells_of(database, item.source, item.names, plan.added, plan.places, plan.odd.holds)
            forms = Forms(plan.decimals, item.date_format, item.timestamp_format, century, plan.places)
            if item.source.form == "fix":
                forms = Forms(plan.decimals, places=plan.places)
            values = {
                column: plan.odd.value(
                    column,
                    f"w_{column}",
                    typed(column, f"w_{column}", cells.kinds[column], plan.decimals)
                    if column in cells.kinds
                    else forms.value(column, f"w_{column}"),
                )
                if column in item.names
                else f"NULL::{_KINDS[column]}"
                for column in COLUMNS
            }
            values |= {
                column.column: typed_value(
                    column, f"w_{column.name}", cells.kinds[column.name], plan.decimals
                )
                if column.name in cells.kinds
                else value(column, f"w_{column.name}", forms)
                if column.name in item.names
                else f"NULL::{column.type}"
                for column in plan.added
            }
            with_id = item.with_record_id
            values["record_id"] = forms.value("record_id", "w_record_id") if with_id else "NULL::UBIGINT"
            # A leg that says neither is reported, and is of leg 0 for the rest of the proof.
            side = "CASE WHEN w_order_type = 'SELL' THEN 1 ELSE 0 END"
            values["leg"] = str(number) if len(plan.lists) == 2 else side
            values["pair"] = "trade_id"
            rules = _rules(plan, item)
            rows = load(database, "loaded", number, item.source, cells, values, rules, findings)
            if item.sorted:
                _check_order(database, item, cells, findings)
        counts[item.source.name] = rows
        advance(rows)
    link_records(database, plan, findings)
    database.run("DELETE FROM loaded WHERE trade_id IS NULL")
    database.run("UPDATE loaded SET pair = of_pair FROM mistyped WHERE trade_id = altered")
    return counts


def _check_order(database: Database, item: Listed, cells: Cells, findings: Findings) -> None:
    """Report records that stand after one whose id, as text, is larger."""
    key = f"w_{item.key}"
    neighbours = f"SELECT {key}, lag({key}) OVER () AS before FROM ({cells.relation()})"
    name = f"{item.names[item.key]} in {item.source.name}"
    database.tell(
        findings,
        "order",
        f"SELECT * FROM ({neighbours}) WHERE {key} < before",
        f"{key} || ' ' || {literal(name)} || ' stands after ' || before",
    )


def _rules(plan: Plan, item: Listed) -> list[Rule]:
    """Values that cannot be what was written."""

    def refused(column: str, wrong: str, wanted: str) -> Rule:
        def sentence(row: Mapping[str, Any]) -> str:
            where = f"{item.names[column]} in {item.source.name} {row['place']}"
            return f"{row[f'w_{item.key}']} {where} is {str(row[f'w_{column}'])!r}; expected {wanted}"

        return Rule("invalid", wrong, sentence)

    added = {column.name: column for column in plan.added}
    columns = [
        name for name in item.names if name not in added and (name != "record_id" or item.with_record_id)
    ]
    rules = [refused(name, f"{name} IS NULL", expected(name, plan.places)) for name in columns]
    rules += [
        refused(name, f"{column.column} IS NULL", column.expected)
        for name, column in added.items()
        if name in item.names and not column.is_name
    ]
    rules += [
        refused(name, f"{name} <= 0 AND {name} <> {BLANK_NUMBER}", "a value above 0")
        for name in ("quantity", "price")
        if name in columns
    ]
    rules += [
        refused(
            name, f"{name} % {plan.units(name)} <> 0 AND {name} <> {BLANK_NUMBER}", f"a multiple of {step:f}"
        )
        for name, step in plan.steps.items()
        if name in columns and plan.units(name) > 1
    ]
    if plan.brokers:
        known = ", ".join(map(literal, plan.brokers))
        rules += [
            refused(name, f"{name} NOT IN ({known})", "a broker of the scenario")
            for name in ("broker_id", "contra_broker_id")
            if name in columns and name not in plan.odd.fields
        ]
    return rules


def _century(database: Database, plan: Plan) -> int | None:
    """A year near to all others: the truth's, or else that of the scenario's date."""
    [found] = database.row(
        "SELECT year(make_timestamp(median(CASE field WHEN 'date' THEN original_number * 86400000000 "
        "ELSE original_number END)::BIGINT)) FROM truth WHERE field IN ('date', 'trade_timestamp')"
    )
    if found is None:
        told = str(plan.scenario.get("date") or "")[:4]
        found = int(told) if told.isdecimal() else None
    return None if found is None else int(found)


def slices(database: Database, records: int) -> Iterator[tuple[int, int]]:
    """Take the pairs into the table `records` and the view `truth`, so many at a time as memory holds.

    Yields
    ------
    tuple of int
        The least id of a slice, and the one after its last.
    """
    count = -(-records // RECORDS_AT_ONCE) or 1
    shares = [number / count for number in range(1, count)]
    inner = database.row(f"SELECT approx_quantile(pair, {shares}) FROM loaded")[0] if shares else []
    bounds = [-1, *sorted(set(inner)), 2**63]
    for low, high in itertools.pairwise(bounds):
        within = f"pair BETWEEN {low} AND {high - 1}"
        database.run(f"""
            CREATE OR REPLACE VIEW truth AS SELECT * FROM all_truth
                WHERE pair IS NOT NULL AND leg IS NOT NULL AND field IS NOT NULL AND {within};
            DROP TABLE IF EXISTS records""")
        if count == 1:
            database.run("ALTER TABLE loaded RENAME TO records")
        else:
            database.run(f"CREATE TABLE records AS SELECT * FROM loaded WHERE {within}")
        yield low, high
