"""The report on a score, in words: the answer, what was missed, and what is counted apart."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

from tradegen.errors import named
from tradegen.scoring.outcomes import Interval, Outcome
from tradegen.scoring.report import Figure, Report, Section, Table, printable, range_of, share
from tradegen.scoring.report_tables import facts_of, tables_of
from tradegen.scoring.score_counts import ScoreCounts


def build_report(score: ScoreCounts) -> Report:
    """Everything that there is to say of a score."""
    tables = tables_of(score)
    return Report(
        printable(score.matcher),
        tuple(_headline(score)),
        tuple(_warnings(score)),
        facts_of(score),
        tables,
        tuple(section for section in _sections(score, tables) if _says_something(section)),
        tuple(_figures(score, tables)),
    )


def _says_something(section: Section) -> bool:
    return bool(section.notes) or (section.table is not None and bool(section.table.rows))


def _headline(score: ScoreCounts) -> Iterator[str]:
    """How much was found and how much was invented, a line each for pairs, fields and value."""
    pairs, fields, value = score.pairs, score.fields, score.notional
    name = f"{printable(score.matcher)}: " if score.matcher else ""
    runs = f"{len(score.runs)} runs pooled: " if score.runs else ""
    yield f"{name}{runs}{_measures(pairs)}"
    yield f"{pairs.found:,} of {_count(pairs.expected, 'mismatched pair')} found, {_alarms(pairs)}"
    if fields is None:
        which = "the findings of some runs name" if score.runs else "the findings name"
        yield f"{which} no field: what follows is by pair alone"
    else:
        yield (
            f"fields named: recall {share(fields.recall)}, precision {share(fields.precision)}, "
            f"F1 {share(fields.f1)}; {fields.found:,} of {_count(fields.expected, 'mismatched field')}"
        )
    if value.expected:
        precision = "" if value.false_alarms is None else f", precision {share(value.precision)}"
        yield (
            f"by value: recall {share(value.recall)}{precision}; "
            f"{_dollars(value.found)} of {_dollars(value.expected)}"
        )


def _warnings(score: ScoreCounts) -> Iterator[str]:
    if any(_reports_all(run.pairs) for run in score.runs or (score,)):
        yield (
            "every pair was reported, those without a mismatch as well: if the findings list all pairs with "
            "a status, score only those that did not match, such as with --where 'Status != MATCHED'"
        )


def _reports_all(pairs: Outcome) -> bool:
    return bool(pairs.quiet) and not pairs.missed and pairs.false_alarms == pairs.quiet


def _sections(score: ScoreCounts, tables: dict[str, Table]) -> Iterator[Section]:
    named_fields = score.fields is not None
    yield Section("By mechanism, least found first", _worst_first(tables["mechanism"]))
    if named_fields:
        yield Section("By field", tables["field"])
        yield Section(
            "Which field was named",
            tables["confusion"],
            "Pairs with one mismatched field, by that field, and what was reported of them.",
        )
    yield Section("By record", _expected(tables["records"]))
    causes = _worst_first(tables["cause"])
    if {row["cause"] for row in causes.rows} - {"(none)"}:
        yield Section("By cause", causes)
    yield Section("By leg that was altered", _expected(tables["leg"]))
    yield Section("By value of the pair, dollars", tables["notional"])
    yield Section("Links between records", notes=tuple(_links(score)))
    yield Section("Also", notes=tuple(_counted_apart(score)))
    yield Section(f"Spread over {len(score.runs)} runs", _in_words(tables["spread"]))


def _expected(table: Table) -> Table:
    """The rows of which something was to be found."""
    return dataclasses.replace(table, rows=tuple(row for row in table.rows if row["expected"]))


def _worst_first(table: Table) -> Table:
    """What was found least, first; of several found alike, that with more to be found."""

    def order(row: Any) -> tuple[float, int]:
        return row["recall"], -row["expected"]

    return dataclasses.replace(table, rows=tuple(sorted(_expected(table).rows, key=order)))


def _in_words(table: Table) -> Table:
    """With measures as words: ``field recall``."""
    rows = tuple({**row, "measure": str(row["measure"]).replace("_", " ")} for row in table.rows)
    return dataclasses.replace(table, rows=rows)


def _figures(score: ScoreCounts, tables: dict[str, Table]) -> Iterator[Figure]:
    if _expected(tables["mechanism"]).rows:
        yield Figure("recall", "Recall by mechanism")
    if score.detection:
        yield Figure("detection", "Recall by size of the difference")
    if score.tolerance_sweep:
        yield Figure("tolerance_sweep", "Recall and precision at other tolerances")


def _links(score: ScoreCounts) -> Iterator[str]:
    if score.links is None:
        return
    outcome, alike = score.links.outcome, score.links.interchangeable
    yield _measures(outcome)
    yield (
        f"{outcome.found:,} of {_count(outcome.expected, 'pair')} linked, "
        f"{_count(outcome.false_alarms, 'link')} between different trades"
        + (f", {outcome.unknown:,} with an unknown id" if outcome.unknown else "")
    )
    if alike:
        yield (
            f"{_count(alike, 'link')} between trades that are alike in all but the id: counted neither way"
        )


def _counted_apart(score: ScoreCounts) -> Iterator[str]:
    several, benign, undecidable, given = score.several, score.benign, score.undecidable, score.input
    pairs = score.pairs
    if pairs.quiet is None and pairs.expected and pairs.false_alarms and not pairs.found:
        yield (
            "none of the ids that were reported is in the truth: findings of another run look like this, and "
            "trades or manifest would tell"
        )
    if total := several.all + several.some + several.none:
        yield (
            f"{_count(total, 'pair')} with several mismatched fields: all of them named in {several.all:,}, "
            f"some in {several.some:,}, none in {several.none:,}"
        )
    if benign.rows:
        yield (
            f"{_count(benign.rows, 'difference')} within tolerance, of which "
            f"{benign.reported:,} {'was' if benign.reported == 1 else 'were'} reported all the same "
            f"({share(benign.reported / benign.rows)})"
        )
    if undecidable.rows_behind_orphans:
        yield (
            f"{_count(undecidable.rows_behind_orphans, 'field')} altered behind a mistyped id, "
            f"{undecidable.found_behind_orphans:,} of them reported: counted neither way"
        )
    if legs := undecidable.legs_right + undecidable.legs_wrong:
        yield (
            f"{_count(legs, 'leg')} named where two records alone do not say which was altered: "
            f"{undecidable.legs_right:,} as in the truth, {undecidable.legs_wrong:,} not; counted neither way"
        )
    if given.unknown:
        names = ", ".join(map(named, dict.fromkeys(given.examples)))
        yield (
            f"{_count(given.unknown, 'id')} {'is' if given.unknown == 1 else 'are'} not in the data"
            f"{f', such as {names}' if names else ''}: counted as false"
        )
    if given.left_out:
        yield f"{_count(given.left_out, 'finding')} left out, and not scored, as was asked for"
    if given.repeated:
        yield f"{_count(given.repeated, 'finding')} of {given.rows:,} only repeat another one: counted once"
    if score.fields is not None and given.unnamed:
        yield f"{_count(given.unnamed, 'finding')} of {given.rows:,} name no field"


def _measures(outcome: Outcome) -> str:
    return (
        f"{_measured('recall', outcome.recall, outcome.recall_interval)}, "
        f"{_measured('precision', outcome.precision, outcome.precision_interval)}, F1 {share(outcome.f1)}"
    )


def _measured(name: str, value: float, interval: Interval) -> str:
    text = share(value)
    return f"{name} {text}" if math.isnan(value) else f"{name} {text} ({range_of(interval, text)})"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _dollars(cents: int) -> str:
    return f"${(cents + 50) // 100:,}"


def _alarms(pairs: Outcome) -> str:
    alarms = _count(pairs.false_alarms, "false alarm")
    unknown = f", {_count(pairs.unknown, 'unknown id')}" if pairs.unknown else ""
    if pairs.quiet is None:
        return f"{alarms}{unknown}; without trades or manifest, not of how many"
    return f"{alarms} among {_count(pairs.quiet, 'quiet pair')}{unknown}"
