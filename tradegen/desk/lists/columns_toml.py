"""A file of columns as `tradegen columns` writes it: what was guessed of a list, with comments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tradegen.core.databases import temporary_database
from tradegen.core.toml_lines import toml_line
from tradegen.desk.lists.column_guesses import Guess, guess_columns
from tradegen.desk.lists.dialects import guess_file
from tradegen.desk.lists.list_form import FileForm
from tradegen.desk.lists.list_reading import list_source
from tradegen.desk.lists.list_values import explained
from tradegen.errors import ListError
from tradegen.scoring.relations import Reader
from tradegen.version import __version__

_MEMORY = "500MB"
_OF_FILES = {
    "form": "csv, ndjson or parquet",
    "encoding": "utf-8, utf-16-le, utf-16-be, latin-1 or cp1252",
    "bom": "whether the file begins with a byte order mark",
    "compression": "none, gz or zst",
    "separator": "between cells",
    "quote": "around cells that need it; \"\" for none",
    "line_end": "\\n, \\r\\n, \\r or mixed",
    "header": "whether the first row has the columns' names",
    "skip": "lines before the header",
    "decimal": ". or ,",
    "thousands": "what stands between thousands, if anything",
}  # fmt: skip
_WIDEST = 90
_OF_CSV = ("separator", "quote", "line_end", "header", "skip", "decimal", "thousands")
_OF_TEXT = ("encoding", "bom", "compression")


def columns_of(given: Any, table: str = "", *, needed: str = "") -> str:
    """What is guessed of a list, as the TOML of a file of columns.

    Parameters
    ----------
    given : path, DataFrame or Arrow table
    table : str
        The table that it is put into, of a file of two lists: ``ours`` or ``theirs``.
    needed : str
        What messages call a frame. If given, a list without any value is refused, since nothing can be
        guessed of its columns.

    Raises
    ------
    ListError
        Where it cannot be read, or is no list.
    """
    with temporary_database("columns", _MEMORY, preserve_insertion_order=True) as (connection, folder):
        file, source, _ = list_source(Reader(connection, folder), given, guess_file, what=needed or "trades")
        with explained(source.name):
            file, guesses = guess_columns(connection, source, file)
    if needed and not any(guess.names for guess in guesses):
        raise ListError(
            f"{source.name} has no trades, so that nothing can be guessed of its columns; expected "
            "columns, as tradegen columns writes them of such a list with trades"
        )
    frame = None if isinstance(given, (str, Path)) else "a frame"
    return "\n".join(_lines(frame or source.name, file, guesses, table)) + "\n"


def _lines(name: str, file: FileForm, guesses: Sequence[Guess], table: str) -> Iterator[str]:
    yield f"# What tradegen {__version__} guessed of {name}. Change what is wrong: nothing is guessed again."
    yield ""
    if table:
        yield f"[{table}]"
    ids = [guess.column.name for guess in guesses if guess.column.role == "trade_id"]
    ids = ids or [guess.column.name for guess in guesses if guess.column.kind == "reference"][:1]
    told = (
        "the columns that name a trade, together"
        if ids
        else "no column is known to name a trade: put it here"
    )
    yield f"{toml_line({'id': ids})}  # {told}"
    yield 'duplicate_ids = "refuse"  # or "leave", which alters no row whose id stands twice'
    yield ""
    yield "# The kinds are code, integer, decimal, date, timestamp, text and reference. A role says which of"
    yield "# tradegen's own columns a column is; without one, it is altered by its kind alone."
    yield "columns = ["
    tables = [f"  {{ {_column(guess)} }}," for guess in guesses]
    width = min(max(map(len, tables), default=0), _WIDEST)
    for line, guess in zip(tables, guesses, strict=True):
        yield f"{line:{width}}  # {_comment(guess.remark)}"
    yield "]"
    yield ""
    yield f"[{table}.file]" if table else "[file]"
    left_out = {"csv": (), "ndjson": _OF_CSV, "parquet": (*_OF_CSV, *_OF_TEXT)}[file.form]
    for field, value in file.model_dump().items():
        if field not in left_out:
            # TOML takes a tab as it is, and nobody would see it.
            line = toml_line({field: value}).replace("\t", "\\t")
            yield f"{line}  # {_OF_FILES[field]}"


def _column(guess: Guess) -> str:
    said = guess.column.model_dump(exclude_none=True, exclude_defaults=True)
    if guess.column.kind == "decimal":
        said["fixed"] = guess.column.fixed
    if guess.column.product:
        said["product"] = list(guess.column.product)
    order = (
        *("name", "kind", "places", "fixed", "min_places", "format", "grouped", "width", "align"),
        *("role", "product"),
    )
    return ", ".join(toml_line({name: said[name]}) for name in order if name in said)


def _comment(remark: str) -> str:
    return "".join(one if one.isprintable() else " " for one in remark)
