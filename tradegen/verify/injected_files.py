"""The files of `inject`: both lists and the truth, put into tables as they stand, text by text.

Python's own `csv` module splits the records of CSV, in the dialect that the manifest states. It is another
reader than the one that `inject` goes by. It passes over no line, and the text of each record is kept beside
its cells. JSON lines and Parquet are read by `tradegen.verify.injected_records`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tradegen.core.compression import compression_of
from tradegen.core.regular_files import open_file
from tradegen.errors import shown
from tradegen.verify.database import Database
from tradegen.verify.file_scan import json_object
from tradegen.verify.injected_form import InjectedForm
from tradegen.verify.injected_records import Around, Filling, around_lines, load_json_lines, load_parquet
from tradegen.verify.proof_report import Findings
from tradegen.verify.words import TRUTH_COLUMNS, UnfinishedError, VerifyError

_BATCH = 16_384  # rows
_JSON = (".json", ".ndjson", ".jsonl")


def prove_digests(
    manifest: Mapping[str, Any], paths: Sequence[Path], findings: Findings, *, beside: bool
) -> int:
    """Compare the digests of files with the manifest's; the size of the files, in bytes.

    Raises
    ------
    VerifyError
        If the manifest lacks one, or a file cannot be read.
    """
    digests = _digests(manifest, beside=beside)
    return sum(_digested(path, *told, findings) for path, told in zip(paths, digests, strict=True))


def _digests(manifest: Mapping[str, Any], *, beside: bool) -> list[tuple[str, Any]]:
    places: list[tuple[str, ...]] = [("ours",)] if beside else []
    places += [("input",), ("output", "theirs"), ("output", "truth")]
    found: list[tuple[str, Any]] = []
    for place in places:
        part: Any = manifest
        for name in place:
            part = part.get(name) if isinstance(part, Mapping) else None
        if not isinstance(part, Mapping) or not part.get("sha256"):
            raise VerifyError(
                f"the manifest has no {'.'.join(place)}.sha256; expected one written with --out and --truth"
            )
        found.append((".".join(place), part["sha256"]))
    return found


def _digested(path: Path, place: str, told: Any, findings: Findings) -> int:
    """Compare a file's digest with the manifest's; the file's size."""
    try:
        with open_file(path) as file:
            found, size = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    except OSError as error:
        raise UnfinishedError(f"{path} cannot be read: {error.strerror}") from None
    if found != told:
        findings.add("digest", f"{path.name} is not the file of {place}: its SHA-256 is {found}")
    return size


class _Lines:
    """Lines of a text, which are kept until a record has been made of them."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._taken: list[str] = []
        self.count = 0
        self.last = ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.last = line = next(self._text)
        self._taken.append(line)
        self.count += 1
        return line.removeprefix("\ufeff") if self.count == 1 else line

    def taken(self) -> str:
        """The lines since the last call."""
        text = "".join(self._taken)
        self._taken.clear()
        return text


class _Padded:
    """Gives cells the blanks in front back, which Python's reader drops to see the quotes behind them."""

    def __init__(self, form: InjectedForm) -> None:
        mark, apart = re.escape(form.quote), re.escape(form.separator)
        self._blank = re.compile(f"(?:^|{apart}) ")
        self._lead = re.compile(f"(?:^|{apart})( *)(?:{mark}(?:[^{mark}]|{mark}{mark})*{mark} *|[^{apart}]*)")

    def cells(self, record: list[str], raw: str) -> list[str]:
        """The cells of a record, whose text is `raw`."""
        if not self._blank.search(raw):
            return record
        leads = self._lead.findall(raw)
        if len(leads) != len(record):
            return record
        return [lead + cell for lead, cell in zip(leads, record, strict=True)]


def load_injected_list(
    database: Database,
    table: str,
    path: Path,
    form: InjectedForm,
    findings: Findings,
    advance: Callable[[int], object],
) -> Around:
    """Read a list into a table: ``row`` from 0, ``key``, ``cells``, ``raw``, ``ended``, ``blanks``.

    ``raw`` is the record as it stands in the file, ``ended`` its line end, and ``blanks`` how many blank
    lines stand before it. Of JSON lines and Parquet, ``raw_cells`` are the values as they stand there, and
    ``around`` is what is around them.

    Raises
    ------
    VerifyError
        Where it is no such list.
    UnfinishedError
        Where it cannot be read.
    """
    cells = [f"cells[{position}]" for position in form.id]
    database.run(
        f"CREATE TABLE {table} (row BIGINT, cells VARCHAR[], raw VARCHAR, ended VARCHAR, blanks BIGINT, "
        f"raw_cells VARCHAR[], around VARCHAR, key VARCHAR AS ({form.key(cells)}))"
    )
    if form.form == "parquet":
        return load_parquet(database, table, path, form, advance)
    plain, suffix = path, {"gz": ".gz", "zst": ".zst"}.get(form.compression, "")
    if suffix:
        plain = database.unpacked(path, str(path) if compression_of(path) == suffix else f"{path}{suffix}")
    load, filling = _load_csv if form.form == "csv" else load_json_lines, Filling(database, table, advance)
    try:
        # A carriage return within a line of JSON is a blank.
        with plain.open(encoding=form.encoding, newline="" if form.form == "csv" else "\n") as text:
            found = load(text, path, form, findings, filling)
            filling.flush()
            return found
    except OSError as error:
        raise UnfinishedError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeError:
        raise VerifyError(
            f"{path} is not {form.encoding} throughout, as the manifest has it; expected the lists of one run"
        ) from None


def _load_csv(
    text: io.TextIOWrapper, path: Path, form: InjectedForm, findings: Findings, filling: Filling
) -> Around:
    width, before, blanks = len(form.columns), "", 0
    lines, begun = _Lines(text), not form.header
    for _ in islice(lines, form.skip):
        pass
    before = lines.taken()
    quoting: Any = csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE
    padded = _Padded(form) if form.quote and form.separator != " " else None
    try:
        for record in csv.reader(
            lines,
            delimiter=form.separator,
            quotechar=form.quote or None,
            quoting=quoting,
            skipinitialspace=padded is not None,
            strict=False,
        ):
            raw = lines.taken()
            if not begun:
                before, begun = before + raw, bool(record)
                continue
            if lines.count == 1 and raw.startswith("\ufeff"):
                before, raw = "\ufeff", raw[1:]
            if not record:
                blanks += 1
                continue
            if len(record) != width:
                findings.add(
                    "invalid", f"{path.name} line {lines.count} has {len(record)} cells; expected {width}"
                )
                record = (record + [""] * width)[:width]
            body = raw.rstrip("\r\n")
            if padded:
                record = padded.cells(record, body)
            filling.add(cells=record, raw=body, ended=raw[len(body) :], blanks=blanks)
    except csv.Error as error:
        raise VerifyError(f"{path} cannot be read as CSV, line {lines.count}: {error}") from None
    ended = lines.last.endswith(("\n", "\r")) if lines.last else None
    return around_lines(before, blanks, ended=ended)


def load_injected_truth(database: Database, path: Path, findings: Findings) -> None:
    """Read the truth into the table ``truth_rows``: all of its columns as text, "" where there is nothing.

    Raises
    ------
    VerifyError
        Where it is no truth.
    UnfinishedError
        Where it cannot be read.
    """
    held: dict[str, list[Any]] = {"number": [], **{name: [] for name in TRUTH_COLUMNS}}
    kinds = ", ".join(f"{name} VARCHAR" for name in TRUTH_COLUMNS)
    database.run(f"CREATE TABLE truth_rows (number BIGINT, {kinds})")
    number = 0
    try:
        for number, row in enumerate(_truth_rows(database, path), 1):
            leg = row[TRUTH_COLUMNS.index("leg")]
            if leg != "THEIRS":
                findings.add("invalid", f"{path.name} row {number} has leg {shown(leg)}; expected THEIRS")
            for name, value in zip(held, (number, *row), strict=True):
                held[name].append(value)
            if not number % _BATCH:
                database.fill("truth_rows", held)
                held = {name: [] for name in held}
        database.fill("truth_rows", held)
    except OSError as error:
        raise UnfinishedError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeError, csv.Error, ValueError) as error:
        raise _no_truth(path, str(error)) from None


def _truth_rows(database: Database, path: Path) -> Iterator[tuple[str, ...]]:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        names = ", ".join(f"coalesce(CAST({name} AS VARCHAR), '')" for name in TRUTH_COLUMNS)
        with database.reading(str(path), "Parquet"):
            yield from database.rows(f"SELECT {names} FROM read_parquet({database.link(path)})")
        return
    with path.open(encoding="utf-8-sig", newline="\n" if suffix in _JSON else "") as text:
        if suffix in _JSON:
            for line in text:
                bare = line.strip().removeprefix("[").removesuffix("]").removesuffix(",")
                if not bare:
                    continue
                found = json_object(bare)
                if found is None or tuple(found) != TRUTH_COLUMNS:
                    raise ValueError(f"a line is {shown(bare[:60])}")
                yield tuple(_told(value) for value in found.values())
            return
        rows = csv.reader(text, strict=True)
        header = tuple(next(rows, ()))
        if header != TRUTH_COLUMNS:
            raise ValueError(f"it has the columns {', '.join(header)[:150]}")
        for row in rows:
            if len(row) != len(TRUTH_COLUMNS):
                raise ValueError(f"line {rows.line_num} has {len(row)} cells")
            yield tuple(row)


def _told(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _no_truth(path: Path, why: str) -> VerifyError:
    return VerifyError(
        f"{path} is no truth of inject: {why}; expected your list, theirs and the truth in this order, such "
        "as: tradegen verify mine.csv theirs.csv truth.csv manifest.json"
    )
