"""Files to read: which there are, what form they have, and what a first look at them shows."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tradegen.core.compression import compression_of, content_of, disguise_of, plain_name, unpack
from tradegen.errors import ScoringError, shown

FORMS = {".csv": "csv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet"}
_HEAD = 1 << 20  # bytes in which a header must end
_MOST_COLUMNS = 10_000
_CHUNK = 1 << 20
_BOM = b"\xef\xbb\xbf"


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
        If it is unknown.
    """
    suffix = plain_name(path).suffix.lower()
    if suffix not in FORMS or (compression_of(path) and suffix == ".parquet"):
        if not path.exists():
            raise ScoringError(f"{path} cannot be read: there is no such file or folder")
        if path.is_dir():
            raise ScoringError(f"{path} is a folder; expected files of {what}, or a dataset as the truth")
        suffix += compression_of(path)
        ending = f"the suffix {suffix}" if suffix else "no suffix"
        raise ScoringError(f"{path} has {ending}; expected {what} as {', '.join(FORMS)}")
    return FORMS[suffix]


def check_readable(path: Path, form: str) -> None:
    """Check that a file can be opened, and has something in it where its form needs that.

    Raises
    ------
    ScoringError
        If it cannot, or is a pipe or a device, which can be read only once.
    """
    try:
        if path.exists() and not path.is_file():
            raise ScoringError(f"{path} is not a regular file; expected one, since it is read several times")
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise ScoringError(f"{path} cannot be read: {error.strerror}") from None
    if wrong := disguise_of(start, path):
        raise ScoringError(f"{path} cannot be read: {wrong}")
    if not start and form != "ndjson":
        expected = {"csv": "a header at least", "json": "an array of objects, [] for none"}
        raise ScoringError(f"{path} is empty; expected {expected.get(form, 'a Parquet file')}")


def header(path: Path, name: str) -> tuple[list[str], str]:
    """The names in the first line of a CSV file, and the character between them.

    Parameters
    ----------
    path : Path
    name : str
        What messages call it.

    Raises
    ------
    ScoringError
        If the line is no header.
    """
    with path.open("rb") as file:
        line = file.readline(_HEAD + 1)
    if len(line) > _HEAD:
        raise ScoringError(f"{name} has a first line of more than {_HEAD:,} bytes; expected a header")
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ScoringError(f"{name} cannot be read: it is not UTF-8 text") from None
    if not text.strip():
        raise ScoringError(f"{name} begins with an empty line; expected a header")
    if text.startswith("sep="):
        raise ScoringError(
            f"{name} begins with {text.strip()}, a line for Excel; expected the header: take it out"
        )
    delimiter = next((mark for mark in ",;\t|" if mark in text), ",")
    try:
        names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter))]
    except csv.Error as error:
        raise ScoringError(f"{name} cannot be read: its header is no line of CSV ({error})") from None
    if len(names) > _MOST_COLUMNS:
        raise ScoringError(f"{name} has {len(names):,} columns; expected at most {_MOST_COLUMNS:,}")
    return names, delimiter


def unpacked(path: Path, into: Path) -> Path:
    """The file, or where it is compressed, its text in a file of its own.

    Raises
    ------
    ScoringError
        Where it is damaged, or there is no room for its text.
    """
    if not compression_of(path):
        return path
    try:
        with into.open("wb") as file:
            unpack(path, file)
    except OSError as error:
        raise ScoringError(f"{path} cannot be read: {error.strerror}") from None
    return into


def plain_copy(path: Path, form: str, copy: Path) -> Path:
    """The file as DuckDB reads it: a copy if there is something that DuckDB stumbles over, or else itself.

    That is a byte order mark before JSON, and in CSV, line ends of an old Mac or of several kinds.

    Parameters
    ----------
    path : Path
    form : str
        One of the values of `FORMS`.
    copy : Path
        Where to put a copy.
    """
    if form == "csv" and _has_odd_line_ends(path):
        # Python's text files translate every kind of line end, and Latin-1 leaves all other bytes alone.
        with path.open(encoding="latin-1") as file, copy.open("w", encoding="latin-1", newline="\n") as out:
            shutil.copyfileobj(file, out, _CHUNK)
        return copy
    if form in ("json", "ndjson"):
        with path.open("rb") as file:
            if file.read(len(_BOM)) == _BOM:
                with copy.open("wb") as out:
                    shutil.copyfileobj(file, out, _CHUNK)
                return copy
    return path


def _has_odd_line_ends(path: Path) -> bool:
    """Whether lines end in a lone CR, or some in CR and LF and others not."""
    with path.open("rb") as file:
        chunks = iter(lambda: file.read(_CHUNK), b"")
        if not any(b"\r" in chunk for chunk in chunks):
            return False
        file.seek(0)
        returns = feeds = both = 0
        last = b""
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            returns, feeds = returns + chunk.count(b"\r"), feeds + chunk.count(b"\n")
            both += (last + chunk).count(b"\r\n")
            last = chunk[-1:]
    return not returns == feeds == both


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
    """Check that no column is there twice."""
    for column, count in Counter(columns).items():
        if count > 1:
            raise ScoringError(f"{name} has the column {shown(column)} twice; expected each column once")


def read_manifest(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    """A manifest from its file.

    Raises
    ------
    ScoringError
        If it cannot be read, or is no manifest.
    """
    try:
        found = json.loads(content_of(Path(path)).decode("utf-8-sig"))
    except OSError as error:
        raise ScoringError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, ValueError):
        found = None
    if not isinstance(found, Mapping):
        raise ScoringError(f"{path} is no manifest; expected what tradegen generate --manifest writes")
    return found
