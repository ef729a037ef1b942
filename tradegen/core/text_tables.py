"""Rows of text as lines whose columns stand below each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def aligned(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Each row as a line: columns as wide as they need, two spaces apart, without spaces at the end.

    Parameters
    ----------
    rows : sequence of sequence of str
        All of one length.
    right : collection of int
        The positions of columns that are flush right; the others are flush left.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            text.rjust(width) if place in right else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
