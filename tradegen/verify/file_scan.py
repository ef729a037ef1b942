"""Files that are to be proved: what their first lines say of them, and what their bytes come to."""

from __future__ import annotations

import csv
import json
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tradegen.core.compression import compression_of, disguise_of
from tradegen.verify.database import Database
from tradegen.verify.words import COLUMNS, UnfinishedError, VerifyError

_SAMPLE = 65_536
_PIECE = 1 << 22
_LARGEST_MANIFEST = 1 << 30
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Source:
    """A file of records: its form, and its columns' names in the file's order."""

    path: Path
    form: str  # csv, json, ndjson, fix or parquet
    names: tuple[str, ...]
    called: str = ""

    @property
    def name(self) -> str:
        """The file as messages call it."""
        return self.called or self.path.name

    @property
    def unit(self) -> str:
        """What its records are counted in."""
        return "row" if self.form == "parquet" else "line"


@dataclass(slots=True)
class Bytes:
    """What the bytes of a text file come to, whatever they mean.

    Attributes
    ----------
    size : int
        Of the whole file.
    start : int
        Where the first line ends.
    line_feeds, returns, quotes, zeros : int
        How often LF, CR, the quotation mark and NUL stand in it.
    last : bytes
        The end of the file, up to 16 bytes.
    """

    size: int = 0
    start: int = 0
    line_feeds: int = 0
    returns: int = 0
    quotes: int = 0
    zeros: int = 0
    first: bytes = b""
    last: bytes = b""

    @classmethod
    def of(cls, path: Path) -> Bytes:
        """Read a file through."""
        found = cls()
        with path.open("rb") as file:
            found.first = file.readline(_SAMPLE)
            found.start = len(found.first)
            file.seek(0)
            while piece := file.read(_PIECE):
                found.size += len(piece)
                found.line_feeds += int(np.count_nonzero(np.frombuffer(piece, np.uint8) == ord("\n")))
                found.returns += piece.count(b"\r")
                found.quotes += piece.count(b'"')
                found.zeros += piece.count(b"\0")
                found.last = (found.last + piece)[-16:]
        return found

    @property
    def lines(self) -> int:
        """Physical lines; the last may lack its end."""
        return self.line_feeds + (self.size > 0 and not self.last.endswith(b"\n"))

    @property
    def line_end(self) -> str:
        """What ends a line: LF, CR LF; or nothing that holds throughout."""
        if not self.returns:
            return "\n"
        pairs = self.returns == self.line_feeds and self.first.endswith(b"\r\n")
        return "\r\n" if pairs else ""


def first_lines(path: Path, wrong: Callable[[bytes], bool]) -> Iterator[int]:
    """The numbers of the lines that are `wrong`, from 1."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if wrong(line):
                yield number


def _require_regular(path: Path, name: str) -> None:
    """Refuse what is no file, and would be waited for, or could not be read twice.

    Raises
    ------
    VerifyError
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnfinishedError(f"{name} cannot be read: {reason}") from None
    if not stat.S_ISREG(mode):
        what = next((word for is_such, word in _OTHERS if is_such(mode)), "something else")
        raise UnfinishedError(f"{name} is no regular file but {what}; expected a file, which is read twice")


_OTHERS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def look(database: Database, path: Path, called: str = "") -> Source | dict[str, Any]:
    """A manifest as a dictionary, or a file of records as a source.

    Parameters
    ----------
    database : Database
        Looks into files whose columns it knows.
    path : Path
    called : str
        What messages call the file; its path, if nothing is given.

    Raises
    ------
    VerifyError
        Where the file cannot be read, or is of no known form.
    """
    name = called or str(path)
    _require_regular(path, name)
    if compression_of(name):
        path, called = database.unpacked(path, name), called or path.name
    try:
        with path.open("rb") as file:
            sample = file.read(_SAMPLE)
    except OSError as error:
        raise UnfinishedError(f"{name} cannot be read: {error.strerror}") from None
    if wrong := disguise_of(sample, name):
        raise VerifyError(f"{name} cannot be read: {wrong}")
    if sample.startswith(b"PAR1") or path.suffix == ".parquet":
        with database.reading(name, "Parquet"):
            names = database.columns(f"SELECT * FROM read_parquet({database.link(path)})")
        return Source(path, "parquet", tuple(names), called)
    if sample.startswith(b"8=FIX"):
        own_ids = re.search(rb"\x01571=[0-9a-f]{16}\x01", sample)
        return Source(path, "fix", (*COLUMNS, *(("record_id",) if own_ids else ())), called)
    text = sample.removeprefix(_BOM).decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    lines = text.split("\n")
    if not text.strip():
        return Source(path, "ndjson", (), called)
    if text.startswith("["):
        record = next((line for line in lines if line.strip() not in ("[", "]", "[]", "")), None)
        return Source(path, "json", _keys(name, record) if record else (), called)
    if text.startswith("{"):
        found = json_object(lines[0]) or (_manifest(path) if "manifest" in text else None)
        if found is not None and "manifest" in found:
            return found
        return Source(path, "ndjson", _keys(name, lines[0]), called)
    try:
        return Source(path, "csv", tuple(next(csv.reader([lines[0]], strict=True))), called)
    except (csv.Error, StopIteration) as error:
        raise VerifyError(f"{name} is no file of records: {error or 'its first line is blank'}") from None


def _manifest(path: Path) -> dict[str, Any] | None:
    if path.stat().st_size > _LARGEST_MANIFEST:
        return None
    return json_object(path.read_text("utf-8-sig", "backslashreplace"))


def json_object(text: str) -> dict[str, Any] | None:
    """A JSON object with its numbers as they stand in the text; None where it is none."""
    try:
        found = json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _each_once(members: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise ValueError("a key stands twice")
    return found


def _keys(name: str, line: str) -> tuple[str, ...]:
    found = json_object(line.strip().removesuffix(","))
    if found is None:
        raise VerifyError(
            f"{name} is not JSON as tradegen writes it; expected an object a line, or a manifest"
        )
    return tuple(found)
