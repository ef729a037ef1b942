"""What was broken, in tables: cells and rows to be written, and the truth about them."""

# ruff: noqa: S608 - the SQL is ours

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.core.columns import RECORD, Array, blank
from tradegen.desk.injecting.amounts import amounts_of
from tradegen.desk.injecting.attempts import value_cell
from tradegen.desk.injecting.clean_values import CleanValues
from tradegen.desk.injecting.column_labels import RECORD_POSITION
from tradegen.desk.injecting.existing import Existing
from tradegen.desk.injecting.row_selection import Broken
from tradegen.desk.lists.edits import Edits
from tradegen.desk.lists.value_stream import arrow_batches, arrow_table
from tradegen.mechanisms.record_counts import MOST_FILLS, fills

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 1 << 18
_CELLS = ("line", "copy", "position", "cell", "old")
_WRITTEN = ("id", "field", "mechanism", "original", "altered", "delta", "benign", "notional", "cause")
_TRUTH = ", ".join(_WRITTEN)


class Changes:
    """The tables ``cells``, ``repeats`` and ``truth``, filled part by part.

    Parameters
    ----------
    clean : CleanValues
        Of the list that is held.
    seed : int
    existing : Existing or None
        What differed already, and goes into the truth as well.
    """

    def __init__(self, clean: CleanValues, seed: int, existing: Existing | None = None) -> None:
        self._clean, self._held, self._seed, self._existing = clean, clean.held, seed, existing
        self._connection, form = self._held.connection, self._held.one.form
        numbers = {
            role: (form.position(column.name), column.places or 0)
            for role, column in form.by_role.items()
            if role in ("quantity", "price")
        }
        self._quantity, self._price = numbers.get("quantity"), numbers.get("price")
        self._amounts = amounts_of(form)
        self._connection.execute(
            "CREATE TABLE cells (line BIGINT, copy BIGINT, position BIGINT, cell VARCHAR, old VARCHAR); "
            "CREATE TABLE repeats (line BIGINT, times BIGINT); "
            "CREATE TABLE truth (id VARCHAR, position BIGINT, field VARCHAR, mechanism VARCHAR, "
            "original VARCHAR, altered VARCHAR, delta VARCHAR, benign BOOLEAN, notional VARCHAR, "
            "cause VARCHAR)"
        )
        if existing:
            self._connection.execute("INSERT INTO truth BY NAME SELECT *, '' AS cause FROM existing")

    @property
    def notional_places(self) -> int:
        """The decimal places of notionals."""
        own = (self._quantity or (0, 0))[1] + (self._price or (0, 0))[1]
        return max(own, self._existing.notional_places) if self._existing else own

    def add(self, part: Broken) -> None:
        """Take down what has become of some rows."""
        chosen, times = part.chosen, np.ones(len(part.chosen), np.int64)
        notional = chosen.notional(self._quantity, self._price)
        cells: dict[str, list[Any]] = {name: [] for name in _CELLS}
        truth: dict[str, list[Any]] = {name: [] for name in ("id", "position", *_WRITTEN[1:])}
        for attempt, kept in part.attempts:
            if attempt.position is None:
                times[attempt.rows[kept]] = attempt.records[kept]
        for attempt, kept in part.attempts:
            told = [(attempt.position, attempt.name, attempt.altered, attempt.deltas, kept.tolist())]
            for one in attempt.follows:
                moved = [at for at in kept.tolist() if one.cells[at] is not None]
                told.append((one.amount.position, one.amount.follows, one.cells, one.deltas, moved))
            for position, mechanism, altered, deltas, some in told:
                rows = attempt.rows[some]
                texts = [altered[at] for at in some]
                if position is None:
                    number, field, originals = RECORD_POSITION, RECORD, ["1"] * len(some)
                else:
                    number, field = position, self._held.one.form.names[position]
                    originals = [chosen.texts[position][row] for row in rows.tolist()]
                    count = times[rows].tolist()
                    cells["line"] += chosen.rows[rows].repeat(count).tolist()
                    cells["copy"] += [copy for total in count for copy in range(total)]
                    cells["position"] += [position] * sum(count)
                    for name, each in (("cell", texts), ("old", originals)):
                        cells[name] += [
                            one for one, total in zip(each, count, strict=True) for _ in range(total)
                        ]
                truth["id"] += [chosen.ids[row] for row in rows.tolist()]
                truth["position"] += [number] * len(some)
                truth["field"] += [field] * len(some)
                truth["mechanism"] += [mechanism] * len(some)
                truth["original"] += originals
                truth["altered"] += texts
                truth["delta"] += [deltas[at] for at in some]
                truth["benign"] += [part.benign] * len(some)
                truth["cause"] += [part.cause] * len(some)
                truth["notional"] += [notional[row] for row in rows.tolist()]
            if attempt.name == "record.split":
                for fill in self._fills(part, attempt.rows[kept], attempt.records[kept]):
                    for name, value in zip(_CELLS, fill, strict=True):
                        cells[name].append(value)
        repeated = np.flatnonzero(times != 1)
        self._insert("cells", cells)
        self._insert("truth", truth)
        self._insert("repeats", {"line": chosen.rows[repeated], "times": times[repeated]})

    def _fills(self, part: Broken, rows: Array, count: Array) -> Iterator[tuple[int, int, int, str, str]]:
        """The quantities of split rows, fill by fill; and their parts of the amounts."""
        assert self._quantity is not None
        chosen, position = part.chosen, self._quantity[0]
        column, file = self._held.column(position), self._held.one.form.file
        quantity, step = chosen.values[position][rows], self._clean.numbers(position).grain
        raw = [chosen.drawn(self._seed, f"record.split/fill {cut}")[rows] for cut in range(MOST_FILLS - 1)]
        shares = fills(np.abs(quantity) // step, count, np.stack(raw)) * step * np.sign(quantity)
        for number, row in enumerate(rows.tolist()):
            like = chosen.texts[position][row] or ""
            for copy in range(int(count[number])):
                cell = value_cell(int(shares[copy, number]), like, column, file)
                yield int(chosen.rows[row]), copy, position, str(cell), like
            for amount in self._amounts:
                places = (position, amount.price, amount.position)
                whole, price, old = (int(chosen.values[place][row]) for place in places)
                if blank(np.int64) in (price, old) or not amount.agrees(whole, price, old):
                    continue
                like = chosen.texts[amount.position][row] or ""
                parts = amount.shares(shares[: int(count[number]), number].tolist(), price, old)
                for copy, share in enumerate(parts):
                    cell = value_cell(share, like, self._held.column(amount.position), file)
                    yield int(chosen.rows[row]), copy, amount.position, str(cell), like

    def _insert(self, table: str, columns: Mapping[str, Any]) -> None:
        """Put columns of equal length into a table, in its own order of columns."""
        import pyarrow as pa

        kinds = {"benign": pa.bool_(), **dict.fromkeys(("line", "copy", "position", "times"), pa.int64())}
        arrays = {name: pa.array(values, kinds.get(name, pa.string())) for name, values in columns.items()}
        self._connection.register("added", pa.table(arrays))
        self._connection.execute(f"INSERT INTO {table} SELECT * FROM added")
        self._connection.unregister("added")

    def edits(self) -> Iterator[Edits]:
        """What is to be written, some rows at a time."""
        self._connection.execute(
            "CREATE OR REPLACE TABLE cells AS FROM cells ORDER BY line, copy, position; "
            "CREATE OR REPLACE TABLE repeats AS FROM repeats ORDER BY line"
        )
        for start in range(0, self._held.rows, _ROWS):
            within = f"line >= {start} AND line < {start + _ROWS}"
            cells = self._table(f"SELECT * FROM cells WHERE {within} ORDER BY line, copy, position")
            repeats = self._table(f"SELECT * FROM repeats WHERE {within} ORDER BY line")
            yield Edits(
                rows=cells["line"].to_numpy(),
                copies=cells["copy"].to_numpy(),
                columns=cells["position"].to_numpy(),
                texts=cells["cell"].to_pylist(),
                olds=cells["old"].to_pylist(),
                repeated=repeats["line"].to_numpy(),
                times=repeats["times"].to_numpy(),
            )

    def all_edits(self) -> Edits:
        """All that is to be written."""
        found = Edits()
        for part in self.edits():
            found = found.joined(part)
        return found

    def existing(self) -> tuple[Array, Array]:
        """Of what differed already: the row of their list, and the position of the column (int64)."""
        if not self._existing:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        found = self._table(
            "SELECT held.rowid AS line, position FROM existing JOIN held ON held.id = existing.id "
            "ORDER BY ALL"
        )
        return found["line"].to_numpy(), found["position"].to_numpy()

    def truth(self) -> Iterator[pa.RecordBatch]:
        """The rows of the truth as texts, by id and then by column; some at a time."""
        query = f"SELECT {_TRUTH} FROM truth ORDER BY id, position, mechanism"
        yield from arrow_batches(self._connection, query)

    def counts(self) -> dict[str, Any]:
        """How many rows the truth has, in all, by field, and of amounts that follow."""
        found = self._connection.execute("SELECT field, count(*) FROM truth GROUP BY field").fetchall()
        by_field = dict(found)
        follows = dict.fromkeys((amount.follows for amount in self._amounts), 0)
        query = "SELECT mechanism, count(*) FROM truth WHERE mechanism IN (SELECT unnest(?)) GROUP BY 1"
        follows |= dict(self._connection.execute(query, [list(follows)]).fetchall() if follows else ())
        names = [*self._held.one.form.names, RECORD]
        return {
            "truth_rows": sum(by_field.values()),
            "by_field": {name: by_field[name] for name in names if name in by_field},
            "follows": follows,
        }

    def _table(self, query: str) -> pa.Table:
        found: pa.Table = arrow_table(self._connection, query)
        return found
