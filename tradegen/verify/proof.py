"""The proof: every truth row is a difference, every difference is in the truth, and nothing is left over.

Each function is one statement. What it finds is wrong; all of it is counted, and the first of it is told.
"""

from __future__ import annotations

from tradegen.verify.added_forms import unclean
from tradegen.verify.added_proof import prove_added, take_own_references
from tradegen.verify.cause_conditions import prove_causes
from tradegen.verify.database import Database
from tradegen.verify.odd_values import unwritten
from tradegen.verify.proof_plan import Plan
from tradegen.verify.proof_report import EXAMPLES, Findings
from tradegen.verify.ticker_ticks import prove_ticks
from tradegen.verify.words import COLUMNS, literal
from tradegen.verify.written_legs import differing, value_of

_ABOUT = "tid(pair) || ' ' || place(leg, field) || ': ' || "
"""How a sentence about a truth row begins."""


def prove_whole(database: Database, plan: Plan, findings: Findings) -> None:
    """Run the statements about all records and all truth rows.

    The record ids of a part go to the table `all_record_ids`, to be compared with those of the others.
    """
    proof = _Proof(database, plan, findings)
    if plan.with_record_ids:
        proof.record_ids_stand_once()
    proof.mistyped_ids_are_each_of_one_pair()
    take_own_references(database, plan, findings)


def prove_slice(database: Database, plan: Plan, findings: Findings, low: int, high: int) -> None:
    """Run the statements about pairs over those with ids from `low` to before `high`."""
    proof = _Proof(database, plan, findings)
    proof.no_record_is_of_no_pair(low, high)
    proof.rows_are_about_records()
    proof.rows_are_about_one_leg_and_stand_once()
    proof.legs_have_their_records()
    proof.records_of_a_leg_are_alike()
    proof.rows_are_differences()
    proof.differences_are_in_the_truth()
    proof.clean_legs_are_what_clean_legs_are()
    proof.values_are_clean_or_in_the_truth()
    proof.mistyped_ids_are_of_nothing_else()
    if plan.with_record_ids:
        proof.rows_name_records_of_their_leg()
    proof.notionals_are_of_the_clean_pair()
    prove_ticks(database, plan, findings)
    prove_causes(database, plan, findings)
    if plan.compared:
        prove_added(database, plan, findings)
    if plan.ids is not None:
        proof.ids_are_those_of_the_run(*plan.ids, low, high)


class _Proof:
    def __init__(self, database: Database, plan: Plan, findings: Findings) -> None:
        self._database, self._plan, self._findings = database, plan, findings

    def _tell(self, kind: str, found: str, sentence: str, joined: str = "") -> None:
        self._database.tell(self._findings, kind, found, sentence, joined)

    def _told(self, row: str) -> str:
        """A leg's value in the field that the column `field` tells, for people."""
        number, name = (value_of(row, self._plan, names) for names in (False, True))
        return f"told(field, {number}, {name})"

    def no_record_is_of_no_pair(self, low: int, high: int) -> None:
        """A single record, without a truth row, with an id outside of the others', belongs to no pair."""
        self._database.run("""
            CREATE OR REPLACE TABLE expected AS
                SELECT pair, max(altered_number) FILTER (leg = 0) AS expected_0,
                    max(altered_number) FILTER (leg = 1) AS expected_1
                FROM truth WHERE field = 'record' GROUP BY pair""")
        ids = self._plan.ids
        # Beyond the bounds of a slice there may be more.
        least = "min(pair)" if low < 0 else str(low)
        most = "max(pair)" if high == 2**63 else str(high)
        whole = f"""SELECT {least} AS least, {most} AS most FROM (
            SELECT pair FROM records UNION ALL SELECT pair FROM faced LEFT JOIN expected USING (pair)
            WHERE records_0 = coalesce(expected_0, 1) AND records_1 = coalesce(expected_1, 1))"""
        bounds = whole if ids is None else f"SELECT {ids[0]} AS least, {ids[1]} AS most"
        self._tell(
            "orphan",
            f"""SELECT pair FROM faced, ({bounds}) WHERE records_0 + records_1 = 1
                AND (pair < least OR pair > most) AND pair NOT IN (SELECT pair FROM truth)""",
            "tid(trade_id) || ' in ' || leg_file(leg) || ': no other record and no truth row has this id'",
            "JOIN all_records USING (pair)",
        )
        for table in ("faced", "merged"):
            self._database.run(f"DELETE FROM {table} WHERE pair IN (SELECT pair FROM found)")

    def rows_are_about_records(self) -> None:
        """A truth row is about a pair that has records."""
        rows = "SELECT pair FROM truth ANTI JOIN faced USING (pair)"
        self._database.run(f"CREATE OR REPLACE TABLE unknown AS {rows}")
        self._tell(
            "unknown",
            "FROM unknown",
            f"tid(pair) || ' in ' || {literal(self._plan.truth.name)} || ': no record has this id'",
        )

    def rows_are_about_one_leg_and_stand_once(self) -> None:
        """No field of a leg has two rows, and no pair has rows for both legs."""
        self._tell(
            "repeated",
            "SELECT pair, leg, field, unnest(range(1, count(*))) FROM truth "
            "GROUP BY pair, leg, field HAVING count(*) > 1",
            _ABOUT + "'the truth has it twice'",
        )
        self._tell(
            "both_legs",
            "SELECT pair FROM truth GROUP BY pair HAVING min(leg) <> max(leg)",
            "tid(pair) || ': the truth has rows for both of its legs'",
        )

    def legs_have_their_records(self) -> None:
        """A leg has one record, if the truth does not say that it has none or several."""
        counted = "SELECT pair, {0} AS leg, records_{0} AS there, coalesce(expected_{0}, 1) AS told FROM {1}"
        source = "faced LEFT JOIN expected USING (pair)"
        self._tell(
            "records",
            f"SELECT * FROM ({counted.format(0, source)} UNION ALL {counted.format(1, source)}) "
            "WHERE there <> told",
            "tid(pair) || ' ' || leg_name(leg) || ' in ' || leg_file(leg) "
            "|| ': records of the leg: ' || there || '; by the truth: ' || told",
        )

    def records_of_a_leg_are_alike(self) -> None:
        """Records of one leg are equal, but for the quantities of a leg that was split."""
        plan = self._plan
        shared = ["quantity", *(column.name for column in plan.compared if column.shared_out)]
        alike = differing("one", "two", plan, [name for name in plan.fields if name not in shared], False)
        quantity = f"CASE WHEN split THEN 0 ELSE {differing('one', 'two', plan, shared, False)} END"
        one, two = (self._told(row) for row in ("one", "two"))
        self._tell(
            "unlabelled",
            f"""WITH placed AS (
                SELECT *, row_number() OVER (PARTITION BY pair, leg ORDER BY number) AS place FROM apart
            ), changed AS (
                SELECT one, two, {alike} + {quantity} AS differs
                FROM placed AS one JOIN placed AS two
                    ON one.pair = two.pair AND one.leg = two.leg AND two.place = one.place + 1
                LEFT JOIN splits ON splits.pair = one.pair AND splits.leg = one.leg
            ) SELECT one, two, field FROM changed JOIN fields ON differs & bit <> 0""",
            f"tid(one.pair) || ' ' || leg_name(one.leg) || ' in ' || leg_file(one.leg) "
            f"|| ': records of one leg have ' || field || ' ' || {one} || ' and ' || {two}",
        )

    def rows_are_differences(self) -> None:
        """The altered value is in the record, and the original is what the other leg has."""

        def side(leg: int, own: str, other: str) -> str:
            values = ", ".join(
                f"{value_of(row, self._plan, names, turned)} AS {called}_{kind}"
                for called, row, turned in (("own", own, False), ("other", other, self._plan.facing))
                for kind, names in (("number", False), ("name", True))
            )
            return f"""SELECT pair, leg, field, original_number, original_name, altered_number, altered_name,
                    notional, truth.record_id, unsure, {values},
                    {own}.pair IS NOT NULL AS there, {other}.pair IS NOT NULL AS faced,
                    {own}.record_id AS own_record_id,
                    {own}.quantity AS own_quantity, {own}.price AS own_price,
                    {other}.quantity AS other_quantity, {other}.price AS other_price
                FROM truth JOIN faced USING (pair) WHERE leg = {leg}"""

        # One after the other, so that one join at a time is in memory.
        self._database.run(f"CREATE OR REPLACE TABLE borne AS {side(0, 'one', 'two')}")
        self._database.run(f"INSERT INTO borne {side(1, 'two', 'one')}")
        self._tell(
            "vanished",
            "SELECT * FROM truth WHERE altered_number = original_number OR altered_name = original_name",
            _ABOUT + "'original and altered are the same'",
        )
        if self._plan.unseen:
            unseen = ", ".join(f"({leg}, {literal(name)})" for leg, name in sorted(self._plan.unseen))
            self._tell(
                "vanished",
                f"SELECT * FROM truth WHERE (leg, field) IN ({unseen})",
                _ABOUT + "'a list leaves out the column in which it would be seen'",
            )
        lost = "(own_number <> altered_number OR own_name <> altered_name)"
        self._tell(
            "vanished",
            "SELECT * FROM borne WHERE NOT there AND faced AND field <> 'record'",
            _ABOUT + "'the leg has no record that it could stand in'",
        )
        self._tell(
            "vanished",
            f"SELECT * FROM borne WHERE {lost}",
            f"{_ABOUT} told(field, altered_number, altered_name) || ' by the truth, ' "
            "|| told(field, own_number, own_name) || ' in the record'",
        )
        self._tell(
            "vanished",
            f"SELECT * FROM borne WHERE there AND {lost} IS NOT TRUE "
            "AND (other_number <> original_number OR other_name <> original_name)",
            f"{_ABOUT} 'original is ' || told(field, original_number, original_name) "
            "|| ' by the truth, and ' || told(field, other_number, other_name) || ' on the other leg'",
        )

    def differences_are_in_the_truth(self) -> None:
        """A field in which the legs differ has a truth row, for one leg or the other."""
        facing, (first, second) = self._plan.facing, self._plan.legs
        mirror = (
            "CASE field WHEN 'broker_id' THEN 'contra_broker_id' WHEN 'contra_broker_id' THEN 'broker_id' END"
        )
        slot = f"CASE WHEN leg = 1 THEN coalesce({mirror}, field) ELSE field END" if facing else "field"
        one = self._told("one")
        # Sides are told of as they are written.
        number, name = (value_of("two", self._plan, names, facing) for names in (False, True))
        two = f"told(field, {number}, CASE field WHEN 'order_type' THEN two.order_type ELSE {name} END)"
        other = f"coalesce({mirror} || ' ', '')" if facing else "''"
        where = " and ".join(dict.fromkeys(item.source.name for item in self._plan.lists))
        self._tell(
            "unlabelled",
            f"""SELECT * FROM (
                SELECT pair, field FROM faced JOIN fields ON differs & bit <> 0 WHERE differs <> 0
            ) ANTI JOIN (SELECT pair, {slot} AS field FROM truth) USING (pair, field)""",
            f"tid(pair) || ' ' || field || ' in ' || {literal(where)} || ': ' || {one} || ' on {first}, ' "
            f"|| {other} || {two} || ' on {second}'",
            "JOIN faced USING (pair)",
        )

    def clean_legs_are_what_clean_legs_are(self) -> None:
        """Legs that agree have the id of their pair, and one of them buys, where they face each other."""
        self._tell(
            "relation",
            "SELECT DISTINCT pair FROM borne WHERE field = 'trade_id' AND original_number <> pair "
            "AND coalesce(other_number = original_number, true)",
            "tid(pair) || ' is not the id on its records'",
        )
        if self._plan.facing:
            bit = 1 << COLUMNS.index("order_type")
            self._tell(
                "relation",
                f"""SELECT pair FROM faced WHERE astray AND differs & {bit} = 0
                    AND pair NOT IN (SELECT pair FROM truth WHERE field = 'order_type')
                UNION SELECT pair FROM borne WHERE field = 'order_type'
                    AND original_name <> CASE leg WHEN 0 THEN 'BUY' ELSE 'SELL' END
                    AND coalesce(other_name = original_name, true)""",
                "tid(pair) || ' buys on the SELL leg, or sells on the BUY leg'",
            )

    def values_are_clean_or_in_the_truth(self) -> None:
        """Whatever no clean leg has, such as nothing at all, has a row in the truth."""
        plan = self._plan
        wrong = {name: unwritten(name, plan.brokers) for name in plan.odd.fields}
        wrong |= {column.name: unclean(column) for column in plan.compared}
        if not wrong:
            return
        order = list(plan.fields)
        bits = " + ".join(
            f"CASE WHEN {condition} THEN {1 << order.index(name)} ELSE 0 END"
            for name, condition in wrong.items()
        )
        # Where the time or the ticker that they go with was altered, the other leg says if they are right.
        told = "SELECT pair, leg, field FROM truth" + "".join(
            f" UNION ALL SELECT pair, leg, {literal(column.name)} FROM truth "
            f"WHERE field = {literal(column.after or 'ticker')}"
            for column in plan.compared
            if column.after or column.by_ticker
        )
        self._tell(
            "relation",
            f"SELECT * FROM (SELECT *, {bits} AS odd FROM all_records WHERE odd <> 0) "
            f"JOIN fields ON odd & bit <> 0 ANTI JOIN ({told}) AS told USING (pair, leg, field)",
            f"{_ABOUT} {self._told('found')} || ' is what no clean leg has, and the truth has no row for it'",
        )

    def mistyped_ids_are_each_of_one_pair(self) -> None:
        """No id is the mistyped one of two pairs."""
        rows = "SELECT pair, altered_number AS id FROM truth WHERE field = 'trade_id'"
        self._tell(
            "collision",
            f"SELECT id, min(pair) AS one, max(pair) AS other FROM ({rows}) WHERE id <> pair "
            "GROUP BY id HAVING min(pair) <> max(pair)",
            f"tid(id) || ' in ' || {literal(self._plan.truth.name)} || ': it is the mistyped id of both ' "
            "|| tid(one) || ' and ' || tid(other)",
        )

    def mistyped_ids_are_of_nothing_else(self) -> None:
        """A mistyped id is on the leg that the truth names, and is the id of no other pair."""
        rows = "SELECT pair, leg, field, altered_number AS id FROM truth WHERE field = 'trade_id'"
        self._tell(
            "collision",
            f"""SELECT pair, leg, trade_id FROM (SELECT * FROM all_records WHERE trade_id <> pair) AS astray
                ANTI JOIN ({rows}) AS mistyped ON mistyped.pair = astray.pair
                AND mistyped.leg = astray.leg AND mistyped.id = astray.trade_id""",
            "tid(trade_id) || ' ' || leg_name(leg) || ' in ' || leg_file(leg) "
            "|| ': the id is also the mistyped one of ' || tid(pair) || '''s other leg'",
        )
        run = self._plan.run_ids
        if run is not None:
            self._tell(
                "collision",
                f"SELECT * FROM ({rows}) WHERE id BETWEEN {run[0]} AND {run[1]}",
                _ABOUT + "tid(id) || ' is an id of the run'",
            )

    def rows_name_records_of_their_leg(self) -> None:
        """A truth row names a record of its leg; none, where the leg is missing."""
        lists = self._plan.lists
        legs = [leg for leg in (0, 1) if lists[leg % len(lists)].with_record_id]
        self._tell(
            "record_id",
            f"""SELECT * FROM borne ANTI JOIN all_records USING (pair, leg, record_id) WHERE NOT unsure
                AND leg IN ({", ".join(map(str, legs))})
                AND (there OR record_id IS NOT NULL) AND own_record_id IS DISTINCT FROM record_id""",
            f"{_ABOUT} 'record_id ' || coalesce(printf('%016x', record_id), 'none') "
            "|| ' is none of the leg''s records'",
        )

    def notionals_are_of_the_clean_pair(self) -> None:
        """The notional is the quantity times the price that both legs had before."""
        self._tell(
            "notional",
            """SELECT * FROM (
                SELECT borne.*, CASE WHEN there THEN coalesce(was.quantity, own_quantity, other_quantity)
                    ELSE other_quantity END AS clean_quantity,
                    CASE WHEN there THEN coalesce(was.price, own_price, other_price) ELSE other_price
                    END AS clean_price
                FROM borne LEFT JOIN (
                    SELECT pair, leg, any_value(original_number) FILTER (field = 'quantity') AS quantity,
                        any_value(original_number) FILTER (field = 'price') AS price
                    FROM truth WHERE field IN ('quantity', 'price') GROUP BY pair, leg
                ) AS was USING (pair, leg)
            ) WHERE clean_quantity > 0 AND clean_price > 0
                -- Legs that do not agree have been told of, and either may be right.
                AND NOT (faced AND (clean_quantity <> other_quantity OR clean_price <> other_price))
                AND notional <> clean_quantity::HUGEINT * clean_price""",
            f"{_ABOUT} 'notional is ' || worth(notional) || '; the clean pair''s is ' || "
            "shares(clean_quantity) || ' x ' || dollars(clean_price)",
        )

    def record_ids_stand_once(self) -> None:
        """No two records have one record_id. Of a dataset, all parts are compared at its end."""
        ids = "SELECT record_id FROM loaded WHERE record_id IS NOT NULL"
        if self._plan.part is not None:
            self._database.run(f"INSERT INTO all_record_ids {ids}")
            return
        self._tell(
            "record_id",
            f"{ids} GROUP BY record_id HAVING count(*) > 1",
            "'record_id ' || printf('%016x', record_id) || ' stands twice or more'",
        )

    def ids_are_those_of_the_run(self, first: int, last: int, low: int, high: int) -> None:
        """The pairs are those whose ids the manifest tells, as far as they are in the slice."""
        what = "the run" if self._plan.part is None else self._plan.truth.name.replace("truth/", "", 1)
        first, last = max(first, low), min(last, high - 1)
        inside = f"pair BETWEEN {first} AND {last}"
        [there] = self._database.row(f"SELECT count(*) FROM pairs WHERE {inside}")
        absent = max(last - first + 1, 0) - there
        if absent:
            # The first absent ids follow a pair that is there, or begin the run.
            ahead = f"range(1, {EXAMPLES + 1}) AS ahead(step)"
            candidates = (
                f"SELECT pair::HUGEINT + step AS id FROM pairs, {ahead} WHERE {inside} "
                f"UNION SELECT {first}::HUGEINT + step - 1 FROM {ahead}"
            )
            told = self._database.rows(
                f"SELECT tid(id::BIGINT) FROM ({candidates}) WHERE id <= {last} "
                f"AND id NOT IN (SELECT pair FROM pairs) ORDER BY id LIMIT {EXAMPLES}"
            )
            sentences = (f"{name} is an id of {what}; it has no records" for (name,) in told)
            self._findings.add("manifest", *sentences, count=absent)
        self._tell(
            "manifest",
            f"SELECT pair FROM pairs WHERE NOT ({inside})",
            f"tid(pair) || ' has records, and is no id of ' || {literal(what)}",
        )
