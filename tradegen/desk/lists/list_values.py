"""The values of a list by the kinds of its columns, and cells that are of no such kind."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tradegen.desk.lists.date_forms import ISO_FORMS
from tradegen.desk.lists.list_form import ColumnForm, ListForm
from tradegen.desk.lists.plain_text import PlainText
from tradegen.errors import ListError, ScoringError, shown
from tradegen.scoring.relations import Source, literal

__all__ = ["TradeList", "explained"]

_ISO = {form for forms in ISO_FORMS.values() for form in forms if "Z" not in form and "%f" not in form}
_FEW_PLACES = 6
_OWN_PATH = re.compile(r"[^\s\"']*/tradegen-[a-z]+-\w+/[\w./-]+")  # a link or a copy, which is gone soon


@dataclass(frozen=True, slots=True)
class TradeList:
    """A list that is open.

    Attributes
    ----------
    form : ListForm
        What its columns are.
    source : Source
        SQL for it, and for the cells of its columns.
    plain : PlainText or None
        Its text, of CSV and JSON lines.
    """

    form: ListForm
    source: Source
    plain: PlainText | None

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.source.name

    def value(self, column: ColumnForm, *, strict: bool = True) -> str:
        """SQL for the values of a column, of a type by its kind; NULL where the cell is blank.

        Names and texts are VARCHAR without the blanks around them, whole numbers BIGINT, decimals
        DECIMAL, dates DATE and timestamps TIMESTAMP. Unless `strict`, a cell that is not of the
        column's form is NULL as well; else the query fails there.
        """
        native = self.form.file.form == "parquet"
        cell, tried = self.source.trimmed(column.name), "" if strict else "TRY_"
        if column.kind in ("integer", "decimal"):
            number = self.source.raw(column.name) if native else self._number(column)
            return f"{tried}CAST({number} AS {_sql_type(column)})"
        if column.kind in ("date", "timestamp"):
            if native:
                return f"{tried}CAST({self.source.raw(column.name)} AS {_sql_type(column)})"
            if column.format in _ISO:
                return f"{tried}CAST({cell} AS {_sql_type(column)})"
            parsed = f"{tried.lower()}strptime({cell}, {literal(str(column.format))})"
            return f"CAST({parsed} AS {_sql_type(column)})"
        return cell

    def key(self) -> str:
        """SQL for the id of a trade, as a message shows it: its parts with a slash between them."""
        parts = [self.source.trimmed(name) for name in self.form.id]
        return parts[0] if len(parts) == 1 else f"concat_ws(' / ', {', '.join(parts)})"

    def misfits(self, column: ColumnForm, value: str) -> str:
        """SQL for whether a cell is not of its column's kind; "" where every cell is.

        A decimal with more places than stated is none, since it could not be written again as it was.
        `value` is SQL for what `value` gives of the column, where it is not strict.
        """
        if column.kind in ("code", "text", "reference"):
            return ""
        cell = self.source.trimmed(column.name)
        wrong = f"{value} IS NULL"
        if self.form.file.form == "parquet":
            if column.kind == "decimal":
                # A binary fraction counts as the decimal next to it.
                wrong += (
                    f" OR abs(CAST({cell} AS DOUBLE) - CAST({value} AS DOUBLE)) > 1e-9 * abs({cell}::DOUBLE)"
                )
        elif column.kind in ("integer", "decimal"):
            unlike = f"NOT regexp_full_match({cell}, {literal(self._pattern(column))})"
            # What DuckDB would print the same is of that form, which is seen in less time.
            plain = not (column.grouped and self.form.file.thousands)
            odd = f"CAST({value} AS VARCHAR) <> {self._number(column)} AND " if plain else ""
            wrong += f" OR ({odd}{unlike})"
        elif column.format in _ISO:
            # A cast takes a month of one digit, too.
            length = len(str(column.format).replace("%Y", "2025").replace("%", "1"))
            wrong += f" OR strlen({cell}) <> {length}"
        return f"({cell} IS NOT NULL AND ({wrong}))"

    def misfit(self, column: ColumnForm, row: int, cell: str) -> ListError:
        """What to say of a cell that is not of its column's kind; `row` counts from 0."""
        kind = {
            "integer": "a whole number",
            "decimal": f"a number with at most {column.places} places",
            "date": f"a date such as {column.format}",
            "timestamp": f"a time such as {column.format}",
        }[column.kind]
        return ListError(
            f"{self.name} has {shown(cell)} in column {shown(column.name)}, row {row + 1:,}, which is no "
            f"{column.kind} as described; expected {kind}, or another kind in the file of columns"
        )

    def _number(self, column: ColumnForm) -> str:
        cell, file = self.source.trimmed(column.name), self.form.file
        if file.form == "csv":
            if column.grouped and file.thousands:
                cell = f"replace({cell}, {literal(file.thousands)}, '')"
            if file.decimal == "," and column.kind == "decimal":
                cell = f"replace({cell}, ',', '.')"
        return cell

    def _pattern(self, column: ColumnForm) -> str:
        file = self.form.file
        mark, places = f"[{file.decimal if file.form == 'csv' else '.'}]", column.places or 0
        whole = r"\d+"
        if column.grouped and file.form == "csv" and file.thousands:
            whole = rf"(\d{{1,3}}([{file.thousands}]\d{{3}})+|\d+)"
        part = rf"({mark}\d{{0,{places}}})?" if column.kind == "decimal" else ""
        bare = rf"|{mark}\d{{1,{places}}}" if column.kind == "decimal" and places else ""
        return rf"[+-]?({whole}{part}{bare})"


def _sql_type(column: ColumnForm) -> str:
    # 18 digits are what 64 bits hold, with which a processor calculates fast.
    digits = 18 if (column.places or 0) <= _FEW_PLACES else 38
    return {
        "integer": "BIGINT",
        "decimal": f"DECIMAL({digits}, {column.places})",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
    }[column.kind]


@contextlib.contextmanager
def explained(name: str) -> Iterator[None]:
    """Raise what DuckDB says of a list, while it reads it, as one sentence.

    Raises
    ------
    ListError
    """
    import duckdb

    try:
        yield
    except ScoringError as error:
        raise ListError(_OWN_PATH.sub(lambda _: name, str(error))) from None
    except duckdb.Error as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        told = "; ".join(line for line in lines[:3] if not line.startswith(("Possible", "*")))
        told = _OWN_PATH.sub(lambda _: name, told.removeprefix("Invalid Input Error: "))
        raise ListError(f"{name} cannot be read: {told}") from None
