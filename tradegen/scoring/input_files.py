"""Files to read: which there are, of which form, and what a first look shows."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tradegen.errors import ScoringError, shown

__all__ = ["FORMS", "check_readable", "form_of", "header", "once", "outermost", "parts", "read_manifest"]

FORMS = {".csv": "csv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet"}
_HEAD = 1 << 20  # bytes in which a header must end


def parts(path: Path, what: str) -> list[Path]:
    """A file, or all files of a folder."""
    if not path.is_dir():
        return [path]
    found = sorted(item for item in path.iterdir() if not item.name.startswith((".", "_")))
    if not found:
        raise ScoringError(f"{what} folder {path} is empty; expected files of {what}")
    return found


def form_of(path: Path, what: str) -> str:
    """How a file is read, by its suffix.

    Raises
    ------
    ScoringError
        Where that is unknown.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMS:
        if not path.exists():
            raise ScoringError(f"{path} cannot be read: there is no such file or folder")
        if path.is_dir():
            raise ScoringError(f"{path} is a folder; expected files of {what}, or a dataset as the truth")
        ending = f"the suffix {suffix}" if suffix else "no suffix"
        raise ScoringError(f"{path} has {ending}; expected {what} as {', '.join(FORMS)}")
    return FORMS[suffix]


def check_readable(path: Path, form: str) -> None:
    """Check that a file can be opened, and has something in it where its form needs that.

    Raises
    ------
    ScoringError
    """
    try:
        with path.open("rb") as file:
            something = bool(file.read(1))
    except OSError as error:
        raise ScoringError(f"{path} cannot be read: {error.strerror}") from None
    if not something and form != "ndjson":
        expected = {"csv": "a header at least", "json": "an array of objects, [] for none"}
        raise ScoringError(f"{path} is empty; expected {expected.get(form, 'a Parquet file')}")


def header(path: Path) -> tuple[list[str], str]:
    """The names in the first line of a CSV file, and what stands between them."""
    with path.open("rb") as file:
        line = file.readline(_HEAD)
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ScoringError(f"{path} cannot be read: it is not UTF-8 text") from None
    if not text.strip():
        raise ScoringError(f"{path} begins with an empty line; expected a header")
    delimiter = next((mark for mark in ",;\t|" if mark in text), ",")
    return [name.strip() for name in next(csv.reader([text], delimiter=delimiter))], delimiter


def outermost(schema: Sequence[tuple[str, int]]) -> list[str]:
    """The columns of a Parquet file, of a schema that lists their parts after each."""
    names: list[str] = []
    inside = 0
    for name, children in schema:
        if inside:
            inside -= 1
        else:
            names.append(name)
        inside += children
    return names


def once(name: str, columns: Sequence[str]) -> None:
    """Check that no column stands twice.

    Raises
    ------
    ScoringError
    """
    for column in columns:
        if columns.count(column) > 1:
            raise ScoringError(f"{name} has the column {shown(column)} twice; expected each column once")


def read_manifest(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    """A manifest from its file.

    Raises
    ------
    ScoringError
        Where it cannot be read, or is none.
    """
    try:
        found = json.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ScoringError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, ValueError):
        found = None
    if not isinstance(found, Mapping):
        raise ScoringError(f"{path} is no manifest; expected what tradegen generate --manifest writes")
    return found
