"""Cells to tables of values, each row checked for what it says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tradegen.verify.added_columns import Added
from tradegen.verify.database import Database
from tradegen.verify.file_scan import Source
from tradegen.verify.proof_report import EXAMPLES, Findings
from tradegen.verify.sources.csv import CsvCells
from tradegen.verify.sources.fix import FixCells
from tradegen.verify.sources.json import JsonCells
from tradegen.verify.sources.parquet import ParquetCells

BROKEN = 1
"""The shape of a line that is no record."""


class Cells(Protocol):
    """The cells of one file as a relation, with a column ``w_price`` for the price as it is written."""

    @property
    def kinds(self) -> Mapping[str, str]:
        """By column, the type of those that are no text."""

    def relation(self, *, keep_faults: bool = False) -> str:
        """A query for all cells, the `weight` of each row in the file, and its `shape`: 0, if all is well."""

    def check(
        self,
        findings: Findings,
        rows: int,
        weight: int,
        shapes: Mapping[int, int],
        rows_of: Callable[[int], list[int]],
        /,
    ) -> None:
        """Report what of the file is no record.

        `shapes` says how many rows have each shape but 0, and `rows_of` reads the file again to say which
        rows have one, from 0.
        """

    def line(self, row: int) -> int:
        """Where in the file a row stands, counted from 1."""


_FORMS: dict[str, Callable[[Database, Source, Mapping[str, str], Mapping[str, str]], Cells]] = {
    "csv": CsvCells,
    "json": JsonCells,
    "ndjson": JsonCells,
    "fix": FixCells,
}


def cells_of(
    database: Database,
    source: Source,
    names: Mapping[str, str],
    added: Iterable[Added] = (),
    places: Mapping[str, int] | None = None,
    blank: Mapping[str, str] | None = None,
) -> Cells:
    """The cells of a file, whatever its form; `names` has the file's name of each column.

    `places` are those of quantities, prices and notionals, which a column of Parquet has in its type. `blank`
    says what those of the nine columns hold in which values may be missing.
    """
    columns = {name: column for column, name in names.items()}
    holds = {column.name: column.holds for column in added} | dict(blank or {})
    here = {columns[name]: name for name in source.names}
    if source.form == "parquet":
        return ParquetCells(database, source, here, holds, places or {})
    return _FORMS[source.form](database, source, here, holds)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is wrong with a row alone.

    Attributes
    ----------
    kind : str
        Of finding.
    wrong : str
        A condition over the row's cells and values.
    sentence : callable
        Given the row's cells as written, its values, and where it stands, as ``place``, what is said of it.
    """

    kind: str
    wrong: str
    sentence: Callable[[Mapping[str, Any]], str]


def load(
    database: Database,
    table: str,
    number: int,
    source: Source,
    cells: Cells,
    values: Mapping[str, str],
    rules: Sequence[Rule],
    findings: Findings,
) -> int:
    """Add the rows of a file to a table of values, and report those that break a rule.

    Each row's broken rules are bits of its column `faults`. The cells themselves are not kept: they are read
    once more where something is wrong, for the sentences.

    Parameters
    ----------
    database : Database
    table : str
        Has the columns `list`, those of `values`, `faults`, `weight` and `shape`, in this order.
    number : int
        What the rows of this file have as their `list`.
    source : Source
    cells : Cells
    values : mapping of str to str
        By column, an expression over the cells.
    rules : sequence of Rule
    findings : Findings

    Returns
    -------
    int
        How many records the file holds.

    Raises
    ------
    VerifyError
        Where the file cannot be read.
    """
    derived = ", ".join(f"{expression} AS {name}" for name, expression in values.items())
    bits = " | ".join(
        f"CASE WHEN {rule.wrong} THEN {1 << number} ELSE 0 END" for number, rule in enumerate(rules)
    )

    def read(relation: str) -> str:
        return f"SELECT *, {derived} FROM ({relation})"

    bits_type = "INTEGER" if len(rules) < 32 else "BIGINT"
    kept = f"{number}::UTINYINT AS list, {', '.join(values)}, ({bits})::{bits_type}, weight, shape"
    with database.reading(source.name, source.form):
        rows = read(cells.relation(keep_faults=True))
        database.run(f"INSERT INTO {table} SELECT {kept} FROM ({rows})")
    here = f"FROM {table} WHERE list = {number}"
    count, weight = database.row(f"SELECT count(*), coalesce(sum(weight), 0) {here}")
    shapes = dict(database.rows(f"SELECT shape, count(*) {here} AND shape > 0 GROUP BY shape"))

    def numbered() -> str:
        # Threads do not put rows into a table in the file's order. Reading anew, for the sentences, keeps it.
        return f"SELECT row_number() OVER () - 1 AS number, * FROM ({cells.relation()})"

    def rows_of(shape: int) -> list[int]:
        found = database.rows(f"SELECT number FROM ({numbered()}) WHERE shape = {shape} ORDER BY number")
        return [row for (row,) in found]

    cells.check(findings, count, weight, shapes, rows_of)
    database.run(f"DELETE {here} AND shape = {BROKEN}")
    sums = ", ".join(f"count(*) FILTER (faults & {1 << bit} <> 0)" for bit in range(len(rules)))
    for rule, broken in zip(rules, database.row(f"SELECT {sums} {here} AND faults <> 0"), strict=True):
        if broken:
            chosen = f"SELECT * FROM ({read(numbered())}) WHERE shape <> {BROKEN} AND ({rule.wrong})"
            found = database.records(f"{chosen} ORDER BY number LIMIT {EXAMPLES}")
            places = (f"{source.unit} {cells.line(row['number'])}" for row in found)
            told = (rule.sentence({**row, "place": place}) for row, place in zip(found, places, strict=True))
            findings.add(rule.kind, *told, count=broken)
    return int(count) - int(shapes.get(BROKEN, 0))
