"""A list's ids and the columns that are looked at, in a table of their own, row by row as the list has them.

The table is in memory as far as the database's limit goes, and beyond that on the disk. Outside it, there is
one number a row. Which column has which values is read from the table.
"""

# ruff: noqa: S608 - what is put into SQL is made by `TradeList`, or is ours

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.core.background import Background
from tradegen.core.columns import MICROSECONDS, Array
from tradegen.core.streams import draw, scramble
from tradegen.desk.injecting.column_labels import NAMES, kind_of
from tradegen.desk.injecting.id_hashes import id_hashes
from tradegen.desk.lists.json_splicing import OBJECTS
from tradegen.desk.lists.list_form import ColumnForm
from tradegen.desk.lists.list_ids import require_ids
from tradegen.desk.lists.list_values import TradeList, explained
from tradegen.desk.lists.typed_cells import TypedCells, shown_in, typed_cells
from tradegen.desk.lists.value_stream import arrow_batches, arrow_table
from tradegen.errors import ListError, shown
from tradegen.scoring.relations import Source, first_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ROWS = 1 << 16
_TOTAL = re.compile(r"(?:(?:grand|sub)[ -]?)?totals?:?", re.IGNORECASE)
_BETWEEN = chr(0x1F)  # ASCII's own mark between texts, which numbers and dates do not have


def salt(seed: int, stream: str) -> int:
    """What tells the draws of one purpose from those of others, for `scramble`."""
    return int(draw(seed, f"inject/{stream}", 0, 1)[0])


@dataclass(frozen=True, slots=True)
class Keys:
    """A random number for each row, and which rows have one.

    Attributes
    ----------
    keys : ndarray of uint64, shape (rows,)
        They follow from the row's id and the seed alone.
    left : ndarray of int64
        The rows that are left as they are, since their id stands twice or is blank; ascending.
    """

    keys: Array
    left: Array


@dataclass(frozen=True)
class HeldList:
    """The table ``held``: ``id``; by the position of a column, its texts ``t3`` and values ``v3``.

    Texts that are asked for of few rows alone stand in one column, ``texts``, since a database takes about as
    long for a short text as for a long one. Those that DuckDB prints for their values are left out of it.
    Values are whole numbers in the column's unit: of its last decimal place, days, microseconds. Of names in
    JSON lines, ``j3`` is what sort of value JSON takes them for. Where some rows are `kept` as they are, the
    table ``kept`` has their ids.
    """

    connection: DuckDBPyConnection
    one: TradeList
    positions: tuple[int, ...]
    rows: int
    kept: bool = False

    @property
    def clean(self) -> str:
        """What the rows are selected from that say where clean values lie: those that are not kept."""
        return "clean" if self.kept else "held"

    @functools.cached_property
    def measured(self) -> tuple[int, ...]:
        """The positions of the columns that have values."""
        return tuple(at for at in self.positions if kind_of(self.column(at)) not in NAMES)

    @functools.cached_property
    def sorted_by_json(self) -> tuple[int, ...]:
        """The positions of the columns of which JSON tells sorts of values."""
        return tuple(at for at in self.positions if self.one.source.json and at not in self.measured)

    @functools.cached_property
    def together(self) -> tuple[int, ...]:
        """The positions of the columns whose texts stand in one, since few of them are asked for."""
        return tuple(at for at in self.measured if not self.one.contradicted(self.column(at), ""))

    @functools.cached_property
    def printed(self) -> tuple[int, ...]:
        """The positions of the columns whose values DuckDB prints as their texts, but for a few."""
        form = self.one.form
        columns = ((at, self.column(at)) for at in self.together if self.column(at).name not in form.id)
        return tuple(at for at, column in columns if self.one.printed(column, "", ""))

    def text(self, position: int) -> str:
        """SQL for the texts of a column."""
        if position not in self.together:
            return f"t{position}"
        apart = f"nullif(string_split(texts, '{_BETWEEN}')[{self.together.index(position) + 1}], '')"
        if position not in self.printed:
            return apart
        return f"coalesce({apart}, {_printed_value(f'v{position}', self.column(position))})"

    def printed_texts(self, position: int, values: Array) -> list[str]:
        """What DuckDB prints for values of one of the columns `printed`, in their unit."""
        import pyarrow as pa

        column = self.column(position)
        if column.kind == "timestamp":
            values = values // MICROSECONDS * MICROSECONDS  # which is all that the column shows
        self.connection.register("asked", pa.table({"value": values}))
        query = f"SELECT {_printed_value('value', column)} AS text FROM asked"
        texts: list[str] = arrow_table(self.connection, query)["text"].to_pylist()
        self.connection.unregister("asked")
        return texts

    def column(self, position: int) -> ColumnForm:
        """What a column is."""
        return self.one.form.columns[position]

    def shows(self, position: int, texts: Sequence[str | None]) -> Array:
        """Which texts a column's type can hold, and have read as they are (bool); any in a list of text."""
        if not self._types:
            return np.ones(len(texts), bool)
        kind = kind_of(self.column(position))
        return shown_in(self._types[position], texts, kind)

    def never_shown(self, name: str, position: int, example: str | None) -> ListError:
        """What to say of a mechanism that makes nothing that a column can hold."""
        column = f"column {shown(self.column(position).name)} of {self.one.name}"
        what = "a blank" if example is None else shown(example)
        types = self._types
        if types[position].nested if types else self._has_objects(position):
            why = f"{column} holds lists or objects, which are never altered"
        elif types:
            why = f"{column}, of type {types[position].kind}, cannot hold {what}"
        else:
            why = f"{column} holds values without quotes, and {what} would need them"
        return ListError(f"{why}; leave out {name}, or give that column as text")

    def _has_objects(self, position: int) -> bool:
        [found] = first_row(self.connection, f"SELECT bool_or(j{position} IN {OBJECTS}) FROM held")
        return bool(found)

    @functools.cached_property
    def _types(self) -> Sequence[TypedCells]:
        return typed_cells(self.one.given) if self.one.form.file.form == "parquet" else ()

    def keys(self, seed: int) -> Keys:
        """The keys of all rows.

        Raises
        ------
        ListError
            Where an id stands twice, or is blank, and such rows are not to be left.
        """
        hashes, done = np.empty(self.rows, np.uint64), 0

        def hashed(batch: Any) -> None:
            nonlocal done
            hashes[done : done + len(batch)] = id_hashes(batch.column(0))
            done += len(batch)

        with Background(hashed) as background:
            for batch in arrow_batches(self.connection, "SELECT id FROM held"):
                background.write(batch)
        low = hashes < 2**63
        with ThreadPoolExecutor(2) as pool:  # each half on a core of its own
            halves = list(pool.map(np.sort, (hashes[low], hashes[~low])))
        twice = np.unique(np.concatenate([half[1:][half[1:] == half[:-1]] for half in halves]))
        del low, halves
        left = np.flatnonzero(np.isin(hashes, twice)) if len(twice) else np.empty(0, np.int64)
        blank = self.connection.execute("SELECT rowid FROM held WHERE id IS NULL").fetchnumpy()["rowid"]
        left = np.union1d(left, np.ma.getdata(blank)).astype(np.int64)
        if len(left):
            # It says which, unless such rows are to be left.
            require_ids(self.connection, self.one)
        if self.kept:
            found = self.connection.execute("SELECT rowid FROM held WHERE id IN (SELECT key FROM kept)")
            left = np.union1d(left, np.ma.getdata(found.fetchnumpy()["rowid"])).astype(np.int64)
        number = salt(seed, "mismatch/pair")
        for start in range(0, self.rows, _ROWS):  # arrays of all rows would take more memory
            some = hashes[start : start + _ROWS]
            some[:] = scramble(some, number)
        return Keys(hashes, left)

    def known(self, ids: Sequence[str]) -> set[str]:
        """Those of some ids that rows of the list have, or of the other list."""
        import pyarrow as pa

        self.connection.register("asked", pa.table({"id": pa.array(list(ids), pa.string())}))
        within = "id IN (SELECT id FROM asked)"
        query = f"SELECT DISTINCT id FROM held WHERE {within}"
        if self.kept:
            query += f" UNION SELECT id FROM kept AS other(id) WHERE {within}"
        found = self.connection.execute(query).fetchall()
        self.connection.unregister("asked")
        return {one for [one] in found}


def hold(
    connection: DuckDBPyConnection, one: TradeList, positions: Sequence[int], *, kept: bool = False
) -> HeldList:
    """Put what is looked at of a list into the table ``held``.

    Parameters
    ----------
    connection : DuckDBPyConnection
        It keeps the order of rows.
    one : TradeList
    positions : sequence of int
        Of the columns that are looked at.
    kept : bool
        Whether the table ``kept`` has ids whose rows are left as they are.

    Raises
    ------
    ListError
        Where the list cannot be read, or a cell of these columns is not as it is described.
    """
    form = one.form
    columns = {position: form.columns[position] for position in sorted(positions)}
    cells = sorted({*columns, *map(form.position, form.id)})
    held = HeldList(connection, one, tuple(columns), 0, kept)
    # In steps, each of which names what the one before it has worked out: DuckDB would work out the same
    # again within each condition.
    first, trims, values = [], [], []
    for at in cells:
        name, text = form.names[at], f"CAST(c{at} AS VARCHAR)"
        first.append(f"{one.source.raw(name)} AS c{at}")
        # Few cells have blanks of any kind to be looked for.
        blanks = f"contains({text}, ' ') OR strlen({text}) <> length({text})"
        bare = f"CASE WHEN {blanks} THEN nullif(trim({text}), '') ELSE nullif({text}, '') END"
        if at in held.printed:
            first.append(f"{one.cast(columns[at], one.source.raw(name))} AS cast_c{at}")
            bare = f"CASE WHEN {one.printed(columns[at], f'c{at}', f'cast_c{at}')} THEN NULL ELSE {bare} END"
        trims.append(f"{bare} AS trimmed_c{at}")
    trimmed = _Trimmed(one.name, "", {form.names[position]: f"c{position}" for position in cells}, form.names)
    seen = dataclasses.replace(one, source=trimmed)
    for at, column in columns.items():
        value = seen.value(column, strict=False)
        values.append(f"{f'coalesce({value}, cast_c{at})' if at in held.printed else value} AS value_c{at}")
    known = " AND ".join(f"{trimmed.trimmed(name)} IS NOT NULL" for name in form.id)
    parts = [f"CASE WHEN {known} THEN {seen.key()} END AS id"]
    # A row without an id, such as a line of totals, says nothing of where clean values lie.
    within = f"CASE WHEN {known} THEN {{}} END" if form.duplicate_ids == "leave" else "{}"
    for position, column in columns.items():
        if position not in held.together:
            parts.append(f"{within.format(f'trimmed_c{position}')} AS t{position}")
        if position in held.measured:
            value = _unit_value(f"value_c{position}", column)
            parts.append(f"{within.format(value)} AS v{position}")
        if position in held.sorted_by_json:
            first.append(f"json_type({one.source.columns[column.name]}) AS j{position}")
            parts.append(f"j{position}")
    if held.together:
        texts = [f"trimmed_c{position}" for position in held.together]
        text = f", '{_BETWEEN}', ".join(texts)
        joined = f"CASE WHEN coalesce({', '.join(texts)}) IS NOT NULL THEN concat({text}) END"
        parts.append(f"{within.format(joined)} AS texts")
    misfits = {position: seen.misfits(column, f"value_c{position}") for position, column in columns.items()}
    which = " ".join(f"WHEN {sql} THEN {position}" for position, sql in misfits.items() if sql)
    parts.append(f"{within.format(f'CASE {which} END')} AS misfit" if which else "NULL AS misfit")
    query = f"SELECT {', '.join(first)} FROM {one.source.relation}"
    for step in (trims, values):
        query = f"SELECT {', '.join(['*', *step])} FROM ({query})"
    query = f"SELECT {', '.join(parts)} FROM ({query})"
    with explained(one.name):
        connection.execute(f"CREATE TABLE held AS {query}")
    if kept:
        connection.execute(
            "CREATE VIEW clean AS SELECT held.* FROM held ANTI JOIN kept ON held.id = kept.key"
        )
    [rows] = first_row(connection, "SELECT count(*) FROM held")
    held = dataclasses.replace(held, rows=rows)
    _refuse_totals(connection, one)
    found = first_row(
        connection, "SELECT rowid, misfit FROM held WHERE misfit IS NOT NULL ORDER BY rowid LIMIT 1"
    )
    if found:
        row, position = found
        [cell] = first_row(connection, f"SELECT {held.text(position)} FROM held WHERE rowid = {row}")
        raise one.misfit(columns[position], row, cell)
    _require_as_stated(held)
    return held


def _require_as_stated(held: HeldList) -> None:
    one = held.one
    asked = {
        (position, setting): sql
        for position in held.positions
        for setting, sql in one.contradicted(held.column(position), held.text(position)).items()
    }
    if asked:
        cells = first_row(held.connection, f"SELECT {', '.join(asked.values())} FROM held")
        for (position, setting), cell in zip(asked, cells, strict=True):
            if cell is not None:
                raise one.contradiction(held.column(position), setting, cell)


def _refuse_totals(connection: DuckDBPyConnection, one: TradeList) -> None:
    """Refuse a list whose last row is named as a sum of the others."""
    last = "SELECT rowid, id FROM held WHERE rowid = (SELECT max(rowid) FROM held)"
    row, name = first_row(connection, last) or (0, None)
    if name and _TOTAL.fullmatch(name):
        raise ListError(
            f"{one.name} has {shown(name)} for an id in its last row, {row + 1:,}, which is a line of totals "
            'and no trade; take it out, or make its id blank and set duplicate_ids = "leave"'
        )


class _Trimmed(Source):
    """Cells without the blanks around them, each in a column of its own."""

    def trimmed(self, column: str) -> str:
        """SQL for a cell, as `Source` has it."""
        return f"trimmed_{self.columns[column]}"


def _unit_value(value: str, column: ColumnForm) -> str:
    if column.kind == "decimal":
        places = column.places or 0
        unit = f"CAST({10**places} AS DECIMAL({places + 1}, 0))"
        wide, narrow = (f"{value} AS DECIMAL({digits - places}, {places})" for digits in (37, 17))
        exact = f"TRY_CAST(CAST({wide}) * {unit} AS BIGINT)"
        # A product of 18 digits is one of 64 bits, which takes a tenth of the time.
        return f"coalesce(TRY_CAST(TRY_CAST({narrow}) * {unit} AS BIGINT), {exact})" if places < 7 else exact
    if column.kind == "date":
        return f"({value} - DATE '1970-01-01')"
    return f"epoch_us({value})" if column.kind == "timestamp" else value


def _printed_value(value: str, column: ColumnForm) -> str:
    """SQL for what DuckDB prints for a value in its column's unit."""
    if column.kind == "decimal" and column.places:
        unit = (
            f"CAST('{Decimal(1).scaleb(-column.places):f}' AS DECIMAL({column.places + 1}, {column.places}))"
        )
        value = f"CAST({value} AS DECIMAL(19, 0)) * {unit}"
    elif column.kind == "date":
        value = f"DATE '1970-01-01' + CAST({value} AS INTEGER)"
    elif column.kind == "timestamp":
        value = f"make_timestamp({value})"
    return f"CAST({value} AS VARCHAR)"
