"""Tables of any kind as DuckDB relations: files, frames, Arrow. Nothing here knows what is in them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradegen.core.compression import plain_name
from tradegen.core.grids import FINEST
from tradegen.errors import ScoringError
from tradegen.scoring.input_files import (
    check_readable,
    form_of,
    header,
    once,
    outermost,
    parts,
    plain_copy,
    unpacked,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

_LOOKED_AT = 1_000  # objects whose members tell the columns of a JSON file


def literal(text: str) -> str:
    """A text as SQL has it, whatever it holds."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as SQL has it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def first_row(connection: DuckDBPyConnection, query: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...]:
    """The first row of a query; an empty one where there is none."""
    # All are fetched, so that the connection is free for the next query.
    rows: list[tuple[Any, ...]] = connection.execute(query, list(parameters)).fetchall()
    return rows[0] if rows else ()


@dataclass(frozen=True, slots=True)
class Source:
    """A table to read.

    Attributes
    ----------
    name : str
        What messages call it.
    relation : str
        SQL to select from.
    columns : mapping of str to str
        By the name that the table gives a column, SQL for its values.
    seen : tuple of str
        The names that were seen in it. Objects of JSON need not all have the same, so that more may be asked
        for than was seen.
    json : bool
        Whether values are JSON.
    """

    name: str
    relation: str
    columns: Mapping[str, str]
    seen: tuple[str, ...]
    json: bool = False

    def raw(self, column: str) -> str:
        """SQL for a column's values in their own type; text from JSON and CSV."""
        return f"({self.columns[column]} ->> '$')" if self.json else self.columns[column]

    def text(self, column: str) -> str:
        """SQL for a column's values as text, and NULL where there is none."""
        return f"nullif(CAST({self.raw(column)} AS VARCHAR), '')"

    def trimmed(self, column: str) -> str:
        """As `text`, without spaces around it."""
        return f"nullif(trim(CAST({self.raw(column)} AS VARCHAR)), '')"

    def require(self, wanted: Sequence[str], hint: str = "") -> None:
        """Check that the columns are there; a hint goes to the end of the message if one is not.

        Raises
        ------
        ScoringError
            Naming the first one that is not.
        """
        for column in wanted:
            if column not in self.seen and not (self.json and not self.seen):
                raise ScoringError(
                    f"{self.name} has no column {column}; it has {', '.join(self.seen) or 'none'}{hint}"
                )


class Reader:
    """Opens tables in one connection.

    Parameters
    ----------
    connection : DuckDBPyConnection
    folder : Path
        Where links to files are put: under plain names, so that brackets, stars, quotes and equals signs in
        the names of files mean nothing to DuckDB.
    """

    def __init__(self, connection: DuckDBPyConnection, folder: Path) -> None:
        self._connection, self.folder = connection, folder
        self._real: dict[str, str] = {}  # by link, the path as it was given

    def source(self, given: Any, what: str, wanted: Sequence[str] = (), column: str | None = None) -> Source:
        """Open a table.

        Parameters
        ----------
        given : path, sequence of paths, folder, DataFrame or Arrow table
            Several paths are parts of one table, of one form.
        what : str
            What it is to be, for messages: ``findings``.
        wanted : sequence of str
            Columns that may be asked for; of JSON, no others can be.
        column : str, optional
            What a Series, or an Arrow array, is as a column of a table. None where it is not taken.

        Raises
        ------
        ScoringError
            If it cannot be read, or has a column twice.
        """
        if isinstance(given, (str, os.PathLike)):
            return self._files(parts(Path(given), what), what, wanted)
        if isinstance(given, (list, tuple)) and given and all(isinstance(path, Path) for path in given):
            return self._files(list(given), what, wanted)
        import pandas as pd  # files need none of it

        if column and isinstance(given, pd.Series):
            given = given.to_frame(column)
        if isinstance(given, pd.DataFrame):
            return self._frame(given, what, wanted)
        arrow = hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__")
        if arrow and not isinstance(given, pd.Series):
            return self._arrow(_arrow_table(given, what, column), what, wanted)
        raise _no_table(given, what)

    @contextlib.contextmanager
    def explaining(self, name: str) -> Iterator[None]:
        """Raise what DuckDB says of a table, while it reads it, as one sentence."""
        import duckdb

        try:
            yield
        except (
            duckdb.ConversionException,
            duckdb.InvalidInputException,
            duckdb.IOException,
            duckdb.OutOfRangeException,
            duckdb.SerializationException,
        ) as error:
            raise self._explained(error, name) from None

    def _explained(self, error: Exception, name: str) -> ScoringError:
        reason = str(error).strip()
        for link, path in self._real.items():
            reason = reason.replace(link, path)
        lines = [line.strip() for line in reason.splitlines() if line.strip()]
        first = lines[0].removeprefix("Invalid Input Error: ").removeprefix("IO Error: ") if lines else ""
        if "nvalid unicode" in reason:
            first = "it is not UTF-8 text"
        return ScoringError(f"{name} cannot be read: {first}")

    def _frame(self, frame: pd.DataFrame, what: str, wanted: Sequence[str]) -> Source:
        import pandas as pd

        names, name = [str(name) for name in frame.columns], f"the {what} frame"

        def plain(kept: Sequence[int]) -> pd.DataFrame:
            columns = {f"c{number}": _plain(frame.iloc[:, number], names[number], name) for number in kept}
            return pd.DataFrame(columns, copy=False)

        return self._held(name, names, wanted, len(frame), plain)

    def _arrow(self, table: pa.Table, what: str, wanted: Sequence[str]) -> Source:
        import pyarrow as pa

        def plain(kept: Sequence[int]) -> pa.Table:
            return pa.table([table.column(number) for number in kept], names=[f"c{n}" for n in kept])

        return self._held(f"the {what} table", table.column_names, wanted, table.num_rows, plain)

    def _held(
        self,
        name: str,
        names: Sequence[str],
        wanted: Sequence[str],
        rows: int,
        plain: Callable[[Sequence[int]], Any],
    ) -> Source:
        """A table in memory. `plain` gives its columns at some positions, called ``c`` and the position."""
        once(name, names)
        # By position: DuckDB's names do not tell Field from field.
        kept = [number for number, column in enumerate(names) if not wanted or column in wanted]
        columns = dict.fromkeys(names, "NULL") | {names[number]: f"c{number}" for number in kept}
        view = f"range({rows})"
        if kept:
            view = f"given_{len(self._real)}"
            self._real[view] = view
            self._connection.register(view, plain(kept))
        return Source(name, view, columns, tuple(names))

    def _files(self, paths: Sequence[Path], what: str, wanted: Sequence[str]) -> Source:
        name = str(paths[0]) if len(paths) == 1 else f"{paths[0].parent}"
        forms = {form_of(path, what) for path in paths}
        if len(forms) > 1:
            raise ScoringError(f"{name} holds {' and '.join(sorted(forms))}; expected files of one form")
        form = forms.pop()
        for path in paths:
            check_readable(path, form)
        links = self._links(paths, form)
        if form == "csv":
            return self._csv(links, name)
        if form == "parquet":
            return self._parquet(links, name)
        return self._json(links, name, form, wanted)

    def _csv(self, links: Sequence[Path], name: str) -> Source:
        first, *others = [self._real[str(link)] for link in links]
        names, delimiter = header(links[0], first)
        for link, path in zip(links[1:], others, strict=True):
            if header(link, path) != (names, delimiter):
                raise ScoringError(f"{path} has other columns than {first}; expected the same in all parts")
        once(name, names)
        kinds = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(names)))
        relation = (
            f"read_csv({_listed(links)}, auto_detect = false, header = true, columns = {{{kinds}}}, "
            f"delim = {literal(delimiter)}, quote = '\"', escape = '\"', nullstr = '')"
        )
        columns = {column: f"c{number}" for number, column in enumerate(names)}
        return Source(name, relation, columns, tuple(columns))

    def _parquet(self, links: Sequence[Path], name: str) -> Source:
        relation = f"read_parquet({_listed(links)}, hive_partitioning = false)"
        schema = f"SELECT name, coalesce(num_children, 0) FROM parquet_schema({_listed(links[:1])})"
        names = outermost(self._tried(schema, name)[1:])
        once(name, names)
        # By position: DuckDB's names do not tell Field from field.
        plain = ", ".join(f"c{number}" for number in range(len(names)))
        columns = {column: f"c{number}" for number, column in enumerate(names)}
        return Source(name, f"{relation} AS given({plain})", columns, tuple(columns))

    def _json(self, links: Sequence[Path], name: str, form: str, wanted: Sequence[str]) -> Source:
        how = "newline_delimited" if form == "ndjson" else "auto"
        objects = f"read_json_objects({_listed(links)}, format = '{how}')"
        looked_at = f"SELECT json_type(json), json_keys(json) FROM (FROM {objects} LIMIT {_LOOKED_AT})"
        found: dict[str, None] = {}
        for kind, keys in self._tried(looked_at, name):
            if kind != "OBJECT":
                raise ScoringError(f"{name} holds values that are no objects; expected an object a row")
            once(name, keys)
            found |= dict.fromkeys(keys)
        asked = list(dict.fromkeys([*(wanted or found)]))
        kinds = ", ".join(f"{literal(column)}: 'JSON'" for column in asked)
        relation = f"read_json({_listed(links)}, format = '{how}', columns = {{{kinds}}})"
        columns = {column: identifier(column) for column in asked}
        return Source(name, relation, columns, tuple(found), json=True)

    def _tried(self, query: str, name: str) -> list[Any]:
        with self.explaining(name):
            return self._connection.execute(query).fetchall()

    def _links(self, paths: Sequence[Path], form: str) -> list[Path]:
        links = []
        for path in paths:
            name = f"{len(self._real):06d}{plain_name(path).suffix.lower()}"
            link, plain = self.folder / name, unpacked(path, self.folder / f"plain-{name}")
            link.symlink_to(plain_copy(plain.resolve(), form, self.folder / f"copy-{name}"))
            self._real[str(link)] = str(path)
            links.append(link)
        return links


def _listed(links: Sequence[Path]) -> str:
    return f"[{', '.join(literal(str(link)) for link in links)}]"


def _arrow_table(given: Any, what: str, column: str | None) -> pa.Table:
    """What is given as a table; an array is one column of it, under the name that is given."""
    import pyarrow as pa

    if isinstance(given, pa.Table):
        return given
    try:
        return pa.table(given)
    except (pa.ArrowInvalid, TypeError, ValueError):
        if column is None:
            raise _no_table(given, what) from None
    array = given if isinstance(given, (pa.Array, pa.ChunkedArray)) else pa.chunked_array(given)
    return pa.table({column: array})


def _no_table(given: Any, what: str) -> ScoringError:
    return ScoringError(
        f"{what} is of type {type(given).__name__}; expected a path, a DataFrame or an Arrow table"
    )


def _plain(values: pd.Series[Any], column: str, name: str) -> pd.Series[Any]:
    """A frame's column as DuckDB reads it without guessing."""
    import pandas as pd

    if isinstance(values.dtype, pd.StringDtype):
        # Not every DuckDB knows pandas' own types of text.
        return values.astype(object).where(values.notna(), None)
    categorical = isinstance(values.dtype, pd.CategoricalDtype)
    if values.dtype != object and not categorical:
        return values
    kind = pd.api.types.infer_dtype(values.cat.categories if categorical else values, skipna=True)
    if kind in ("mixed", "mixed-integer"):
        raise ScoringError(f"{column} in {name} holds values of different types; expected text in each row")
    if categorical:
        return values.cat.rename_categories([str(item) for item in values.cat.categories])
    try:
        texts = values.map(str, na_action="ignore")
    except UnicodeEncodeError as error:
        raise ScoringError(
            f"{column} in {name} holds {error.object!r}, which is no text that UTF-8 can write"
        ) from None
    return texts.astype(object).where(values.notna(), None)


def units(field: str, value: str, cast: str = "CAST") -> str:
    """SQL for a quantity or price in whole numbers of the finest step; by TRY_CAST, NULL for what is none."""
    grid = FINEST[field]
    return f"CAST({cast}({value} AS DECIMAL({18 + grid.places}, {grid.places})) * {grid.unit} AS BIGINT)"
