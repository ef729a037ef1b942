"""The links: which trade each record is of, where the lists do not say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradegen.verify.database import Database
from tradegen.verify.file_scan import Source
from tradegen.verify.proof_plan import Plan
from tradegen.verify.proof_report import Findings
from tradegen.verify.value_tables import Rule, cells_of, load
from tradegen.verify.words import LINK_COLUMNS, literal
from tradegen.verify.written_forms import EXPECTED, Forms


def load_links(database: Database, plan: Plan, findings: Findings) -> dict[str, int]:
    """Read the links into the table `links`: the `pair` and the `leg` of each `record_id`.

    Returns
    -------
    dict of str to int
        How many there are, by the name of their file; nothing where the run has none.
    """
    source = plan.links
    if source is None:
        return {}
    database.run(
        "CREATE OR REPLACE TABLE links (list UTINYINT, pair BIGINT, leg UTINYINT, record_id UBIGINT, "
        "faults INTEGER, weight INTEGER, shape UTINYINT)"
    )
    cells = cells_of(database, source, {column: column for column in LINK_COLUMNS})
    forms = Forms(plan.decimals)
    legs = " ".join(f"WHEN {literal(leg)} THEN {number}" for number, leg in enumerate(plan.legs))
    values = {
        "pair": forms.value("trade_id", "w_trade_id"),
        "leg": f"(CASE w_leg {legs} END)::UTINYINT",
        "record_id": forms.value("record_id", "w_record_id"),
    }
    rules = [
        _refused(source, "trade_id", "pair IS NULL", EXPECTED["trade_id"]),
        _refused(source, "leg", "leg IS NULL", f"one of: {', '.join(plan.legs)}"),
        _refused(source, "record_id", "record_id IS NULL", EXPECTED["record_id"]),
    ]
    return {source.name: load(database, "links", 0, source, cells, values, rules, findings)}


def _refused(source: Source, column: str, wrong: str, expected: str) -> Rule:
    def sentence(row: Mapping[str, Any]) -> str:
        return f"{column} in {source.name} {row['place']} is {str(row[f'w_{column}'])!r}; expected {expected}"

    return Rule("invalid", wrong, sentence)


def link_records(database: Database, plan: Plan, findings: Findings) -> None:
    """Give each record in `loaded` the pair that its link names, and report what goes with nothing."""
    source = plan.links
    if source is None:
        return
    links, record = literal(source.name), "printf('%016x', record_id)"
    database.tell(
        findings,
        "links",
        "SELECT record_id FROM links WHERE record_id IS NOT NULL GROUP BY record_id HAVING count(*) > 1",
        f"'record ' || {record} || ' has two links or more in ' || {links}",
    )
    database.tell(
        findings,
        "links",
        "SELECT record_id, leg FROM loaded ANTI JOIN links USING (record_id, leg) "
        "WHERE record_id IS NOT NULL",
        f"'record ' || {record} || ' in ' || leg_file(leg) || ' has no link in ' || {links}",
    )
    database.tell(
        findings,
        "links",
        "SELECT record_id, leg, pair FROM links ANTI JOIN loaded USING (record_id, leg) "
        "WHERE record_id IS NOT NULL AND leg IS NOT NULL",
        f"coalesce(tid(pair), 'a link') || ' in ' || {links} || ' names record ' || {record} "
        "|| ', which is not in ' || leg_file(leg)",
    )
    database.run(
        "UPDATE loaded SET trade_id = links.pair, pair = links.pair FROM links "
        "WHERE links.record_id = loaded.record_id AND links.leg = loaded.leg"
    )
