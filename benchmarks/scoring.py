"""`tradegen.score` on 10,000,000 pairs in Parquet, its time and its memory: `make bench-score`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
from child_process import measured
from results import line, record

ROOT = Path(__file__).resolve().parent.parent
SIZES = (1e6, 1e7)
FOUND = 95  # percent of the truth's rows that the findings hold
FALSE_ALARMS = 1  # percent of all pairs, at random

CHILD = """
import sys, time
start = time.perf_counter()
import tradegen
score = tradegen.score(sys.argv[1], sys.argv[2])
took = time.perf_counter() - start
print(f"{took:.1f} {score.pairs.recall:.4f} {score.pairs.precision:.4f}")
"""


def make_findings(folder: Path, pairs: int) -> tuple[Path, int]:
    """Most of the truth's rows, and some pairs at random, as a Parquet file; and how many they are."""
    path = folder / "findings.parquet"
    connection = duckdb.connect(
        ":memory:", config={"memory_limit": "900MB", "temp_directory": str(folder / "spill")}
    )
    connection.execute(
        f"""
        COPY (
            SELECT trade_id, field, leg FROM read_parquet('{folder}/data/truth/*.parquet')
            WHERE hash(trade_id, field) % 100 < {FOUND}
            UNION ALL
            SELECT printf('tid%08d', 1 + hash(number) % {pairs}), 'price', 'BUY'
            FROM range({pairs * FALSE_ALARMS // 100}) AS alarms(number)
        ) TO '{path}' (FORMAT parquet)
        """
    )
    count = connection.execute(f"SELECT count(*) FROM read_parquet('{path}')").fetchall()[0][0]
    return path, int(count)


def main() -> None:
    """Generate, score, and record the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=float, action="append", help="pairs; may be given several times")
    parser.add_argument("--scenario", default="original")
    words = parser.parse_args()
    rows = [
        "| pairs | truth rows | findings | trades | score | with start | peak | recall | precision |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for size in words.pairs or SIZES:
        pairs = int(size)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            generate = ["-m", "tradegen", "generate", "--scenario", words.scenario, "--pairs", str(pairs)]
            generate += ["--seed", "1", "--first-id", "1", "--out", f"{folder / 'data'}/"]
            subprocess.run([sys.executable, *generate], check=True, stderr=subprocess.DEVNULL)
            findings, count = make_findings(folder, pairs)
            trades = sum(path.stat().st_size for path in (folder / "data" / "trades").iterdir()) / 1e6
            truth = duckdb.sql(
                f"SELECT count(*) FROM read_parquet('{folder}/data/truth/*.parquet')"
            ).fetchall()
            child = measured(["-c", CHILD, str(folder / "data"), str(findings)])
            took, recall, precision = child.printed.split()
        rows.append(
            line(
                f"{pairs:,}",
                f"{truth[0][0]:,}",
                f"{count:,}",
                f"{trades:,.0f} MB",
                f"{took} s",
                f"{child.seconds:.1f} s",
                f"{child.peak:,.0f} MB",
                recall,
                precision,
            )
        )
    if not words.pairs:
        text = f"The scenario `{words.scenario}`, Parquet; as findings, {FOUND}% of the truth's rows and "
        text += f"{FALSE_ALARMS}% of all pairs; trades are read, too; a process of its own each:\n\n"
        record("Score", text + "\n".join(rows))


if __name__ == "__main__":
    main()
