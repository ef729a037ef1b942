"""Strict pydantic, and its errors as sentences for a person.

``explain`` turns a ValidationError into the form every message has: which parameter, what was given,
what is allowed. What is allowed is said once, as `Expected` beside the constraint it describes.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo

from tradegen.core.columns import LISTS
from tradegen.errors import named, near, nearest, shown

STRICT = ConfigDict(
    frozen=True,
    extra="forbid",
    strict=True,
    allow_inf_nan=False,
    # Building validators costs tens of milliseconds: at first use, not at import.
    defer_build=True,
)

TEXT = r"[^\x00-\x1f\x7f\"\\]{1,64}"
"""The pattern of a text that a scenario puts into what is written."""

# Readers of CSV take blanks and a byte order mark off the ends of a name, and then find no such column.
NAME = rf"(?!\s)(?!.*\s$)(?!.*\ufeff){TEXT}"
"""The pattern of a text that readers find again as it was written."""

# Half of a character that UTF-16 writes as two: JSON and Python can hold it, and UTF-8 cannot.
_SURROGATE = re.compile("[\ud800-\udfff]")

_OF_COLUMNS = {"mechanisms", "settings", "hot_spots", *(name for names in LISTS.values() for name in names)}
"""The fields that speak of columns: what is wrong with them does not show before `columns` is right."""

_MOST_FINDINGS = 5  # in one message: of a hostile event or file, there could be millions


class Frozen(dict[str, Any]):
    """A dict that cannot be changed, so that a frozen model is frozen all through; hashable, picklable."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a scenario cannot be changed; make another with replace()")

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _refuse

    def __hash__(self) -> int:  # type: ignore[override]  # a dict has none because it can change
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[Frozen], tuple[dict[str, Any]]]:
        return Frozen, (dict(self),)


@dataclass(frozen=True, slots=True)
class Expected:
    """Says what a field takes, for messages: ``a share from 0 to 1``."""

    text: str


def _plain_integer(value: Any) -> Any:
    """NumPy integers, which notebooks hold, as int; all else untouched, for strict validation to judge."""
    return int(value) if isinstance(value, np.integer) else value


def _plain_number(value: Any) -> Any:
    if isinstance(value, np.bool_):
        return bool(value)
    return value.item() if isinstance(value, (np.integer, np.floating)) else value


INTEGER = BeforeValidator(_plain_integer)
"""For an int field, after its limits: lets a NumPy integer in; no boolean, no float, no text."""

NUMBER = BeforeValidator(_plain_number)
"""For a float field, after its limits: lets a NumPy number in; no boolean, no text."""


def is_writable(value: str, pattern: str) -> bool:
    """Whether a text has the pattern, and can be written in UTF-8."""
    return re.fullmatch(pattern, value) is not None and not _SURROGATE.search(value)


_OWN = "own_columns"

TICK, QUANTITY_STEP = "tick", "quantity_step"
"""What a part of a scenario finds these by, in its context."""


def own_columns(info: ValidationInfo, field: str = "columns") -> Any:
    """The columns that a scenario adds, where a part of it is validated that speaks of them.

    A part that is a model of its own has them from its context. The scenario itself has them in a field that
    is validated before; a model that has another field of that name says ``field=""``.
    """
    return (info.context or {}).get(_OWN, ()) or info.data.get(field, ())


def with_columns(info: ValidationInfo) -> dict[str, Any]:
    """The context for validating a part of a scenario that is a model of its own."""
    context = dict(info.context or {})
    given = context | info.data
    return context | {_OWN: own_columns(info), **{name: given.get(name) for name in (TICK, QUANTITY_STEP)}}


def table(model: type[BaseModel], name: str) -> BeforeValidator:
    """For a field that is a table of its own: reads a mapping as `model`, with errors that name their place.

    `name` is the field's, as messages quote it.
    """

    def read(value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, Mapping):
            return value
        try:
            return model.model_validate(dict(value), context=with_columns(info))
        except ValidationError as error:
            raise ValueError(explain(error, model, f"field of {name}", f"{name}.")) from None

    return BeforeValidator(read)


def explain(
    error: ValidationError, model: type[BaseModel], kind: str, where: str = "", keys: Container[str] = ()
) -> str:
    """One sentence for a ValidationError of `model`.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    model : type
        The model that was validated.
    kind : str
        What a field of the model is called, such as ``"scenario field"``.
    where : str, optional
        What to put before field names, such as ``settings."price.nudge".``.
    keys : container of str, optional
        Keys that tables within the model may have, such as names of mechanisms: a message quotes them.

    Returns
    -------
    str
        Its findings, joined by semicolons: the first of them, where there are many.
    """
    sentences = list(dict.fromkeys(_sentences(error, model, kind, where, keys)))
    if (more := len(sentences) - _MOST_FINDINGS) > 0:
        sentences[_MOST_FINDINGS:] = [f"and {more:,} more"]
    return "; ".join(sentences)


def _sentences(
    error: ValidationError, model: type[BaseModel], kind: str, where: str, keys: Container[str]
) -> Iterable[str]:
    names = [field.alias or name for name, field in model.model_fields.items()]
    findings = error.errors(include_url=False)
    if any(finding["loc"][:1] == ("columns",) for finding in findings):
        findings = [finding for finding in findings if not set(finding["loc"][:1]) & _OF_COLUMNS]
    for finding in findings:
        if not finding["loc"] and finding["type"] != "value_error":
            yield f"{where}{shown(finding['input'])} cannot be read: {_expected(model, '', finding)}"
            continue
        name = str(finding["loc"][0]) if finding["loc"] else ""
        quoted = f"{where}{named(name)}{_within(finding['loc'][1:], keys)}"
        # A model that takes other names as well may have been given one of its own, misspelled.
        misspelled = bool(name) and name not in names and near(name, names)
        if finding["type"] == "extra_forbidden" or misspelled:
            yield f"{quoted} is not a {kind}; {nearest(name, names)}"
        elif finding["type"] == "missing":
            yield f"{quoted} is missing; expected {_expected(model, name, finding)}"
        elif finding["type"] == "value_error":
            # Raised by our own validators, which write whole sentences.
            yield f"{where}{finding['ctx']['error']}"
        else:
            yield f"{quoted} is {shown(finding['input'])}; expected {_expected(model, name, finding)}"


def _within(path: tuple[int | str, ...], keys: Container[str]) -> str:
    """Where in a field a finding lies: ``[1]``, ``."price.nudge"``; names of pydantic's own are left out."""
    return "".join(
        f"[{step}]" if isinstance(step, int) else f'."{step}"'
        for step in path
        if isinstance(step, int) or step in keys
    )


def _expected(model: type[BaseModel], name: str, finding: Any) -> str:
    fields = {field.alias or known: field for known, field in model.model_fields.items()}
    field = fields.get(name)
    stated = [item.text for item in field.metadata if isinstance(item, Expected)] if field else []
    if stated:
        return str(stated[-1])
    if field is None and (of_others := getattr(model, "expected_of_others", "")):
        return str(of_others)
    message: str = finding["msg"]
    return message[:1].lower() + message[1:]
