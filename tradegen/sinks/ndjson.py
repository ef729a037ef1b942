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
    members = (f'"{name}": %s' if name in kind.bare else f'"{name}": "%s"' for name in kind.names)
    template = "{" + ", ".join(members) + "}"
    return map(template.__mod__, zip(*(columns[name] for name in kind.names), strict=True))
