"""How the values of added columns are written, told of and worked out, as expressions over cells and rows."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tradegen.verify.added_columns import BLANK, Added
from tradegen.verify.words import COLUMNS, literal
from tradegen.verify.written_forms import Forms, decimal, typed

BLANK_NUMBER = f"({BLANK + 1} - 1)::BIGINT"  # the smallest number has no literal of its own
"""The number that stands for a missing value, as SQL has it."""

_LIKE = {"date": "date", "timestamp": "trade_timestamp", "integer": "quantity", "decimal": "price"}
"""By kind, the column of the nine that is of the same kind."""

_MICROSECONDS = 1_000_000
_DAY = 86_400 * _MICROSECONDS


def value(column: Added, cell: str, forms: Forms) -> str:
    """An expression for the value of a cell of text: an integer or a name; NULL where it is not written so.

    An empty cell is a missing value. Decimals are in units of their last place, the rest is as in `Forms`.
    """
    if column.is_name:
        return cell
    if column.own:
        pattern = f"{re.escape(column.prefix)}[0-9a-f]{{16}}"
        digits = f"substr({cell}, {len(column.prefix) + 1})"
        number = f"CAST('0x' || {digits} AS UBIGINT)"
        return f"CASE WHEN regexp_full_match({cell}, {literal(pattern)}) THEN {number} END"
    return f"CASE WHEN {cell} = '' THEN {BLANK_NUMBER} ELSE {_there(column, cell, forms)} END"


def _there(column: Added, cell: str, forms: Forms) -> str:
    if column.kind in ("date", "timestamp", "integer"):
        return forms.value(_LIKE[column.kind], cell)
    if column.kind == "reference":
        pattern = f"{re.escape(column.prefix)}[0-9]{{{column.digits}}}"
        number = f"TRY_CAST(substr({cell}, {len(column.prefix) + 1}) AS BIGINT)"
        return f"CASE WHEN regexp_full_match({cell}, {literal(pattern)}) THEN {number} END"
    places = f"[.][0-9]{{{column.places}}}" if column.places else ""
    pattern = literal(f"-?(0|[1-9][0-9]*){places}")
    zero = f"starts_with({cell}, '-') AND NOT regexp_matches({cell}, '[1-9]')"
    return (
        f"CASE WHEN regexp_full_match({cell}, {pattern}) AND NOT ({zero}) "
        f"THEN TRY_CAST(replace({cell}, '.', '') AS BIGINT) END"
    )


def typed_value(column: Added, cell: str, kind: str, decimals: int) -> str:
    """An expression for the value of a cell of a type of DuckDB's, in the unit of `value`; null is blank."""
    there = typed(_LIKE[column.kind], cell, kind, decimals)
    return f"CASE WHEN {cell} IS NULL THEN {BLANK_NUMBER} ELSE {there} END"


def delta_of(column: Added, number: str, seconds: str) -> str:
    """An expression for a delta as the truth writes it; `seconds` is that of a time's difference."""
    if column.is_name or column.kind == "reference":
        return "''"
    shown = decimal(number, column.places) if column.kind == "decimal" else f"{number}::VARCHAR"
    return seconds if column.kind == "timestamp" else shown


def told_cases(columns: Iterable[Added], moment: str) -> str:
    """Branches of the macro `told` for values of added columns that are there; `moment` tells of a time."""
    cases = []
    for column in columns:
        shown = {
            "date": "(DATE '1970-01-01' + number::INTEGER)::VARCHAR",
            "timestamp": moment,
            "decimal": decimal("number", column.places),
            "reference": f"{literal(column.prefix)} || lpad(number::VARCHAR, {column.digits}, '0')",
        }.get(column.kind, "number::VARCHAR")
        cases.append(f"WHEN field = {literal(column.name)} THEN {'name' if column.is_name else shown}")
    return " ".join(cases)


def unclean(column: Added) -> str:
    """Whether a leg has in the column what no clean leg has, whatever the other one has."""
    cell = column.column
    if column.by_ticker:
        known = (literal(f"{ticker}\x1f{name}") for ticker, name in column.by_ticker.items())
        return f"ticker || chr(31) || {cell} NOT IN ({', '.join(known)})"
    if column.codes:
        width = max(3, len(str(column.codes)))
        pattern = literal(f"{re.escape(column.prefix)}[0-9]{{{width}}}")
        number = f"TRY_CAST(substr({cell}, {len(column.prefix) + 1}) AS BIGINT)"
        within = f"coalesce({number} BETWEEN 1 AND {column.codes}, false)"
        return f"{cell} IS NOT NULL AND NOT (regexp_full_match({cell}, {pattern}) AND {within})"
    if column.is_name:
        return f"{cell} NOT IN ({', '.join(map(literal, column.names))})"
    if column.after:
        late = f"({cell}::HUGEINT - {column.after})"
        since_midnight = f"({column.after} % {_DAY} + {_DAY}) % {_DAY}"
        left = f"({_DAY - 1} - {since_midnight}) // {_MICROSECONDS}"
        bounds = (f"least({bound}, {left}) * {_MICROSECONDS}" for bound in (column.least, column.most))
        return f"NOT ({late} BETWEEN {' AND '.join(bounds)} AND {late} % {_MICROSECONDS} = 0)"
    if column.most:
        return f"{cell} NOT BETWEEN {column.least} AND {column.most}"
    return f"{cell} = {BLANK_NUMBER}"


def exact_product(column: Added, columns: dict[str, Added]) -> str:
    """The product that a leg's own values have, with all its places; NULL where one of them is missing."""
    one, other = (_source(name, columns) for name in column.product)
    return f"({one}::HUGEINT * {other})"


def worked_out(column: Added, columns: dict[str, Added]) -> str:
    """What a derived column has by what else stands on the leg; NULL where some of that is missing."""
    if column.product:
        product = exact_product(column, columns)
        if column.spare <= 0:
            return f"({product} * {10**-column.spare})"
        unit = 10**column.spare
        # Halves up, and down towards less for numbers below zero, which // cuts towards zero.
        raised = f"({product} + {unit // 2})"
        return f"(({raised} - (({raised} % {unit}) + {unit}) % {unit}) // {unit})"
    day = f"nullif({column.sessions_after}, {BLANK_NUMBER})"
    weekday = f"((({day} + 3) % 7 + 7) % 7)"  # 1970-01-01 was a Thursday; Monday is 0
    if not column.by:
        return f"({day} + greatest(0, 7 - {weekday}) * ({weekday} >= 5)::INTEGER)"
    friday = f"({day} - greatest(0, {weekday} - 4))"
    return f"({friday} + {column.by} + 2 * ((least({weekday}, 4) + {column.by}) // 5))"


def _source(name: str, columns: dict[str, Added]) -> str:
    return f"nullif({name if name in COLUMNS else columns[name].column}, {BLANK_NUMBER})"
