"""What a manifest of `inject` says of the list that was broken: its dialect, its columns and its id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradegen.errors import shown
from tradegen.verify.file_scan import json_object
from tradegen.verify.words import VerifyError, literal

_SAMPLE = 65_536
_VERSION = "2"
_NAMED = ("trade_id", "ticker", "broker_id", "contra_broker_id", "order_type")
_NUMBER = "DECIMAL(38, 12)"
_FORMS = ("csv", "ndjson", "parquet")
_OF_JSON = r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false"  # written without quotes


def injection_manifest(paths: Sequence[Path]) -> tuple[dict[str, Any], list[Path]] | None:
    """The manifest of `inject` among some files, and the other files; None where there is none."""
    for path in paths:
        try:
            # A pipe would be waited for without end.
            if not path.is_file():
                continue
            with path.open("rb") as file:
                sample = file.read(_SAMPLE).removeprefix(b"\xef\xbb\xbf")
        except (OSError, ValueError):
            continue  # whatever reads it says what is wrong
        if sample.lstrip().startswith(b"{") and b'"inject"' in sample and b'"manifest"' in sample:
            found = json_object(path.read_text("utf-8-sig", "backslashreplace"))
            if found and "inject" in found and "manifest" in found:
                return found, [other for other in paths if other is not path]
    return None


@dataclass(frozen=True, slots=True)
class InjectedColumn:
    """A column of the list; `position` counts from 1, as SQL does."""

    position: int
    name: str
    kind: str
    role: str
    format: str
    places: int
    grouped: bool
    width: int
    right: bool
    product: bool = False  # of quantity and price
    kept: bool = False  # in some of the trades whose quantity or price is another

    @property
    def label(self) -> str:
        """What names of mechanisms call it."""
        return self.role or self.name

    @property
    def measured(self) -> bool:
        """Whether its values have sizes, such that a delta can be told."""
        return self.kind in ("integer", "decimal", "date", "timestamp") and self.role not in _NAMED


@dataclass(frozen=True, slots=True)
class InjectedForm:
    """The list's file, and its columns in order."""

    form: str  # csv, ndjson or parquet
    encoding: str
    compression: str
    separator: str
    quote: str
    header: bool
    skip: int
    decimal: str
    thousands: str
    columns: tuple[InjectedColumn, ...]
    id: tuple[int, ...]  # positions

    @property
    def factors(self) -> tuple[InjectedColumn, InjectedColumn] | None:
        """The columns of quantity and price, where the list has both."""
        quantity, price = self.by_role("quantity"), self.by_role("price")
        return (quantity, price) if quantity and price else None

    @property
    def products(self) -> tuple[InjectedColumn, ...]:
        """The columns that are the product of quantity and price."""
        return tuple(column for column in self.columns if column.product and self.factors)

    def by_role(self, role: str) -> InjectedColumn | None:
        """The column that has a role."""
        return next((column for column in self.columns if column.role == role), None)

    def key(self, cells: Sequence[str]) -> str:
        """SQL for an id of these cells, as the truth has it; "" where a part of it is blank."""
        known = " AND ".join(f"trim({cell}) <> ''" for cell in cells)
        return (
            f"CASE WHEN {known} THEN concat_ws(' / ', {', '.join(f'trim({c})' for c in cells)}) ELSE '' END"
        )

    def value(self, text: str, column: InjectedColumn) -> str:
        """SQL for a cell's value: a number, days or seconds; NULL where it has none."""
        cell = f"trim({text})"
        if self.form == "parquet" and column.kind in ("date", "timestamp"):
            # Of text in the column's form, or of another type.
            parsed = f"try_strptime({cell}, {literal(column.format)})"
            moment = f"coalesce({parsed}, TRY_CAST({cell} AS TIMESTAMP))"
            if column.kind == "date":
                return f"CAST(CAST({moment} AS DATE) - DATE '1970-01-01' AS {_NUMBER})"
            return f"CAST(epoch_us({moment}) * 0.000001::DECIMAL(7, 6) AS {_NUMBER})"
        if column.kind == "date":
            days = f"CAST(try_strptime({cell}, {literal(column.format)}) AS DATE) - DATE '1970-01-01'"
            return f"CAST({days} AS {_NUMBER})"
        if column.kind == "timestamp":
            micros = f"epoch_us(try_strptime({cell}, {literal(column.format)}))"
            return f"CAST({micros} * 0.000001::DECIMAL(7, 6) AS {_NUMBER})"
        if column.grouped and self.thousands:
            cell = f"replace({cell}, {literal(self.thousands)}, '')"
        if column.kind == "decimal" and self.decimal == ",":
            cell = f"replace({cell}, ',', '.')"
        return f"TRY_CAST({cell} AS {_NUMBER})"

    def values(self, text: str, position: str = "position") -> str:
        """SQL for the value of a cell of any column."""
        cases = [f"WHEN {c.position} THEN {self.value(text, c)}" for c in self.columns if c.measured]
        return f"CASE {position} {' '.join(cases)} END" if cases else f"NULL::{_NUMBER}"

    def due(self, was: str, altered: str) -> str:
        """SQL for the cell that another text makes: it is padded as the column is, or as the cell was."""
        if self.form != "csv":
            return altered
        kept = (
            f"CASE WHEN trim({was}) = '' THEN {altered} ELSE "
            f"regexp_extract({was}, '^ *') || {altered} || regexp_extract({was}, ' *$') END"
        )
        cases = []
        for column in self.columns:
            if column.width:
                blanks = f"repeat(' ', greatest({column.width} - length({altered}), 0))"
                whole = f"{blanks} || {altered}" if column.right else f"{altered} || {blanks}"
                cases.append(f"WHEN {column.position} THEN {whole}")
        return f"CASE position {' '.join(cases)} ELSE {kept} END" if cases else kept

    def same(self, one: str, other: str, position: str = "position") -> str:
        """SQL for whether two cells say the same; in JSON and Parquet, numbers have no form of their own."""
        if self.form == "csv":
            return f"{one} = {other}"
        values = self.values(one, position), self.values(other, position)
        return f"({one} = {other} OR coalesce({values[0]} = {values[1]}, false))"

    def raw_cells(self, table: str) -> str:
        """SQL for the cells of a record as they stand in the file, with their quotes."""
        if self.form != "csv":
            return f"{table}.raw_cells"
        if not self.quote:
            return f"string_split({table}.raw, {literal(self.separator)})"
        mark, apart = f"\\x{{{ord(self.quote):x}}}", f"\\x{{{ord(self.separator):x}}}"
        blanks = "" if self.separator == " " else " *"
        cell = f"{blanks}{mark}(?:[^{mark}]|{mark}{mark})*{mark}{blanks}|[^{apart}]*"
        return f"regexp_extract_all({literal(self.separator)} || {table}.raw, '{apart}({cell})', 1)"

    def misquoted(self) -> str:
        """SQL for whether an altered cell has quotes, or is missing, where the list would have it otherwise.

        Of the columns ``raw``, ``was``, ``raw_found`` and ``found``, and of ``viewed``, what stood there in
        between if theirs is the view of a counterparty. Quotes that a text needed may go with it, and blanks
        may have quotes or not.
        """
        if self.form == "parquet":
            return "found = '' AND raw_found IS NOT NULL"
        if self.form == "ndjson":
            return f"""CASE WHEN found = '' THEN raw_found <> 'null'
                WHEN starts_with(raw, '"') THEN NOT starts_with(raw_found, '"')
                ELSE starts_with(raw_found, '"') AND regexp_full_match(found, {literal(_OF_JSON)}) END"""
        if not self.quote:
            return "false"
        quote = literal(self.quote)
        marks = [literal(self.separator), quote, "chr(10)", "chr(13)"]
        viewed = "coalesce(viewed, '')"
        needs = {
            text: f"({' OR '.join(f'contains({text} || {viewed}, {mark})' for mark in marks)})"
            for text in ("was", "found")
        }
        before, after = (f"starts_with(trim({text}), {quote})" for text in ("raw", "raw_found"))
        return (
            f"found <> '' AND (({before} AND NOT {after} AND NOT {needs['was']}) OR "
            f"({after} AND NOT {before} AND NOT {needs['found']}))"
        )


def known_forms(manifest: Mapping[str, Any]) -> tuple[InjectedForm, InjectedForm | None]:
    """The form of the list that was broken, and of ours if its differences from it were kept.

    Raises
    ------
    VerifyError
        Where it is of another version or form, or does not say what the list is.
    """
    version = str(manifest.get("manifest"))
    if version != _VERSION:
        raise VerifyError(f"the manifest is of version {version}; this tradegen reads version {_VERSION}")
    told = manifest["inject"]
    described = told.get("columns") if isinstance(told, Mapping) else None
    if not isinstance(described, Mapping) or "theirs" not in described:
        return _form(described), None
    return _form(described["theirs"]), _form(described.get("ours"))


def _form(described: Any) -> InjectedForm:
    try:
        file = described["file"]
        form = str(file["form"])
        columns = tuple(_column(number, one) for number, one in enumerate(described["columns"], 1))
        positions = {column.name: column.position for column in columns}
        found = InjectedForm(
            form=form,
            encoding=str(file["encoding"]),
            compression=str(file["compression"]),
            separator=str(file["separator"]),
            quote=str(file["quote"]),
            header=bool(file["header"]),
            skip=int(file["skip"]),
            # JSON and Parquet have no marks of their own.
            decimal=str(file["decimal"]) if form == "csv" else ".",
            thousands=str(file["thousands"]) if form == "csv" else "",
            columns=columns,
            id=tuple(positions[name] for name in described["id"]),
        )
        "".encode(found.encoding)
        if not (found.id and len(found.separator) == 1 and len(found.quote) < 2):
            raise ValueError
    except (KeyError, TypeError, ValueError, LookupError):
        raise VerifyError(
            "the manifest does not say what list was broken; expected inject.columns with file, columns, id"
        ) from None
    if form not in _FORMS:
        raise VerifyError(f"the manifest is about a list of {shown(form)}; expected {' or '.join(_FORMS)}")
    return found


def _column(position: int, given: Mapping[str, Any]) -> InjectedColumn:
    return InjectedColumn(
        position=position,
        name=str(given["name"]),
        kind=str(given["kind"]),
        role=str(given.get("role") or ""),
        format=str(given.get("format") or ""),
        places=int(given.get("places") or 0),
        grouped=bool(given.get("grouped")),
        width=int(given.get("width") or 0),
        right=given.get("align") == "right",
        product=list(given.get("product") or ()) == ["quantity", "price"],
        kept=float(given.get("not_recomputed") or 0) > 0,
    )
