"""What a report on a score says, section by section, in words and formatted numbers.

Text and HTML lay out the same sections. One without anything to say is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradegen.errors import named
from tradegen.scoring.outcomes import Interval, Outcome, Recall
from tradegen.scoring.tables import shown_group, spread

if TYPE_CHECKING:
    from tradegen.scoring.scores import Score

__all__ = ["Section", "headline", "printable", "sections", "share", "worst_first"]


@dataclass(frozen=True, slots=True)
class Section:
    """A table, or a few sentences, under a title.

    Attributes
    ----------
    title : str
    headers : tuple of str
        Of the columns, the first one of names, the others of numbers; none where there are only notes.
    rows : tuple of tuple of str
    notes : tuple of str
        What to know to read it.
    """

    title: str
    headers: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


def headline(score: Score) -> list[str]:
    """The answer: how much was found and how much was invented, a line each for pairs, fields and value."""
    pairs, fields, value = score.pairs, score.fields, score.notional
    name = f"{score.matcher}: " if score.matcher else ""
    runs = f"{len(score.runs)} runs pooled: " if score.runs else ""
    lines = [
        f"{name}{runs}{_measured('recall', pairs.recall, pairs.recall_interval)}, "
        f"{_measured('precision', pairs.precision, pairs.precision_interval)}, F1 {share(pairs.f1)}",
        f"{pairs.found:,} of {_count(pairs.expected, 'mismatched pair')} found, {_alarms(pairs)}",
    ]
    if fields is None:
        which = "the findings of some runs name" if score.runs else "the findings name"
        lines.append(f"{which} no field: what follows is by pair alone")
    else:
        lines.append(
            f"fields named: recall {share(fields.recall)}, precision {share(fields.precision)}, "
            f"F1 {share(fields.f1)}; {fields.found:,} of "
            f"{_count(fields.expected, 'mismatched field')}"
        )
    if value.expected:
        precision = "" if value.false_alarms is None else f", precision {share(value.precision)}"
        lines.append(
            f"by value: recall {share(value.recall)}{precision}; "
            f"{_dollars(value.found)} of {_dollars(value.expected)}"
        )
    return lines


def sections(score: Score) -> list[Section]:
    """All sections but the confusion table, which text and HTML lay out each in its own way."""
    found = [
        _recalls("By mechanism, least found first", "mechanism", shown_group(score, "mechanism"), True),
        _outcomes("By field", "field", shown_group(score, "field") if score.fields is not None else {}),
        _recalls("By record", "record", score.records, False),
        _recalls("By cause", "cause", _causes(score), True),
        _recalls("By leg that was altered", "leg", shown_group(score, "leg"), False),
        _outcomes("By value of the pair, dollars", "notional", shown_group(score, "notional")),
        _links(score),
        _notes(score),
        _spread(score),
    ]
    return [section for section in found if section.rows or section.notes]


def worst_first(group: Mapping[str, Recall | Outcome]) -> dict[str, Recall | Outcome]:
    """What was found least, first; of several found alike, that with more to be found."""
    order = sorted(group.items(), key=lambda item: (_or_last(item[1].recall), -item[1].expected))
    return dict(order)


def printable(name: str) -> str:
    """A name on one line, without anything in it that a terminal would act on."""
    return name if name.isprintable() else repr(name)


def share(value: float, decimals: int = 3) -> str:
    """A share from 0 to 1, with as many decimals as it takes not to say 1 or 0 where it is not quite."""
    if math.isnan(value):
        return "n/a"
    while decimals < 9 and value not in (0, 1) and float(f"{value:.{decimals}f}") in (0, 1):
        decimals += 1
    return f"{value:.{decimals}f}"


def _range(interval: Interval, like: str) -> str:
    """An interval, with the decimals of the number it is about, or as many as tell its ends apart."""
    low, high = interval
    decimals = len(like.partition(".")[2])
    while low < high and decimals < 9 and f"{low:.{decimals}f}" == f"{high:.{decimals}f}":
        decimals += 1
    return f"{low:.{decimals}f} to {high:.{decimals}f}"


def _interval(value: Recall | Outcome) -> str:
    return _range(value.recall_interval, share(value.recall))


def _measured(name: str, value: float, interval: Interval) -> str:
    text = share(value)
    return f"{name} {text}" if math.isnan(value) else f"{name} {text} ({_range(interval, text)})"


def _or_last(value: float) -> float:
    return 2.0 if math.isnan(value) else value


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


def _causes(score: Score) -> dict[str, Recall | Outcome]:
    causes = shown_group(score, "cause")
    return {} if set(causes) <= {"(none)"} else causes


def _recalls(title: str, name: str, group: Mapping[str, Recall | Outcome], worst: bool) -> Section:
    some = {key: value for key, value in group.items() if value.expected}
    rows = tuple(
        (
            printable(key),
            f"{value.expected:,}",
            f"{value.found:,}",
            f"{value.missed:,}",
            share(value.recall),
            _interval(value),
        )
        for key, value in (worst_first(some) if worst else some).items()
    )
    return Section(title, (name, "expected", "found", "missed", "recall", "95% interval"), rows)


def _outcomes(title: str, name: str, group: Mapping[str, Recall | Outcome]) -> Section:
    """With false alarms, where they are known; the column of unknown ids is there where there are some."""
    some = {key: value for key, value in group.items() if isinstance(value, Outcome)}
    unknown = any(value.unknown for value in some.values())
    known = name == "field" or any(value.quiet is not None for value in some.values())
    headers = [name, "expected", "found", "missed", "recall", "95% interval"]
    headers += (["false"] if known else []) + (["unknown"] if unknown else [])
    if known or unknown:
        headers.append("precision")
    rows = []
    for key, value in some.items():
        row = [
            printable(key),
            f"{value.expected:,}",
            f"{value.found:,}",
            f"{value.missed:,}",
            share(value.recall),
        ]
        row.append(_interval(value) if value.expected else "")
        row += [f"{value.false_alarms:,}"] if known else []
        row += [f"{value.unknown:,}"] if unknown else []
        row += [share(value.precision)] if known or unknown else []
        rows.append(tuple(row))
    return Section(title, tuple(headers), tuple(rows))


def _links(score: Score) -> Section:
    if score.links is None:
        return Section("Links")
    outcome = score.links.outcome
    notes = [
        f"{_measured('recall', outcome.recall, outcome.recall_interval)}, "
        f"{_measured('precision', outcome.precision, outcome.precision_interval)}, F1 {share(outcome.f1)}",
        f"{outcome.found:,} of {_count(outcome.expected, 'pair')} linked, "
        f"{_count(outcome.false_alarms, 'link')} between different trades"
        + (f", {outcome.unknown:,} with an unknown id" if outcome.unknown else ""),
    ]
    if score.links.interchangeable:
        notes.append(
            f"{_count(score.links.interchangeable, 'link')} between trades that are alike in all but the id: "
            "counted neither way"
        )
    return Section("Links between records", notes=tuple(notes))


def _notes(score: Score) -> Section:
    """What is counted apart, a sentence each."""
    return Section("Also", notes=tuple(_sentences(score)))


def _sentences(score: Score) -> Iterator[str]:
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
    if given.repeated:
        yield f"{_count(given.repeated, 'finding')} of {given.rows:,} only repeat another one: counted once"
    if score.fields is not None and given.unnamed:
        yield f"{_count(given.unnamed, 'finding')} of {given.rows:,} name no field"


def _spread(score: Score) -> Section:
    rows = tuple(
        (
            name.replace("_", " "),
            *(
                share(numbers[column]) if column != "standard_deviation" else f"{numbers[column]:.4f}"
                for column in ("mean", "standard_deviation", "lowest", "highest")
            ),
        )
        for name, numbers in spread(score).items()
    )
    return Section(
        f"Spread over {len(score.runs)} runs",
        ("measure", "mean", "standard deviation", "lowest", "highest"),
        rows,
    )
