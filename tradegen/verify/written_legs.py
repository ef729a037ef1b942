"""The legs of all pairs: one row a leg, whatever its records, and each pair's two legs side by side."""

from __future__ import annotations

from collections.abc import Iterable

from tradegen.verify.added_forms import BLANK_NUMBER, told_cases
from tradegen.verify.database import Database
from tradegen.verify.proof_plan import Plan
from tradegen.verify.words import MIRROR, NAMES, literal
from tradegen.verify.written_forms import decimal


def make_macros(database: Database, plan: Plan) -> None:
    """Define how sentences tell of ids, values and places."""
    names = ", ".join(map(literal, NAMES))
    form = {0: "%Y-%m-%d %H:%M:%S", 3: "%Y-%m-%d %H:%M:%S.%g", 6: "%Y-%m-%d %H:%M:%S.%f"}[plan.decimals]
    finer = f"number % {10 ** (6 - plan.decimals)} <> 0"
    # Where all values of a table are missing, DuckDB 2.0 works out this text without being asked for it.
    time = f"make_timestamp(nullif(number, {BLANK_NUMBER}))"
    moment = f"CASE WHEN {finer} THEN {time}::VARCHAR ELSE strftime({time}, '{form}') END"
    database.run(f"""
        CREATE OR REPLACE MACRO tid(number) AS format('tid{{:08d}}', number);
        CREATE OR REPLACE MACRO dollars(number) AS {decimal("number", plan.places["price"])};
        CREATE OR REPLACE MACRO shares(number) AS {decimal("number", plan.places["quantity"])};
        CREATE OR REPLACE MACRO worth(number) AS {decimal("number", plan.places["notional"])};
        CREATE OR REPLACE MACRO told(field, number, name) AS coalesce(
            CASE
                WHEN number = {BLANK_NUMBER} OR name = '' THEN 'nothing'
                WHEN field IN ({names}) THEN name
                WHEN field = 'trade_id' THEN tid(number)
                WHEN field = 'price' THEN dollars(number)
                WHEN field = 'quantity' THEN shares(number)
                WHEN field = 'date' THEN (DATE '1970-01-01' + number::INTEGER)::VARCHAR
                WHEN field = 'trade_timestamp' THEN {moment}
                {told_cases(plan.compared, moment)}
                ELSE number::VARCHAR
            END, 'unreadable');
        CREATE OR REPLACE MACRO leg_name(leg) AS CASE leg WHEN 0 THEN {literal(plan.legs[0])}
            ELSE {literal(plan.legs[1])} END;
        CREATE OR REPLACE MACRO leg_file(leg) AS CASE leg WHEN 0 THEN {literal(plan.file_of(0))}
            ELSE {literal(plan.file_of(1))} END;
        CREATE OR REPLACE MACRO place(leg, field) AS leg_name(leg) || ' ' || field || ' in ' || leg_file(leg);
    """)


def make_legs(database: Database, plan: Plan) -> None:
    """Make the tables that the proof is about.

    - `apart`: the records of pairs that have not just one on either leg; they are taken out of `records`.
    - `all_records`: a view of both.
    - `merged`: the legs of those pairs, of several records the first, with all quantities if it was split.
    - `faced`: the legs of a pair side by side, `one` and `two`, where they differ or the truth has rows for
      them; how many records each has, which fields differ, as bits, and whether a clean side is `astray`.
    - `pairs`: a view of the ids of all pairs.
    """
    named = ("pair", "leg", "record_id", *plan.fields.values())
    columns = ", ".join(named)
    shared = [column.column for column in plan.compared if column.shared_out]
    split = {"quantity": "total", **{name: f"total_{name}" for name in shared}}
    merged = ", ".join(
        f"CASE WHEN split AND records > 1 THEN {split[name]} ELSE {name} END AS {name}"
        if name in split
        else name
        for name in named
    )
    totals = "".join(
        f", TRY_CAST(sum(nullif({name}, {BLANK_NUMBER})) AS BIGINT) AS total_{name}" for name in shared
    )
    differs = differing("one", "two", plan, plan.fields, plan.facing)
    astray = "coalesce(one.order_type <> 'BUY', two.order_type <> 'SELL', false)" if plan.facing else "false"
    database.run(f"""
        CREATE OR REPLACE TABLE apart AS
            SELECT {columns}, records.rowid AS number FROM records SEMI JOIN (
                SELECT pair FROM records GROUP BY pair HAVING count(*) <> 2 OR sum(leg) <> 1
            ) AS odd USING (pair);

        DELETE FROM records WHERE rowid IN (SELECT number FROM apart);
    """)
    if len(plan.lists) == 1 and plan.with_record_ids:
        # In one list, the side of a record says its leg. Where it was flipped, the truth names the record; a
        # doubled or split leg has more, like it in all but quantity.
        alike = " AND ".join(
            f"apart.{name} IS NOT DISTINCT FROM flipped.{name}"
            for name in plan.fields.values()
            if name not in split
        )
        database.run(f"""
            UPDATE apart SET leg = CASE WHEN {alike} THEN flipped.leg ELSE 1 - flipped.leg END FROM (
                SELECT DISTINCT ON (apart.pair) apart.* REPLACE (truth.leg AS leg)
                FROM truth JOIN apart ON apart.pair = truth.pair AND apart.record_id = truth.record_id
                WHERE truth.field = 'order_type' ORDER BY apart.pair, truth.leg
            ) AS flipped WHERE apart.pair = flipped.pair""")
    database.run(f"""
        CREATE OR REPLACE VIEW all_records AS
            SELECT {columns} FROM records UNION ALL SELECT {columns} FROM apart;

        CREATE OR REPLACE VIEW splits AS
            SELECT DISTINCT pair, leg, true AS split FROM truth WHERE mechanism = 'record.split';

        CREATE OR REPLACE TABLE merged AS
            SELECT {merged}, records
            FROM apart JOIN (
                SELECT pair, leg, min(number) AS number, count(*) AS records,
                    sum(greatest(quantity, 0))::BIGINT AS total{totals}
                FROM apart GROUP BY pair, leg
            ) AS legs USING (pair, leg, number) LEFT JOIN splits USING (pair, leg);

        CREATE OR REPLACE TABLE faced AS
            SELECT pair, 1 AS records_0, 1 AS records_1, one, two, {differs} AS differs, {astray} AS astray
            FROM (SELECT {columns} FROM records WHERE leg = 0) AS one
            JOIN (SELECT {columns} FROM records WHERE leg = 1) AS two USING (pair)
            WHERE differs <> 0 OR astray OR pair IN (SELECT pair FROM truth);

        INSERT INTO faced
            SELECT coalesce(one.pair, two.pair), coalesce(count_0, 0), coalesce(count_1, 0), one, two,
                {differs}, {astray}
            FROM (SELECT {columns} FROM merged WHERE leg = 0) AS one
            FULL JOIN (SELECT {columns} FROM merged WHERE leg = 1) AS two ON one.pair = two.pair
            LEFT JOIN (SELECT pair, records AS count_0 FROM merged WHERE leg = 0) AS of_one
                ON of_one.pair = one.pair
            LEFT JOIN (SELECT pair, records AS count_1 FROM merged WHERE leg = 1) AS of_two
                ON of_two.pair = two.pair;

        CREATE OR REPLACE VIEW pairs AS
            SELECT pair FROM records WHERE leg = 0 UNION ALL SELECT DISTINCT pair FROM merged;

        CREATE OR REPLACE TABLE fields AS SELECT unnest([{", ".join(map(literal, plan.fields))}]) AS field,
            unnest([{", ".join(str(1 << number) for number in range(len(plan.fields)))}]) AS bit;
    """)


def differing(one: str, two: str, plan: Plan, fields: Iterable[str], facing: bool) -> str:
    """An expression for the fields in which two rows differ, a bit each; what is unreadable does not.

    Where the rows are legs that are `facing` each other, brokers are compared crosswise, and sides that are
    equal differ.
    """
    bits, columns = [], plan.fields
    order = list(columns)
    for name in fields:
        other = f"{two}.{columns[MIRROR.get(name, name) if facing else name]}"
        differ = f"{one}.{columns[name]} <> {other}"
        if facing and name == "order_type":
            pair = f"{one}.order_type || {two}.order_type"
            differ = f"{pair} NOT IN ('BUYSELL', 'SELLBUY')"
        bits.append(f"CASE WHEN {differ} THEN {1 << order.index(name)} ELSE 0 END")
    return f"({' + '.join(bits)})"


def value_of(row: str, plan: Plan, names: bool, mirrored: bool = False) -> str:
    """An expression for the number, or the name, that a leg has in the field that the column `field` tells.

    Where it is `mirrored`, it is what the other leg should have there, where legs face each other.
    """

    def cell(name: str) -> str:
        if mirrored and name == "order_type":
            return f"CASE {row}.order_type WHEN 'BUY' THEN 'SELL' WHEN 'SELL' THEN 'BUY' END"
        return f"{row}.{plan.fields[MIRROR.get(name, name) if mirrored else name]}"

    cases = (
        f"WHEN {literal(name)} THEN {cell(name)}" for name in plan.fields if (name in plan.names) == names
    )
    return f"CASE field {' '.join(cases)} END"
