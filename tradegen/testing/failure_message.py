"""Why a score falls short, for whoever wrote the engine: what it missed and invented, record by record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tradegen.analysis.altered_trades import Alteration
from tradegen.api.batch import Batch
from tradegen.scoring.details import Details, TruthKey
from tradegen.scoring.requirements import Requirement, measured
from tradegen.scoring.scores import Score
from tradegen.testing.case_records import CaseRecords

SHOWN = 10
"""How many pairs each part of a message shows."""

_UNITS = {"quantity": "shares", "price": "dollars", "date": "days", "trade_timestamp": "seconds"}
_INDENT = "       "


def failure_message(
    score: Score, requirements: Sequence[Requirement], details: Details, batch: Batch, call: str
) -> str:
    """Say what was not met, and show the rows that are to blame.

    Parameters
    ----------
    score : Score
    requirements : sequence of Requirement
        At least one of them missed.
    details : Details
        The rows behind the score.
    batch : Batch
        What was scored.
    call : str
        The expression that makes the same case.
    """
    sentences = {one.name: one.missed(score) for one in requirements}
    missed = {name: sentence for name, sentence in sentences.items() if sentence}
    parts = ["\n".join(missed.values())]
    if kept := [str(measured(score, name)) for name in sentences if name not in missed]:
        parts[0] += f"\nmet: {'; '.join(kept)}"
    parts += _Rows(details, CaseRecords(batch)).parts(set(missed))
    parts.append(f"The same case: from tradegen.testing import make_case; case = {call}")
    return "\n\n".join(part for part in parts if part)


class _Rows:
    """The parts of a message that show rows."""

    def __init__(self, details: Details, records: CaseRecords) -> None:
        self._details, self._records = details, records

    def parts(self, names: set[str]) -> list[str]:
        """What was missed and what was invented, as far as the missed requirements are about it."""
        details = self._details
        missed = self._missed(names)
        parts = [self._missed_part(missed)] if missed else []
        if names & {"precision", "f1", "false_alarm_rate"}:
            parts.append(
                self._alarms("false alarms", {pair: details.named[pair] for pair in details.false_alarms})
            )
        if "field_precision" in names:
            parts.append(self._alarms("wrong fields", details.false_fields))
        return parts

    def _missed(self, names: set[str]) -> list[Alteration]:
        """The truth rows that the missed requirements are about, in the order of the truth."""
        details = self._details
        keys = {key for key in details.unfound if f"recall.{key.mechanism}" in names}
        if names & {"recall", "f1"}:
            keys |= details.unreported
        if "field_recall" in names:
            keys |= details.unnamed
        return [
            row
            for row in self._records.truth
            if TruthKey(row.trade_id, row.leg, row.field, row.mechanism, row.benign) in keys
        ]

    def _missed_part(self, missed: list[Alteration]) -> str:
        by_pair: dict[str, list[Alteration]] = {}
        for row in missed:
            by_pair.setdefault(row.trade_id, []).append(row)
        of = Counter(row.mechanism for row in self._records.truth if not row.benign)
        counts = Counter(row.mechanism for row in missed)
        width = max(map(len, counts))
        lines = [f"missed: {_count(len(missed), 'truth row')} of {_count(len(by_pair), 'pair')}"]
        lines += [f"  {name:{width}}  {count} of {of[name]}" for name, count in counts.most_common()]
        kinds = {pair: [row.mechanism for row in rows] for pair, rows in by_pair.items()}
        for number, pair in enumerate(_chosen(kinds), 1):
            rows = by_pair[pair]
            lines += ["", *_numbered(number, [self._row(row) for row in rows])]
            lines += self._table(pair, [row.field for row in rows])
        return "\n".join(lines + _more(len(by_pair)))

    def _alarms(self, title: str, alarms: Mapping[str, Sequence[str]]) -> str:
        """Pairs that were reported without cause, and the fields that were named without cause."""
        unknown = self._details.unknown
        kinds = {pair: _kinds(self._differences(pair)) for pair in alarms}
        counts = Counter(kind for found in kinds.values() for kind in found)
        width = max(map(len, counts), default=0)
        lines = [f"{title}: {_count(len(alarms), 'pair')}"] if alarms else []
        lines += [f"  {kind:{width}}  {count}" for kind, count in counts.most_common()]
        if unknown:
            ids = ", ".join(unknown[:SHOWN])
            more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
            lines.append(f"{title}: {_count(len(unknown), 'id')} that the data does not have: {ids}{more}")
        for number, pair in enumerate(_chosen(kinds), 1):
            fields, rows = alarms[pair], self._differences(pair)
            reported = f"{pair} reported" + (f" as {', '.join(fields)}" if fields else "")
            differing = "; ".join(map(_difference, rows)) or "nothing differs"
            lines += ["", *_numbered(number, [f"{reported}: {differing}"])]
            lines += self._table(pair, fields or [row.field for row in rows])
        return "\n".join(lines + _more(len(alarms)))

    def _row(self, row: Alteration) -> str:
        named = self._details.named.get(row.trade_id)
        instead = f" (reported as {', '.join(named)})" if named else ""
        return f"{row.trade_id} {_difference(row)}{instead}"

    def _differences(self, pair: str) -> Sequence[Alteration]:
        return self._records.by_pair.get(pair, ())

    def _table(self, pair: str, marked: Iterable[str]) -> list[str]:
        return [f"{_INDENT}{line}" for line in self._records.table(pair, marked)]


def _chosen(kinds: Mapping[str, Iterable[str]]) -> list[str]:
    """The pairs to show: one of each kind before a second of any, in the order in which they came."""
    first: dict[str, str] = {}
    for pair, found in kinds.items():
        for kind in found:
            first.setdefault(kind, pair)
    chosen = list(dict.fromkeys([*first.values(), *kinds]))[:SHOWN]
    return [pair for pair in kinds if pair in chosen]


def _kinds(rows: Iterable[Alteration]) -> list[str]:
    """What is different in a pair that was reported without cause."""
    kinds = {f"{row.mechanism}, within tolerance" if row.benign else row.mechanism for row in rows}
    return sorted(kinds) or ["nothing differs"]


def _difference(row: Alteration) -> str:
    within = ", within tolerance" if row.benign else ""
    if row.field == "record":
        return f"{row.leg} {row.mechanism}: {row.change} records{within}"
    unit = _UNITS.get(row.field, "")
    unit = unit.removesuffix("s") if row.delta in ("1", "-1") else unit
    size = f" ({f'{row.delta} {unit}'.rstrip()})" if row.delta else ""
    # A mechanism may alter other fields besides the one that it is named after.
    field = "" if row.field == row.mechanism.partition(".")[0] else f" {row.field}"
    return f"{row.leg}{field} {row.mechanism}: {row.change}{size}{within}"


def _numbered(number: int, texts: list[str]) -> list[str]:
    margins = [f"{number}.", *[""] * len(texts)]
    return [f"  {margin:4} {text}" for margin, text in zip(margins, texts, strict=False)]


def _more(pairs: int) -> list[str]:
    return ["", f"  and {pairs - SHOWN} more"] if pairs > SHOWN else []


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
