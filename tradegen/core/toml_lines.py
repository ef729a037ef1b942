"""Keys and values of TOML, one on a line, so that a comment has room beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def toml_line(pair: Mapping[str, Any]) -> str:
    """One key and its value, on one line."""
    import tomli_w

    [(name, value)] = pair.items()
    if isinstance(value, Mapping):
        inner = ", ".join(toml_line({key: item}) for key, item in value.items() if item is not None)
        return f"{_key(name)} = {{ {inner} }}"
    if isinstance(value, (list, tuple)):
        return f"{_key(name)} = [{', '.join(_item(item) for item in value)}]"
    return tomli_w.dumps({name: value}).strip()


def _item(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_item(item) for item in value)}]"
    return toml_line({"x": value}).partition(" = ")[2]


def _key(name: str) -> str:
    return toml_line({name: 0}).partition(" = ")[0]
