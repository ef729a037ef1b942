"""A scenario as notebooks and pages show it: what it asks for beyond the defaults, and its weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tradegen.core.html_pages import for_notebook, table
from tradegen.scenario.field_types import default_settings

if TYPE_CHECKING:
    from tradegen.scenario.fields import ScenarioFields

_ALWAYS = ("pairs", "mismatch_rate")
_APART = ("columns", "mechanisms", "settings", "hot_spots")


def as_html(scenario: ScenarioFields) -> str:
    """Two tables: fields, and mechanisms with their share of the weights."""
    total, settings = sum(scenario.weights.values()), settings_texts(scenario)
    headers = ("mechanism", "weight", "share", *(["settings"] if settings else []))
    rows = [
        (name, f"{weight:g}", f"{weight / total:.1%}", settings.get(name, ""))[: len(headers)]
        for name, weight in scenario.weights.items()
    ]
    return for_notebook(fields_html(scenario), table(headers, rows, words=(3,)))


def fields_html(scenario: ScenarioFields) -> str:
    """The table of fields that are not at their defaults, but for weights and settings."""
    return table(("field", "value", "default"), _fields(scenario), words=(1, 2))


def settings_texts(scenario: ScenarioFields) -> dict[str, str]:
    """By mechanism, its settings as people write them, where one is not at its default."""
    found = {}
    for name, values in _plain(scenario.settings).items():
        usual = default_settings(scenario.catalogue[name])
        if told := _told({key: value for key, value in values.items() if usual.get(key) != value}):
            found[name] = told
    return found


def _fields(scenario: ScenarioFields) -> Iterator[tuple[str, str, str]]:
    for name, field in type(scenario).model_fields.items():
        value = getattr(scenario, name)
        if name not in _APART and (value != field.default or name in _ALWAYS):
            yield name, _told(_plain(value)), _told(_plain(field.default)) or "none"
    for column in _plain(scenario.columns):
        yield f"column {column.pop('name')}", _told(column), "none"
    for spot in _plain(scenario.hot_spots):
        yield f"hot spot {spot.pop('name')}", _told(spot), "none"


def _plain(value: Any) -> Any:
    """Without what is not given, and without classes of our own."""
    if hasattr(value, "model_dump"):
        return value.model_dump(exclude_defaults=True, by_alias=True)
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def _told(value: Any) -> str:
    """A value as people write it: ``0.8, 0.2``, or ``price.bps = 2, quantity = 5``."""
    if isinstance(value, Mapping):
        return ", ".join(_assigned(value))
    if isinstance(value, (list, tuple)):
        return ", ".join(f"({_told(one)})" if isinstance(one, (list, tuple)) else _told(one) for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.12g}"
    return f"{value:,}" if isinstance(value, int) else "" if value is None else str(value)


def _assigned(values: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _assigned(value, f"{above}{name}.")
        else:
            yield f"{above}{name} = {_told(value)}"
