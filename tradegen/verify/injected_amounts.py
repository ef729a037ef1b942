"""Amounts in a list that `inject` has broken: where quantity or price is another, so are they."""

from __future__ import annotations

from tradegen.verify.database import Database
from tradegen.verify.injected_form import InjectedColumn, InjectedForm
from tradegen.verify.proof_report import Findings
from tradegen.verify.words import literal

_WIDE = "DECIMAL(38, {places})"


def is_product(form: InjectedForm, column: InjectedColumn, cells: str, units: int = 1) -> str:
    """SQL for whether an amount of a record is quantity times price, but for its sign and its rounding.

    It is NULL where one of the three is missing. `cells` is the list of the record's cells, and `units` how
    many of the last decimal place it may be off, without reaching them.
    """
    assert form.factors
    sides = []
    for factor in form.factors:
        value = form.value(f"{cells}[{factor.position}]", factor)
        sides.append(f"TRY_CAST(abs({value}) AS DECIMAL(19, {factor.places}))")
    places = sum(factor.places for factor in form.factors)
    wide = _WIDE.format(places=max(places, column.places))
    amount = f"TRY_CAST(abs({form.value(f'{cells}[{column.position}]', column)}) AS {wide})"
    step = f"{units}::{wide} / {10**column.places}" if column.places else f"{units}"
    exact = f"CAST({' * '.join(sides)} AS {wide})"
    if places <= column.places and units == 1:
        return f"({exact} = {amount})"
    return f"(abs({exact} - {amount}) < CAST({step} AS {wide}))"


def follow_rows(form: InjectedForm) -> str:
    """SQL for the names of mechanisms that stand for an amount that follows."""
    return ", ".join(literal(f"{column.label}.follows") for column in form.products) or "NULL"


def prove_amounts(database: Database, form: InjectedForm, theirs: str, findings: Findings) -> None:
    """Prove that amounts follow where they have to, and nowhere else.

    Parameters
    ----------
    database : Database
        With the tables ``told``, ``mine``, ``theirs``, ``matched`` and ``record_counts``.
    form : InjectedForm
    theirs : str
        What messages call their list.
    findings : Findings
    """
    if not form.factors or not form.products:
        return
    factors = ", ".join(str(factor.position) for factor in form.factors)
    database.run(f"""
        CREATE TABLE altered_factors AS SELECT row, bool_and(benign = 'true') AS benign FROM told
        WHERE position IN ({factors}) AND altered <> '' GROUP BY row""")
    about = "trade_id || ' ' || field || ': ' || "
    database.tell(
        findings,
        "vanished",
        f"SELECT * FROM told WHERE mechanism IN ({follow_rows(form)}) "
        "AND row NOT IN (SELECT row FROM altered_factors)",
        f"{about}'it follows by the truth, and nothing that it comes from was altered'",
    )
    for column in form.products:
        cell = f"[{column.position}]"
        sign = [f"sign({form.value(f'{cells}{cell}', column)})" for cells in ("cells", "found")]
        turned = " * ".join(
            f"sign({form.value(f'{cells}[{factor.position}]', factor)})"
            for cells in ("cells", "found")
            for factor in form.factors
        )
        rows = f"""SELECT trade_id, {literal(column.name)} AS field, cells, found, split,
                found{cell} AS cell FROM (
            SELECT mine.key AS trade_id, mine.cells, theirs.cells AS found, copy,
                coalesce(c.mechanism = 'record.split', false) AS split
            FROM matched JOIN mine USING (row) JOIN theirs ON theirs.row = other
            LEFT JOIN record_counts AS c USING (row)
            WHERE row IN (SELECT row FROM altered_factors) OR c.mechanism = 'record.split')"""
        due = (
            f"CASE WHEN split THEN {is_product(form, column, 'found', 2)} "
            f"ELSE {is_product(form, column, 'found')} END "
            f"AND ({sign[0]} = 0 OR {sign[1]} = 0 OR {sign[0]} * {sign[1]} = {turned})"
        )
        if column.kept:
            due = f"({due}) OR (NOT split AND cells{cell} = found{cell})"
        database.tell(
            findings,
            "derived",
            f"SELECT * FROM ({rows}) WHERE {is_product(form, column, 'cells')} AND ({due}) IS NOT TRUE",
            f"{about}cell || ' in ' || {literal(theirs)} || ' is not quantity times price'",
        )
        # Where it was another amount before, it is no product that could follow.
        database.tell(
            findings,
            "unlabelled",
            f"SELECT * FROM ({rows}) WHERE split AND ({is_product(form, column, 'cells')}) IS NOT TRUE "
            f"AND cells{cell} <> found{cell}",
            f"{about}cells{cell} || ' has become ' || cell || ' in ' || {literal(theirs)}",
        )
