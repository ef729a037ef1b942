"""The values of a list by the kinds of its columns, and cells that are of no such kind."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tradegen.desk.lists.cell_texts import Value, cell_text
from tradegen.desk.lists.date_forms import ISO_FORMS, form_pattern
from tradegen.desk.lists.list_form import ColumnForm, ListForm
from tradegen.desk.lists.plain_text import PlainText
from tradegen.errors import ListError, ScoringError, shown
from tradegen.scoring.relations import Source, literal

_ISO = {form for forms in ISO_FORMS.values() for form in forms if "Z" not in form and "%f" not in form}
_ALL_ISO = {form for forms in ISO_FORMS.values() for form in forms}
_PRINTED = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S")
"""The forms in which DuckDB prints dates and times."""

_FEW_PLACES = 6
_MOMENT = dt.datetime(2025, 11, 21, 14, 30, 15, 250_000)
_EXAMPLES: Mapping[str, Value] = {
    "integer": 1250,
    "decimal": Decimal("1250.5"),
    "date": _MOMENT.date(),
    "timestamp": _MOMENT,
}
"""A value of each kind whose cells have a form."""

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
    given : path, DataFrame or Arrow table
        What was opened.
    """

    form: ListForm
    source: Source
    plain: PlainText | None
    given: Any = None

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
                found = self.source.raw(column.name)
                if not _is_iso(column):  # of text; another type prints its values in another form
                    parsed = f"try_strptime({cell}, {literal(str(column.format))})"
                    found = f"coalesce({parsed}, TRY_CAST({found} AS TIMESTAMP))"
                return f"{tried}CAST({found} AS {_sql_type(column)})"
            if column.format in _ISO:
                return f"{tried}CAST({cell} AS {_sql_type(column)})"
            parsed = f"{tried.lower()}strptime({cell}, {literal(str(column.format))})"
            return f"CAST({parsed} AS {_sql_type(column)})"
        return cell

    def cast(self, column: ColumnForm, cell: str) -> str:
        """SQL for the value of a cell as DuckDB reads it by itself, NULL where it reads none."""
        return f"TRY_CAST({cell} AS {_sql_type(column)})"

    def printed(self, column: ColumnForm, cell: str, value: str) -> str:
        """SQL for whether a cell is just what DuckDB prints for its value; "" where that is seldom so.

        Such a cell is as its column is described, and need not be kept beside its value.
        """
        if self.form.file.form != "csv" or column.width is not None or column.grouped:
            return ""
        same = f"CAST({value} AS VARCHAR) = {cell}"
        if column.format in _PRINTED:
            return f"{same} AND strlen({cell}) = {_length(column)}"
        decimal = column.fixed and (column.places or 0) <= _FEW_PLACES and self._mark == "."
        return same if column.kind == "integer" or (column.kind == "decimal" and decimal) else ""

    def key(self) -> str:
        """SQL for the id of a trade, as a message shows it: its parts with a slash between them."""
        parts = [self.source.trimmed(name) for name in self.form.id]
        return parts[0] if len(parts) == 1 else f"concat_ws(' / ', {', '.join(parts)})"

    def misfits(self, column: ColumnForm, value: str) -> str:
        """SQL for whether a cell is not as its column is described; "" where every cell is.

        A decimal with more places than stated is none, since it could not be written again as it was.
        `value` is SQL for the column's value, not strict, where that has been worked out.
        """
        cell, wrong = self.source.trimmed(column.name), []
        if column.width is not None:
            blanks = f"repeat(' ', greatest({column.width} - length({cell}), 0))"
            padded = f"{blanks} || {cell}" if column.align == "right" else f"{cell} || {blanks}"
            wrong.append(f"{self.source.text(column.name)} <> {padded}")
        if column.kind not in ("code", "text", "reference"):
            wrong += self._unlike(column, cell, value)
        return f"({cell} IS NOT NULL AND ({' OR '.join(wrong)}))" if wrong else ""

    def _unlike(self, column: ColumnForm, cell: str, value: str) -> list[str]:
        """SQL for the ways in which a cell is not of its column's kind, or not written as stated."""
        wrong, native = [f"{value} IS NULL"], self.form.file.form == "parquet"
        if native and column.kind == "decimal":
            # A binary fraction counts as the decimal next to it.
            wrong.append(
                f"abs(CAST({cell} AS DOUBLE) - CAST({value} AS DOUBLE)) > 1e-9 * abs({cell}::DOUBLE)"
            )
        elif native:
            if column.format and not _is_iso(column):
                either = rf"{form_pattern(column.format)}|\d{{4}}-\d\d-\d\d.*"
                wrong.append(f"NOT regexp_full_match({cell}, {literal(either)})")
        elif column.kind in ("integer", "decimal"):
            unlike = f"NOT regexp_full_match({cell}, {literal(self._pattern(column))})"
            if not column.grouped:
                # What DuckDB would print the same is of that form, which is seen in less time.
                printed = f"CAST({value} AS VARCHAR)"
                if self._mark == ",":
                    printed = f"replace({printed}, '.', ',')"
                unlike = f"({printed} <> {cell} AND {unlike})"
            wrong.append(unlike)
        elif column.format in _ISO:
            # A cast takes a month of one digit, too.
            wrong.append(f"strlen({cell}) <> {_length(column)}")
        else:
            # So does what reads other forms.
            wrong.append(f"NOT regexp_full_match({cell}, {literal(form_pattern(str(column.format)))})")
        return wrong

    def misfit(self, column: ColumnForm, row: int, cell: str) -> ListError:
        """What to say of a cell that is not as its column is described; `row` counts from 0."""
        kind, number = column.kind, column.kind in ("integer", "decimal")
        settings = ["kind"]
        if number and self.form.file.form == "csv":
            settings += ["places", "fixed", "grouped", "decimal", "thousands"]
        settings += ["format"] if column.format else []
        settings += ["width", "align"] if column.width else []
        like = cell_text(_EXAMPLES[kind], "", column, self.form.file) if kind in _EXAMPLES else None
        example = f" such as {shown(like)}" if like else ""
        padded = f" padded with blanks to {column.width} letters" if column.width else ""
        *others, last = settings
        corrected = f"{', '.join(others)} or {last}" if others else last
        return ListError(
            f"{self.name} has {shown(cell)} in column {shown(column.name)}, row {row + 1:,}, which is no "
            f"{kind} as described; expected one{example}{padded}, or another {corrected} in the file of "
            "columns"
        )

    @property
    def _mark(self) -> str:
        """The decimal mark; JSON has the point."""
        return self.form.file.decimal if self.form.file.form == "csv" else "."

    def contradicted(self, column: ColumnForm, text: str) -> dict[str, str]:
        """By setting, SQL over all cells for a number that shows that none is written so; NULL for none.

        Parameters
        ----------
        column : ColumnForm
        text : str
            SQL for the texts of the column's cells, without the blanks around them.
        """
        file, shows = self.form.file, {}
        if column.grouped:
            shows["grouped = true"] = (
                f"contains({text}, {literal(file.thousands)})",
                f"regexp_matches({text}, '^[+-]?\\d{{4}}')",
            )
        if column.kind == "decimal" and not column.fixed and file.form == "csv":
            mark, least = f"[{file.decimal}]", column.min_places
            shows["fixed = false"] = (
                f"regexp_full_match({text}, '[^{file.decimal}]*({mark}\\d{{0,{least}}})?')",
                f"regexp_matches({text}, '{mark}\\d{{{least}}}\\d*0$')",
            )
        return {
            setting: f"CASE WHEN NOT bool_or({alike}) THEN min({text}) FILTER ({unlike}) END"
            for setting, (alike, unlike) in shows.items()
        }

    def contradiction(self, column: ColumnForm, setting: str, cell: str) -> ListError:
        """What to say of a column in which no number is written as a setting has it."""
        instead = (
            "grouped = false, or another mark for thousands of the file"
            if setting.startswith("grouped")
            else "fixed = true, or the fewest decimals of a number as min_places"
        )
        return ListError(
            f"{self.name} has {shown(cell)} in column {shown(column.name)}, and no number there that shows "
            f"{setting}; expected {instead} in the file of columns"
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
        csv, places = self.form.file.form == "csv", column.places or 0
        mark = f"[{self._mark}]"
        whole = rf"(\d{{1,3}}([{self.form.file.thousands}]\d{{3}})+|\d+)" if column.grouped else r"\d+"
        if column.kind == "integer" or not places:
            return rf"[+-]?{whole}"
        if csv and column.fixed:
            return rf"[+-]?({whole})?{mark}\d{{{places}}}"
        least = column.min_places if csv else 0
        part = rf"{mark}\d{{{least},{places}}}"
        return rf"[+-]?({whole}{part if least else f'({part})?'}|{mark}\d{{{max(least, 1)},{places}}})"


def _is_iso(column: ColumnForm) -> bool:
    return column.format in _ALL_ISO


def _length(column: ColumnForm) -> int:
    """How long the texts of a form of ISO 8601 are."""
    return len(str(column.format).replace("%Y", "2025").replace("%", "1"))


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
