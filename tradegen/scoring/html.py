"""A score as one HTML page that needs nothing else: style and figures stand in it, and it asks no server.

Figures are there where matplotlib is installed. All that comes from data is escaped.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from tradegen.scoring.sections import Section, headline, sections
from tradegen.scoring.tables import reported_as
from tradegen.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tradegen.scoring.scores import Score

__all__ = ["fragment", "page"]

# Figures are drawn in these colours, which the page then replaces by its own: lighter ones where it is dark.
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


def page(score: Score) -> str:
    """The page, as text to be written in UTF-8."""
    title = f"Score of {score.matcher}" if score.matcher else "Score"
    shown = [_section(section) for section in sections(score)]
    # The confusion table goes with the fields, after what each mechanism makes of the matcher.
    shown.insert(2 if score.fields is not None else 1, _confusion(score))
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
            _answer(score),
            *filter(None, shown),
            *_figures(score),
            f"<footer>tradegen {_text(__version__)}. "
            "Intervals are Wilson's, at 95%; n/a is a share of nothing.</footer>",
            "</body></html>",
            "",
        ]
    )


def fragment(score: Score) -> str:
    """The answer and the mechanisms, in the style of the notebook that shows them."""
    lines = [
        f"<b>{_text(line)}</b>" if not number else _text(line) for number, line in enumerate(headline(score))
    ]
    first = [section for section in sections(score) if section.rows][:1]
    return f"<div><p>{'<br>'.join(lines)}</p>{''.join(map(_table, first))}</div>"


def _text(value: object) -> str:
    return html.escape(str(value))


def _answer(score: Score) -> str:
    answer, *others = headline(score)
    # The title has the name.
    answer = _text(answer.removeprefix(f"{score.matcher}: "))
    return "\n".join([f'<p class="answer">{answer}</p>', *(f"<p>{_text(line)}</p>" for line in others)])


def _section(section: Section) -> str:
    notes = "\n".join(f"<p>{_text(note)}</p>" for note in section.notes)
    return f"<h2>{_text(section.title)}</h2>\n{_table(section) if section.rows else ''}{notes}"


def _table(section: Section) -> str:
    head = "".join(f"<th>{_text(header)}</th>" for header in section.headers)
    body = "\n".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in section.rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _cells(tag: str, texts: Sequence[str]) -> list[str]:
    first, *others = texts
    # A notebook, which has a style of its own, would put names on the right.
    name = f'<{tag} style="text-align: left">{_text(first)}</{tag}>'
    return [name, *(f"<{tag}>{_text(text)}</{tag}>" for text in others)]


def _confusion(score: Score) -> str:
    """A square of counts, shaded by their share of the row: blue where the field is right."""
    table = score.confusion
    if score.fields is None or not table:
        return ""
    columns = reported_as(table)
    head = "".join(f"<th>{_text(column)}</th>" for column in columns)
    body = "\n".join(_shaded(row, counts, columns) for row, counts in table.items())
    return (
        "<h2>Which field was named</h2>\n"
        '<p class="pale">Pairs with one mismatched field, by that field, and what was reported of them.'
        "</p>\n"
        f'<div class="wide"><table><thead><tr><th>mismatched</th>{head}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>"
    )


def _shaded(row: str, counts: Mapping[str, int], columns: Sequence[str]) -> str:
    total = sum(counts.values())
    cells = []
    for column in columns:
        count = counts.get(column, 0)
        strength = 0.08 + 0.42 * count / total if count else 0
        colour = "right" if column == row else "wrong"
        style = f' style="background: rgba(var(--{colour}), {strength:.2f})"' if count else ""
        cells.append(f"<td{style}>{f'{count:,}' if count else ''}</td>")
    return f"<tr><td>{_text(row)}</td>{''.join(cells)}</tr>"


def _figures(score: Score) -> list[str]:
    if find_spec("matplotlib") is None:
        return ["<p class=\"pale\">Figures need matplotlib: pip install 'tradegen[plots]'.</p>"]
    import matplotlib as mpl

    from tradegen.scoring.score_figures import plot_detection, plot_recall, plot_tolerance_sweep

    found = []
    # What a user's own settings say of colours must not get into the page.
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rc("svg", fonttype="path", hashsalt="tradegen")
        mpl.rc("text", color=_INK)
        mpl.rc("axes", labelcolor=_INK, edgecolor=_INK)
        mpl.rc("xtick", color=_INK)
        mpl.rc("ytick", color=_INK)
        if any(value.expected for value in score.by.get("mechanism", {}).values()):
            found.append(_drawn(plot_recall(score), "Recall by mechanism"))
        if score.detection:
            found.append(_drawn(plot_detection(score), "Recall by size of the difference"))
        if score.tolerance_sweep:
            found.append(_drawn(plot_tolerance_sweep(score), "Recall and precision at other tolerances"))
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
