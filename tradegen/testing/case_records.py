"""A case's truth rows and records, as their files print them, for messages about a score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tradegen.analysis.altered_trades import Alteration, alterations
from tradegen.api.batch import Batch
from tradegen.core.blocks import Trades
from tradegen.core.columns import LEGS, RECORD_ID
from tradegen.core.formatting import trade_ids
from tradegen.core.text_columns import strings
from tradegen.formats.tables import trades_table


@dataclass(frozen=True, eq=False)
class CaseRecords:
    """The records of a small batch."""

    batch: Batch

    @cached_property
    def truth(self) -> list[Alteration]:
        """Every row of the truth."""
        run = self.batch.run
        return [row for block in self.batch.blocks for row in alterations(run, block.truth)]

    @cached_property
    def by_pair(self) -> Mapping[str, list[Alteration]]:
        """The truth's rows by the pair's trade id."""
        found: dict[str, list[Alteration]] = {}
        for row in self.truth:
            found.setdefault(row.trade_id, []).append(row)
        return found

    def table(self, pair: str, marked: Iterable[str]) -> list[str]:
        """A pair's records below each other, first leg first, with marks below some fields.

        Parameters
        ----------
        pair : str
            Its trade id; records under a mistyped id of it are among its records.
        marked : iterable of str
            The fields to mark.
        """
        run, legs = self.batch.run, LEGS[self.batch.run.scenario.view]
        records = self._records(pair)
        columns = {name: list(strings(texts)) for name, texts in trades_table(run).texts(records).items()}
        widths = {name: max(map(len, values), default=0) for name, values in columns.items()}
        margin = max(map(len, legs))
        lines = [
            f"{legs[leg]:{margin}}  "
            + "  ".join(f"{columns[name][row]:{widths[name]}}" for name in columns).rstrip()
            for row, leg in enumerate(records.leg.tolist())
        ]
        absent = [leg for code, leg in enumerate(legs) if code not in records.leg.tolist()]
        lines += [f"{leg:{margin}}  (no record)" for leg in absent]
        wanted = set(marked)
        if fields := [name for name in columns if name in wanted and name != RECORD_ID]:
            marks = "  ".join(("^" if name in fields else " ") * width for name, width in widths.items())
            lines.append(f"{'':{margin}}  {marks.rstrip()} {' '.join(fields)}")
        return lines

    def _records(self, pair: str) -> Trades:
        ids = {pair, *(row.altered for row in self.by_pair.get(pair, ()) if row.field == "trade_id")}
        chosen = self._trades.take(
            np.array([row for row, name in enumerate(self._record_ids) if name in ids], int)
        )
        return chosen.take(np.lexsort((chosen.record, chosen.leg)))

    @cached_property
    def _trades(self) -> Trades:
        return Trades.concatenate([block.trades for block in self.batch.blocks])

    @cached_property
    def _record_ids(self) -> list[str]:
        """The trade id that each record carries."""
        return [str(name) for name in strings(trade_ids(self._trades.trade_id))]
