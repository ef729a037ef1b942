"""A score as plain text, for a terminal: the answer first, then what was missed."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tradegen.scoring.sections import Section, headline, printable, sections

if TYPE_CHECKING:
    from tradegen.scoring.scores import Score

__all__ = ["report"]

_WIDTH = 100
_GAP = "  "


def report(score: Score) -> str:
    """The whole report, without a line break at its end.

    Lines of tables are as long as their numbers need, 100 characters or less but for very large numbers;
    sentences are wrapped there. It is the same text in a terminal and in a file.
    """
    found = sections(score)
    blocks = ["\n".join(line for text in headline(score) for line in _wrapped(text))]
    for section in found:
        blocks.append("\n".join(_lines(section)))
        if section.headers[:1] == ("field",):
            blocks += _confusion(score)
    return "\n\n".join(blocks)


def _lines(section: Section) -> list[str]:
    notes = [line for note in section.notes for line in _wrapped(note, "  ")]
    table = _table(section.headers, section.rows) if section.rows else []
    return [section.title, *table, *notes]


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Names on the left, numbers on the right with their points one below the other."""
    columns = [_cells(header, cells) for header, cells in zip(headers, zip(*rows, strict=True), strict=True)]
    columns[0] = _left(headers[0], [row[0] for row in rows])
    return [f"{_GAP}{_GAP.join(cells)}".rstrip() for cells in zip(*columns, strict=True)]


def _left(header: str, cells: Sequence[str]) -> list[str]:
    width = max(map(len, [header, *cells]))
    return [text.ljust(width) for text in (header, *cells)]


def _cells(header: str, cells: Sequence[str]) -> list[str]:
    # A share may have more decimals than the others: its point stays below theirs.
    numbers = [cell.replace(".", "", 1).isdigit() for cell in cells]
    tails = [
        len(cell) - cell.index(".") if number and "." in cell else 0
        for cell, number in zip(cells, numbers, strict=True)
    ]
    longest = max(tails)
    padded = [
        cell + " " * (longest - tail if number and tail else 0)
        for cell, tail, number in zip(cells, tails, numbers, strict=True)
    ]
    width = max(map(len, [header, *padded]))
    return [text.rjust(width) for text in (header, *padded)]


def _confusion(score: Score) -> list[str]:
    """A line for each mismatched field: as what its pairs were reported, the field itself first."""
    if score.fields is None or not score.confusion:
        return []
    shown = {printable(row): counts for row, counts in score.confusion.items() if any(counts.values())}
    width = max(map(len, [*shown, "mismatched"]), default=0)
    lines = ["Pairs with one mismatched field: what was reported", f"  {'mismatched':{width}}  reported as"]
    for row, counts in shown.items():
        order = sorted(counts.items(), key=lambda item: (item[0] != row, -item[1]))
        text = ", ".join(f"{printable(column)} {count:,}" for column, count in order if count)
        lines += _wrapped(text, f"  {row:{width}}  ", " " * (width + 4))
    return ["\n".join(lines)]


def _wrapped(text: str, first: str = "", others: str | None = None) -> list[str]:
    after = first + "  " if others is None else others
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=after,
        break_long_words=False,
        break_on_hyphens=False,
    )
