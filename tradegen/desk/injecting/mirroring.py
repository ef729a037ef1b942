"""The view of a counterparty: sides mirrored, and the two brokers of a trade exchanged."""

# ruff: noqa: S608 - what is put into SQL is made by `TradeList`, or is ours

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.desk.lists.edits import Edits
from tradegen.desk.lists.list_form import ListForm
from tradegen.desk.lists.list_reading import open_list
from tradegen.desk.lists.list_values import TradeList, explained
from tradegen.desk.lists.list_writing import write_list
from tradegen.desk.lists.table_edits import edited_frame
from tradegen.desk.lists.value_stream import arrow_batches
from tradegen.errors import ListError, shown
from tradegen.scoring.relations import Reader, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SIDES = (
    "buy sell", "b s", "bought sold", "bot sld", "purchase sale", "long short", "kauf verkauf", "k v",
    "achat vente", "a v", "compra venta", "c v", "acquisto vendita", "compra vendita", "1 2",
)  # fmt: skip
"""Pairs of words for the two sides of a trade, in English, German, French, Spanish, Italian and FIX."""

_MOST = 20  # different words of a column of sides
_BROKERS = ("broker_id", "contra_broker_id")


@dataclass(frozen=True, slots=True)
class Mirror:
    """What is another in the counterparty's view.

    Attributes
    ----------
    side : int
        The position of the column of sides.
    words : mapping of str to str
        By each side as the column writes it, the other one.
    brokers : tuple of int
        The positions of the columns that are exchanged: two or none.
    rows : int
        How many rows the list has.
    """

    side: int
    words: Mapping[str, str]
    brokers: tuple[int, ...]
    rows: int

    def told(self, form: ListForm) -> dict[str, Any]:
        """What is mirrored, as JSON would carry it, with the names of the columns."""
        return {
            "side": form.names[self.side],
            "words": dict(self.words),
            "brokers": [form.names[position] for position in self.brokers],
        }


def mirror_of(connection: DuckDBPyConnection, one: TradeList) -> Mirror:
    """What is another in the counterparty's view of a list.

    Raises
    ------
    ListError
        Where no column holds sides, one holds words that are none, or what is mirrored names a trade.
    """
    form = one.form
    column = form.by_role.get("order_type")
    if column is None:
        raise ListError(
            f"both is given, and no column of {one.name} has the role order_type; expected it on the column "
            "of sides, which the other party sees mirrored"
        )
    pair = [form.by_role[role].name for role in _BROKERS if role in form.by_role]
    pair = pair if len(pair) == len(_BROKERS) else []
    if named := next((name for name in (column.name, *pair) if name in form.id), None):
        raise ListError(
            f"both is given, and column {shown(named)} of {one.name}, which the other party sees mirrored, "
            "is part of its id; expected an id of other columns"
        )
    if one.source.json and pair:
        _require_exchangeable(connection, one, pair)
    cell = one.source.trimmed(column.name)
    with explained(one.name):
        words = connection.execute(
            f"SELECT {cell} AS word, sum(count(*)) OVER () FROM {one.source.relation} GROUP BY word "
            f"ORDER BY word NULLS FIRST LIMIT {_MOST + 2}"
        ).fetchall()
    known = [word for word, _ in words if word is not None]
    others = other_sides(known, f"column {shown(column.name)} of {one.name}")
    rows = int(words[0][1]) if words else 0
    return Mirror(form.position(column.name), others, tuple(map(form.position, pair)), rows)


def _require_exchangeable(connection: DuckDBPyConnection, one: TradeList, pair: list[str]) -> None:
    """Refuse values of JSON that could not be exchanged as they are: of two sorts, or a null for digits."""
    texts = [one.source.trimmed(name) for name in pair]
    kinds = [
        f"CASE coalesce(json_type({one.source.columns[name]}), 'NULL') "
        "WHEN 'NULL' THEN '' WHEN 'VARCHAR' THEN 'text' ELSE 'plain' END"
        for name in pair
    ]
    with explained(one.name):
        found = connection.execute(
            f"SELECT row, first, second FROM (SELECT row_number() OVER () AS row, {texts[0]} AS first, "
            f"{texts[1]} AS second, {kinds[0]} AS a, {kinds[1]} AS b FROM {one.source.relation}) "
            "WHERE a <> b AND ((a <> '' AND b <> '') OR ('text' IN (a, b) "
            r"AND regexp_full_match(coalesce(first, second, ''), "
            r"'-?\d+(\.\d+)?([eE][+-]?\d+)?|true|false'))) "
            "ORDER BY row LIMIT 1"
        ).fetchone()
    if found:
        row, *cells = found
        values = " and ".join("null" if cell is None else shown(cell) for cell in cells)
        raise ListError(
            f"both is given, and {one.name} has {values} in columns {shown(pair[0])} and {shown(pair[1])}, "
            f"row {row:,}, which cannot be exchanged as what JSON takes them for; expected texts in "
            "both, or numbers"
        )


def other_sides(words: Iterable[str], where: str) -> dict[str, str]:
    """By each of a column's words for sides, the other side as the column writes it.

    A word that stands for a side in several languages has the partner that the column has, too.

    Raises
    ------
    ListError
        Where a word is none, or none tells which its partner is.
    """
    spelled: dict[str, list[str]] = {}
    for word in words:
        spelled.setdefault(word.casefold(), []).append(word)
    found = {}
    for plain, spellings in spelled.items():
        partners = [
            other
            for pair in _SIDES
            for side, other in (pair.split(), reversed(pair.split()))
            if side == plain
        ]
        known = [one for one in partners if one in spelled] or partners
        if len(known) != 1:
            why = f"may be the other side of {' or '.join(known)}" if known else "is no side that is known"
            raise ListError(
                f"both is given, and {where} has {shown(spellings[0])}, which {why}; expected words such as "
                "BUY and SELL, B and S, Kauf and Verkauf, Achat and Vente, Compra and Venta, or 1 and 2"
            )
        [other] = known
        there = spelled.get(other, ())
        for word in spellings:
            like = other.upper() if word.isupper() else other if word.islower() else other.capitalize()
            found[word] = there[0] if len(there) == 1 else like
    return found


def mirror_edits(connection: DuckDBPyConnection, one: TradeList, mirror: Mirror) -> Iterator[Edits]:
    """What is to be written for the counterparty's view, some rows at a time; cells that stay are left out.

    Raises
    ------
    ListError
        Where a cell of one broker is too long for the column of the other.
    """
    positions = (mirror.side, *mirror.brokers)
    cells = {position: one.source.trimmed(one.form.names[position]) for position in positions}
    sides = " ".join(f"WHEN {literal(word)} THEN {literal(other)}" for word, other in mirror.words.items())
    new = {mirror.side: f"CASE {cells[mirror.side]} {sides} END"} if sides else {}
    new |= {here: cells[there] for here, there in zip(mirror.brokers, reversed(mirror.brokers), strict=True)}
    query = ", ".join(f"{text} AS new{at}, {cells[at]} AS old{at}" for at, text in new.items())
    first = 0
    with explained(one.name):
        batches = arrow_batches(connection, f"SELECT {query} FROM {one.source.relation}") if new else ()
        for batch in batches:
            yield _edits(one, tuple(new), batch.columns, first)
            first += len(batch)


def all_mirror_edits(connection: DuckDBPyConnection, one: TradeList, mirror: Mirror) -> Edits:
    """All that `mirror_edits` gives."""
    found = Edits()
    for part in mirror_edits(connection, one, mirror):
        found = found.joined(part)
    return found


def _edits(one: TradeList, positions: Sequence[int], cells: Sequence[Any], first: int) -> Edits:
    """Edits of some rows from the texts of columns, Arrow arrays: new ones and old ones by turns."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts, olds = (pa.concat_arrays(cells[part::2]) for part in (0, 1))
    differs = pc.not_equal(texts.fill_null(""), olds.fill_null("")).to_numpy(zero_copy_only=False)
    count = len(cells[0])
    # All columns stand below one another; they are taken row by row.
    changed = np.flatnonzero(differs)
    changed = changed[np.lexsort((np.array(positions)[changed // count], changed % count))]
    rows, columns = first + changed % count, np.array(positions)[changed // count]
    found = [part.take(pa.array(changed)).to_pylist() for part in (texts, olds)]
    widths = {at: width for at in positions if (width := one.form.columns[at].width) is not None}
    for row, at, text in zip(rows.tolist(), columns.tolist(), found[0], strict=True) if widths else ():
        if len(text or "") > widths.get(at, math.inf):
            raise ListError(
                f"both is given, and column {shown(one.form.names[at])} of {one.name} has no room for "
                f"{shown(text)}, row {row + 1:,}; expected a larger width in the file of columns"
            )
    return Edits(rows, np.zeros(len(rows), np.int64), columns, found[0], olds=found[1])


def mirrored_list(
    connection: DuckDBPyConnection, reader: Reader, one: TradeList, mirror: Mirror
) -> TradeList:
    """The counterparty's view of a list, which is opened as the list was: a copy of it, cell by cell.

    Raises
    ------
    ListError
        Where a cell cannot hold what it is to hold.
    """
    if not isinstance(one.given, (str, os.PathLike)):
        edits = all_mirror_edits(connection, one, mirror)
        return open_list(reader, edited_frame(one.given, edits), one.form)
    path = reader.folder / f"mirrored{Path(one.given).suffix}"
    with path.open("wb") as out:
        write_list(connection, one, mirror_edits(connection.cursor(), one, mirror), out, mirror.rows)
    made = open_list(reader, path, one.form)
    # Messages name the file that was given.
    return dataclasses.replace(made, source=dataclasses.replace(made.source, name=one.name))
