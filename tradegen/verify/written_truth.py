"""The truth: every row as values, and what a row says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from tradegen.verify.added_forms import BLANK_NUMBER, delta_of, value
from tradegen.verify.database import Database
from tradegen.verify.odd_values import MAY_BE_BLANK, SPELLINGS
from tradegen.verify.proof_plan import Plan
from tradegen.verify.proof_report import Findings
from tradegen.verify.truth_causes import wrong_cause
from tradegen.verify.value_tables import Rule, cells_of, load
from tradegen.verify.words import FIELDS, NAMES, TRUTH_COLUMNS, literal
from tradegen.verify.written_forms import EXPECTED, Forms, decimal, expected, typed

_SWAPPED = "broker_id.swapped"
"""The one mechanism with two rows: the other is for contra_broker_id."""

_VALUES = {
    "pair": "BIGINT",
    "leg": "UTINYINT",
    "field": "VARCHAR",
    "mechanism": "VARCHAR",
    "original_number": "BIGINT",
    "original_name": "VARCHAR",
    "altered_number": "BIGINT",
    "altered_name": "VARCHAR",
    "benign": "BOOLEAN",
    "notional": "HUGEINT",
    "cause": "VARCHAR",
    "record_id": "UBIGINT",
    "unsure": "BOOLEAN",
}


def load_truth(database: Database, plan: Plan, findings: Findings) -> int:
    """Read the truth into the table `all_truth`; the view `truth` leaves out rows that are about nothing.

    A row's `original` and `altered` are numbers (`original_number`) or names (`original_name`), by its field;
    both are NULL where they cannot be read. `unsure` says of a row that its record_id cannot be read.

    Returns
    -------
    int
        How many rows the file holds.
    """
    kinds = ", ".join(f"{name} {kind}" for name, kind in _VALUES.items())
    database.run(
        f"CREATE OR REPLACE TABLE all_truth (list UTINYINT, {kinds}, "
        "faults INTEGER, weight INTEGER, shape UTINYINT)"
    )
    database.run(
        "CREATE OR REPLACE VIEW truth AS SELECT * FROM all_truth "
        "WHERE pair IS NOT NULL AND leg IS NOT NULL AND field IS NOT NULL"
    )
    source = plan.truth
    if not source.names:
        return 0
    names = {column: column for column in (*TRUTH_COLUMNS, "record_id")}
    cells = cells_of(database, source, names, places=plan.places)
    with_id = "record_id" in source.names
    return load(
        database,
        "all_truth",
        0,
        source,
        cells,
        _values(plan, cells.kinds, with_id),
        _rules(plan, cells.kinds, with_id),
        findings,
    )


def _values(plan: Plan, kinds: Mapping[str, str], with_id: bool) -> dict[str, str]:
    forms = Forms(plan.decimals, places=plan.places)
    legs = " ".join(f"WHEN {literal(leg)} THEN {number}" for number, leg in enumerate(plan.legs))
    fields = ", ".join(map(literal, plan.truth_fields))
    added = {column.name: column for column in plan.compared}
    house = ", ".join(map(literal, MAY_BE_BLANK))

    def numbers(cell: str) -> str:
        found = {field: forms.value(field, cell) for field in FIELDS if field not in plan.names}
        found |= {name: value(column, cell, forms) for name, column in added.items() if not column.is_name}
        cases = " ".join(f"WHEN '{field}' THEN {expression}" for field, expression in found.items())
        return f"CASE w_field {cases} END"

    def texts(cell: str) -> str:
        side, name = forms.value("order_type", cell), forms.value("ticker", cell)
        names = "'ticker', 'broker_id', 'contra_broker_id'"
        spelled = [literal(name) for name, column in added.items() if column.is_name]
        any_text = f" WHEN w_field IN ({', '.join(spelled)}) THEN {cell}" if spelled else ""
        named = f"WHEN w_field IN ({names}) THEN {name}"
        return f"CASE WHEN w_field = 'order_type' THEN {side} {named}{any_text} END"

    def there(expression: str, missing: str) -> str:
        """What was altered was not missing before."""
        return f"nullif({expression}, {missing})" if added else expression

    # Of the nine columns: an added one says by itself what is missing.
    missing = f"w_altered = '' AND w_mechanism = w_field || '.blank' AND w_field IN ({house})"
    numbered = f"w_field NOT IN ({', '.join(map(literal, NAMES))})"
    misspelled = f"w_mechanism IN ({', '.join(literal(f'order_type.{way}') for way in SPELLINGS)}) "
    misspelled += "AND w_field = 'order_type' AND w_altered <> ''"
    flag = (
        "w_benign" if "benign" in kinds else "CASE w_benign WHEN 'true' THEN true WHEN 'false' THEN false END"
    )
    notional = (
        typed("notional", "w_notional", kinds["notional"], plan.decimals)
        if "notional" in kinds
        else forms.value("notional", "w_notional")
    )
    record_id = forms.value("record_id", "w_record_id") if with_id else "NULL::UBIGINT"
    return {
        "pair": forms.value("trade_id", "w_trade_id"),
        "leg": f"(CASE w_leg {legs} END)::UTINYINT",
        "field": f"CASE WHEN w_field IN ({fields}) THEN w_field END",
        "mechanism": "w_mechanism",
        "original_number": there(numbers("w_original"), BLANK_NUMBER),
        "original_name": there(texts("w_original"), "''"),
        "altered_number": f"CASE WHEN {missing} AND {numbered} THEN {BLANK_NUMBER} "
        f"ELSE {numbers('w_altered')} END",
        "altered_name": f"CASE WHEN {missing} AND NOT {numbered} THEN '' WHEN {misspelled} THEN w_altered "
        f"ELSE {texts('w_altered')} END",
        "benign": flag,
        "notional": notional,
        "cause": "w_cause",
        "record_id": record_id,
        "unsure": f"w_record_id <> '' AND {record_id} IS NULL" if with_id else "false",
    }


def _rules(plan: Plan, kinds: Mapping[str, str], with_id: bool) -> list[Rule]:
    name = plan.truth.name

    def about(row: Mapping[str, Any]) -> str:
        return f"{row['w_trade_id']} {row['w_leg']} {row['w_field']} in {name}"

    def refused(column: str, wrong: str, wanted: str | Callable[[Mapping[str, Any]], str]) -> Rule:
        def sentence(row: Mapping[str, Any]) -> str:
            told = wanted if isinstance(wanted, str) else wanted(row)
            given = "" if row[f"w_{column}"] is None else str(row[f"w_{column}"])
            return f"{about(row)} {row['place']}: {column} is {given!r}; expected {told}"

        return Rule("invalid", wrong, sentence)

    def delta(row: Mapping[str, Any]) -> str:
        given = "empty" if row["w_delta"] in ("", None) else row["w_delta"]
        if row["field"] in nameless:
            return f"{about(row)}: delta is {given}; expected none, for a name"
        if row["w_altered"] in ("", None):
            return f"{about(row)}: delta is {given}; expected none, for a missing value"
        return f"{about(row)}: delta is {given}, from {row['w_original']} to {row['w_altered']}"

    def benign(row: Mapping[str, Any]) -> str:
        given, side = ("true", "beyond") if row["benign"] else ("false", "within")
        change = f"{row['w_original']} to {row['w_altered']} is {side} the tolerance"
        return f"{about(row)}: benign is {given}; {change}"

    nameless = (*plan.names, "trade_id", *(c.name for c in plan.compared if c.kind == "reference"))
    unreadable = "field IS NOT NULL AND {0}_number IS NULL AND {0}_name IS NULL"
    wrong_mechanism = (
        "field IS NOT NULL AND NOT (prefix(mechanism, field || '.') "
        "AND NOT contains(substr(mechanism, length(field) + 2), '.')"
        f" OR mechanism = '{_SWAPPED}' AND field = 'contra_broker_id')"
    )
    wrong_records = (
        "field = 'record' AND NOT (original_number = 1 AND CASE mechanism WHEN 'record.missing' "
        "THEN altered_number = 0 WHEN 'record.duplicate' THEN altered_number = 2 WHEN 'record.split' "
        "THEN altered_number BETWEEN 2 AND 5 ELSE true END)"
    )
    rules = [
        refused("trade_id", "pair IS NULL", EXPECTED["trade_id"]),
        refused("leg", "leg IS NULL", f"one of: {', '.join(plan.legs)}"),
        refused("field", "field IS NULL", f"one of: {', '.join(plan.truth_fields)}"),
        refused("original", unreadable.format("original"), "a value of the field"),
        refused("altered", unreadable.format("altered"), "a value of the field"),
        refused("notional", "notional IS NULL", expected("notional", plan.places)),
        refused("mechanism", wrong_mechanism, lambda row: f"a mechanism of {row['field']}"),
        refused("altered", wrong_records, "the number of records of such a leg, from an original 1"),
        refused("benign", "benign IS NULL", "true or false"),
        Rule("delta", _wrong_delta(plan, kinds), delta),
    ]
    fields = ", ".join(map(literal, (*MAY_BE_BLANK, *(column.name for column in plan.compared))))
    gone = f"coalesce(altered_number = {BLANK_NUMBER} OR altered_name = '', false)"
    wrong_blank = f"field IN ({fields}) AND {gone} <> (mechanism = field || '.blank')"
    rules.append(
        refused("altered", wrong_blank, lambda row: f"nothing with {row['field']}.blank, and there alone")
    )
    if with_id:
        rules.append(refused("record_id", "unsure", EXPECTED["record_id"]))
    if plan.manifest is not None:
        rules.append(refused("cause", wrong_cause(plan.scenario), "a hot spot of the scenario, or nothing"))
        # Without a manifest tolerances are not known: the report says so.
        untold = [c for c in plan.compared if c.sources and not plan.tolerance(c.name)]
        follows = "".join(f" AND mechanism <> {literal(c.follows)}" for c in untold)
        rules.append(Rule("benign", f"benign <> ({_within(plan)}){follows}", benign))
    return rules


def _wrong_delta(plan: Plan, kinds: Mapping[str, str]) -> str:
    """A delta is altered - original as the truth writes it: in the unit of the field, with its decimals."""
    difference = "(altered_number::HUGEINT - original_number)"
    seconds = {
        0: f"({difference} // 1000000)::VARCHAR",
        3: f"(({difference} // 1000)::DECIMAL(30, 0) * 0.001)::VARCHAR",
        6: f"({difference}::DECIMAL(30, 0) * 0.000001)::VARCHAR",
    }[plan.decimals]
    added = "".join(
        f" WHEN field = {literal(column.name)} THEN {delta_of(column, difference, seconds)}"
        for column in plan.compared
        if not column.is_name
    )
    expected = (
        f"CASE WHEN altered_number = {BLANK_NUMBER} THEN '' "
        f"WHEN field = 'price' THEN {decimal(difference, plan.places['price'])} "
        f"WHEN field = 'quantity' THEN {decimal(difference, plan.places['quantity'])} "
        f"WHEN field = 'trade_timestamp' THEN {seconds} "
        f"WHEN field IN ('date', 'record') THEN {difference}::VARCHAR{added} ELSE '' END"
    )
    known = "(altered_number IS NOT NULL AND original_number IS NOT NULL OR altered_name IS NOT NULL)"
    if "delta" in kinds:
        wrong = f"w_delta IS DISTINCT FROM TRY_CAST(nullif({expected}, '') AS DECIMAL(38, 6))"
    else:
        wrong = f"w_delta <> {expected}"
    return f"field IS NOT NULL AND {known} AND {wrong}"


def _within(plan: Plan) -> str:
    """Whether a row's difference is within the tolerance of its field, without rounding."""
    size = "abs(altered_number::HUGEINT - original_number)"
    cases = []
    of_quantity = 10 ** plan.places["quantity"]
    for field, scale in (("quantity", of_quantity), ("date", 1), ("trade_timestamp", 1_000_000)):
        tolerance = plan.tolerance(field)
        if tolerance is not None:
            cases.append(f"WHEN '{field}' THEN {size} <= {_bounded(tolerance * scale)}")
    price = plan.price_tolerance()
    if price is not None:
        limit, relative = price
        share = f"{size} * {limit.denominator} <= original_number::HUGEINT * {limit.numerator}"
        cases.append(f"WHEN 'price' THEN {share if relative else f'{size} <= {_bounded(limit)}'}")
    for column in plan.compared:
        tolerance = plan.tolerance(column.name)
        if tolerance is not None and not column.is_name:
            scale = {"timestamp": 1_000_000}.get(column.kind, 10**column.places)
            # A date has a number below zero before 1970, and that is no other sign.
            signs = "sign(original_number) * sign(altered_number) >= 0"
            number = f" AND {signs}" if column.kind in ("integer", "decimal") else ""
            cases.append(f"WHEN {literal(column.name)} THEN {size} <= {_bounded(tolerance * scale)}{number}")
    if not cases:
        return "false"
    known = "altered_number IS NOT NULL AND original_number IS NOT NULL"
    return f"coalesce({known} AND CASE field {' '.join(cases)} ELSE false END, false)"


def _bounded(limit: Fraction) -> int:
    # No difference of two values is larger.
    return min(int(limit), 2**64)
