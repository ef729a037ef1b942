"""The proof of added columns, beyond what holds for every field.

What is derived is worked out anew, and what is each record's own stands once.
"""

from __future__ import annotations

from collections.abc import Callable

from tradegen.verify.added_columns import Added
from tradegen.verify.added_forms import BLANK_NUMBER, exact_product, worked_out
from tradegen.verify.database import Database
from tradegen.verify.proof_plan import Plan
from tradegen.verify.proof_report import Findings
from tradegen.verify.words import literal
from tradegen.verify.written_legs import value_of

_ABOUT = "tid(pair) || ' ' || place(leg, field) || ': ' || "


def prove_added(database: Database, plan: Plan, findings: Findings) -> None:
    """Run the statements about the added columns of a slice."""
    proof = _AddedProof(database, plan, findings)
    if proof.derived:
        proof.derived_values_are_worked_out()
        proof.rows_follow_on_what_was_altered()
        proof.fills_have_their_own_part()


class _AddedProof:
    def __init__(self, database: Database, plan: Plan, findings: Findings) -> None:
        self._database, self._plan, self._findings = database, plan, findings
        self._columns = {column.name: column for column in plan.compared}
        self.derived = [column for column in plan.compared if column.sources]
        number, name = (value_of("found", plan, names) for names in (False, True))
        self._own_value = f"told(field, {number}, {name})"
        dependencies = [(column.name, source) for column in self.derived for source in column.sources]
        if dependencies:
            pairs = ", ".join(f"({literal(name)}, {literal(source)})" for name, source in dependencies)
            self._database.run(f"""
                CREATE OR REPLACE TABLE sources AS SELECT * FROM (VALUES {pairs}) AS pairs(field, source);

                CREATE OR REPLACE VIEW altered_sources AS
                    SELECT pair, leg, sources.field AS field, bool_and(benign) AS benign,
                        bool_or(coalesce(altered_number = {BLANK_NUMBER}, false)) AS missing
                    FROM truth JOIN sources ON truth.field = sources.source GROUP BY ALL""")

    def _bits(self, wrong: Callable[[Added], str], columns: list[Added]) -> str:
        """The columns in which a row is wrong, a bit each, as those of the table `fields`."""
        order = list(self._plan.fields)
        bits = (
            f"CASE WHEN {wrong(column)} THEN {1 << order.index(column.name)} ELSE 0 END" for column in columns
        )
        return " + ".join(bits)

    def _kept(self) -> str:
        """Legs and derived fields that need not be what would be worked out.

        Those have a row of another mechanism, or are not recomputed although something was altered.
        """
        kept = [literal(column.name) for column in self.derived if not column.recomputed]
        altered = (
            f" UNION ALL SELECT pair, leg, field FROM altered_sources WHERE field IN ({', '.join(kept)}) "
            "AND (pair, leg, field) NOT IN (SELECT (pair, leg, field) FROM truth)"
        )
        return (
            "SELECT pair, leg, field FROM truth WHERE mechanism <> field || '.follows'"
            f"{altered if kept else ''}"
        )

    def derived_values_are_worked_out(self) -> None:
        """A derived value is what the leg's own quantity and price, or date, come to."""
        columns = ", ".join(("pair", "leg", *self._plan.fields.values()))
        legs = f"SELECT {columns} FROM records UNION ALL SELECT {columns} FROM merged"
        bits = self._bits(self._is_off, self.derived)
        self._database.tell(
            self._findings,
            "derived",
            f"SELECT * FROM (SELECT *, {bits} AS odd FROM ({legs}) WHERE odd <> 0) "
            f"JOIN fields ON odd & bit <> 0 ANTI JOIN ({self._kept()}) AS kept USING (pair, leg, field)",
            f"{_ABOUT} {self._own_value} || ' is not ' || {self._worked_out()}",
        )

    def _is_off(self, column: Added) -> str:
        return f"nullif({column.column}, {BLANK_NUMBER}) <> {worked_out(column, self._columns)}"

    def _worked_out(self) -> str:
        """What would be right, and how it comes about, for people."""
        cases = []
        for column in self.derived:
            number = worked_out(column, self._columns)
            how = (
                " x ".join(column.product)
                if column.product
                else f"{column.by} weekday{'' if column.by == 1 else 's'} after {column.sessions_after}"
            )
            cases.append(
                f"WHEN {literal(column.name)} THEN {literal(how)} || ', which is ' "
                f"|| told(field, TRY_CAST({number} AS BIGINT), NULL)"
            )
        return f"CASE field {' '.join(cases)} END"

    def rows_follow_on_what_was_altered(self) -> None:
        """A value that follows has something altered to follow on, and nothing else is wrong with it."""
        followers = ", ".join(literal(column.follows) for column in self.derived)
        joined = "SELECT truth.*, altered.pair AS source, altered.missing, altered.benign AS source_benign "
        joined += "FROM truth LEFT JOIN altered_sources AS altered USING (pair, leg, field)"
        self._database.tell(
            self._findings,
            "vanished",
            f"SELECT * FROM ({joined}) WHERE mechanism IN ({followers}) AND coalesce(missing, true)",
            f"{_ABOUT} 'it follows by the truth, and ' || "
            "if(missing, 'what it comes from is missing', 'nothing that it comes from was altered')",
        )
        self._database.tell(
            self._findings,
            "invalid",
            f"SELECT * FROM ({joined}) WHERE mechanism NOT IN ({followers}) AND source IS NOT NULL",
            f"{_ABOUT} 'what it comes from was altered, and its mechanism is ' || mechanism "
            "|| '; expected ' || field || '.follows'",
        )
        # With a tolerance of its own, it is benign or not by that.
        untold = [literal(c.follows) for c in self.derived if not self._plan.tolerance(c.name)]
        if self._plan.manifest is not None and untold:
            self._database.tell(
                self._findings,
                "benign",
                f"SELECT * FROM ({joined}) WHERE mechanism IN ({', '.join(untold)}) "
                "AND benign <> source_benign",
                f"{_ABOUT} 'benign is ' || benign || ', and ' || source_benign || ' of what it follows on'",
            )

    def fills_have_their_own_part(self) -> None:
        """Each fill of a split leg has what its own quantity comes to, but for what rounding moved."""
        shared = [column for column in self.derived if column.shared_out]
        if not shared:
            return
        rows = "SELECT apart.* FROM apart SEMI JOIN splits USING (pair, leg)"
        for name in sorted({source for column in shared for source in column.product} - {"quantity"}):
            # Fills of a leg on which a source is missing have their parts of what was worked out before.
            cell = self._plan.fields[name]
            whole = f"coalesce(nullif({cell}, {BLANK_NUMBER}), original_number)"
            was = (
                "SELECT pair, leg, original_number FROM truth "
                f"WHERE field = {literal(name)} AND altered_number = {BLANK_NUMBER}"
            )
            rows = (
                f"SELECT fills.* REPLACE ({whole} AS {cell}) FROM ({rows}) AS fills "
                f"LEFT JOIN ({was}) AS was USING (pair, leg)"
            )
        bits = self._bits(self._is_no_part, shared)
        self._database.tell(
            self._findings,
            "derived",
            f"SELECT * FROM (SELECT *, {bits} AS odd FROM ({rows}) "
            f"WHERE odd <> 0) JOIN fields ON odd & bit <> 0 "
            f"ANTI JOIN ({self._kept()}) AS kept USING (pair, leg, field)",
            f"{_ABOUT} {self._own_value} || ', of a fill with ' || quantity || ', is not ' "
            f"|| {self._worked_out()}",
        )

    def _is_no_part(self, column: Added) -> str:
        if column.spare <= 0:
            return self._is_off(column)
        # What rounding leaves out of one fill goes to the next, so that it is off by one step at most.
        unit = 10**column.spare
        exact = exact_product(column, self._columns)
        return f"abs(nullif({column.column}, {BLANK_NUMBER})::HUGEINT * {unit} - {exact}) > {unit}"


def take_own_references(database: Database, plan: Plan, findings: Findings) -> None:
    """Report references that two records share, of those that are each record's own.

    Those of a part go to the table `all_own_references`, once each, to be compared with those of the others.
    """
    for number, column in enumerate(plan.added):
        if not column.own:
            continue
        database.run(
            f"CREATE OR REPLACE TABLE own_references AS SELECT {column.column} AS id, count(*) > 1 AS shared "
            f"FROM loaded WHERE {column.column} IS NOT NULL GROUP BY id"
        )
        if plan.part is not None:
            database.run(f"INSERT INTO all_own_references SELECT {number}, id FROM own_references")
        where = "SELECT id FROM own_references WHERE shared"
        database.tell(
            findings,
            "reference",
            f"SELECT pair, leg, {literal(column.name)} AS field, {column.column} AS id FROM loaded "
            f"WHERE {column.column} IN ({where})",
            f"{_ABOUT} {literal(column.prefix)} || printf('%016x', id) || ' stands on another record, too'",
        )


def compare_own_references(database: Database, columns: tuple[Added, ...], findings: Findings) -> None:
    """Report references that stand in several parts of a dataset, of those that are each record's own."""
    for number, column in enumerate(columns):
        if column.own:
            database.tell(
                findings,
                "reference",
                f"SELECT id FROM all_own_references WHERE number = {number} GROUP BY id HAVING count(*) > 1",
                f"{literal(f'{column.name} {column.prefix}')} || printf('%016x', id) "
                "|| ' stands in two parts or more'",
            )
