"""Columns of a desk's lists beside the nine: what kind each is of, and what it is derived from."""

# ruff: noqa: S608 - what is put into SQL is quoted by `literal` and `identifier`, or is ours

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradegen.desk.list_columns import ListColumns
from tradegen.desk.lists.column_guesses import Guess, guess_columns
from tradegen.desk.lists.list_form import ColumnForm, FileForm, ListForm
from tradegen.desk.lists.list_values import TradeList
from tradegen.errors import ScenarioError, named
from tradegen.mechanisms.column_kinds import KindOfColumn
from tradegen.scoring.relations import Source, first_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAMED = ("code", "text", "reference")
"""The kinds whose values are texts."""

MOST_PLACES = 6
"""Decimals that a scenario's numbers may have."""

_NUMBERS = ("integer", "decimal")
_TABLES = ("ours", "theirs")
_MOST = 40  # columns that a scenario may have
_LOOKED_AT = 20_000  # trades that tell what belongs to what
_MOSTLY = 0.5  # of them: so many show what a column is derived from, or that the lists have nothing in common
_MOST_SESSIONS = 30
_NOISE = 15  # digits of a number from which on the last ones may be noise


@dataclass(frozen=True, slots=True)
class DeskColumn:
    """A column that both lists have beside the nine.

    Attributes
    ----------
    name : str
        What a scenario calls it.
    called : (str, str)
        What it is called on our list, and on theirs.
    kind : str
    places : int
        Decimals of its numbers.
    sql : (str, str)
        Its values on our list, and on theirs.
    tried : (str, str)
        The same, with NULL for a cell of another form.
    sources : tuple of str
        The columns that it is derived from.
    by : int
        How many weekdays it comes after the date that it is derived from.
    own : bool
        Whether it is a reference of each record's own, in which the lists have nothing in common.
    """

    name: str
    called: tuple[str, str]
    kind: str
    places: int
    sql: tuple[str, str]
    tried: tuple[str, str]
    sources: tuple[str, ...] = ()
    by: int = 0
    own: bool = False

    @property
    def named(self) -> bool:
        """Whether its values are texts."""
        return self.kind in NAMED

    @property
    def sql_type(self) -> str:
        """The SQL type of its values."""
        types = {"integer": "BIGINT", "date": "DATE", "timestamp": "TIMESTAMP"}
        return f"DECIMAL(30, {self.places})" if self.kind == "decimal" else types.get(self.kind, "VARCHAR")

    @property
    def known(self) -> KindOfColumn:
        """What mechanisms must know of it."""
        return KindOfColumn(self.name, self.kind, self.places, self.sources)

    def consistent(self, table: str) -> str:
        """SQL for whether the value of a record is what its own record gives, where it is derived."""
        if self.kind == "date":
            return f"{table}.{self.name} = {_sessions_after(f'{table}.date', self.by)}"
        exact = f"abs({table}.quantity::DOUBLE * {table}.price::DOUBLE)"
        # Amounts of at most 15 digits are told apart, and any way of rounding is taken.
        return (
            f"abs({exact} - abs({table}.{self.name}::DOUBLE)) < {0.99999 / 10**self.places} + 1e-15 * {exact}"
        )

    def follows(self, ours: str, theirs: str) -> str:
        """SQL for whether its two values differ because those that it is derived from do."""
        moved = " OR ".join(f"{ours}.{name} IS DISTINCT FROM {theirs}.{name}" for name in self.sources)
        # An amount with the other sign does not follow.
        sign = "" if self.kind == "date" else f" AND ({ours}.{self.name} < 0) = ({theirs}.{self.name} < 0)"
        both = f"{self.consistent(ours)} AND {self.consistent(theirs)}"
        return f"coalesce(({moved}) AND {both}{sign}, false)"


def desk_columns(
    connection: DuckDBPyConnection, ours: ListColumns, theirs: ListColumns, *, hide: bool
) -> tuple[list[DeskColumn], list[str]]:
    """The columns beside the nine that both lists have, by name, and sentences on those left out.

    Names are the same if they differ in capitals, blanks and punctuation alone. Kinds are guessed as
    `tradegen columns` guesses them.

    Parameters
    ----------
    hide : bool
        Whether columns are to be called by their kinds and numbers alone.
    """
    plain = [{_plain(name): name for name in one.others} for one in (ours, theirs)]
    both = [(plain[0][name], plain[1][name]) for name in plain[0] if name and name in plain[1]]
    common, told = both[:_MOST], []
    if len(both) > _MOST:
        told.append(f"Both lists have {len(both)} columns beside the nine; the first {_MOST} were compared.")
    if not common:
        return [], told
    found: list[DeskColumn] = []
    guessed = [
        _guessed(connection, one.source, [pair[side] for pair in common])
        for side, one in enumerate((ours, theirs))
    ]
    # Names go into queries as they are.
    words = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
    taken = {word for [word] in connection.execute(words).fetchall()}
    for number, called in enumerate(common):
        guesses = guessed[0][0][number], guessed[1][0][number]
        if not all(guess.names for guess in guesses):
            column = f"column {number + 1} of those beside the nine" if hide else f"column {named(called[0])}"
            told.append(f"No value was read in {column} of one list, so it was not compared.")
            continue
        kind, places = _kind(*guesses)
        sql, tried = (
            tuple(
                values.source.text(called[side])
                if kind in NAMED
                else values.value(guesses[side].column, strict=strict)
                for side, (_, values) in enumerate(guessed)
            )
            for strict in (True, False)
        )
        wanted = f"{kind}_{number + 1}" if hide else plain_name(called[0])
        name = next(one for one in _free(wanted) if one not in taken)
        taken.add(name)
        found.append(DeskColumn(name, called, kind, places, (sql[0], sql[1]), (tried[0], tried[1])))
    return found, told


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).casefold()
    return "".join(one for one in letters if one.isalnum())


def plain_name(name: str) -> str:
    """A column's name in small letters, digits and underscores, as a scenario takes it."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    ascii_letters = "".join(one for one in letters if not unicodedata.combining(one))
    found = re.sub("[^a-z0-9]+", "_", ascii_letters).strip("_")[:30]
    return found if found[:1].isalpha() else f"column_{found}".strip("_")


def _free(wanted: str) -> Iterator[str]:
    """The name itself, if a scenario may have a column of it, and others like it."""
    for name in (wanted, f"{wanted}_column", *(f"{wanted}_{number}" for number in range(2, 2 * _MOST))):
        if is_possible({"name": name, "kind": "code", "value": "A"}):
            yield name


def is_possible(column: Mapping[str, Any]) -> bool:
    """Whether a scenario may have such a column."""
    from tradegen.scenario.model import Scenario  # pydantic, only where it is needed

    try:
        Scenario(columns=[column])
    except ScenarioError:
        return False
    return True


def _guessed(
    connection: DuckDBPyConnection, source: Source, names: Sequence[str]
) -> tuple[list[Guess], TradeList]:
    columns = {name: source.raw(name) for name in names}
    part = Source(source.name, source.relation, columns, tuple(names))
    # All are read from texts, whatever they come from; a list of fits has one row of names at most.
    file, guesses = guess_columns(connection, part, FileForm(header=False))
    for number, guess in enumerate(guesses):
        name = guess.column.name
        if guess.column.kind not in ("integer", "date", "timestamp"):
            places = _places_of_floats(connection, part, name)
            if places is not None:
                cell = part.trimmed(name)
                rounded = f"CAST(round(CAST({cell} AS DOUBLE), {places})::DECIMAL(30, {places}) AS VARCHAR)"
                columns[name] = f"CASE WHEN TRY_CAST({cell} AS DOUBLE) IS NULL THEN {cell} ELSE {rounded} END"
                form = ColumnForm(name=name, kind="decimal", places=places, fixed=False)
                guesses[number] = dataclasses.replace(guess, column=form)
    forms = tuple(guess.column.model_copy(update={"role": None, "product": None}) for guess in guesses)
    return guesses, TradeList(ListForm(id=(names[0],), file=file, columns=forms), part, None)


def _places_of_floats(connection: DuckDBPyConnection, source: Source, name: str) -> int | None:
    """The decimals of numbers that have noise behind them, such as 29150.760000000002; None for others."""
    value, digits = "TRY_CAST(cell AS DOUBLE)", "length(regexp_replace(cell, '\\D', '', 'g'))"
    fits = ", ".join(
        f"bool_and(abs({value} - round({value}, {places})) <= 1e-13 * abs({value}))"
        for places in range(MOST_PLACES + 1)
    )
    noisy, *fitting = first_row(
        connection,
        f"SELECT bool_and({value} IS NOT NULL) AND max({digits}) >= {_NOISE}, {fits} FROM "
        f"(SELECT {source.trimmed(name)} AS cell FROM {source.relation} LIMIT {_LOOKED_AT}) "
        "WHERE cell IS NOT NULL",
    )
    return next((places for places, fit in enumerate(fitting) if fit), None) if noisy else None


def _kind(one: Guess, other: Guess) -> tuple[str, int]:
    """The kind of a column that was guessed on both lists, and decimals."""
    kinds = {one.column.kind, other.column.kind}
    if kinds <= set(_NUMBERS):
        places = max(one.column.places or 0, other.column.places or 0)
        return ("decimal" if "decimal" in kinds else "integer"), places
    if len(kinds) == 1:
        return kinds.pop(), 0
    return ("code" if kinds <= {"code", "integer", "reference"} else "text"), 0


def without_misfits(
    connection: DuckDBPyConnection, lists: Sequence[ListColumns], columns: Sequence[DeskColumn]
) -> list[DeskColumn]:
    """The columns, those with cells of another form than the first rows have compared as texts."""
    found = []
    for column in columns:
        odd = 0
        for side, one in enumerate(lists):
            if not column.named:
                cell = one.source.trimmed(column.called[side])
                [count] = first_row(
                    connection,
                    f"SELECT count(*) FROM {one.source.relation} "
                    f"WHERE {cell} IS NOT NULL AND {column.tried[side]} IS NULL",
                )
                odd += count
        if odd:
            texts = [one.source.text(column.called[side]) for side, one in enumerate(lists)]
            both = texts[0], texts[1]
            column = dataclasses.replace(column, kind="text", places=0, sql=both, tried=both)
        found.append(column)
    return found


def related(
    connection: DuckDBPyConnection, columns: Sequence[DeskColumn], fields: Collection[str]
) -> tuple[list[DeskColumn], list[str]]:
    """What each column is derived from, and which are each list's own; and sentences on those left out.

    The tables ``ours`` and ``theirs`` have them. Columns in which most trades differ are left out.
    """
    if not columns:
        return [], []
    columns = [_as_date(connection, column) for column in columns]
    found, apart = [], []
    for column in (_derived(connection, one, fields) for one in columns):
        values = [f"{side}.{column.name}" for side in "ot"]
        if column.named:
            values = [f"nullif(trim({value}), '')" for value in values]
        looked_at = f"(FROM ours LIMIT {_LOOKED_AT}) o"
        [differ] = first_row(
            connection,
            f"SELECT coalesce(avg(({' IS DISTINCT FROM '.join(values)})::INT), 0) "
            f"FROM {looked_at} JOIN theirs t USING (trade_id)",
        )
        in_common = f"SELECT 1 FROM {looked_at} SEMI JOIN theirs t ON {' = '.join(values)} LIMIT 1"
        if differ <= _MOSTLY:
            found.append(column)
        elif column.kind == "reference" and not first_row(connection, in_common):
            found.append(dataclasses.replace(column, own=True))
        else:
            apart.append(column.name)
    told = [f"The lists differ in {named(name)} in most trades, so it was not compared." for name in apart]
    return found, told


def _as_date(connection: DuckDBPyConnection, column: DeskColumn) -> DeskColumn:
    """A timestamp is a date where it is always midnight: frames have no other dates."""
    if column.kind != "timestamp":
        return column
    midnight = f"bool_and({column.name} = date_trunc('day', {column.name}))"
    parts = ", ".join(f"(SELECT {midnight} FROM (FROM {table} LIMIT {_LOOKED_AT}))" for table in _TABLES)
    if not all(first_row(connection, f"SELECT {parts}")):
        return column
    for table in _TABLES:
        connection.execute(f"ALTER TABLE {table} ALTER {column.name} TYPE DATE")
    return dataclasses.replace(column, kind="date")


def _derived(connection: DuckDBPyConnection, column: DeskColumn, fields: Collection[str]) -> DeskColumn:
    """The column with what it is derived from, if most values of both lists show that."""
    tried = column
    if column.kind == "decimal" and {"quantity", "price"} <= set(fields):
        tried = dataclasses.replace(column, sources=("quantity", "price"))
    if column.kind == "date" and "date" in fields:
        steps = ", ".join(
            f"count(*) FILTER (t.{column.name} = {_sessions_after('t.date', by)})"
            for by in range(_MOST_SESSIONS + 1)
        )
        counts = first_row(connection, f"SELECT {steps} FROM (FROM ours LIMIT {_LOOKED_AT}) t")
        tried = dataclasses.replace(column, sources=("date",), by=counts.index(max(counts)))
    if not tried.sources:
        return column
    for table in _TABLES:
        share, several = first_row(
            connection,
            f"SELECT coalesce(avg(({tried.consistent('t')})::INT), 0), count(DISTINCT t.{column.name}) > 1 "
            f"FROM (FROM {table} LIMIT {_LOOKED_AT}) t",
        )
        if share <= _MOSTLY or (column.kind == "decimal" and not several):
            return column
    return tried


def _sessions_after(date: str, by: int) -> str:
    """SQL for the date so many weekdays later; from a weekend, Friday counts."""
    day = f"least(isodow({date}), 5)"
    weekend = f"greatest(isodow({date}) - 5, 0)" if by else "0"
    return f"({date} - {weekend}::INT + {by} + 2 * (({day} - 1 + {by}) // 5)::INT)" if by else date
