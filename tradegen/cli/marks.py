"""What is altered in records that stand on a terminal: a line a mismatch, for whoever looks at them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradegen.engine.run import Run

_MOST = 20


def watched(out: str | None) -> bool:
    """Whether a person sees both records and messages: standard output and error are terminals."""
    return out in (None, "-") and sys.stdout.isatty() and sys.stderr.isatty()


def marks(run: Run, manifest: Mapping[str, Any]) -> Iterator[str]:
    """The first twenty altered fields as lines whose columns stand below each other.

    Parameters
    ----------
    run : Run
        As it was written: with its ids.
    manifest : mapping
        What was counted in it.
    """
    from tradegen.core.text_tables import aligned

    rows, total = _altered(run), manifest["counts"]["truth_rows"]
    if rows:
        yield "tradegen: altered in these records:"
        yield from (f"  {line}" for line in aligned(rows))
    if total > len(rows):
        yield f"  ... and {total - len(rows):,} more; --truth FILE writes all of them"


def _altered(run: Run) -> list[tuple[str, ...]]:
    """Rows of the truth, made again: a block is a matter of milliseconds, and was not kept."""
    from tradegen.analysis.altered_trades import alterations
    from tradegen.engine.generator import generate_blocks

    rows: list[tuple[str, ...]] = []
    for block in generate_blocks(run):
        for row in alterations(run, block.truth.first(_MOST - len(rows))):
            told = ", ".join(filter(None, (row.size, "within tolerance" if row.benign else "")))
            rows.append((row.trade_id, row.leg, row.field, row.mechanism, row.change, told))
        if len(rows) >= _MOST:
            break
    return rows
