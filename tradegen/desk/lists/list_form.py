"""What is in a list of the user's own: the file's dialect, and of each column its kind and role.

A file of columns is TOML that `tradegen columns` writes and the user edits. It describes one list; or, in its
tables ``[ours]`` and ``[theirs]``, two.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, model_validator

from tradegen.core.columns import TRADE_COLUMNS
from tradegen.core.regular_files import read_text
from tradegen.desk.lists.date_forms import DIRECTIVES, directives, form_fault
from tradegen.desk.lists.plain_text import BOMS, COMPRESSIONS, ENCODINGS
from tradegen.errors import ListError, nearest, shown
from tradegen.scenario.validation import INTEGER, NUMBER, STRICT, Expected, explain, table

KINDS = ("code", "integer", "decimal", "date", "timestamp", "text", "reference")
"""What sort of values a column may hold."""

_NAMES = ("code", "reference", "text", "integer")
ROLE_KINDS: Mapping[str, tuple[str, ...]] = dict.fromkeys(
    ("trade_id", "ticker", "broker_id", "contra_broker_id", "order_type"), _NAMES
) | {
    "quantity": ("integer", "decimal"),
    "price": ("decimal", "integer"),
    "date": ("date",),
    "trade_timestamp": ("timestamp",),
}
"""By role, the kinds of columns that can have it."""

_MOST_PLACES = 12
_DATED = ("date", "timestamp")
_NUMBERS = ("integer", "decimal")
_FACTORS = ("quantity", "price")


def _one_of(name: str, allowed: Sequence[str]) -> Any:
    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"{name} is {shown(value)}, which is unknown; {nearest(value, allowed)}")
        return value

    return AfterValidator(check)


def _letter(name: str, expected: str, *, none: bool) -> Any:
    def check(value: str) -> str:
        plain = len(value) == 1 and value.isascii() and value not in "\r\n"
        if not plain and not (none and not value):
            raise ValueError(f"{name} is {shown(value)}; expected {expected}")
        return value

    return AfterValidator(check)


def _format(value: str) -> str:
    for directive in directives(value):
        if directive not in DIRECTIVES:
            known = ", ".join(f"%{one}" for one in DIRECTIVES)
            raise ValueError(f"format is {shown(value)}, which has %{directive}; expected some of {known}")
    return value


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _product(value: Any) -> Any:
    if value is not None and (not isinstance(value, (list, tuple)) or tuple(value) != _FACTORS):
        raise ValueError(
            f'product is {shown(value)}; expected ["quantity", "price"], the roles of the columns that it '
            "is the product of"
        )
    return None if value is None else _FACTORS


class FileForm(BaseModel):
    """How a file holds its records."""

    model_config = STRICT

    form: Annotated[str, _one_of("form", ("csv", "ndjson", "parquet"))] = "csv"
    encoding: Annotated[str, _one_of("encoding", ENCODINGS)] = "utf-8"
    bom: Annotated[bool, Expected("true where the file begins with a byte order mark, or false")] = False
    compression: Annotated[str, _one_of("compression", tuple(COMPRESSIONS))] = "none"
    separator: Annotated[str, _letter("separator", 'one plain letter, such as ";"', none=False)] = ","
    quote: Annotated[str, _letter("quote", "a quotation mark, or none", none=True)] = '"'
    line_end: Annotated[
        Literal["\n", "\r\n", "\r", "mixed"], Expected('"\\n", "\\r\\n", "\\r" or "mixed"')
    ] = "\n"
    header: Annotated[bool, Expected("true where the first row has the columns' names, or false")] = True
    skip: Annotated[
        int,
        Field(ge=0, le=1_000),
        INTEGER,
        Expected("how many lines stand before the header, from 0 to 1000"),
    ] = 0
    decimal: Annotated[Literal[".", ","], Expected('"." or ","')] = "."
    thousands: Annotated[Literal["", ",", ".", " ", "'", "\u00a0", "\u202f"], Expected(
        'what stands between thousands: "", ",", ".", a blank or an apostrophe'
    )] = ""  # fmt: skip

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.bom and not BOMS[self.encoding]:
            raise ValueError(f"bom is true, and encoding is {self.encoding}, which has none; expected false")
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both {shown(self.decimal)}; expected two marks")
        if self.quote and self.quote == self.separator:
            raise ValueError(f"quote and separator are both {shown(self.quote)}; expected two marks")
        return self


class ColumnForm(BaseModel):
    """What a column holds, and how it writes it."""

    model_config = STRICT

    name: Annotated[str, Field(min_length=1), Expected("the column's name, as the file has it")]
    kind: Annotated[str, _one_of("kind", KINDS)]
    role: Annotated[str, _one_of("role", TRADE_COLUMNS)] | None = None
    places: Annotated[
        Annotated[int, Field(ge=0, le=_MOST_PLACES), INTEGER] | None,
        Expected(f"how many decimals its values have at most, from 0 to {_MOST_PLACES}"),
    ] = None
    fixed: Annotated[bool, Expected("true where each value has all its places, as 154.50, or false")] = True
    min_places: Annotated[
        int,
        Field(ge=0, le=_MOST_PLACES),
        INTEGER,
        Expected("how many decimals its values have at least, such as 1 of 154.0, where fixed is false"),
    ] = 0
    grouped: Annotated[bool, Expected("true where thousands are set apart, as 1,284, or false")] = False
    format: Annotated[str, AfterValidator(_format)] | None = None
    width: Annotated[
        Annotated[int, Field(ge=1, le=10_000), INTEGER] | None,
        Expected("how many letters each cell is padded to with blanks, from 1 to 10000"),
    ] = None
    align: Annotated[Literal["left", "right"], Expected('"left" or "right"')] = "left"
    product: Annotated[tuple[str, ...], BeforeValidator(_product)] | None = None
    not_recomputed: Annotated[
        Annotated[float, Field(ge=0, le=1), NUMBER] | None,
        Expected("the share of altered trades that keep this amount as it was, from 0 to 1"),
    ] = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        who = f"column {shown(self.name)}"
        if self.kind == "decimal" and self.places is None:
            raise ValueError(
                f"{who} is of kind decimal without places; expected how many, such as places = 2"
            )
        if self.kind != "decimal" and self.places is not None:
            raise ValueError(
                f"{who} has places, and is of kind {self.kind}; expected them of a decimal alone"
            )
        if self.min_places and (self.fixed or self.min_places >= (self.places or 0)):
            raise ValueError(
                f"{who} has min_places {self.min_places}; expected fewer than places, beside fixed = false"
            )
        numbers: tuple[tuple[str, bool, tuple[str, ...]], ...] = (
            ("fixed = false", not self.fixed, ("decimal",)),
            ("grouped = true", self.grouped, _NUMBERS),
        )
        for name, given, kinds in numbers:
            if given and self.kind not in kinds:
                raise ValueError(
                    f"{who} has {name}, and is of kind {self.kind}; expected it of {' or '.join(kinds)} alone"
                )
        if self.align == "right" and self.width is None:
            raise ValueError(f'{who} has align = "right" without a width; expected both, or neither')
        if self.not_recomputed is not None and not self.product:
            raise ValueError(f"{who} has not_recomputed without a product; expected both, or neither")
        if self.product and (self.kind != "decimal" or self.role):
            which = f"has the role {self.role}" if self.role else f"is of kind {self.kind}"
            raise ValueError(f"{who} has a product, and {which}; expected it of a decimal without a role")
        if self.kind in _DATED and self.format is None:
            raise ValueError(
                f'{who} is of kind {self.kind} without a format; expected one such as format = "%Y-%m-%d"'
            )
        if self.kind not in _DATED and self.format is not None:
            raise ValueError(f"{who} has a format, and is of kind {self.kind}; expected one of dates alone")
        if self.format is not None and (fault := form_fault(self.format, self.kind)):
            raise ValueError(f"{who} is of kind {self.kind} and has the format {shown(self.format)}, {fault}")
        if self.role is not None and self.kind not in ROLE_KINDS[self.role]:
            known = " or ".join(ROLE_KINDS[self.role])
            raise ValueError(f"{who} is of kind {self.kind}, and has the role {self.role}; expected {known}")
        return self


def _columns(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    found = []
    for number, one in enumerate(value, 1):
        if not isinstance(one, Mapping):
            found.append(one)
            continue
        try:
            found.append(ColumnForm.model_validate(dict(one)))
        except ValidationError as error:
            name = one.get("name")
            called = f"columns[{shown(name)}]." if isinstance(name, str) else f"columns[{number}]."
            told = explain(error, ColumnForm, "field of a column", called)
            # What is said of the whole column begins with its name.
            raise ValueError(told.replace(f"{called}column ", "column ")) from None
    return tuple(found)


class ListForm(BaseModel):
    """One list: its file, its columns in their order, and which of them name a trade.

    Attributes
    ----------
    id : tuple of str
        The columns whose values name a trade, together.
    duplicate_ids : str
        ``refuse`` a list in which an id stands twice, or ``leave`` such rows as they are.
    """

    model_config = STRICT

    id: Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Expected('names such as ["TradeRef"]')] = ()
    duplicate_ids: Annotated[str, _one_of("duplicate_ids", ("refuse", "leave"))] = "refuse"
    file: Annotated[FileForm, table(FileForm, "file"), Expected("a table such as { form = 'csv' }")] = Field(
        default_factory=FileForm
    )
    columns: Annotated[
        tuple[ColumnForm, ...],
        BeforeValidator(_columns),
        Field(min_length=1),
        Expected("tables such as { name = 'Px', kind = 'decimal', places = 2 }"),
    ]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = Counter(column.name for column in self.columns)
        if twice := [name for name, count in names.items() if count > 1]:
            raise ValueError(f"columns has {shown(twice[0])} twice; expected each column once")
        roles = Counter(column.role for column in self.columns if column.role)
        for role, count in roles.items():
            if count > 1:
                called = [shown(column.name) for column in self.columns if column.role == role]
                raise ValueError(
                    f"columns {' and '.join(called)} have the same role {role}; expected it of one column"
                )
        for column in self.columns:
            if fault := self._fault(column):
                raise ValueError(f"column {shown(column.name)} has {fault}")
            for role in column.product or ():
                if role not in roles:
                    raise ValueError(
                        f"column {shown(column.name)} is a product of quantity and price, and no column has "
                        f"the role {role}; expected it of the column that holds it, or no product"
                    )
        if not self.id:
            raise ValueError(
                "id names no column; expected those whose values name a trade, such as "
                f"id = [{shown(self.columns[0].name)}]"
            )
        for name in self.id:
            if name not in names:
                raise ValueError(f"id has {shown(name)}, which is no column; {nearest(name, names)}")
        if len(set(self.id)) < len(self.id):
            raise ValueError("id has a column twice; expected each once")
        return self

    def _fault(self, column: ColumnForm) -> str:
        """What a column says of its cells that those of the file cannot have; "" for nothing."""
        if column.width is not None and self.file.form != "csv":
            return f"a width, and the file is of the form {self.file.form}; expected it of csv alone"
        if column.grouped and (self.file.form != "csv" or not self.file.thousands):
            return (
                "grouped = true, and the file has no mark between thousands; expected thousands in its table "
                "file, or grouped = false"
            )
        return ""

    def as_table(self) -> ListForm:
        """The same columns in a table whose numbers and dates have types, and no form of a file's."""
        plain = {"grouped": False, "min_places": 0, "width": None, "align": "left"}
        columns = [one.model_copy(update={**plain, "fixed": one.kind != "decimal"}) for one in self.columns]
        return self.model_copy(update={"file": FileForm(form="parquet"), "columns": tuple(columns)})

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in the file's order."""
        return tuple(column.name for column in self.columns)

    @property
    def by_role(self) -> Mapping[str, ColumnForm]:
        """The columns that have a role."""
        return {column.role: column for column in self.columns if column.role}

    def position(self, name: str) -> int:
        """Where a column stands in the list, from 0."""
        return self.names.index(name)


class Forms(BaseModel):
    """What a file of columns says: of our list, and of theirs where it has both."""

    model_config = STRICT

    ours: Annotated[ListForm, table(ListForm, "ours")]
    theirs: Annotated[ListForm, table(ListForm, "theirs")] | None = None


def load_forms(given: str | Path | Mapping[str, Any] | ListForm | Forms) -> Forms:
    """Read a file of columns, or take what one holds.

    Parameters
    ----------
    given : path, mapping, ListForm or Forms
        TOML of one list, or with the tables ``ours`` and ``theirs``.

    Raises
    ------
    ListError
        Where it cannot be read, or says something that cannot be.
    """
    if isinstance(given, Forms):
        return given
    if isinstance(given, ListForm):
        return Forms(ours=given)
    name, content = "columns", given
    if not isinstance(given, Mapping):
        name = str(given)
        try:
            content = tomllib.loads(read_text(Path(given)))
        except OSError as error:
            raise ListError(f"columns {given} cannot be read: {error.strerror}") from None
        except tomllib.TOMLDecodeError as error:
            raise ListError(f"columns {given} is not TOML: {error}") from None
    assert isinstance(content, Mapping)
    both = "ours" in content or "theirs" in content
    model: type[BaseModel] = Forms if both else ListForm
    try:
        found = model.model_validate(dict(content))
    except ValidationError as error:
        kind = "table of a file of two lists" if both else "field of a list"
        raise ListError(f"{name}: {explain(error, model, kind)}") from None
    return found if isinstance(found, Forms) else Forms(ours=found)
