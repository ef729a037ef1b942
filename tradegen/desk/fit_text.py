"""A fit as people read it: plain text for a terminal, and a table for a notebook."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tradegen.core.html_pages import CELL, escaped, for_notebook
from tradegen.core.text_tables import aligned
from tradegen.desk.groups import SIGNIFICANCE
from tradegen.desk.numbers import Number

_TITLES = {
    "rate": "rates, of all trades",
    "field": "fields, of the trades that break",
    "mechanism": "mechanisms, of the trades that break",
    "fields": "fields broken at once",
    "size": "sizes (5%: one difference in twenty is smaller)",
    "leg": "breaks in which that list is wrong",
    "hot spot": "groups that break more or less often, times the rate elsewhere",
    "unexplained": "not explained by any mechanism",
}
_WIDTH = 100
_WORDS = "text-align: left"


def _sections(numbers: Sequence[Number]) -> Iterator[tuple[str, list[Number]]]:
    for kind, title in _TITLES.items():
        of_kind = [number for number in numbers if number.kind == kind]
        if of_kind:
            yield title, of_kind


def _row(number: Number, notes: Mapping[str, str]) -> tuple[str, str, str, str, str]:
    count = f"{number.count:,} of {number.of:,}"
    return number.name, number.text, number.interval, count, number.note_with(notes)


def as_text(numbers: Sequence[Number], notes: Mapping[str, str], closing: Sequence[str]) -> str:
    """All numbers, a section for each kind."""
    sections = list(_sections(numbers))
    lines = aligned([_row(number, notes) for _, part in sections for number in part], right=(1, 3))
    blocks, start = [], 0
    for title, part in sections:
        blocks.append("\n".join([title, *(f"  {line}" for line in lines[start : start + len(part)])]))
        start += len(part)
    return "\n\n".join([*blocks, "\n".join(textwrap.fill(one, _WIDTH) for one in closing)])


def as_html(numbers: Sequence[Number], notes: Mapping[str, str], closing: Sequence[str]) -> str:
    """The same as a table that takes its colours from the notebook, or from the page that it stands in."""
    rows = []
    for title, part in _sections(numbers):
        rows.append(f'<tr class="title"><th colspan="5" style="{_WORDS}">{escaped(title)}</th></tr>')
        for number in part:
            name, *counts, note = map(escaped, _row(number, notes))
            cells = "".join(f'<td style="white-space: nowrap">{count}</td>' for count in counts)
            noted = f'<td class="words" style="{_WORDS}">{note}</td>'
            rows.append(f'<tr><td style="{CELL}">{name}</td>{cells}{noted}</tr>')
    head = "".join(f"<th>{name}</th>" for name in ("", "value", "interval", "count"))
    head += f'<th style="{_WORDS}">note</th>'
    end = "".join(f"<p>{escaped(one)}</p>" for one in closing)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return for_notebook(f'<div class="wide" tabindex="0">{table}</div>{end}')


def closing_sentences(
    remarks: Sequence[str], confidence: float, looked_at: int, hints: Mapping[str, Any]
) -> list[str]:
    """Sentences on what the numbers are, for the end; the arguments are attributes of a `Fit`."""
    found = [*remarks, f"Intervals are at {confidence:.0%}."]
    if looked_at:
        found.append(
            f"{looked_at:,} groups of trades were looked at for hot spots; if there are none, one "
            f"fit in {round(1 / SIGNIFICANCE)} finds one by chance."
        )
    for field, tolerance in hints.items():
        found.append(
            f"The differences in {field} fall into small ones and large ones: a tolerance of "
            f"{_tolerance(field, tolerance)} would make the small ones benign."
        )
    return found


def _tolerance(field: str, tolerance: Any) -> str:
    if isinstance(tolerance, Mapping):
        [(unit, size)] = tolerance.items()
        return f"{size:g} {unit}"
    return f"{tolerance:g} {'shares' if field == 'quantity' else 'seconds'}"
