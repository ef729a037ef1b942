"""Lists of JSON lines and Parquet that `inject` read and wrote, put into tables as they stand.

A tokenizer of our own tells where the values of a line of JSON begin and end. DuckDB reads Parquet, which
`inject` writes by Arrow.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tradegen.core.regular_files import open_file
from tradegen.verify.database import Database
from tradegen.verify.file_scan import json_object
from tradegen.verify.injected_form import InjectedForm
from tradegen.verify.proof_report import Findings
from tradegen.verify.words import UnfinishedError, VerifyError

_BATCH = 16_384  # records
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_BLANKS = " \t\r\n"

Around = Mapping[str, Any]
"""What a list has beside its records, by what messages call it."""

_BEFORE = "what stands before the first record"
_ENDED = "whether the last line has its line end"
_BLANK = "how many lines are blank"


def around_lines(before: str, blank_lines: int, *, ended: bool | None) -> Around:
    """What a list of text has beside its records; `ended` is None where it has no line at all."""
    return {_BEFORE: before, _ENDED: ended, _BLANK: blank_lines}


def around_apart(mine: Around, theirs: Around) -> list[str]:
    """In what a list of theirs differs from mine beside its records.

    Where my last line has no end, theirs has none either. If my last records are missing, this is a line that
    had one: a record's, the header's, or a blank line, which then cannot be seen.
    """
    found = dict(theirs)
    if _ENDED in mine and theirs[_ENDED] is None:
        found |= {_ENDED: mine[_ENDED], _BLANK: theirs[_BLANK] if mine[_ENDED] else min(mine[_BLANK], 1)}
    elif _ENDED in mine and mine[_ENDED] is False:
        header = mine[_BEFORE].removesuffix("\n").removesuffix("\r")
        if theirs[_ENDED]:
            found[_BLANK] += 1
        elif theirs[_BEFORE] == header:
            found[_BEFORE] = mine[_BEFORE]
        found[_ENDED] = False
    return [what for what, there in mine.items() if there != found[what]]


class Filling:
    """Puts records into the table of a list, some at a time.

    Parameters
    ----------
    database : Database
    table : str
    advance : callable
        Called with the number of records that were put there.
    """

    def __init__(self, database: Database, table: str, advance: Callable[[int], object]) -> None:
        self._database, self._table, self._advance = database, table, advance
        self._held: dict[str, list[Any]] = {}
        self._rows = 0

    def add(self, **record: Any) -> None:
        """Add a record, given by the table's columns; each record has the same."""
        for name, value in (("row", self._rows), *record.items()):
            self._held.setdefault(name, []).append(value)
        self._rows += 1
        if not self._rows % _BATCH:
            self.flush()

    def flush(self) -> None:
        """Put what is held into the table."""
        if self._held:
            self._database.fill(self._table, self._held)
            self._advance(len(self._held["row"]))
            self._held = {}


def load_json_lines(
    text: io.TextIOWrapper, path: Path, form: InjectedForm, findings: Findings, filling: Filling
) -> Around:
    """Read JSON lines; what is around the values of a line are its keys, commas and blanks."""
    before, line, blank_lines = "", "", 0
    names = [column.name for column in form.columns]
    for number, line in enumerate(text, 1):
        if number == 1 and line.startswith("\ufeff"):
            before, line = "\ufeff", line[1:]
        if not line.strip(_BLANKS):
            blank_lines += 1
            continue
        body = line.removesuffix("\n")
        if json_object(body) is None:
            findings.add("invalid", f"{path.name} line {number} is no JSON object with each key once")
            spans: dict[str, tuple[int, int]] = {}
        else:
            spans = _value_spans(body)
        raw = [body[slice(*spans[name])] if name in spans else None for name in names]
        around, done = [], 0
        for start, stop in sorted(spans[name] for name in names if name in spans):
            around.append(body[done:start])
            done = stop
        filling.add(
            cells=[_told(value) for value in raw],
            raw=body,
            ended=line[len(body) :],
            blanks=blank_lines,
            raw_cells=raw,
            around="\0".join([*around, body[done:]]),
        )
    return around_lines(before, blank_lines, ended=line.endswith("\n") if line else None)


def _value_spans(line: str) -> dict[str, tuple[int, int]]:
    """Where the values of a JSON object stand in its text, by key."""
    found: dict[str, tuple[int, int]] = {}
    key: str | None = None
    start, end, depth = -1, 0, 0
    for token in _TOKEN.finditer(line):
        text = token[0]
        if depth != 1 or text == ":":
            pass
        elif text in ",}":
            if key is not None:
                found[key] = start, end
            key, start = None, -1
        elif key is None:
            key = json.loads(text)
        elif start < 0:
            start = token.start()
        depth += (text in "{[") - (text in "}]")
        end = token.end()
    return found


def _told(raw: str | None) -> str:
    """A value of JSON as text: nothing of null, and numbers as shortly as they can be told."""
    if raw is None or raw == "null":
        return ""
    if raw.startswith('"'):
        return str(json.loads(raw))
    if raw[0] in "{[":
        return json.dumps(json.loads(raw), ensure_ascii=False, separators=(",", ":"))
    return repr(float(raw)) if re.search("[.eE]", raw) and raw not in ("true", "false") else raw


def load_parquet(
    database: Database, table: str, path: Path, form: InjectedForm, advance: Callable[[int], object]
) -> Around:
    """Read Parquet; what is around the values are the types of the columns, and the metadata.

    Raises
    ------
    VerifyError
        Where it is damaged, or has other columns.
    UnfinishedError
        Where it cannot be read.
    """
    import pyarrow.parquet as pq

    try:
        with open_file(path):
            link = database.link(path)
    except OSError as error:
        raise UnfinishedError(f"{path} cannot be read: {error.strerror}") from None
    with database.reading(str(path), "Parquet"):
        columns = database.columns(f"FROM read_parquet({link}, hive_partitioning = false)")
        if list(columns) != [column.name for column in form.columns]:
            raise VerifyError(
                f"{path} has the columns {', '.join(columns)[:150]}; expected those of the manifest"
            )
        names = [f"c{number}" for number in range(len(columns))]
        raw = ", ".join(f"CAST({name} AS VARCHAR)" for name in names)
        cells = ", ".join(f"coalesce(CAST({name} AS VARCHAR), '')" for name in names)
        database.run(
            f"INSERT INTO {table} (row, cells, raw, ended, blanks, raw_cells) "
            f"SELECT row, [{cells}], CAST(to_json([{raw}]) AS VARCHAR), '', 0, [{raw}] FROM "
            f"read_parquet({link}, hive_partitioning = false, file_row_number = true) "
            f"AS given({', '.join(names)}, row)"
        )
        advance(database.row(f"SELECT count(*) FROM {table}")[0])
        types = "name, type, type_length, repetition_type, converted_type, scale, precision, logical_type"
        schema = database.rows(f"SELECT {types} FROM parquet_schema({link})")
        # How Arrow puts its own schema into bytes is not to be compared: what it says is.
        metadata = database.rows(
            f"SELECT key, value FROM parquet_kv_metadata({link}) WHERE key <> 'ARROW:schema' ORDER BY ALL"
        )
        schema.append(pq.read_schema(path).to_string(show_field_metadata=True))
    return {"the types of its columns": schema, "its metadata": metadata}
