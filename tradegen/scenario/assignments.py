"""``FIELD=VALUE`` texts as scenario fields: options of the command line, environment variables on Lambda."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from tradegen.errors import ScenarioError, shown


def assignments(texts: Iterable[str], source: str) -> dict[str, Any]:
    """Read the texts as TOML, later ones over earlier ones.

    Parameters
    ----------
    texts : iterable of str
        Such as ``quantity_max=1000``, ``order=paired`` (a bare word counts as text) or
        ``settings."price.nudge".max=0.02``.
    source : str
        Where they come from, for messages: ``"--set"``.

    Raises
    ------
    ScenarioError
        Where a text is not of this form. Whether the field exists is for the scenario to say.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ScenarioError(f"{source} is {shown(text)}; expected FIELD=VALUE, such as quantity_max=1000")
        found = merged(found, _read(name.strip(), value.strip(), source))
    return found


def _read(name: str, value: str, source: str) -> dict[str, Any]:
    # A line break would start another assignment: such a value can only be text.
    written_as = (value, json.dumps(value)) if value.isprintable() else (json.dumps(value),)
    for written in written_as:
        try:
            return tomllib.loads(f"{name} = {written}")
        except tomllib.TOMLDecodeError:
            continue
    raise ScenarioError(
        f"{source} is {shown(f'{name}={value}')}; expected FIELD=VALUE with names and values as in TOML"
    )


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Both tables in one: what is in `more` goes before, and tables within them are merged in turn."""
    found = dict(base)
    for name, value in more.items():
        old = found.get(name)
        both = isinstance(value, Mapping) and isinstance(old, Mapping)
        found[name] = merged(old, value) if both else value  # type: ignore[arg-type]
    return found


def changed(field: str, base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A table of a scenario with what is given in place of what there was.

    A tolerance of prices is in one unit, and so replaces one in another.
    """
    return {**base, **given} if field == "tolerances" else merged(base, given)
