"""The one frame of all pages: a style for screen, dark mode and A4, tables, and figures that stand in them.

A page needs nothing else and asks no server. Everything that comes from data is escaped. Figures need
matplotlib.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from tradegen.core.axes import BLACK, BLUE, PALE_BLUE, WHITE
from tradegen.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL = "text-align: left; white-space: nowrap"
"""The style of a cell that holds a text, also in the tables that notebooks show."""

MARK = "background: rgba(213, 94, 0, .28); font-weight: 600"
"""The style of a cell that was altered: see-through, and so of use on white and on black."""

# Colours in which figures are drawn, and what a page has in their place: lighter ones in dark mode.
_IN_PAGES = {
    BLACK: "currentColor",
    WHITE: "var(--page)",
    BLUE: "var(--mark)",
    PALE_BLUE: "var(--pale-mark)",
}

_WIDEST = 11.0  # inches, of a figure that is as wide as a page

_LIGHT = """--page: #ffffff; --ink: #1f2329; --pale: #5c6470; --line: #d9dde3; --band: #f4f6f8;
  --mark: #0072b2; --pale-mark: #56b4e9; --right: 0, 114, 178; --wrong: 213, 94, 0;"""
_STYLE = f"""
:root {{ color-scheme: light dark; {_LIGHT} }}
@media (prefers-color-scheme: dark) {{ :root {{ --page: #15181c; --ink: #e6e8eb; --pale: #a0a7b1;
  --line: #363c45; --band: #1d2127; --mark: #56b4e9; --pale-mark: #2f6f96; --right: 86, 180, 233;
  --wrong: 230, 126, 50; }} }}
body {{ background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; margin: 0 0 .5rem; }} h2 {{ font-size: 1.15rem; margin: 2.2rem 0 .5rem; }}
h3 {{ font-size: 1rem; margin: 1.4rem 0 .4rem; }} h1, h2 {{ overflow-wrap: anywhere; }}
p {{ margin: .25rem 0; overflow-wrap: anywhere; }} .answer {{ font-size: 1.15rem; }}
.bad {{ border-left: .3rem solid rgb(var(--wrong)); padding-left: .6rem; }}
.pale, footer {{ color: var(--pale); }} code {{ font-size: .9em; overflow-wrap: anywhere; }}
.wide {{ margin: .5rem 0; overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ border-bottom: 1px solid var(--line); padding: .25rem .8rem .25rem 0; text-align: right;
  vertical-align: top; white-space: nowrap; }} th {{ font-weight: 600; }}
td + td, th + th {{ padding-left: .8rem; }} th:first-child, td:first-child {{ text-align: left; }}
.words {{ min-width: 9rem; overflow-wrap: anywhere; text-align: left; white-space: normal; }}
.title td {{ white-space: normal; }} tbody tr:hover {{ background: var(--band); }}
.small {{ font-size: .8rem; }} .small td, .small th {{ padding: .2rem .3rem; }}
@media screen and (max-width: 60rem) {{ table {{ font-size: .85rem; }} .small table {{ font-size: .7rem; }}
  th, td {{ padding-right: .4rem; }} td + td, th + th {{ padding-left: .4rem; }}
  .small td, .small th {{ padding: .15rem .2rem; }} }}
figure {{ margin: 1rem 0; color: var(--ink); }} figure svg {{ height: auto; max-width: 100%; }}
footer {{ font-size: .85rem; margin-top: 3rem; }}
@page {{ size: A4; margin: 14mm 12mm; }}
@media print {{ :root {{ color-scheme: light; {_LIGHT} }}
  body {{ font-size: 9.5pt; margin: 0; max-width: none; padding: 0; print-color-adjust: exact; }}
  h2, h3, thead, .pale, .title {{ break-after: avoid; }} h2 {{ margin-top: 1.4rem; }}
  figure, tr, p, .pair {{ break-inside: avoid; }} figure {{ margin: .5rem 0; }}
  figure svg {{ max-height: 240mm; }}
  .wide {{ overflow: visible; }} table {{ font-size: 8.5pt; }}
  th, td {{ padding: .15rem .4rem .15rem 0; }} td + td, th + th {{ padding-left: .4rem; }}
  .small table {{ font-size: 7.5pt; }} .small td, .small th {{ padding: .1rem .2rem; }} }}
"""


def escaped(value: object) -> str:
    """Anything as text that HTML takes for nothing else."""
    return html.escape(str(value))


def for_notebook(*parts: str) -> str:
    """HTML that a notebook shows in its own style and colours.

    Notebooks take what stands between two dollar signs for a formula, unless each is alone in an element.
    """
    return f"<div>{''.join(parts)}</div>".replace("$", "<span>$</span>")


def page(title: str, parts: Iterable[str], closing: str = "") -> str:
    """A whole page, as text to be written in UTF-8.

    Parameters
    ----------
    title : str
    parts : iterable of str
        HTML, in order.
    closing : str
        A sentence for its end, behind the version of tradegen.
    """
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escaped(title)}</title>",
            f"<style>{_STYLE}</style></head>",
            "<body><main>",
            f"<h1>{escaped(title)}</h1>",
            *parts,
            f"</main><footer>{escaped(f'tradegen {__version__}. {closing}'.strip())}</footer>",
            "</body></html>",
            "",
        ]
    )


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    words: Collection[int] = (),
    styles: Sequence[Sequence[str]] | None = None,
) -> str:
    """A table that scrolls by itself where it is wider than the page.

    Parameters
    ----------
    headers : sequence of str
        One a column; where all are empty, the table has no head.
    rows : iterable of sequence
        The values of each row.
    words : collection of int
        The columns that hold sentences: flush left, and wrapped.
    styles : sequence of sequence of str, optional
        By row and column, what CSS the cell has.
    """
    left = "text-align: left"  # said here as well: a notebook has a style of its own
    kinds = [
        (' class="words"' if place in words else "", left if place in words or not place else "")
        for place in range(len(headers))
    ]
    head = "".join(
        f"<th{kind}{_styled(css)}>{escaped(name)}</th>"
        for (kind, css), name in zip(kinds, headers, strict=True)
    )
    lines = []
    for number, row in enumerate(rows):
        of_row = styles[number] if styles else [""] * len(row)
        lines.append(
            "".join(
                f"<td{kind}{_styled('; '.join(filter(None, (css, more))))}>{escaped(cell)}</td>"
                for (kind, css), more, cell in zip(kinds, of_row, row, strict=True)
            )
        )
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    top = f"<thead><tr>{head}</tr></thead>\n" if any(headers) else ""
    # Whoever has no mouse scrolls by the keyboard, for which it must be possible to get there.
    return f'<div class="wide" tabindex="0"><table>{top}<tbody>{body}</tbody></table></div>'


def _styled(css: str) -> str:
    return f' style="{css}"' if css else ""


def figures(plots: Iterable[tuple[str, Callable[[], Figure]]]) -> list[str]:
    """Figures as SVG that stands in a page, in the page's colours.

    Parameters
    ----------
    plots : iterable of (str, callable)
        What each shows, for those who do not see it, and what draws it.
    """
    if find_spec("matplotlib") is None:
        return ["<p class=\"pale\">Figures need matplotlib: pip install 'tradegen[plots]'.</p>"]
    import matplotlib as mpl

    # A user's own colour settings must not get into the page.
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rc("svg", fonttype="path", hashsalt="tradegen")
        mpl.rc("text", color=BLACK)
        mpl.rc("axes", labelcolor=BLACK, edgecolor=BLACK)
        mpl.rc("xtick", color=BLACK)
        mpl.rc("ytick", color=BLACK)
        return [_drawn(plot(), label) for label, plot in plots]


def _drawn(figure: Figure, label: str) -> str:
    """The figure as SVG without a preamble."""
    stream = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    drawing = stream.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r' xmlns(:xlink)?="[^"]*"', "", drawing).replace("xlink:href", "href")
    for colour, in_page in _IN_PAGES.items():
        drawing = drawing.replace(colour.lower(), in_page)
    # All at one scale, whatever their widths, so that their letters are of one size.
    width = f"{100 * min(figure.get_figwidth() / _WIDEST, 1):.1f}%"
    drawing = drawing.replace(
        "<svg", f'<svg role="img" aria-label="{escaped(label)}" style="width: {width}"', 1
    )
    drawing = re.sub(r"\s*\n\s*", "\n", drawing)
    return f"<figure>\n{drawing}</figure>"
