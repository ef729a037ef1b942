"""Which mismatches findings missed, and which they invented: the rows behind a score's numbers.

The numbers are the scorer's, which counts data of any size. Here, for one small case, is what they are made
of, by the same definitions; tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from tradegen.api.batch import Batch
from tradegen.core.blocks import Trades
from tradegen.core.formatting import trade_ids
from tradegen.core.text_columns import strings
from tradegen.formats import truth_records

__all__ = ["Misses", "TruthRow"]

# What findings may call the whole record, too.
_RECORD = dict.fromkeys(("missing", "duplicate", "split", "orphan"), "record")
_COLUMNS = ("trade_id", "leg", "field", "mechanism", "original", "altered", "delta", "benign")
_BROKERS = frozenset({"broker_id", "contra_broker_id"})


@dataclass(frozen=True, slots=True)
class TruthRow:
    """A row of the truth, as its file prints it."""

    trade_id: str
    leg: str
    field: str
    mechanism: str
    original: str
    altered: str
    delta: str
    benign: bool


@dataclass(frozen=True, eq=False)
class Misses:
    """The rows behind the score of some findings.

    Parameters
    ----------
    batch : Batch
    findings : iterable of tuple of str
        As ``findings.as_rows`` gives them.
    """

    batch: Batch
    findings: tuple[tuple[str, str, str], ...]

    @cached_property
    def truth(self) -> list[TruthRow]:
        """Every row of the truth."""
        rows = []
        for block in self.batch.blocks:
            texts = truth_records(self.batch.run, block).texts()
            *columns, benign = (strings(texts[name]).tolist() for name in _COLUMNS)
            labels = [label == "true" for label in benign]
            rows += [TruthRow(*values) for values in zip(*columns, labels, strict=True)]
        return rows

    @cached_property
    def by_pair(self) -> Mapping[str, list[TruthRow]]:
        """The truth's rows by the pair's id."""
        found: dict[str, list[TruthRow]] = {}
        for row in self.truth:
            found.setdefault(row.trade_id, []).append(row)
        return found

    @cached_property
    def orphans(self) -> Mapping[str, str]:
        """The pairs with a mistyped id, by that id."""
        return {row.altered: row.trade_id for row in self.truth if row.field == "trade_id"}

    @cached_property
    def trades(self) -> Trades:
        """Every record, in row order."""
        return Trades.concatenate([block.trades for block in self.batch.blocks])

    @cached_property
    def record_ids(self) -> list[str]:
        """The trade id that each record carries."""
        return [str(name) for name in strings(trade_ids(self.trades.trade_id))]

    @cached_property
    def reported(self) -> Mapping[str, set[str]]:
        """What each reported pair was reported as: names of fields, and "" without one."""
        return self._reported[0]

    @cached_property
    def unknown(self) -> list[str]:
        """Reported ids that no pair has."""
        return self._reported[1]

    @cached_property
    def _reported(self) -> tuple[dict[str, set[str]], list[str]]:
        known = set(self.record_ids) | set(self.by_pair)
        pairs: dict[str, set[str]] = {}
        unknown: dict[str, None] = {}
        for given, field, linked in self.findings:
            if linked and not field:
                continue  # a link, which reports nothing
            pair = self.orphans.get(given, given)
            if pair in known:
                pairs.setdefault(pair, set()).add(_RECORD.get(field, field))
            else:
                unknown[given] = None
        return pairs, sorted(unknown)

    @cached_property
    def unreported(self) -> list[TruthRow]:
        """The mismatches of pairs that were not reported at all."""
        return [row for row in self.truth if not row.benign and row.trade_id not in self.reported]

    @cached_property
    def unnamed(self) -> list[TruthRow]:
        """The mismatches whose field was not named, but for those that a mistyped id makes undecidable."""
        return [row for row in self._decidable if not self._names(row) & self._named(row.trade_id)]

    @cached_property
    def unfound(self) -> list[TruthRow]:
        """The same, but for those of pairs that were reported without saying a field."""
        return [row for row in self.unnamed if self.reported.get(row.trade_id) != {""}]

    @cached_property
    def false_alarms(self) -> list[tuple[str, list[str]]]:
        """Reported pairs in which nothing is to be reported, with the fields that were named."""
        return [
            (pair, sorted(fields - {""}))
            for pair, fields in sorted(self.reported.items())
            if all(row.benign for row in self.by_pair.get(pair, ()))
        ]

    @cached_property
    def false_fields(self) -> list[tuple[str, list[str]]]:
        """Pairs for which fields were named that do not differ, or by no more than their tolerance."""
        found = []
        behind_orphans = set(self.orphans.values())
        for pair in sorted(self.reported):
            rows = [row for row in self.by_pair.get(pair, ()) if not row.benign]
            undecidable = {row.field for row in rows} if pair in behind_orphans else set()
            right = set().union(undecidable, *map(self._names, rows))
            wrong = sorted(self._named(pair) - right)
            if wrong:
                found.append((pair, wrong))
        return found

    @property
    def _decidable(self) -> Iterable[TruthRow]:
        behind_orphans = set(self.orphans.values())
        for row in self.truth:
            if not row.benign and (row.trade_id not in behind_orphans or row.field == "trade_id"):
                yield row

    def _named(self, pair: str) -> set[str]:
        return self.reported.get(pair, set()) - {""}

    def _names(self, row: TruthRow) -> frozenset[str]:
        """The fields by which a finding names this row."""
        if row.field in _BROKERS and self.batch.run.scenario.view != "two_system":
            return _BROKERS
        if row.mechanism in ("trade_id.mistyped", "record.missing"):
            return frozenset({"trade_id", "record"})
        return frozenset({row.field})
