"""`tradegen verify` on 10,000,000 pairs of everything: time, CPU and memory. `make bench-verify`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from child_process import measured
from results import line, record

ROOT = Path(__file__).resolve().parent.parent
SIZES = ("1e6", "1e7")
WORDS = ["--scenario", "everything", "--first-id", "1", "--seed", "1"]
FILES = {"--out": "trades.csv", "--truth": "truth.csv", "--manifest": "manifest.json"}


def main() -> None:
    """Generate and verify at each size, and record the figures."""
    rows = ["| pairs | files | generate | peak | verify | CPU | peak | found |", f"|{'---|' * 8}"]
    for pairs in sys.argv[1:] or SIZES:
        with tempfile.TemporaryDirectory(dir=ROOT) as name:
            folder = Path(name)
            named = [word for option in FILES.items() for word in option]
            made, _, made_peak, _ = measured(
                ["-m", "tradegen", "generate", "--pairs", pairs, *WORDS, *named], folder
            )
            size = sum(path.stat().st_size for path in folder.iterdir()) / 1e9
            proved, cpu, peak, printed = measured(["-m", "tradegen", "verify", *FILES.values()], folder)
        rows.append(
            line(
                f"{int(float(pairs)):,}",
                f"{size:.2f} GB",
                f"{made:.0f} s",
                f"{made_peak:.0f} MB",
                f"{proved:.0f} s",
                f"{cpu:.0f} s",
                f"{peak:.0f} MB",
                " ".join(printed.split()),
            )
        )
    record("Verify", "The scenario `everything`, CSV, all cores to verify:\n\n" + "\n".join(rows))


if __name__ == "__main__":
    main()
