"""A list written anew in the very form of the one that is read, with edits."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tradegen.desk.lists.csv_splicing import splice_csv
from tradegen.desk.lists.edits import Edits
from tradegen.desk.lists.json_splicing import splice_json
from tradegen.desk.lists.list_values import TradeList
from tradegen.desk.lists.plain_text import Writable, encoded
from tradegen.desk.lists.table_edits import splice_parquet
from tradegen.errors import ListError
from tradegen.output.files import OutputFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["rewrite", "write_list"]


def rewrite(
    connection: DuckDBPyConnection, one: TradeList, edits: Iterable[Edits], path: str | os.PathLike[str]
) -> tuple[int, int]:
    """Write a list with edits to a file, as `write_list` does, which is whole when it is there.

    Raises
    ------
    ListError
        As `write_list` does, and where the path is the list's own.
    OutputError
        Where it cannot be written. What stood there still does.
    """
    if Path(path).exists() and Path(one.name).samefile(path):
        raise ListError(f"{path} is the list that is read; expected another file to write to")
    with OutputFile(path) as out:
        return write_list(connection, one, edits, out)


def write_list(
    connection: DuckDBPyConnection, one: TradeList, edits: Iterable[Edits], out: Writable
) -> tuple[int, int]:
    """Write a list from a file with some cells altered, and some rows left out or written several times.

    Of CSV and JSON lines, every byte that is no altered cell and no row left out or repeated is the input's;
    of Parquet, every value, the schema and the metadata.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The one that the list was opened in. It may be asked for other things while the edits are made.
    one : TradeList
        Of a file; frames have `tradegen.desk.lists.table_edits.edited_frame`.
    edits : iterable of Edits
        Of ascending rows.
    out : Writable
        Such as `tradegen.output.files.OutputFile`, which keeps what is there unless all is written.

    Returns
    -------
    tuple of int
        How many rows were read, and how many were written.

    Raises
    ------
    ListError
        Where the list cannot be read, reads otherwise than DuckDB reads it, or cannot hold a text.
    """
    file = one.form.file
    if file.form == "parquet":
        return splice_parquet(Path(one.name), one.name, edits, out)
    splice = splice_csv if file.form == "csv" else splice_json
    with encoded(out, file.encoding, file.compression, bom=file.bom) as plain:
        return splice(connection, one, edits, plain)
