"""`tradegen inject` on CSV beside DuckDB copying the same file: time, CPU and memory. `make bench-inject`."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from child_process import measured
from results import line, record

ROOT = Path(__file__).resolve().parent.parent
SIZES = ("1e6", "5e6", "1e7")
TURNS = 3
MADE = ["--view", "two_system", "--mismatch-rate", "0", "--first-id", "1", "--seed", "1", "--format", "csv"]
COPY = """
import duckdb, sys
duckdb.sql(f"COPY (SELECT * FROM read_csv('{sys.argv[1]}', all_varchar = true)) TO '{sys.argv[2]}' (HEADER)")
"""


def main() -> None:
    """Inject and copy in turns at each size, and record the figures."""
    rows = [
        "| rows | file | inject | rows a second | CPU | peak | DuckDB's copy | CPU | times | CPU |",
        f"|{'---|' * 10}",
    ]
    for size in sys.argv[1:] or SIZES:
        count = int(float(size))
        with tempfile.TemporaryDirectory(dir=ROOT) as name:
            folder = Path(name)
            measured(["-m", "tradegen", "generate", "--pairs", size, *MADE, "--out", "trades.csv"], folder)
            trades = min(folder.glob("trades*.csv"))
            words = f"inject {trades.name} --seed 7 --mismatch-rate 0.02 --out theirs.csv --truth truth.csv"
            inject = ["-m", "tradegen", *words.split(), "--manifest", "manifest.json"]
            copy = ["-c", COPY, trades.name, "copy.csv"]
            megabytes = trades.stat().st_size / 1e6
            turns = [(measured(inject, folder)[:3], measured(copy, folder)[:3]) for _ in range(TURNS)]
        ours, theirs = (
            [statistics.median(part) for part in zip(*side, strict=True)] for side in zip(*turns, strict=True)
        )
        ratios = [statistics.median(one[part] / two[part] for one, two in turns) for part in (0, 1)]
        rows.append(
            line(
                f"{count:,}",
                f"{megabytes:.0f} MB",
                f"{ours[0]:.1f} s",
                f"{count / ours[0]:,.0f}",
                f"{ours[1]:.1f} s",
                f"{ours[2]:.0f} MB",
                f"{theirs[0]:.1f} s",
                f"{theirs[1]:.1f} s",
                *(f"{ratio:.2f}" for ratio in ratios),
            )
        )
    head = (
        f"2% of the rows altered by the default scenario, with start; medians of {TURNS} alternating turns:"
    )
    record("Inject", f"{head}\n\n" + "\n".join(rows))


if __name__ == "__main__":
    main()
