"""A report as one HTML page that needs nothing else: style and figures stand in it, and it asks no server.

Figures need matplotlib. Everything that comes from data is escaped.
"""

from __future__ import annotations

import html
import io
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING

from tradegen.scoring.report import Report, Row, Section, Table
from tradegen.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["fragment", "page"]

# Figures are drawn in these colours, which the page then replaces with its own: lighter ones in dark mode.
_INK, _MARK = "#1f2329", "#0072b2"

_STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --ink: #1f2329; --pale: #5c6470; --line: #d9dde3;
  --band: #f4f6f8; --mark: #0072b2; --right: 0, 114, 178; --wrong: 213, 94, 0; }
@media (prefers-color-scheme: dark) { :root { --page: #15181c; --ink: #e6e8eb; --pale: #a0a7b1;
  --line: #363c45; --band: #1d2127; --mark: #56b4e9; --right: 86, 180, 233; --wrong: 230, 126, 50; } }
body { background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .5rem; }
p { margin: .25rem 0; } .answer { font-size: 1.15rem; } .pale, caption, footer { color: var(--pale); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .8rem .25rem 0; text-align: right;
  white-space: nowrap; } th { font-weight: 600; } td + td, th + th { padding-left: .8rem; }
th:first-child, td:first-child { text-align: left; } tbody tr:hover { background: var(--band); }
caption { text-align: left; } figure { margin: 1rem 0; color: var(--ink); }
figure svg { height: auto; max-width: 100%; } footer { font-size: .85rem; margin-top: 3rem; }
"""


def page(report: Report) -> str:
    """The page, as text to be written in UTF-8."""
    title = f"Score of {report.matcher}" if report.matcher else "Score"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_text(title)}</title>",
            f"<style>{_STYLE}</style></head>",
            "<body>",
            f"<h1>{_text(title)}</h1>",
            _answer(report),
            *map(_section, report.sections),
            *_figures(report),
            f"<footer>tradegen {_text(__version__)}. "
            "Intervals are Wilson's, at 95%; n/a is a share of nothing.</footer>",
            "</body></html>",
            "",
        ]
    )


def fragment(report: Report) -> str:
    """The answer and the first table, in the style of the notebook that shows them."""
    answer, *others = map(_text, (*report.headline, *report.warnings))
    first = [section.table for section in report.sections if section.table is not None][:1]
    lines = "<br>".join([f"<b>{answer}</b>", *others])
    return f"<div><p>{lines}</p>{''.join(map(_table, first))}</div>"


def _text(value: object) -> str:
    return html.escape(str(value))


def _answer(report: Report) -> str:
    answer, *others = *report.headline, *report.warnings
    # The title has the name.
    answer = _text(answer.removeprefix(f"{report.matcher}: "))
    return "\n".join([f'<p class="answer">{answer}</p>', *(f"<p>{_text(line)}</p>" for line in others)])


def _section(section: Section) -> str:
    parts = [f"<h2>{_text(section.title)}</h2>"]
    if section.caption:
        parts.append(f'<p class="pale">{_text(section.caption)}</p>')
    if section.table is not None:
        parts.append(_table(section.table))
    return "\n".join([*parts, *(f"<p>{_text(note)}</p>" for note in section.notes)])


def _table(table: Table) -> str:
    head = "".join(f"<th>{_text(column.header)}</th>" for column in table.shown)
    shades = [_shades(row, table) if table.matrix else [""] * len(table.shown) for row in table.rows]
    rows = [
        "".join(f"<td{shade}>{_text(cell)}</td>" for shade, cell in zip(styles, cells, strict=True))
        for styles, cells in zip(shades, table.cells(), strict=True)
    ]
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _shades(row: Row, table: Table) -> list[str]:
    """The background of each cell of a matrix, by its share of the row: blue where the field is right."""
    counts = [0 if column.name == table.key else row.get(column.name) or 0 for column in table.shown]
    shades = []
    for column, count in zip(table.shown, counts, strict=True):
        colour = "right" if column.name == row[table.key] else "wrong"
        strength = 0.08 + 0.42 * count / max(sum(counts), 1)
        shades.append(f' style="background: rgba(var(--{colour}), {strength:.2f})"' if count else "")
    return shades


def _figures(report: Report) -> list[str]:
    if find_spec("matplotlib") is None:
        return ["<p class=\"pale\">Figures need matplotlib: pip install 'tradegen[plots]'.</p>"]
    import matplotlib as mpl

    from tradegen.scoring.score_figures import PLOTS

    # A user's own colour settings must not get into the page.
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rc("svg", fonttype="path", hashsalt="tradegen")
        mpl.rc("text", color=_INK)
        mpl.rc("axes", labelcolor=_INK, edgecolor=_INK)
        mpl.rc("xtick", color=_INK)
        mpl.rc("ytick", color=_INK)
        found = [_drawn(PLOTS[figure.name](report), figure.label) for figure in report.figures]
    return ["<h2>Figures</h2>", *found] if found else []


def _drawn(figure: Figure, label: str) -> str:
    """The figure as SVG that stands in a page: without a preamble, and in the page's colours."""
    stream = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    drawing = stream.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r' xmlns(:xlink)?="[^"]*"', "", drawing).replace("xlink:href", "href")
    drawing = (
        drawing.replace(_MARK, "var(--mark)")
        .replace(_INK, "currentColor")
        .replace("<svg", '<svg role="img"', 1)
    )
    drawing = re.sub(r"\s*\n\s*", "\n", drawing)
    return f'<figure aria-label="{_text(label)}">\n{drawing}</figure>'
