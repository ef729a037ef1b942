"""The proof of a list that `inject` has broken: the input with the truth applied to it is their list.

Rows are matched by the id that the truth says they have, and rows of one id by their order. Where the text of
two records is the same, so is all that is in them; only of the others are the cells looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tradegen.verify.counts import compare_count
from tradegen.verify.database import Database
from tradegen.verify.injected_amounts import prove_amounts
from tradegen.verify.injected_existing import count_existing, prove_existing, set_existing_apart
from tradegen.verify.injected_files import load_injected_list, load_injected_truth, prove_digests
from tradegen.verify.injected_form import InjectedForm, known_forms
from tradegen.verify.injected_mirror import known_mirror, load_view
from tradegen.verify.injected_records import Around, around_apart
from tradegen.verify.injected_sizes import prove_sizes
from tradegen.verify.proof_report import Findings, Report
from tradegen.verify.truth_causes import wrong_cause
from tradegen.verify.words import VerifyError, literal

_RECORDS = ("record.missing", "record.duplicate", "record.split")
_MOST_COPIES = 100
_ABOUT = "trade_id || ' ' || field || ': ' || "


def prove_injected(
    database: Database,
    manifest: Mapping[str, Any],
    paths: Sequence[Path],
    advance: Callable[[int], object],
) -> Report:
    """Prove a list, what `inject` made of it, and the truth about that.

    Parameters
    ----------
    database : Database
    manifest : mapping
        Of `inject`.
    paths : sequence of Path
        The user's list, theirs, and the truth; before them, if differences that there were already have been
        kept, the list that theirs was compared with.
    advance : callable
        Called with the number of records read since its last call.

    Raises
    ------
    VerifyError
        Where the files are not those of `inject`, or cannot be read.
    """
    form, beside = known_forms(manifest)
    if len(paths) != (4 if beside else 3):
        wanted = (
            "our list, theirs as it was, theirs as it is and the truth, such as: tradegen verify ours.csv "
            "their_list.csv broken.csv truth.csv manifest.json"
            if beside
            else "your list, theirs and the truth, such as: tradegen verify mine.csv theirs.csv truth.csv "
            "manifest.json"
        )
        kept = ", in which existing differences are kept" if beside else ""
        raise VerifyError(
            f"the manifest is one of inject{kept}, and {len(paths)} other files are given; expected {wanted}"
        )
    findings = Findings()
    size = prove_digests(manifest, paths, findings, beside=beside is not None)
    load_injected_truth(database, paths[-1], findings)
    if beside:
        set_existing_apart(database)
        load_injected_list(database, "ours", paths[0], beside, findings, advance)
    around = [
        load_injected_list(database, table, path, form, findings, advance)
        for table, path in zip(("mine", "theirs"), paths[-3:], strict=False)
    ]
    mirror = known_mirror(manifest, form)
    load_view(database, mirror, paths[-3].name, findings)
    proof = _InjectedProof(database, form, paths[-3:], manifest, findings)
    proof.rows_are_about_records()
    proof.what_is_around_the_records_is_the_same(*around)
    proof.match()
    proof.records_are_there()
    proof.altered_ids_are_of_nothing_else()
    proof.cells_are_as_the_truth_says()
    proof.fills_add_up()
    prove_amounts(database, form, paths[1].name, findings)
    prove_sizes(database, form, manifest, paths[-3].name, findings)
    if beside:
        names = paths[0].name, paths[1].name
        prove_existing(database, beside, form, names, manifest, findings)
        counts = manifest.get("counts")
        count_existing(database, counts.get("existing") if isinstance(counts, Mapping) else None, findings)
        compare_count(
            "ours.rows", manifest["ours"].get("rows"), database.row("SELECT count(*) FROM ours")[0], findings
        )
    return proof.report(size, existing=beside is not None, mirrored=mirror is not None)


class _InjectedProof:
    def __init__(
        self,
        database: Database,
        form: InjectedForm,
        paths: Sequence[Path],
        manifest: Mapping[str, Any],
        findings: Findings,
    ) -> None:
        self._database, self._form, self._manifest, self._findings = database, form, manifest, findings
        self._mine, self._theirs, self._truth = (path.name for path in paths)
        quantity = form.by_role("quantity")
        self._quantity = quantity.position if quantity else 0
        shared = [self._quantity, *(column.position for column in form.products)]
        self._shared = ", ".join(map(str, shared)) if quantity else "0"

    def _tell(self, kind: str, found: str, sentence: str) -> None:
        self._database.tell(self._findings, kind, found, sentence)

    def rows_are_about_records(self) -> None:
        """A truth row is about a column or the record of a row that there is, and stands once."""
        columns = ", ".join(
            f"({c.position}, {literal(c.name)}, {literal(c.label)})" for c in self._form.columns
        )
        records = ", ".join(map(literal, _RECORDS))
        self._database.run(f"""
            CREATE TABLE told AS
            SELECT t.*, ids.row, coalesce(ids.rows, 0) AS rows,
                TRY_CAST(altered AS BIGINT) AS times,
                mechanism IN ({records}) AND field = 'record' AS whole,
                CASE WHEN mechanism IN ({records}) AND field = 'record' THEN 0 ELSE position END AS position,
                label
            FROM truth_rows AS t LEFT JOIN (VALUES {columns}) AS named(position, name, label) ON name = field
            LEFT JOIN (
                SELECT key, min(row) AS row, count(*) AS rows FROM mine WHERE key <> '' GROUP BY key)
                AS ids ON ids.key = t.trade_id""")
        mine, truth = literal(self._mine), literal(self._truth)
        self._tell(
            "unknown", "SELECT * FROM told WHERE rows = 0",
            f"trade_id || ' in ' || {truth} || ': no record of ' || {mine} || ' has this id'",
        )  # fmt: skip
        self._tell(
            "invalid", "SELECT * FROM told WHERE rows > 1",
            f"trade_id || ' in ' || {truth} || ': the id stands twice in ' || {mine}",
        )  # fmt: skip
        self._tell(
            "invalid",
            """SELECT * FROM told WHERE position IS NULL OR benign NOT IN ('true', 'false')
                OR (position > 0 AND NOT (prefix(mechanism, label || '.')
                    AND NOT contains(substr(mechanism, length(label) + 2), '.')))""",
            f"{_ABOUT}'the row has ' || mechanism || ' and benign ' || benign || '; it cannot have them'",
        )
        scenario = self._manifest["inject"].get("scenario")
        try:
            unknown = wrong_cause(scenario if isinstance(scenario, Mapping) else {})
        except (AttributeError, TypeError):
            raise VerifyError("the manifest's hot spots are not as tradegen writes them") from None
        self._tell(
            "invalid", f"SELECT * FROM told WHERE ({unknown}) OR (benign = 'true' AND cause <> '')",
            f"{_ABOUT}'cause is ' || cause || '; expected a hot spot of the scenario, or nothing'",
        )  # fmt: skip
        split_without = "times < 2 OR" if self._quantity else "true OR"
        self._tell(
            "invalid",
            f"""SELECT * FROM told WHERE whole AND (original <> '1' OR times IS NULL OR CASE mechanism
                WHEN 'record.missing' THEN times <> 0 WHEN 'record.duplicate' THEN times <> 2
                ELSE {split_without} times > {_MOST_COPIES} END)""",
            f"{_ABOUT}mechanism || ' from ' || original || ' to ' || altered || ' is no number of records'",
        )
        self._tell(
            "repeated", "SELECT trade_id, field FROM told GROUP BY ALL HAVING count(*) > 1",
            f"{_ABOUT}'the truth has it twice'",
        )  # fmt: skip
        self._database.run(f"""
            CREATE TABLE edits AS
            SELECT row, position, min(altered) AS altered, 'the truth' AS source
            FROM told WHERE row IS NOT NULL AND position > 0 GROUP BY row, position;
            INSERT INTO edits
            SELECT *, 'the other party''s view' FROM view ANTI JOIN edits USING (row, position);
            CREATE TABLE record_counts AS SELECT row, min(times) AS times, min(mechanism) AS mechanism
            FROM told WHERE row IS NOT NULL AND whole AND times BETWEEN 0 AND {_MOST_COPIES} GROUP BY row""")

    def what_is_around_the_records_is_the_same(self, mine: Around, theirs: Around) -> None:
        """What there is beside the records is the same, such as a header, and the lines before it."""
        for what in around_apart(mine, theirs):
            self._findings.add("untouched", f"{self._theirs} differs from {self._mine} in {what}")

    def match(self) -> None:
        """Match the rows that there ought to be with those that there are."""
        form = self._form
        parts = [f"coalesce(max(altered) FILTER (position = {at}), any_value(cells[{at}]))" for at in form.id]
        ids = ", ".join(map(str, form.id))
        self._database.run(f"""
            CREATE TABLE renamed AS SELECT row, any_value(key) AS was, {form.key(parts)} AS key
            FROM edits JOIN mine USING (row) WHERE position IN ({ids}) GROUP BY row;
            CREATE TABLE matched AS
            WITH expected AS (
                SELECT row, unnest(range(coalesce(times, 1))) AS copy, coalesce(renamed.key, mine.key) AS key
                FROM mine LEFT JOIN record_counts USING (row) LEFT JOIN renamed USING (row)
            ), ours AS (
                SELECT *, row_number() OVER (PARTITION BY key ORDER BY row, copy) AS nth FROM expected
            ), others AS (
                SELECT row AS other, key, row_number() OVER (PARTITION BY key ORDER BY row) AS nth FROM theirs
            ) SELECT row, copy, other, key FROM ours FULL JOIN others USING (key, nth)""")

    def records_are_there(self) -> None:
        """Every row that there ought to be is there, no other is, and they stand in the list's order."""
        self._tell(
            "records",
            """SELECT key, count(row) AS due, count(other) AS there FROM matched
                GROUP BY key HAVING count(row) <> count(other)""",
            f"CASE key WHEN '' THEN 'no id' ELSE key END || ' in ' || {literal(self._theirs)} "
            f"|| ': records: ' || there || '; by ' || {literal(self._mine)} || ' and the truth: ' || due",
        )
        self._tell(
            "order",
            """SELECT key FROM (SELECT key, row, lag(row) OVER (ORDER BY other) AS before FROM matched
                WHERE row IS NOT NULL AND other IS NOT NULL) WHERE row < before""",
            f"key || ' in ' || {literal(self._theirs)} || ': it stands after a record that follows it in ' "
            f"|| {literal(self._mine)}",
        )

    def altered_ids_are_of_nothing_else(self) -> None:
        """No altered id is that of another row."""
        self._tell(
            "collision",
            """SELECT was, key FROM renamed WHERE key <> '' AND key <> was AND (key IN (SELECT key FROM mine)
                OR key IN (SELECT key FROM renamed GROUP BY key HAVING count(*) > 1))""",
            f"was || ' in ' || {literal(self._theirs)} || ': its id ' || key || ' is that of another record'",
        )

    def cells_are_as_the_truth_says(self) -> None:
        """Every cell is that of the input, byte by byte, or has the text that the truth says."""
        form, mine, theirs = self._form, literal(self._mine), literal(self._theirs)
        names = ", ".join(f"({c.position}, {literal(c.name)})" for c in form.columns)
        self._database.run(f"""
            CREATE TABLE apart AS
            SELECT matched.row, copy, CASE mine.key WHEN '' THEN 'no id' ELSE mine.key END AS trade_id,
                mine.cells, theirs.cells AS found_cells, {form.raw_cells("mine")} AS raw_cells,
                {form.raw_cells("theirs")} AS raw_found_cells, mine.around, theirs.around AS found_around,
                coalesce(mechanism = 'record.split', false) AS split
            FROM matched JOIN mine USING (row) JOIN theirs ON theirs.row = other
            LEFT JOIN record_counts USING (row)
            WHERE mine.raw <> theirs.raw OR row IN (SELECT row FROM edits) OR mechanism = 'record.split';
            CREATE TABLE cells_apart AS
            SELECT cells_of.*, name AS field, edits.altered, source, view.altered AS viewed,
                edits.row IS NOT NULL AS named,
                edits.row IS NOT NULL OR (split AND position IN ({self._shared})) AS other
            FROM (SELECT row, copy, trade_id, split, unnest(cells) AS was, unnest(found_cells) AS found,
                unnest(raw_cells) AS raw, unnest(raw_found_cells) AS raw_found,
                unnest(range(1, {len(form.columns) + 1})) AS position FROM apart) AS cells_of
            LEFT JOIN edits USING (row, position) LEFT JOIN view USING (row, position)
            JOIN (VALUES {names}) AS named(position, name) USING (position)
            WHERE edits.row IS NOT NULL OR split OR was <> found OR raw IS DISTINCT FROM raw_found""")
        lengths = f"len(raw_cells) <> {len(form.columns)} OR len(raw_found_cells) <> {len(form.columns)}"
        self._tell(
            "invalid", f"SELECT * FROM apart WHERE {lengths}",
            f"trade_id || ' in ' || {theirs} || ': its cells can be told apart in more than one way'",
        )  # fmt: skip
        same = form.same("found", form.due("was", "altered"))
        self._tell(
            "unlabelled", "SELECT * FROM cells_apart WHERE NOT other AND was <> found",
            f"{_ABOUT}was || ' in ' || {mine} || ', ' || found || ' in ' || {theirs}",
        )  # fmt: skip
        self._tell(
            "vanished", f"SELECT * FROM cells_apart WHERE named AND NOT {same}",
            f"{_ABOUT}altered || ' by ' || source || ', ' || found || ' in ' || {theirs}",
        )  # fmt: skip
        self._tell(
            "vanished",
            "SELECT * FROM (SELECT told.*, coalesce(view.altered, trim(cells[position])) AS was FROM told "
            "JOIN mine USING (row) LEFT JOIN view USING (row, position)) "
            f"WHERE position > 0 AND NOT {form.same('was', 'original')}",
            f"{_ABOUT}'original is ' || original || ' by the truth, and ' || was || ' in ' || {mine}",
        )
        self._tell(
            "vanished", "SELECT * FROM told WHERE original = altered",
            f"{_ABOUT}'original and altered are the same'",
        )  # fmt: skip
        self._tell(
            "vanished",
            "SELECT told.* FROM told JOIN record_counts AS c USING (row) WHERE position > 0 AND c.times = 0",
            f"{_ABOUT}'the truth has no record that it could stand in'",
        )
        self._bytes_are_the_same()

    def _bytes_are_the_same(self) -> None:
        theirs = literal(self._theirs)
        self._tell(
            "untouched",
            f"SELECT * FROM cells_apart WHERE CASE WHEN other THEN {self._form.misquoted()} "
            "ELSE was = found AND raw IS DISTINCT FROM raw_found END",
            f"{_ABOUT}coalesce(raw, 'nothing') || ' has become ' || coalesce(raw_found, 'nothing') "
            f"|| ' in ' || {theirs}",
        )
        self._tell(
            "untouched",
            "SELECT * FROM apart WHERE around IS DISTINCT FROM found_around",
            f"trade_id || ' in ' || {theirs} || ': what stands around its values is not as it was'",
        )
        # A last line may lack its end, which is that of whichever record stands last.
        self._tell(
            "untouched",
            """SELECT matched.key FROM matched JOIN mine USING (row) JOIN theirs ON theirs.row = other
                WHERE (mine.ended <> theirs.ended AND mine.ended <> '' AND theirs.ended <> '')
                OR mine.blanks <> theirs.blanks""",
            f"key || ' in ' || {theirs} || ': its line end, or the blank lines before it, are others'",
        )

    def fills_add_up(self) -> None:
        """The fills of a record that was split have its quantity and amounts together, with their signs."""
        if not self._quantity:
            return
        was, found = (self._form.values(cell) for cell in ("was", "found"))
        # Amounts that are no product stay in each fill, and a small one may come to nothing.
        amount = f"position <> {self._quantity}"
        self._tell(
            "vanished",
            f"""SELECT trade_id, any_value(field) AS field, any_value(was) AS was,
                    string_agg(found, ' + ' ORDER BY copy) AS fills
                FROM cells_apart WHERE split AND position IN ({self._shared}) GROUP BY row, trade_id, position
                HAVING NOT ({amount} AND bool_and(was = found)) AND (sum({found}) = any_value({was})
                    AND bool_and(sign({found}) = sign({was}) OR ({amount} AND {found} = 0))) IS NOT TRUE""",
            f"{_ABOUT}fills || ' in ' || {literal(self._theirs)} || ' is not ' || was",
        )

    def report(self, size: int, *, existing: bool, mirrored: bool) -> Report:
        """What was read and found, held against the manifest's counts."""
        [mine], [theirs] = (self._database.row(f"SELECT count(*) FROM {one}") for one in ("mine", "theirs"))
        rows, benign, pairs, benign_pairs = self._database.row(
            "SELECT count(*), count(*) FILTER (benign = 'true'), count(DISTINCT trade_id) "
            "FILTER (benign <> 'true'), count(DISTINCT trade_id) FILTER (benign = 'true') FROM told"
        )
        every = "(SELECT field, mechanism, benign FROM told)"
        if existing:
            every = f"({every[1:-1]} UNION ALL SELECT field, mechanism, benign FROM existing_rows)"
            rows, benign = self._database.row(
                f"SELECT count(*), count(*) FILTER (benign = 'true') FROM {every}"
            )
        manifest, counts = self._manifest, self._manifest.get("counts")
        found: dict[str, Any] = {
            "rows": mine,
            "truth_rows": rows,
            "mismatched_rows": pairs,
            "benign_rows": benign_pairs,
        }
        for name in ("field", "mechanism"):
            query = f"SELECT {name}, count(*) FROM {every} GROUP BY 1"
            found[f"by_{name}"] = dict(self._database.rows(query))
        query = "SELECT cause, count(DISTINCT trade_id) FROM told WHERE benign <> 'true' GROUP BY 1"
        found["by_cause"] = dict(self._database.rows(query))
        if isinstance(counts, Mapping):
            for name, number in found.items():
                told = counts.get(name)
                if isinstance(number, Mapping) and isinstance(told, Mapping):
                    for key in sorted({*told, *number}):
                        count = told.get(key, 0)
                        count = count.get("applied") if isinstance(count, Mapping) else count
                        compare_count(f"counts.{name}.{key}", count, number.get(key, 0), self._findings)
                elif not isinstance(number, Mapping):
                    compare_count(f"counts.{name}", told, number, self._findings)
        else:
            self._findings.add("manifest", "the manifest has no counts")
        for name, part, number in (
            ("input.rows", manifest["input"], mine),
            ("output.theirs.rows", manifest["output"]["theirs"], theirs),
        ):
            compare_count(name, part.get("rows"), number, self._findings)
        return Report(
            mine,
            mine + theirs,
            rows,
            benign,
            self._findings.freeze(),
            files=4 if existing else 3,
            bytes=size,
            injected=True,
            mirrored=mirrored,
        )
