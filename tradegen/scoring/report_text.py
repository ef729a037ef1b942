"""A report as plain text, for a terminal: the answer first, then what was missed."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from tradegen.core.text_tables import aligned
from tradegen.scoring.report import Report, Section, Table, printable

_WIDTH = 100
_GAP = "  "


def as_text(report: Report) -> str:
    """The whole report, without a line break at its end.

    Lines of tables are as long as their numbers need, at most 100 characters except for very large numbers;
    sentences are wrapped there. The text is the same in a terminal and in a file.
    """
    warnings = (f"warning: {text}" for text in report.warnings)
    blocks = [[line for text in (*report.headline, *warnings) for line in _wrapped(text)]]
    blocks += [_section(section) for section in report.sections]
    return "\n\n".join("\n".join(lines) for lines in blocks)


def _section(section: Section) -> list[str]:
    lines = [section.title, *_wrapped(section.caption, _GAP)]
    if section.table is not None:
        lines += _matrix(section.table) if section.table.matrix else _table(section.table)
    return lines + [line for note in section.notes for line in _wrapped(note, _GAP)]


def _table(table: Table) -> list[str]:
    """Names on the left, numbers on the right with their points one below the other."""
    numbers = [place for place, column in enumerate(table.shown) if column.kind != "name"]
    columns = [
        _points_aligned(texts) if place in numbers else texts
        for place, texts in enumerate(zip(*table.cells(), strict=True))
    ]
    rows = [[column.header for column in table.shown], *zip(*columns, strict=True)]
    return [f"{_GAP}{line}" for line in aligned(rows, right=numbers)]


def _points_aligned(cells: Sequence[str]) -> list[str]:
    # A share may have more decimals than the others: its point stays below theirs.
    tails = [
        len(cell) - cell.index(".") if "." in cell and cell.replace(".", "", 1).isdigit() else 0
        for cell in cells
    ]
    return [cell + " " * (max(tails) - tail if tail else 0) for cell, tail in zip(cells, tails, strict=True)]


def _matrix(table: Table) -> list[str]:
    """A line a row: what it counts, that of its own name first, and then the most frequent."""
    shown = {name: counts for name, counts in table.by_name().items() if any(counts.values())}
    width = max(map(len, [*map(printable, shown), table.key]))
    lines = [f"{_GAP}{table.key:{width}}{_GAP}reported as"]
    for name, counts in shown.items():
        order = sorted(counts.items(), key=lambda item: (item[0] != name, -item[1]))
        text = ", ".join(f"{printable(other)} {count:,}" for other, count in order if count)
        lines += _wrapped(text, f"{_GAP}{printable(name):{width}}{_GAP}", " " * (width + 4))
    return lines


def _wrapped(text: str, first: str = "", others: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=first + _GAP if others is None else others,
        break_long_words=False,
        break_on_hyphens=False,
    )
