"""How a list is written: its columns and their names, the order of its records, the forms of dates and times.

Nothing here is a mismatch.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from tradegen.core.columns import RECORD_ID, STEPS, TRADE_COLUMNS
from tradegen.errors import nearest, shown
from tradegen.scenario.validation import NAME, STRICT, TEXT, Expected, Frozen, is_writable, own_columns

_COLUMN = r"^[a-z][a-z0-9_]{0,39}$"
# What strftime writes alike on every machine; %b and %B are English unless a program sets another locale.
_DIRECTIVES = re.compile(r"%(.?)")
_KNOWN = "YmdHIpMSfbByj%"
# What says the year, the month and the day; half of the day, hour, minute and second.
_DAYS = ("Yy", "mbBj", "dj")
_TIMES = ("Hp", "HI", "M", "S")
_MOMENT = dt.datetime(2025, 11, 21, 22, 33, 44, 555_666)


def _known(info: ValidationInfo) -> tuple[str, ...]:
    """The columns that a layout may speak of: those of the house, and the scenario's own."""
    return (*TRADE_COLUMNS, *(column.name for column in own_columns(info, field="")), RECORD_ID)


def _columns(value: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
    known = _known(info)
    for column, name in value.items():
        if column not in known:
            raise ValueError(f"columns has {shown(column)}, which is unknown; {nearest(column, known)}")
        if not is_writable(name, NAME):
            raise ValueError(
                f"columns.{column} is {shown(name)}; expected a name of 1 to 64 characters, without quotes, "
                "backslashes or line breaks, blanks at its ends or a byte order mark (U+FEFF)"
            )
    written = [value.get(column, column) for column in known]
    twice = next((name for name in written if written.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"columns gives the name {twice} to two columns; expected each name once")
    return Frozen(value)


def _include(value: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
    if not value:
        return value
    known = _known(info)
    for column in value:
        if column not in known:
            raise ValueError(f"include has {shown(column)}, which is unknown; {nearest(column, known)}")
        if value.count(column) > 1:
            raise ValueError(f"include has {column} twice; expected each column once")
    return value


def _format(value: str) -> str:
    for directive in _DIRECTIVES.findall(value):
        if directive not in _KNOWN or not directive:
            raise ValueError(f"format has %{directive}; expected %{', %'.join(_KNOWN)}")
    if not is_writable(value, TEXT):
        raise ValueError(
            f"format is {shown(value)}; expected 1 to 64 characters, without quotes or backslashes"
        )
    return value


def containing(directives: str) -> str:
    """The regular expression of a format that has one of these directives."""
    return f"^([^%]|%[^{directives}])*%[{directives}]"


def _format_schema(*parts: str) -> WithJsonSchema:
    """The JSON schema of a format; of each of the `parts`, it has one of the directives."""
    known = {"pattern": f"^([^%]|%[{_KNOWN}])*$"}
    form = {
        "type": "string",
        "pattern": f"^{TEXT}$",
        "allOf": [known, *({"pattern": containing(part)} for part in parts)],
    }
    return WithJsonSchema({"anyOf": [form, {"type": "null"}]})


Format = Annotated[
    str | None,
    AfterValidator(lambda value: None if value is None else _format(value)),
    Expected("a format such as %d/%m/%Y"),
]


class Layout(BaseModel):
    """How one list is written; what is not named stays as it is."""

    model_config = STRICT

    columns: Annotated[
        Mapping[str, str],
        AfterValidator(_columns),
        PlainSerializer(lambda value: dict(value)),
        Expected('new names by column, such as {trade_id = "TradeRef"}'),
        WithJsonSchema(
            {
                "type": "object",
                "propertyNames": {"pattern": _COLUMN},
                "additionalProperties": {"type": "string", "pattern": f"^{NAME}$"},
            }
        ),
    ] = Field(Frozen(), description="new names of columns")
    include: Annotated[
        tuple[str, ...] | None,
        BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
        AfterValidator(_include),
        Expected('columns by their own names, such as ["trade_id", "price"]'),
        WithJsonSchema(
            {
                "anyOf": [
                    {
                        "type": "array",
                        "items": {"type": "string", "pattern": _COLUMN},
                        "uniqueItems": True,
                    },
                    {"type": "null"},
                ]
            }
        ),
    ] = Field(None, description="the columns that are written, in this order; all of them if not given")
    sort: Annotated[Literal["trade_id"] | None, Expected("trade_id")] = Field(
        None, description="what records are sorted by: their ids as text; as `order` has them if not given"
    )
    date_format: Annotated[Format, _format_schema(*_DAYS)] = Field(
        None, description="form of dates, as strftime has it"
    )
    timestamp_format: Annotated[Format, _format_schema(*_DAYS, *_TIMES)] = Field(
        None, description="form of timestamps, as strftime has it"
    )

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in type(self).model_fields)

    def written(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Which of the columns that records have are written, in the order in which they are."""
        return tuple(columns) if self.include is None else tuple(c for c in self.include if c in columns)

    @model_validator(mode="after")
    def _whole_dates(self) -> Self:
        if lost := _lost(self.date_format, dt.timedelta(days=1)):
            raise ValueError(f"date_format is {shown(self.date_format)}, {lost}")
        return self

    def lost(self, precision: str) -> str:
        """What of a timestamp's precision the format leaves out, as the end of a sentence; "" if nothing."""
        step = dt.timedelta(microseconds=STEPS[precision])
        return _lost(self.timestamp_format, step)


def _lost(form: str | None, least: dt.timedelta) -> str:
    """What a format leaves out: a part, of at least this length, in which moments may differ unseen."""
    if form is None:
        return ""
    written = _MOMENT.strftime(form)
    for part, other in _OTHERS.items():
        if abs(other - _MOMENT) >= least and other.strftime(form) == written:
            return f"which leaves out the {part}; a mismatch there would vanish"
    return ""


_OTHERS = {
    "year": _MOMENT.replace(year=2015),
    "month": _MOMENT.replace(month=10),
    "day": _MOMENT.replace(day=20),
    "half of the day": _MOMENT.replace(hour=10),
    "hour": _MOMENT.replace(hour=21),
    "minute": _MOMENT.replace(minute=32),
    "second": _MOMENT.replace(second=43),
    "milliseconds": _MOMENT.replace(microsecond=554_666),
    "microseconds": _MOMENT.replace(microsecond=555_665),
}

PLAIN = Layout()
