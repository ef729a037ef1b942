"""Why a score falls short, for whoever wrote the engine: what it missed and invented, record by record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from tradegen.core.columns import LEGS, RECORD_ID, TRADE_COLUMNS
from tradegen.core.text_columns import strings
from tradegen.formats import run_values as printed
from tradegen.mechanisms.catalogue import CATALOGUE
from tradegen.scoring.requirements import Requirement, measured
from tradegen.scoring.scores import Score
from tradegen.testing.misses import Misses, TruthRow

__all__ = ["SHOWN", "message"]

SHOWN = 10
"""How many pairs each part of a message shows."""

_UNITS = {"quantity": "shares", "price": "dollars", "date": "days", "trade_timestamp": "seconds"}
_INDENT = "       "


def message(score: Score, requirements: Sequence[Requirement], misses: Misses | None, again: str) -> str:
    """Say what was not met, and show the rows that are to blame.

    Parameters
    ----------
    score : Score
    requirements : sequence of Requirement
        At least one of them missed.
    misses : Misses or None
        None where the rows are not known.
    again : str
        The expression that makes the same case.
    """
    said = {one.name: one.missed(score) for one in requirements}
    missed = {name: sentence for name, sentence in said.items() if sentence}
    parts = ["\n".join(missed.values())]
    if kept := [str(measured(score, name)) for name in said if name not in missed]:
        parts[0] += f"\nmet: {'; '.join(kept)}"
    parts += _rows(set(missed), misses) if misses else []
    parts.append(f"The same case: from tradegen.testing import make_case; case = {again}")
    return "\n\n".join(part for part in parts if part)


def _rows(names: set[str], misses: Misses) -> list[str]:
    """What was missed and what was invented, as far as broken requirements are about it."""
    missed = _missed(names, misses)
    parts = [_missed_part(missed, misses)] if missed else []
    if names & {"precision", "f1", "false_alarm_rate"}:
        parts.append(_alarms_part("false alarms", misses.false_alarms, misses))
    if "field_precision" in names:
        parts.append(_alarms_part("wrong fields", misses.false_fields, misses))
    return parts


def _missed(names: set[str], misses: Misses) -> list[TruthRow]:
    """The truth rows that the broken requirements are about, in the order of the truth."""
    rows: list[TruthRow] = []
    if names & {"recall", "f1"}:
        rows += misses.unreported
    if "field_recall" in names:
        rows += misses.unnamed
    rows += [row for row in misses.unfound if f"recall.{row.mechanism}" in names]
    chosen = set(rows)
    return [row for row in misses.truth if row in chosen]


def _missed_part(missed: list[TruthRow], misses: Misses) -> str:
    by_pair: dict[str, list[TruthRow]] = {}
    for row in missed:
        by_pair.setdefault(row.trade_id, []).append(row)
    of = Counter(row.mechanism for row in misses.truth if not row.benign)
    counts = Counter(row.mechanism for row in missed)
    width = max(map(len, counts))
    lines = [f"missed: {_number(len(missed), 'truth row')} of {_number(len(by_pair), 'pair')}"]
    lines += [f"  {name:{width}}  {count} of {of[name]}" for name, count in counts.most_common()]
    kinds = {pair: [row.mechanism for row in rows] for pair, rows in by_pair.items()}
    for place, pair in enumerate(_chosen(kinds), 1):
        rows = by_pair[pair]
        lines += ["", *(_numbered(place, [_row(row, misses) for row in rows]))]
        lines += _records(pair, [row.field for row in rows], misses)
    return "\n".join(lines + _more(len(by_pair)))


def _alarms_part(title: str, alarms: Sequence[tuple[str, list[str]]], misses: Misses) -> str:
    total = len(alarms) + len(misses.unknown)
    if not total:
        return ""
    by_pair = {pair: _kinds(misses.by_pair.get(pair, ())) for pair, _ in alarms}
    kinds = Counter(kind for found in by_pair.values() for kind in found)
    width = max(map(len, kinds), default=0)
    lines = [f"{title}: {_number(len(alarms), 'pair')}"] if alarms else []
    lines += [f"  {kind:{width}}  {count}" for kind, count in kinds.most_common()]
    if misses.unknown:
        ids = ", ".join(misses.unknown[:SHOWN])
        more = f" and {len(misses.unknown) - SHOWN} more" if len(misses.unknown) > SHOWN else ""
        lines.append(
            f"{title}: {_number(len(misses.unknown), 'id')} that the data does not have: {ids}{more}"
        )
    named = dict(alarms)
    for place, pair in enumerate(_chosen(by_pair), 1):
        fields = named[pair]
        said = f"{pair} reported" + (f" as {', '.join(fields)}" if fields else "")
        differing = [_difference(row) for row in misses.by_pair.get(pair, ())]
        lines += ["", *_numbered(place, [f"{said}: {'; '.join(differing) or 'nothing differs'}"])]
        lines += _records(pair, fields or [row.field for row in misses.by_pair.get(pair, ())], misses)
    return "\n".join(lines + _more(len(alarms)))


def _chosen(kinds: Mapping[str, Iterable[str]]) -> list[str]:
    """The pairs to show: one of each kind before a second of any, in the order in which they came."""
    first: dict[str, str] = {}
    for pair, found in kinds.items():
        for kind in found:
            first.setdefault(kind, pair)
    chosen = list(dict.fromkeys([*first.values(), *kinds]))[:SHOWN]
    return [pair for pair in kinds if pair in chosen]


def _kinds(rows: Iterable[TruthRow]) -> list[str]:
    """What there is in a pair that was reported without cause."""
    kinds = {f"{row.mechanism}, within tolerance" if row.benign else row.mechanism for row in rows}
    return sorted(kinds) or ["nothing differs"]


def _row(row: TruthRow, misses: Misses) -> str:
    named = sorted(misses.reported.get(row.trade_id, set()) - {""})
    instead = f" (reported as {', '.join(named)})" if named else ""
    return f"{row.trade_id} {_difference(row)}{instead}"


def _difference(row: TruthRow) -> str:
    within = ", within tolerance" if row.benign else ""
    change = f"{row.original} -> {row.altered}"
    if row.field == "record":
        return f"{row.leg} {row.mechanism}: {change} records{within}"
    unit = _UNITS.get(row.field, "")
    size = f" ({row.delta} {unit.removesuffix('s') if row.delta in ('1', '-1') else unit})" if unit else ""
    # A mechanism may alter fields besides the one it has its name from.
    field = "" if row.field == CATALOGUE[row.mechanism].field else f" {row.field}"
    return f"{row.leg}{field} {row.mechanism}: {change}{size}{within}"


def _records(pair: str, marked: Iterable[str], misses: Misses) -> list[str]:
    """The pair's records under each other, first leg first, and marks below the fields."""
    run, trades = misses.batch.run, misses.trades
    ids = {pair, *(altered for altered, original in misses.orphans.items() if original == pair)}
    chosen = trades.take(
        np.array([place for place, name in enumerate(misses.record_ids) if name in ids], int)
    )
    chosen = chosen.take(np.lexsort((chosen.record, chosen.leg)))
    how = printed.forms(run)
    columns = {name: list(strings(how[name](getattr(chosen, name)))) for name in TRADE_COLUMNS}
    if run.scenario.record_ids:
        columns[RECORD_ID] = list(strings(printed.record_ids(run, chosen.record)))
    legs = LEGS[run.scenario.view]
    names = max(map(len, legs))
    widths = {name: max(map(len, values), default=0) for name, values in columns.items()}
    lines = [
        f"{_INDENT}{legs[leg]:{names}}  "
        + "  ".join(f"{columns[name][place]:{widths[name]}}" for name in columns).rstrip()
        for place, leg in enumerate(chosen.leg.tolist())
    ]
    absent = [leg for code, leg in enumerate(legs) if code not in chosen.leg.tolist()]
    lines += [f"{_INDENT}{leg:{names}}  (no record)" for leg in absent]
    marks = " ".join(name for name in TRADE_COLUMNS if name in marked)
    if marks:
        under = "  ".join(("^" if name in marks.split() else " ") * width for name, width in widths.items())
        lines.append(f"{_INDENT}{'':{names}}  {under.rstrip()} {marks}")
    return lines


def _numbered(place: int, texts: list[str]) -> list[str]:
    return [f"  {f'{place}.' if at == 0 else '':4} {text}" for at, text in enumerate(texts)]


def _more(pairs: int) -> list[str]:
    return ["", f"  and {pairs - SHOWN} more"] if pairs > SHOWN else []


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
