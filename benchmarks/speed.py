"""How fast tradegen is, against what it replaces or builds on: `make bench`.

The two sides of each comparison take turns, so that a machine whose speed drifts meets both alike; what
counts is the median, and the median of the ratios turn by turn.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import importlib
import io
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import original_loop
import pandas as pd

from tradegen import generate

ROOT = Path(__file__).resolve().parent.parent
MILLION = 1_000_000
IMPORT = "import time; start = time.perf_counter(); import {0}; print(time.perf_counter() - start)"


def timed(work: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def import_time(package: str) -> float:
    """Seconds that importing a package takes in a new process."""
    words = [sys.executable, "-c", IMPORT.format(package)]
    return float(subprocess.run(words, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


def compare(title: str, unit: str, scale: float, limit: str, ours, theirs, turns: int, other: str) -> None:
    """Let two sides take turns, after one turn that does not count, and print medians and ratios."""
    ours(), theirs()
    rows = [(ours(), theirs()) for _ in range(turns)]
    mine, yours = (statistics.median(side) * scale for side in zip(*rows, strict=True))
    ratio = statistics.median(one / two for one, two in rows)
    spread = f"{min(row[0] for row in rows) * scale:.3g} to {max(row[0] for row in rows) * scale:.3g}"
    print(f"{title}\n  tradegen  {mine:8.3g} {unit}  ({spread}; {turns} turns; wanted: {limit})")
    print(f"  {other:<9} {yours:8.3g} {unit}\n  ratio     {ratio:8.3g}\n")


@contextlib.contextmanager
def handler_in(folder: Path) -> Iterator[Callable[[], float]]:
    """Give a function that times one warm invocation of the Lambda's handler, its ledger in `folder`."""
    os.environ["TRADE_IDS"] = str(folder / "trade_ids.db")
    sys.path.insert(0, str(ROOT / "lambda"))
    with contextlib.redirect_stderr(io.StringIO()):
        app = importlib.import_module("app")
    events = (
        {"id": f"bench-{number}", "time": f"{dt.datetime(2025, 7, 21, 10, 33):%Y-%m-%dT%H:%M:%SZ}"}
        for number in range(1 << 30)
    )

    def invoke() -> float:
        event = next(events)
        with contextlib.redirect_stdout(io.StringIO()):
            return timed(lambda: app.handler(event, None))

    yield invoke


def frame_with_truth() -> None:
    """Make a million pairs into both frames."""
    batch = generate(pairs=MILLION, seed=1)
    assert len(batch.trades) == 2 * MILLION
    assert len(batch.truth) > 300_000


def main() -> None:
    """Print all comparisons."""
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"numpy {np.__version__}, pandas {pd.__version__}\n"
    )
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        folder = Path(name)
        with handler_in(folder) as invoke:
            compare(
                "15 pairs, one warm invocation, ledger commit included",
                "ms",
                1e3,
                "at most 5 ms",
                invoke,
                lambda: timed(lambda: original_loop.invocation(folder / "counters.db")),
                101,
                "its loop",
            )
    compare(
        "import",
        "s",
        1,
        "at most 1.25 times pandas",
        lambda: import_time("tradegen"),
        lambda: import_time("pandas"),
        15,
        "pandas",
    )
    compare(
        "1,000,000 pairs to frames, truth included (its loop: 100,000, in memory, no truth), a pair",
        "us",
        1e6,
        "at most 0.6 us",
        lambda: timed(frame_with_truth) / MILLION,
        lambda: timed(lambda: original_loop.in_memory(MILLION // 10)) / (MILLION / 10),
        7,
        "its loop",
    )


if __name__ == "__main__":
    main()
