"""The ids of lists in any dialect, in files that need no description."""

# ruff: noqa: S608 - what is put into SQL is quoted by `literal` and `identifier`, or made by `TradeList`

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tradegen.core.databases import temporary_database
from tradegen.desk.lists.list_form import load_forms
from tradegen.desk.lists.list_reading import open_list
from tradegen.desk.lists.list_values import explained
from tradegen.scoring.relations import Reader, identifier, literal

_MEMORY = "500MB"


@contextlib.contextmanager
def id_files(paths: Sequence[str], described: Any) -> Iterator[list[Path]]:
    """Parquet files of the ids of lists, which are there as long as the context is.

    Parameters
    ----------
    paths : sequence of str
    described : mapping
        What the columns of the lists are: of all of them, or of ours and theirs, which are given in this
        order then. Where one of them names a trade, the file has it under its name, else under ``trade_id``,
        its parts with a slash between them.

    Raises
    ------
    ListError
        Where a list cannot be read, or is not as it is described.
    """
    forms = load_forms(described)
    with temporary_database("ids", _MEMORY, preserve_insertion_order=True) as (connection, folder):
        found = []
        for number, path in enumerate(paths):
            form = forms.ours if number == 0 and len(paths) > 1 else forms.theirs or forms.ours
            name = form.id[0] if len(form.id) == 1 else "trade_id"
            one = open_list(Reader(connection, folder), path, form)
            ids = folder / f"ids-{number}.parquet"
            with explained(one.name):
                connection.execute(
                    f"COPY (SELECT {one.key()} AS {identifier(name)} FROM {one.source.relation}) "
                    f"TO {literal(str(ids))} (FORMAT parquet)"
                )
            found.append(ids)
        yield found
