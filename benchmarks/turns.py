"""Two sides of a comparison that take turns, so that a machine whose speed drifts meets both alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable


def timed(work: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class Comparisons:
    """Compares, prints, and keeps a table of what was found: medians, and the median of ratios by turn."""

    def __init__(self) -> None:
        self._rows = [
            "| work | tradegen | for comparison | ratio | wanted | turns |",
            "|---|---|---|---|---|---|",
        ]

    def add(
        self,
        title: str,
        unit: str,
        scale: float,
        limit: str,
        ours: Callable[[], float],
        theirs: Callable[[], float],
        turns: int,
        other: str,
    ) -> None:
        """Let two sides take turns, after one turn that does not count.

        Parameters
        ----------
        title, unit, limit, other : str
            For the table; `other` is what is compared with.
        scale : float
            What the sides return, times this, is in the unit.
        ours, theirs : callable
            Return seconds.
        turns : int
        """
        ours(), theirs()
        rows = [(ours(), theirs()) for _ in range(turns)]
        mine, yours = (statistics.median(side) * scale for side in zip(*rows, strict=True))
        ratio = statistics.median(one / two for one, two in rows)
        spread = f"{min(row[0] for row in rows) * scale:.3g} to {max(row[0] for row in rows) * scale:.3g}"
        print(f"{title}\n  tradegen  {mine:8.3g} {unit}  ({spread}; {turns} turns; wanted: {limit})")
        print(
            f"  {other:<9} {yours:8.3g} {unit}\n  ratio     {ratio:8.3g}  (1 : {1 / ratio:.3g})\n", flush=True
        )
        self._rows.append(
            f"| {title} | {mine:.3g} {unit} ({spread}) | {yours:.3g} {unit}, {other} "
            f"| {ratio:.3g} | {limit} | {turns} |"
        )

    def __str__(self) -> str:
        return "\n".join(self._rows)
