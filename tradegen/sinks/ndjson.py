"""JSON lines: an object a line, for log pipelines and line-wise readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tradegen.sinks.records import Columns, Kind

__all__ = ["Ndjson", "objects"]


class Ndjson:
    """Writes an object a line."""

    def __init__(self, kind: Kind, write: Callable[[str], object]) -> None:
        self._kind, self._write = kind, write

    def add(self, columns: Columns) -> None:
        """Write the records of one block."""
        self._write("".join(f"{line}\n" for line in objects(self._kind, columns)))

    def end(self) -> None:
        """Nothing stands after the last line."""


def objects(kind: Kind, columns: Columns) -> Iterator[str]:
    """Each record as a JSON object on one line.

    Nothing needs escaping: names are validated to hold no quote and no backslash, and numbers are printed as
    exact decimals, which is why a JSON encoder, with its doubles, is not used.
    """
    members = (
        f'"{escaped}": %s' if name in kind.bare else f'"{escaped}": "%s"'
        for name in kind.names
        for escaped in [name.replace("%", "%%")]
    )
    template = "{" + ", ".join(members) + "}"
    texts = (_or_null(columns[name]) if name in kind.bare else columns[name] for name in kind.names)
    return map(template.__mod__, zip(*texts, strict=True))


def _or_null(texts: list[str]) -> list[str]:
    """What is empty in CSV is null in JSON."""
    return [text or "null" for text in texts] if "" in texts else texts
