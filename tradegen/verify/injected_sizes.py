"""Sizes in a truth of `inject`: deltas, notionals and benign labels, worked out anew from the texts."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tradegen.verify.database import Database
from tradegen.verify.injected_amounts import follow_rows
from tradegen.verify.injected_form import InjectedForm
from tradegen.verify.proof_report import Findings
from tradegen.verify.words import VerifyError, literal

_ABOUT = "trade_id || ' ' || field || ': ' || "


def prove_sizes(
    database: Database, form: InjectedForm, manifest: Mapping[str, Any], mine: str, findings: Findings
) -> None:
    """Prove that deltas, notionals and benign labels follow from the texts and the tolerances.

    Parameters
    ----------
    database : Database
        With the tables ``told`` and ``mine``.
    form : InjectedForm
    manifest : mapping
    mine : str
        What messages call the user's list.
    findings : Findings

    Raises
    ------
    VerifyError
        Where the manifest's tolerances cannot be read.
    """
    old, new = form.values("original"), form.values("altered")
    small = within(form, manifest)
    if form.factors and form.products:
        sources = ", ".join(str(factor.position) for factor in form.factors)
        source = f"max(position IN ({sources}) AND benign = 'true') OVER (PARTITION BY row)"
        small = f"CASE WHEN mechanism IN ({follow_rows(form)}) THEN {source} ELSE {small} END"
    product, places = notional(form, "cells")
    database.run(f"""
        CREATE TABLE sized AS SELECT *,
            CASE WHEN whole THEN times - 1 WHEN altered = '' THEN NULL ELSE new - old END AS size
        FROM (SELECT told.*, {old} AS old, {new} AS new, {product} AS clean
            FROM told JOIN mine USING (row))""")
    database.tell(
        findings,
        "delta",
        "SELECT * FROM sized WHERE TRY_CAST(delta AS DECIMAL(38, 12)) IS DISTINCT FROM size "
        "OR (delta <> '' AND size IS NULL)",
        f"{_ABOUT}'delta is ' || CASE delta WHEN '' THEN 'empty' ELSE delta END || ', from ' || original "
        "|| ' to ' || CASE altered WHEN '' THEN 'a blank' ELSE altered END",
    )
    database.tell(
        findings,
        "benign", f"SELECT * FROM (SELECT *, {small} AS small FROM sized) WHERE (benign = 'true') <> small",
        f"{_ABOUT}'benign is ' || benign || '; ' || original || ' to ' || altered || ' is ' "
        "|| CASE benign WHEN 'true' THEN 'beyond' ELSE 'within' END || ' the tolerance'",
    )  # fmt: skip
    database.tell(
        findings,
        "notional",
        f"SELECT * FROM sized WHERE TRY_CAST(notional AS DECIMAL(38, {places})) IS DISTINCT FROM clean "
        "OR (notional <> '' AND clean IS NULL)",
        f"{_ABOUT}'notional is ' || CASE notional WHEN '' THEN 'empty' ELSE notional END || '; that of ' "
        f"|| {literal(mine)} || ' is ' || coalesce(clean::VARCHAR, 'not known')",
    )


def notional(form: InjectedForm, cells: str) -> tuple[str, int]:
    """SQL for quantity times price of a record, whatever their signs, and its decimal places.

    `cells` is the list of the record's cells. It is NULL where one of the two is not known.
    """
    if not form.factors:
        return "NULL::DECIMAL(38, 0)", 0
    sides = []
    for column in form.factors:
        value = form.value(f"{cells}[{column.position}]", column)
        sides.append(f"TRY_CAST(abs({value}) AS DECIMAL(19, {column.places}))")
    return " * ".join(sides), sum(column.places for column in form.factors)


def within(form: InjectedForm, manifest: Mapping[str, Any]) -> str:
    """SQL for whether a difference is within its tolerance; a blank or another sign is not."""
    scenario = manifest["inject"].get("scenario")
    tolerances = scenario.get("tolerances") if isinstance(scenario, Mapping) else None
    given = tolerances if isinstance(tolerances, Mapping) else {}
    cases = []
    try:
        for name in ("quantity", "price", "date", "trade_timestamp"):
            column = form.by_role(name)
            if column is None or not given.get(name):
                continue
            limit, of = given[name], "1"
            if isinstance(limit, Mapping):
                [(unit, number)] = ((unit, number) for unit, number in limit.items() if number is not None)
                share = {"absolute": Fraction(1), "ticks": Fraction(1, 100), "bps": Fraction(1, 10_000)}[unit]
                limit, of = Fraction(number) * share, "abs(old)" if unit == "bps" else "1"
            part = Fraction(limit)
            within = f"abs(size) * {part.denominator} <= {of} * {part.numerator}"
            number_only = " AND sign(old) * sign(new) >= 0" if name in ("quantity", "price") else ""
            cases.append(f"WHEN {column.position} THEN {within}{number_only}")
    except (KeyError, ValueError, TypeError):
        raise VerifyError("the manifest's tolerances are not as tradegen writes them") from None
    return f"coalesce(CASE position {' '.join(cases)} END, false)" if cases else "false"
