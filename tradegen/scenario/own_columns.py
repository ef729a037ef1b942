"""Columns that a scenario adds to the nine that come with the house, by kind, and their clean values."""

import functools
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from tradegen.core.blocks import Pairs, Trades
from tradegen.core.columns import FIELDS, RECORD_ID
from tradegen.errors import named, nearest, shown
from tradegen.mechanisms.column_kinds import KindOfColumn
from tradegen.scenario.validation import INTEGER, NAME, NUMBER, STRICT, Expected, explain, is_writable

_NAME = r"^[a-z][a-z0-9_]{0,39}$"
# What a block calls its own arrays cannot be the name of another one.
_TAKEN = {*FIELDS, RECORD_ID, *Pairs.__dataclass_fields__, *Trades.__dataclass_fields__}
_MOST = 40
_LARGEST = 10**15


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _name(value: str) -> str:
    if not is_writable(value, NAME):
        raise ValueError(
            f"{shown(value)} is no name; expected 1 to 64 characters, without quotes or backslashes, "
            "or blanks at its ends"
        )
    return value


_Whole = Annotated[int, Field(ge=1, le=_LARGEST), INTEGER, Expected("a whole number from 1 to 10^15")]
_Number = Annotated[
    Annotated[float, Field(gt=0, le=1e12), NUMBER] | None, Expected("a number above 0 and at most 1e12")
]
_Seconds = Annotated[int, Field(ge=0, le=43_200), INTEGER, Expected("whole seconds from 0 to 43200")]
_Kept = Annotated[float, Field(ge=0, le=1), NUMBER, Expected("a share from 0 to 1")]
_Name = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME}$"})]
_Names = Annotated[tuple[_Name, ...] | None, BeforeValidator(_tuple), Expected("a list of names")]
_Weights = Annotated[
    tuple[Annotated[float, Field(gt=0, le=1e9), NUMBER], ...] | None,
    BeforeValidator(_tuple),
    Expected("a weight above 0 for each of the values"),
]
_Sources = Annotated[tuple[str, ...] | None, BeforeValidator(_tuple)]


class _Column(BaseModel):
    """What every kind of column has."""

    model_config = STRICT

    name: Annotated[
        str, Field(pattern=_NAME), Expected("a name of 1 to 40 small letters, digits and underscores")
    ] = Field(description="what the column is called, in files and in the truth's `field`")

    @property
    def places(self) -> int:
        """Decimal places of its numbers, or digits of its references."""
        return 0

    @property
    def derived_from(self) -> tuple[str, ...]:
        """The columns whose values give its own; none for a column that is drawn."""
        return ()

    @property
    def tells(self) -> str:
        """Why a record shows that its name is another one than the trade's; empty where it does not."""
        return ""

    @property
    def keeps(self) -> tuple[str, ...]:
        """The columns that its values tell of, and that it does not always follow where they are altered."""
        return self.derived_from if getattr(self, "not_recomputed", 0) else ()

    @property
    def own(self) -> bool:
        """Whether it differs on each record, and says nothing of the pair."""
        return False

    @model_validator(mode="after")
    def _not_taken(self) -> Self:
        if self.name in _TAKEN:
            raise ValueError(f"name is {self.name}, which is taken; expected another name")
        return self


class CodeColumn(_Column):
    """One of a set of names: a currency, an account, an ISIN."""

    kind: Literal["code", "text"] = Field(description="code: one of a set of names; text: free text")
    value: Annotated[_Name | None, Expected("1 to 64 characters")] = Field(
        None, description="the one name that all trades have"
    )
    values: _Names = Field(None, description="the names that trades have")
    weights: _Weights = Field(
        None, description="how often each of the values is drawn; all alike if not given"
    )
    codes: Annotated[
        Annotated[int, Field(ge=1, le=100_000), INTEGER] | None, Expected("a whole number from 1 to 100000")
    ] = Field(None, description="how many names to make: the prefix and a number each")
    prefix: Annotated[_Name | None, Expected("1 to 64 characters")] = Field(
        None, description="what the made names begin with"
    )
    from_: Annotated[_Name | None, Expected("the name of a column of tickers.csv")] = Field(
        None, alias="from", description="the column of tickers.csv that has the ticker's name, such as isin"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = {"value": self.value, "values": self.values, "codes": self.codes, "from": self.from_}
        named_ones = [name for name, value in given.items() if value is not None]
        if len(named_ones) != 1:
            wrong = f"{' and '.join(named_ones)} are given together" if named_ones else "no names are given"
            raise ValueError(f"{wrong}; expected one of value, values, codes and from")
        if self.prefix is not None and self.codes is None:
            raise ValueError("prefix is given without codes; expected codes = how many names to make")
        if self.values is not None and len(set(self.values)) != len(self.values or ()):
            raise ValueError("values has a name twice; expected each name once")
        if self.values == ():
            raise ValueError("values is empty; expected at least one name")
        if self.weights is not None and len(self.weights) != len(self.values or ()):
            raise ValueError(
                f"weights has {len(self.weights)} and values {len(self.values or ())}; expected as many"
            )
        return self

    @property
    def tells(self) -> str:
        """Why a record shows that its name is another one than the trade's; empty where it does not."""
        if self.from_ is not None:
            return "it is not that of the ticker"
        if self.weights is not None and 2 * max(self.weights) > sum(self.weights):
            return "more than half of the clean names are one and the same"
        return ""

    @property
    def keeps(self) -> tuple[str, ...]:
        """The ticker, where it is the ticker's name."""
        return ("ticker",) if self.from_ else ()

    def clean_names(self) -> tuple[str, ...]:
        """The names by code, where they do not come from the universe."""
        if self.value is not None:
            return (self.value,)
        if self.codes is not None:
            width = max(3, len(str(self.codes)))
            return tuple(f"{self.prefix or ''}{number:0{width}d}" for number in range(1, self.codes + 1))
        return self.values or ()


class IntegerColumn(_Column):
    """A whole number, drawn evenly."""

    kind: Literal["integer"] = Field(description="a whole number")
    min: _Whole = Field(description="the smallest")
    max: _Whole = Field(description="the largest")

    @property
    def range(self) -> tuple[int, int]:
        """The smallest and the largest clean number."""
        return self.min, self.max

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _in_order(self.min, self.max)
        return self


class DecimalColumn(_Column):
    """An exact decimal: drawn evenly, or the product of two other columns."""

    kind: Literal["decimal"] = Field(description="an exact decimal")
    decimal_places: Annotated[int, Field(ge=0, le=6), INTEGER, Expected("a whole number from 0 to 6")] = (
        Field(alias="places", description="decimal places, as files print them")
    )
    min: _Number = Field(None, description="the smallest")
    max: _Number = Field(None, description="the largest")
    product: Annotated[_Sources, Expected('two columns of numbers, such as ["quantity", "price"]')] = Field(
        None, description="the two columns whose product it is"
    )
    not_recomputed: _Kept = Field(
        0.0, description="product: the share of altered legs that keep the product as it was"
    )

    @property
    def places(self) -> int:
        """Decimal places of its numbers."""
        return self.decimal_places

    @property
    def derived_from(self) -> tuple[str, ...]:
        """The two columns whose product it is."""
        return self.product or ()

    @property
    def keeps(self) -> tuple[str, ...]:
        """What the product tells of: with a price, of the ticker, too."""
        return (*super().keeps, *(("ticker",) if "price" in self.derived_from else ()))

    @property
    def range(self) -> tuple[int, int]:
        """The smallest and the largest clean number, in steps of its last decimal place."""
        unit = 10**self.places
        return int(Decimal(str(self.min)) * unit), int(Decimal(str(self.max)) * unit)

    @model_validator(mode="after")
    def _drawn_or_derived(self) -> Self:
        if (self.product is None) == (self.min is None and self.max is None):
            raise ValueError("expected either product, or min and max")
        if self.product is not None:
            if len(self.product) != 2:
                raise ValueError(f"product names {len(self.product)} columns; expected two")
            return self
        if self.not_recomputed:
            raise ValueError("not_recomputed goes with product alone; expected it left out")
        if self.min is None or self.max is None:
            raise ValueError(f"{'min' if self.min is None else 'max'} is missing; expected both min and max")
        for name in ("min", "max"):
            number = Decimal(str(getattr(self, name))) * 10**self.places
            if number != number.to_integral_value() or number < 1:
                raise ValueError(
                    f"{name} is {getattr(self, name)}; expected a number above 0 with up to {self.places} "
                    "decimals"
                )
        _in_order(self.min, self.max)
        return self


class DateColumn(_Column):
    """A date some sessions after another date; a session is a weekday."""

    kind: Literal["date"] = Field(description="a date")
    sessions_after: Annotated[Literal["date"], Expected("date, the trade's own")] = Field(
        description="the date that it comes after"
    )
    by: Annotated[int, Field(ge=0, le=30), INTEGER, Expected("a whole number from 0 to 30")] = Field(
        1, description="how many weekdays later"
    )
    not_recomputed: _Kept = Field(
        0.0, description="the share of legs with an altered date that keep this date as it was"
    )

    @property
    def derived_from(self) -> tuple[str, ...]:
        """The date that it comes after."""
        return (self.sessions_after,)


class TimestampColumn(_Column):
    """A time some seconds after the trade, on the same day."""

    kind: Literal["timestamp"] = Field(description="a time")
    after: Annotated[Literal["trade_timestamp"], Expected("trade_timestamp")] = Field(
        description="the time that it comes after"
    )
    min: _Seconds = Field(0, description="the fewest seconds later")
    max: _Seconds = Field(60, description="the most seconds later")

    @property
    def keeps(self) -> tuple[str, ...]:
        """The time of the trade."""
        return (self.after,)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _in_order(self.min, self.max)
        return self


class ReferenceColumn(_Column):
    """An id: the same on both legs, or each record's own."""

    kind: Literal["reference"] = Field(description="an id")
    each_its_own: Annotated[bool, Expected("true or false")] = Field(
        False, alias="own", description="true: different on every record, and says nothing of the pair"
    )
    prefix: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9_.-]{0,16}$"), Expected("0 to 16 letters, digits, _ . or -")
    ] = Field("", description="what the ids begin with")
    digits: Annotated[int, Field(ge=4, le=18), INTEGER, Expected("a whole number from 4 to 18")] = Field(
        10, description="how many digits follow; one that is each record's own has 16, hexadecimal"
    )

    @property
    def places(self) -> int:
        """How many digits an id has."""
        return self.digits

    @property
    def own(self) -> bool:
        """Whether it differs on each record."""
        return self.each_its_own


def _in_order(low: float, high: float) -> None:
    if low > high:
        raise ValueError(f"min is {low:g} and max is {high:g}; expected min at or below max")


OwnColumn: TypeAlias = (
    CodeColumn | IntegerColumn | DecimalColumn | DateColumn | TimestampColumn | ReferenceColumn
)
"""A column that a scenario adds."""

KINDS: Mapping[str, type[_Column]] = {
    "code": CodeColumn,
    "integer": IntegerColumn,
    "decimal": DecimalColumn,
    "date": DateColumn,
    "timestamp": TimestampColumn,
    "text": CodeColumn,
    "reference": ReferenceColumn,
}
"""The models of the kinds of columns."""


def _read(value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        return value
    found: list[_Column] = []
    for number, item in enumerate(value, 1):
        if isinstance(item, _Column):
            found.append(item)
            continue
        given = item.get("name") if isinstance(item, Mapping) else None
        where = f"column {named(given) if isinstance(given, str) else number}: "
        if not isinstance(item, Mapping):
            raise ValueError(
                f"{where}it is {shown(item)}; expected a table such as "
                "{name = 'currency', kind = 'code', value = 'USD'}"
            )
        kind = item.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            raise ValueError(f"{where}kind is {shown(kind)}; expected one of {', '.join(KINDS)}")
        model = KINDS[kind]
        try:
            found.append(model.model_validate(dict(item)))
        except ValidationError as error:
            raise ValueError(where + explain(error, model, f"field of a {kind} column")) from None
    return tuple(found)


def _together(columns: tuple[OwnColumn, ...]) -> tuple[OwnColumn, ...]:
    names = [column.name for column in columns]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"columns has two with the name {twice}; expected each name once")
    if len(columns) > _MOST:
        raise ValueError(f"columns has {len(columns)}; expected at most {_MOST}")
    numbers = [column for column in columns if isinstance(column, IntegerColumn | DecimalColumn)]
    drawn = {"quantity", "price", *(column.name for column in numbers if not column.derived_from)}
    for column in columns:
        if isinstance(column, DecimalColumn) and (
            unknown := next((s for s in column.derived_from if s not in drawn), None)
        ):
            raise ValueError(
                f"column {column.name}: product names {shown(unknown)}, which is no column of drawn numbers; "
                f"{nearest(unknown, sorted(drawn))}"
            )
    return columns


OwnColumns: TypeAlias = Annotated[
    tuple[OwnColumn, ...],
    BeforeValidator(_read),
    AfterValidator(_together),
    Expected("a list of columns, each with a name and a kind"),
    PlainSerializer(
        lambda columns: [
            column.model_dump(mode="json", by_alias=True, exclude_none=True) for column in columns
        ]
    ),
]


@functools.lru_cache(maxsize=64)
def kinds_of(columns: tuple[OwnColumn, ...]) -> tuple[KindOfColumn, ...]:
    """What mechanisms must know of the columns; those that say nothing of the pair have none."""
    return tuple(
        KindOfColumn(
            column.name, column.kind, column.places, column.derived_from, column.tells, keeps=column.keeps
        )
        for column in columns
        if not column.own
    )
