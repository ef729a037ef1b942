"""A list written anew in the very form of the one that is read, with edits."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tradegen.desk.lists.csv_splicing import splice_csv
from tradegen.desk.lists.edits import Edits
from tradegen.desk.lists.json_splicing import splice_json
from tradegen.desk.lists.list_values import TradeList
from tradegen.desk.lists.plain_text import Writable, encoded
from tradegen.desk.lists.table_edits import splice_parquet

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def write_list(
    connection: DuckDBPyConnection,
    one: TradeList,
    edits: Iterable[Edits],
    out: Writable,
    read: int | None = None,
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
    read : int, optional
        How many rows DuckDB has read, for `tradegen.desk.lists.csv_chunks.csv_chunks`.

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
        return splice_parquet(Path(one.given), one.name, edits, out)
    with encoded(out, file.encoding, file.compression, bom=file.bom) as plain:
        if file.form == "csv":
            return splice_csv(connection, one, edits, plain, read)
        return splice_json(connection, one, edits, plain)
