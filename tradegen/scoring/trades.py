"""The trades, as far as a score needs them: which pairs there are, and what clean ones are worth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from tradegen.core.columns import LEGS, LISTS, RECORD_ID, TRADE_COLUMNS
from tradegen.core.grids import CENTS, FINEST
from tradegen.errors import ScoringError
from tradegen.scoring.inputs import Inputs, lists_of
from tradegen.scoring.relations import Reader, Source, first_row, literal, units
from tradegen.scoring.run_fields import RunFields

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PARTS_OF_A_CENT = math.prod(grid.unit for grid in FINEST.values()) // CENTS.unit


class Trades:
    """The lists that were given, which may be none.

    Parameters
    ----------
    connection : DuckDBPyConnection
        With ``labelled`` and ``aliases``.
    reader : Reader
    inputs : Inputs
    legs : tuple of str
        What the truth calls them.
    fields : RunFields
    """

    def __init__(
        self,
        connection: DuckDBPyConnection,
        reader: Reader,
        inputs: Inputs,
        legs: tuple[str, ...],
        fields: RunFields,
    ) -> None:
        self._connection, self._reader, self._extent = connection, reader, inputs.extent
        self._columns, self._fields, self._pairs = inputs.columns, fields, inputs.pairs
        unnamed = fields.id not in fields.own and not fields.stated
        if fields.injected and inputs.trades is not None and unnamed:
            raise ScoringError(
                "trades cannot be read where nothing says which column names a trade; expected the "
                "manifest of inject, or no trades"
            )
        self._lists: dict[str, list[Source]] = {}
        # An id of several columns stands in no column of a frame.
        unread = inputs.along and fields.injected and fields.id not in fields.own
        for name, given in lists_of(
            None if unread else inputs.trades, inputs.view, LEGS["single"][0] in legs
        ).items():
            several = isinstance(given, (list, tuple))
            tables = given if several else [given]
            wanted = tuple(self._called(name).values())
            self._lists[name] = [reader.source(table, "trades", wanted) for table in tables]
            for source in self._lists[name]:
                hint = "" if inputs.extent else "; where the run has other columns, --manifest says which"
                called = self._called(name)
                needed = {column for column in called if column != RECORD_ID} | {fields.key}
                source.require([name for column, name in called.items() if column in needed], hint)

    def known(self, pair: str) -> str:
        """SQL that says of a pair that the truth does not name whether it is in the data."""
        if self._extent:
            return f"{pair} BETWEEN {self._extent.first} AND {self._extent.last}"
        return f"{pair} IN (SELECT pair FROM pairs_present)" if self._lists else "true"

    def __bool__(self) -> bool:
        return bool(self._lists)

    def _called(self, name: str) -> dict[str, str]:
        if self._fields.injected:
            return dict(self._columns.get(name) or {"trade_id": self._fields.id})
        return dict(self._columns.get(name) or {column: column for column in self._fields.columns})

    def _key(self, name: str) -> str:
        """What a list calls the column by which its records are known."""
        return self._called(name)[self._fields.key]

    def count_pairs(self) -> int | None:
        """How many pairs there are: by the manifest, or else by the trades; None without either.

        Raises
        ------
        ScoringError
            If the trades lack pairs of the truth.
        """
        if self._extent:
            return self._extent.pairs
        if not self._lists:
            return self._pairs
        ids = " UNION ALL ".join(
            f"SELECT id_number({source.trimmed(self._key(name))}) AS id FROM {source.relation}"
            for name, sources in self._lists.items()
            for source in sources
        )
        with self.explaining():
            self._connection.execute(
                f"""
                CREATE TEMP TABLE pairs_present AS
                SELECT DISTINCT coalesce(aliases.pair, id) AS pair
                FROM (SELECT DISTINCT id FROM ({ids}) WHERE id IS NOT NULL)
                LEFT JOIN aliases ON aliases.alias = id
                """
            )
        lost = first_row(
            self._connection,
            "SELECT min(pair), count(*) FROM labelled WHERE pair NOT IN (SELECT pair FROM pairs_present)",
        )
        if lost[1]:
            example = "" if self._fields.injected else f", such as tid{lost[0]:08d}"
            raise ScoringError(
                f"pairs of the truth are not in the trades: {lost[1]:,} of them{example}; "
                "expected the truth and the trades of one run"
            )
        present = first_row(self._connection, "SELECT count(*) FROM pairs_present")
        return int(present[0])

    @property
    def with_worth(self) -> bool:
        """Whether a list says what its records are worth."""
        return any(map(self._says_worth, self._lists))

    def _says_worth(self, name: str) -> bool:
        return {"quantity", "price"} <= self._called(name).keys()

    def worth(self) -> str:
        """SQL for the pair and the cents of records, one record of each clean pair among them."""
        name = next(filter(self._says_worth, self._lists))
        called = self._called(name)
        # A clean pair stands once in each of two lists, and in a single one once as a BUY.
        single = name in LISTS["single"]
        pair, link = "id_number({0})", ""
        if not self._fields.shared_id:
            pair, link = "aliases.pair", "LEFT JOIN aliases ON aliases.alias = id_number({0})"
        return " UNION ALL ".join(
            f"""
            SELECT
                {pair.format(source.text(self._key(name)))} AS pair,
                -- Both may have been altered, by factors of 100: their product is beyond 64 bits.
                (
                    CAST({_there(source, "quantity", called)} AS HUGEINT)
                    * {_there(source, "price", called)} + {_PARTS_OF_A_CENT // 2}
                ) // {_PARTS_OF_A_CENT} AS cents
            FROM {source.relation}
            {link.format(source.text(self._key(name)))}
            {f"WHERE {source.text(called['order_type'])} = 'BUY'" if single else ""}
            """
            for source in self._lists[name]
        )

    def records(self, pairs: str) -> str:
        """SQL for the records of some pairs: their pair, the list, and all that is no id, as one text."""
        parts = []
        for name, sources in self._lists.items():
            called = self._called(name)
            own = [column for column, kind in self._fields.own.items() if kind]
            alike = [called[column] for column in (*TRADE_COLUMNS[1:], *own) if column in called]
            parts += [
                f"""
                SELECT
                    coalesce(aliases.pair, id_number({source.text(self._key(name))})) AS pair,
                    {literal(name)} AS list,
                    {_joined([source.text(column) for column in alike])} AS rest
                FROM {source.relation}
                LEFT JOIN aliases ON aliases.alias = id_number({source.text(self._key(name))})
                WHERE coalesce(aliases.pair, id_number({source.text(self._key(name))})) IN ({pairs})
                """
                for source in sources
            ]
        return " UNION ALL ".join(parts)

    def explaining(self) -> AbstractContextManager[None]:
        """As `Reader.explaining`."""
        name = next((source.name for sources in self._lists.values() for source in sources), "trades")
        return self._reader.explaining(name)


def _there(source: Source, field: str, called: Mapping[str, str]) -> str:
    """SQL for a quantity or price in the finest step; NULL where it is missing, as it is on no clean leg."""
    name = called[field]
    return f"CASE WHEN {source.text(name)} IS NOT NULL THEN {units(field, source.raw(name))} END"


def _joined(cells: list[str]) -> str:
    """SQL for cells as one text; there may be none."""
    return " || chr(31) || ".join(["''", *(f"coalesce({cell}, '')" for cell in cells)])
