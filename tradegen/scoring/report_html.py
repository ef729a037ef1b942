"""A report on a score as HTML: a page of its own, parts of another page, or what a notebook shows."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tradegen.core.html_pages import escaped, figures, for_notebook, table
from tradegen.core.html_pages import page as whole_page
from tradegen.scoring.report import Report, Row, Section, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLOSING = "Intervals are Wilson's, at 95%; n/a is a share of nothing."


def title(report: Report) -> str:
    """What the page is called."""
    return f"Score of {report.matcher}" if report.matcher else "Score"


def page(report: Report) -> str:
    """The page, as text to be written in UTF-8."""
    return whole_page(title(report), parts(report, "h2"), CLOSING)


def parts(report: Report, heading: str) -> Iterator[str]:
    """All there is to say, below a title: sections and figures under headings such as ``h2``."""
    answer, *others = *report.headline, *report.warnings
    # The title has the name.
    answer = escaped(answer.removeprefix(f"{report.matcher}: "))
    yield "\n".join([f'<p class="answer">{answer}</p>', *(f"<p>{escaped(line)}</p>" for line in others)])
    for section in report.sections:
        yield _section(section, heading)
    if report.figures:
        yield f"<{heading}>Figures</{heading}>"
        yield from figures(
            (figure.label, functools.partial(_plotted, figure.name, report)) for figure in report.figures
        )


def fragment(report: Report) -> str:
    """The answer and the first table, in the style of the notebook that shows them."""
    answer, *others = map(escaped, (*report.headline, *report.warnings))
    first = [section.table for section in report.sections if section.table is not None][:1]
    lines = "<br>".join([f"<b>{answer}</b>", *others])
    return for_notebook(f"<p>{lines}</p>", *map(_table, first))


def _plotted(name: str, report: Report) -> Figure:
    from tradegen.scoring.score_figures import PLOTS

    return PLOTS[name](report)


def _section(section: Section, heading: str) -> str:
    parts = [f"<{heading}>{escaped(section.title)}</{heading}>"]
    if section.caption:
        parts.append(f'<p class="pale">{escaped(section.caption)}</p>')
    if section.table is not None:
        parts.append(_table(section.table))
    return "\n".join([*parts, *(f"<p>{escaped(note)}</p>" for note in section.notes)])


def _table(content: Table) -> str:
    shades = [_shades(row, content) for row in content.rows] if content.matrix else None
    return table([column.header for column in content.shown], content.cells(), styles=shades)


def _shades(row: Row, table: Table) -> list[str]:
    """The background of each cell of a matrix, by its share of the row: blue where the field is right."""
    counts = [0 if column.name == table.key else row.get(column.name) or 0 for column in table.shown]
    shades = []
    for column, count in zip(table.shown, counts, strict=True):
        colour = "right" if column.name == row[table.key] else "wrong"
        strength = 0.08 + 0.42 * count / max(sum(counts), 1)
        shades.append(f"background: rgba(var(--{colour}), {strength:.2f})" if count else "")
    return shades
