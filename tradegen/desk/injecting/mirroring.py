"""The view of a counterparty: sides mirrored, and the two brokers of a trade exchanged."""

# ruff: noqa: S608 - what is put into SQL is made by `TradeList`, or is ours

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping
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
from tradegen.scoring.relations import Reader

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Mirror", "all_mirror_edits", "mirror_edits", "mirror_of", "mirrored_list", "other_sides"]

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
    """

    side: int
    words: Mapping[str, str]
    brokers: tuple[int, ...]

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
            f"SELECT DISTINCT {cell} AS word FROM {one.source.relation} WHERE word IS NOT NULL "
            f"ORDER BY word LIMIT {_MOST + 1}"
        ).fetchall()
    others = other_sides([word for [word] in words], f"column {shown(column.name)} of {one.name}")
    return Mirror(form.position(column.name), others, tuple(map(form.position, pair)))


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
    positions = [mirror.side, *mirror.brokers]
    cells = [one.source.trimmed(one.form.names[position]) for position in positions]
    query = ", ".join(f"{cell} AS c{number}" for number, cell in enumerate(cells))
    first = 0
    with explained(one.name):
        for batch in arrow_batches(connection, f"SELECT {query} FROM {one.source.relation}"):
            side, *brokers = (column.to_pylist() for column in batch.columns)
            new = {mirror.side: ([word and mirror.words[word] for word in side], side)}
            for position, cells_there, cells_here in zip(
                mirror.brokers, reversed(brokers), brokers, strict=True
            ):
                new[position] = cells_there, cells_here
            yield _edits(one, new, first)
            first += len(side)


def all_mirror_edits(connection: DuckDBPyConnection, one: TradeList, mirror: Mirror) -> Edits:
    """All that `mirror_edits` gives."""
    found = Edits()
    for part in mirror_edits(connection, one, mirror):
        found = found.joined(part)
    return found


def _edits(one: TradeList, new: Mapping[int, tuple[list[str | None], list[str | None]]], first: int) -> Edits:
    changed = sorted(
        (row, position, text, old)
        for position, (texts, olds) in new.items()
        for row, (text, old) in enumerate(zip(texts, olds, strict=True))
        if text != old
    )
    for row, position, text, _ in changed:
        width = one.form.columns[position].width
        if text is not None and width is not None and len(text) > width:
            raise ListError(
                f"both is given, and column {shown(one.form.names[position])} of {one.name} has no room for "
                f"{shown(text)}, row {first + row + 1:,}; expected a larger width in the file of columns"
            )
    return Edits(
        rows=np.array([row + first for row, *_ in changed], np.int64),
        copies=np.zeros(len(changed), np.int64),
        columns=np.array([position for _, position, *_ in changed], np.int64),
        texts=[text for *_, text, _ in changed],
        olds=[old for *_, old in changed],
    )


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
        write_list(connection, one, mirror_edits(connection.cursor(), one, mirror), out)
    made = open_list(reader, path, one.form)
    # Messages name the file that was given.
    return dataclasses.replace(made, source=dataclasses.replace(made.source, name=one.name))
