"""Files that are to be read, and what their first lines say of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tradegen.verify.vocabulary import VerifyError

__all__ = ["Source", "decimals_of", "json_object", "look"]

_SAMPLE = 65_536
_LARGEST_MANIFEST = 1 << 30


@dataclass(frozen=True, slots=True)
class Source:
    """A file of records: its form, and its columns' names in the file's order."""

    path: Path
    form: str  # csv, json, ndjson or parquet
    names: tuple[str, ...]
    line_bytes: float = 1  # about how long a line is
    called: str = ""
    kinds: Mapping[str, str] = field(default_factory=dict)  # by column, where a file has columns of types

    @property
    def name(self) -> str:
        """The file as messages call it."""
        return self.called or self.path.name

    @property
    def unit(self) -> str:
        """What its records are counted in."""
        return "row" if self.form == "parquet" else "line"


def look(path: Path, called: str = "") -> Source | dict[str, Any]:
    """A manifest as a dictionary, or a file of records as a source.

    Raises
    ------
    VerifyError
        Where the file cannot be read, or is of no known form.
    """
    name = called or str(path)
    try:
        with path.open("rb") as file:
            sample = file.read(_SAMPLE)
    except OSError as error:
        raise VerifyError(f"{name} cannot be read: {error.strerror}") from None
    if sample.startswith(b"PAR1") or path.suffix == ".parquet":
        from tradegen.verify.parquet import kinds_of  # loaded where it is used

        kinds = kinds_of(path, name)
        return Source(path, "parquet", tuple(kinds), called=called, kinds=kinds)
    text = sample.decode("utf-8-sig", "backslashreplace").replace("\r\n", "\n")
    lines = text.split("\n")
    size = len(sample) / max(1, sample.count(b"\n") + (not sample.endswith(b"\n")))
    if not text.strip():
        return Source(path, "ndjson", (), 1, called)
    if text.lstrip().startswith("["):
        record = next((line for line in lines if line.strip() not in ("[", "]", "[]", "")), None)
        return Source(path, "json", _keys(name, record.lstrip("[")) if record else (), size, called)
    if text.lstrip().startswith("{"):
        found = json_object(lines[0]) or (_manifest(path) if "manifest" in text else None)
        if found is not None and "manifest" in found:
            return found
        return Source(path, "ndjson", _keys(name, lines[0]), size, called)
    try:
        return Source(path, "csv", tuple(next(csv.reader([lines[0]]))), size, called)
    except csv.Error as error:
        raise VerifyError(f"{name} is no file of records: {error}") from None


def _manifest(path: Path) -> dict[str, Any] | None:
    if path.stat().st_size > _LARGEST_MANIFEST:
        return None
    return json_object(path.read_text("utf-8-sig", "backslashreplace"))


def json_object(text: str) -> dict[str, Any] | None:
    """A JSON object with its numbers as they stand in the text; None where it is none."""
    try:
        found = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _keys(name: str, line: str) -> tuple[str, ...]:
    found = json_object(line.strip().removesuffix("]").removesuffix(","))
    if found is None:
        raise VerifyError(
            f"{name} is not JSON as tradegen writes it; expected an object a line, or a manifest"
        )
    return tuple(found)


def decimals_of(source: Source) -> int:
    """The decimals of seconds in the first record of a list in the default form."""
    if source.form == "parquet":
        from tradegen.verify.parquet import decimals_in  # loaded where it is used

        return decimals_in(source)
    with source.path.open("rb") as file:
        sample = file.read(_SAMPLE).decode("utf-8-sig", "backslashreplace")
    for line in sample.split("\n")[: 2 if source.form != "ndjson" else 1][-1:]:
        if source.form == "csv":
            record = dict(zip(source.names, next(csv.reader([line])), strict=False))
        else:
            record = json_object(line.strip().removesuffix(",")) or {}
        _, _, decimals = str(record.get("trade_timestamp", "")).partition(".")
        if len(decimals) in (3, 6):
            return len(decimals)
    return 0
