"""Opening a list with the dialect that its file of columns states; nothing is guessed anew."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tradegen.desk.lists.list_form import FileForm, ListForm
from tradegen.desk.lists.list_values import TradeList, explained
from tradegen.desk.lists.plain_text import ENCODINGS, PlainText, opened, plain_text
from tradegen.desk.lists.typed_cells import typed_cells
from tradegen.errors import ListError, nearest, shown
from tradegen.scoring.input_files import once
from tradegen.scoring.relations import Reader, Source, literal

_LONGEST_HEADER = 1_000  # lines


def list_source(
    reader: Reader,
    given: Any,
    form_of: Callable[[Path, str], FileForm],
    names: Sequence[str] = (),
    what: str = "trades",
) -> tuple[FileForm, Source, PlainText | None]:
    """SQL for a list and the texts of its cells, by the form of its file.

    Parameters
    ----------
    reader : Reader
        In a connection that keeps the order of rows. Links and copies go to its folder.
    given : path, DataFrame or Arrow table
    form_of : callable
        Says what the form of a path is, of the name that messages give it.
    names : sequence of str
        The columns' names; those that are seen, if not given.
    what : str
        What messages call a frame.

    Raises
    ------
    ListError
        Where it cannot be read, or is of another encoding.
    """
    if not isinstance(given, (str, os.PathLike)):
        with explained(what):
            source = reader.source(_told(given), what, names)
        if not source.seen:
            raise ListError(f"{source.name} has no columns; expected those of a trade")
        return FileForm(form="parquet"), source, None
    path, name = Path(given), str(given)
    file = form_of(path, name)
    plain = None
    if file.form != "parquet":
        plain = plain_text(path, name, file.encoding, file.compression, reader.folder, bom=file.bom)
        path = plain.path
    if file.form == "csv":
        assert plain is not None
        seen = header_names(plain, file, name, len(names))
        columns = {column: f"c{number}" for number, column in enumerate(seen)}
        return file, Source(name, csv_relation(path, file, len(seen)), columns, seen), plain
    with opened(path, name, "none"):  # it can be read at all
        link = reader.folder / f"list-{len(list(reader.folder.iterdir()))}.{file.form}"
        link.symlink_to(path.resolve())
    with explained(name):
        source = reader.source(link, "trades", names)
    return file, dataclasses.replace(source, name=name), plain


def _told(given: Any) -> Any:
    """A pandas frame with its lists and objects as texts, since DuckDB would guess what they are."""
    import pandas as pd

    if not isinstance(given, pd.DataFrame):
        return given
    nested = [number for number, cells in enumerate(typed_cells(given)) if cells.nested]
    told = given.copy(deep=False) if nested else given
    for number in nested:
        told.isetitem(number, given.iloc[:, number].map(str, na_action="ignore").array)
    return told


def open_list(reader: Reader, given: Any, form: ListForm, what: str = "trades") -> TradeList:
    """Open a list, and check that it has the columns that are described, and no others.

    Parameters are those of `list_source`, whose forms are given.

    Raises
    ------
    ListError
        Where it cannot be read, is of another encoding, or has other columns.
    """
    _, source, plain = list_source(reader, given, lambda *_: form.file, form.names, what)
    # Objects of JSON need not all have the same keys, and a file of none has no columns.
    if source.seen or not source.json:
        _require_columns(source.name, source.seen, form.names)
    if not source.json and source.seen != form.names:
        raise ListError(
            f"{source.name} has its columns in another order than the file of columns: "
            f"{', '.join(source.seen)}; expected the same order"
        )
    return TradeList(form, source, plain, given)


def csv_relation(path: Path, file: FileForm, columns: int) -> str:
    """SQL for the cells of a CSV file of UTF-8, as texts in columns ``c0``, ``c1``, ...; with all options."""
    kinds = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(columns))
    options = {
        "auto_detect": "false",
        "columns": f"{{{kinds}}}",
        "header": str(file.header).lower(),
        "skip": str(file.skip),
        "delim": literal(file.separator),
        "quote": literal(file.quote),
        "escape": literal(file.quote),
        "nullstr": "''",
        "encoding": "'utf-8'",
        "compression": "'none'",
        "ignore_errors": "false",
        "null_padding": "false",
    }
    if file.line_end == "mixed":
        # No other mode reads these. What it reads amiss is found where its cells are compared with the text.
        options["strict_mode"] = "false"
    else:
        # The strict mode is the default, and must not be stated: with both, DuckDB 2.0 drops rows in silence.
        options["new_line"] = literal(file.line_end.replace("\r", "\\r").replace("\n", "\\n"))
    told = ", ".join(f"{option} = {value}" for option, value in options.items())
    return f"read_csv({literal(str(path))}, {told})"


def header_names(plain: PlainText, file: FileForm, name: str, known: int = 0) -> tuple[str, ...]:
    """The names that the header of a CSV file gives its columns.

    A column without a name is called by its position: ``column_3``; so are all of them where there is no
    header, as many as are `known` or as the first row has.

    Raises
    ------
    ListError
        Where a name stands twice, or the header cannot be read.
    """
    newline = "\r" if file.line_end == "\r" else "\n"
    with plain.path.open(encoding="utf-8-sig", errors="surrogateescape", newline=newline) as text:
        quoting: Any = csv.QUOTE_MINIMAL if file.quote else csv.QUOTE_NONE
        lines = list(itertools.islice(text, file.skip, file.skip + _LONGEST_HEADER))
        rows = csv.reader(
            lines,
            delimiter=file.separator,
            quotechar=file.quote or None,
            quoting=quoting,
            strict=True,
        )
        try:
            row = next(filter(None, rows), [])
            "".join(row).encode()
        except csv.Error as error:
            raise ListError(f"{name} has a header that cannot be read: {error}") from None
        except UnicodeEncodeError:
            raise ListError(
                f"{name} is not utf-8 throughout: its first row has a byte that is no letter of it; expected "
                f"another encoding ({', '.join(ENCODINGS)})"
            ) from None
    _require_line_end(name, file, lines[max(rows.line_num - 1, 0) :])
    if not file.header:
        return tuple(f"column_{number}" for number in range(1, (known or len(row)) + 1))
    if not row:
        raise ListError(f"{name} is empty; expected a header at least")
    names = tuple(cell.strip() or f"column_{number}" for number, cell in enumerate(row, 1))
    with explained(name):
        once(name, names)
    return names


def _require_line_end(name: str, file: FileForm, lines: Sequence[str]) -> None:
    """Refuse a list whose first row, up to the first of these lines, ends otherwise than stated.

    DuckDB may see no more rows in it, and say nothing.
    """
    line, after = [*lines[:2], "", ""][:2]
    found = line[len(line.rstrip("\r\n")) :]
    if file.line_end == "\r" and after.startswith("\n"):
        found = "\r\n"
    if found and file.line_end not in ("mixed", found):
        raise ListError(
            f"{name} has a first row that ends in {found!r}, and line_end is {file.line_end!r}; expected "
            f"line_end = {json.dumps(found)} in the file of columns"
        )


def _require_columns(name: str, has: Sequence[str], described: Sequence[str]) -> None:
    for column in described:
        if column not in has:
            raise ListError(
                f"{name} has no column {shown(column)}, which the file of columns describes; "
                f"{nearest(column, has)}"
            )
    for column in has:
        if column not in described:
            raise ListError(
                f"{name} has the column {shown(column)}, which the file of columns does not describe; "
                "expected every column in it, in the file's order"
            )
