"""A fit as people read it: plain text for a terminal, and a table for a notebook."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterator, Mapping, Sequence

from tradegen.core.text_tables import aligned
from tradegen.desk.numbers import Number

__all__ = ["as_html", "as_text"]

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
    """The same as a table that takes its colours from the notebook."""
    rows = []
    for title, part in _sections(numbers):
        rows.append(f'<tr><th colspan="5" style="text-align:left">{html.escape(title)}</th></tr>')
        for number in part:
            name, value, interval, count, note = map(html.escape, _row(number, notes))
            cells = (f'<td style="text-align:left">{name}</td>', f"<td>{value}</td>", f"<td>{interval}</td>",
                     f"<td>{count}</td>", f'<td style="text-align:left">{note}</td>')  # fmt: skip
            rows.append(f"<tr>{''.join(cells)}</tr>")
    head = "".join(f"<th>{name}</th>" for name in ("", "value", "interval", "count", "note"))
    end = "".join(f"<p>{html.escape(one)}</p>" for one in closing)
    return f"<div><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>{end}</div>"
