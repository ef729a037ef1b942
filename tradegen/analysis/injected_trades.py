"""Broken trades of the user's own, as they are shown: records of both lists, and sizes in the truth."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tradegen.analysis.altered_trades import Alteration
from tradegen.desk.lists.columns_toml import columns_of
from tradegen.desk.lists.list_agreement import matched_columns
from tradegen.desk.lists.list_form import ColumnForm, FileForm, Forms, ListForm, load_forms
from tradegen.desk.lists.list_reading import open_list
from tradegen.desk.lists.list_values import explained
from tradegen.mechanisms.by_kind import EXISTING
from tradegen.scoring.relations import Reader, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MOST_SHOWN = 14  # columns; of more, those that tell something
_MEASURES = {"date": "date", "timestamp": "trade_timestamp"}


def forms_shown(manifest: Mapping[str, Any] | None, given: Any) -> Forms:
    """What the lists' columns are: as the manifest of `inject` says, or guessed where there is none.

    Raises
    ------
    ListError
        Where it is not said as it should be, or the list cannot be read.
    """
    described = manifest["inject"]["columns"] if manifest else tomllib.loads(columns_of(given))
    return load_forms(described)


def measured(rows: Iterable[Alteration], forms: Forms) -> tuple[Alteration, ...]:
    """Rows of a truth with what their sizes are measured in, and the original as a plain number."""
    form = forms.theirs or forms.ours
    columns = {column.name: column for column in form.columns}
    # What differed already stands as the original as our list writes it.
    files = {row: (forms.ours if row.mechanism == EXISTING else form).file for row in rows}
    return tuple(
        dataclasses.replace(
            row, measure=_measure(columns[row.field]), number=_number(row, columns, files[row])
        )
        if row.field in columns
        else row
        for row in rows
    )


def _measure(column: ColumnForm) -> str:
    return column.role or _MEASURES.get(column.kind, "")


def _number(row: Alteration, columns: Mapping[str, ColumnForm], file: FileForm) -> str:
    if not row.delta or columns[row.field].kind not in ("integer", "decimal"):
        return ""
    text = row.original.strip()
    if file.form == "csv":
        text = text.replace(file.thousands, "") if file.thousands else text
        text = text.replace(file.decimal, ".")
    return text


def owners_of(altered: Mapping[str, Sequence[Alteration]], form: ListForm) -> dict[str, str]:
    """By an altered id, the trade that has it."""
    found = {}
    for trade_id, rows in altered.items():
        parts = trade_id.split(" / ") if len(form.id) > 1 else [trade_id]
        new = {row.field: row.altered for row in rows if row.field in form.id}
        if new and len(parts) == len(form.id):
            cells = [new.get(name, part) for name, part in zip(form.id, parts, strict=True)]
            found[" / ".join(cells)] = trade_id
    return found


def records_shown(
    connection: DuckDBPyConnection,
    reader: Reader,
    lists: Sequence[tuple[str, Any]],
    forms: Forms,
    owners: Mapping[str, str],
) -> dict[str, list[tuple[str, dict[str, str]]]]:
    """By trade, the list and the cells of each of its records, under the names that their list gives columns.

    Parameters
    ----------
    connection : DuckDBPyConnection
    reader : Reader
    lists : sequence of tuple
        The name of each list, and its path, frame or Arrow table.
    forms : Forms
    owners : mapping of str to str
        By an id that a record may have, that of its trade.

    Raises
    ------
    ListError
        Where a list cannot be read, or is not as it is described.
    """
    found: dict[str, list[tuple[str, dict[str, str]]]] = {}
    wanted = ", ".join(map(literal, owners)) or "NULL"
    theirs = forms.theirs or forms.ours
    for name, given in lists:
        form = forms.ours if name == "ours" and len(lists) > 1 else theirs
        one, own = open_list(reader, given, form), _called(form, theirs)
        cells = ", ".join(
            f"coalesce({one.source.text(own[c])}, '')" if c in own else "''" for c in theirs.names
        )
        with explained(one.name):
            rows = connection.execute(
                f"SELECT {one.key()}, {cells} FROM {one.source.relation} WHERE {one.key()} IN ({wanted})"
            ).fetchall()
        for key, *row in rows:
            found.setdefault(owners[key], []).append((name, dict(zip(theirs.names, row, strict=True))))
    return found


def _called(form: ListForm, theirs: ListForm) -> dict[str, str]:
    """What a list calls the columns of theirs, of those that it has."""
    if form is theirs:
        return {name: name for name in form.names}
    pairs = [(other.name, mine.name) for mine, other in matched_columns(form, theirs)]
    return dict(zip(theirs.id, form.id, strict=True)) | dict(pairs)


def shown_names(form: ListForm, altered: Iterable[Sequence[Alteration]]) -> tuple[str, ...]:
    """The columns to show: all of them, or of many, those with a role and those that were altered."""
    if len(form.names) <= _MOST_SHOWN:
        return form.names
    told = {row.field for rows in altered for row in rows}
    return tuple(
        column.name for column in form.columns if column.role or column.name in told or column.name in form.id
    )
