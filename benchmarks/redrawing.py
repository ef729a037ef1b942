"""How long the tuning bench takes to redraw: 100,000 pairs made anew in four panels, at each turn."""

from __future__ import annotations

import statistics
import time

from tradegen.analysis.tuning import Tuning
from tradegen.analysis.tuning_figure import draw_bench, png

TURNS = 20


def main() -> None:
    """Print the median and the 95th percentile of the turns, for three scenarios."""
    for name in ("us_equity_t1", "original", "everything"):
        tuning = Tuning(name, pairs=100_000)
        png(draw_bench(tuning.outcome))  # fonts and imports, once
        start = tuning.scenario.mismatch_rate
        seconds = []
        for turn in range(1, TURNS + 1):
            began = time.perf_counter()
            tuning.change(mismatch_rate=start * (1 + turn / 100))
            png(draw_bench(tuning.outcome))
            seconds.append(time.perf_counter() - began)
        median, high = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
        print(f"{name:15} median {1000 * median:5.0f} ms, 95th percentile {1000 * high:5.0f} ms")


if __name__ == "__main__":
    main()
