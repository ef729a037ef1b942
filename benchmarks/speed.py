"""How fast tradegen is, against what it replaces or builds on: `make bench`.

Frames, blocks and the Lambda; datasets are in `datasets.py`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import importlib
import io
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import original_loop
from results import MACHINE, record
from turns import Comparisons, timed

from tradegen import generate, prepare
from tradegen.core.blocks import BLOCK_PAIRS
from tradegen.engine.generator import generate_blocks
from tradegen.mechanisms.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parent.parent
MILLION = 1_000_000
STARTS = {  # what is run, and at most how many times the processor time of `import pandas` it is to take
    "tradegen --help": (["-m", "tradegen", "--help"], 0.4),
    "tradegen --version": (["-m", "tradegen", "--version"], 0.4),
    "tradegen generate, 30 records with the ledger": (["-m", "tradegen", "generate"], 0.8),
    "a dataset of 1,000 pairs": (
        ["-m", "tradegen", "generate", "--pairs", "1000", "--out", "data/", "--overwrite"],
        1.0,
    ),
    "import of the Lambda's handler": (["-c", "import app"], 0.7),
}


def started(words: Sequence[str], folder: Path) -> float:
    """Processor seconds of a new process of Python, until it ends."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "lambda"),
        "TRADE_IDS": str(folder / "trade_ids.db"),
        **({"PYDANTIC_DISABLE_PLUGINS": "__all__"} if "import app" in words else {}),  # as in its image
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, capture_output=True, cwd=folder, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def starts(table: Comparisons, folder: Path) -> None:
    """Compare what a user waits for with an import of pandas."""
    subprocess.run(
        [sys.executable, "-m", "tradegen", "ledger", "create", "trade_ids.db"], check=True, cwd=folder
    )
    for title, (words, limit) in STARTS.items():
        table.add(
            f"{title}, processor time",
            "s",
            1,
            f"at most {limit:g} times",
            functools.partial(started, words, folder),
            functools.partial(started, ["-c", "import pandas"], folder),
            15,
            "import pandas",
        )


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


def every_mechanism() -> None:
    """Make a million pairs into both frames, with all mechanisms on."""
    batch = generate(pairs=MILLION, seed=1, mechanisms=dict.fromkeys(CATALOGUE, 1))
    assert len(batch.trades) > 2 * MILLION
    assert len(batch.truth) > 300_000


def blocks_of(**mechanisms: Any) -> Callable[[], float]:
    """Give a function that times the making of four full blocks, without frames."""
    run = prepare(pairs=4 * BLOCK_PAIRS, seed=1, date=dt.date(2025, 7, 8), **mechanisms)

    def make() -> None:
        for _ in generate_blocks(run):
            pass

    return lambda: timed(make) / run.scenario.pairs


def frame_with_truth() -> None:
    """Make a million pairs into both frames."""
    batch = generate(pairs=MILLION, seed=1)
    assert len(batch.trades) == 2 * MILLION
    assert len(batch.truth) > 300_000


def main() -> None:
    """Print all comparisons."""
    print(MACHINE, end="\n\n")
    table = Comparisons()
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        folder = Path(name)
        with handler_in(folder) as invoke:
            table.add(
                "15 pairs, one warm invocation, ledger commit included",
                "ms",
                1e3,
                "at most 4 ms",
                invoke,
                lambda: timed(lambda: original_loop.invocation(folder / "counters.db")),
                101,
                "its loop",
            )
        (folder / "starts").mkdir()
        starts(table, folder / "starts")
    table.add(
        "1,000,000 pairs to frames, truth included (its loop: 100,000, in memory, no truth), a pair",
        "us",
        1e6,
        "at most 0.6 us",
        lambda: timed(frame_with_truth) / MILLION,
        lambda: timed(lambda: original_loop.in_memory(MILLION // 10)) / (MILLION / 10),
        7,
        "its loop",
    )
    every = dict.fromkeys(CATALOGUE, 1)
    table.add(
        "262,144 pairs with every mechanism, against the original's, blocks alone, a pair",
        "us",
        1e6,
        "at most 2 times",
        blocks_of(mechanisms=every),
        blocks_of(),
        21,
        "original",
    )
    table.add(
        "1,000,000 pairs with every mechanism, against the original's, to frames, a pair",
        "us",
        1e6,
        "at most 2 times",
        lambda: timed(every_mechanism) / MILLION,
        lambda: timed(frame_with_truth) / MILLION,
        7,
        "original",
    )
    record("Speed", str(table))


if __name__ == "__main__":
    main()
