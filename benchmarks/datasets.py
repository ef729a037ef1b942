"""How fast datasets are, against others that make the same columns: part of `make bench`.

The others make the same nine columns and three mismatched pairs in ten, and no truth; tradegen writes the
truth as well, hashes every file, and flushes it to the disk. DuckDB stands twice: its SQL as one writes it
down, and tuned as far as we could. ``datasets.py NAME...`` runs some of the comparisons; ``scale`` runs the
largest ones, which take minutes and some 6 GB of disk; ``billion``, one run of 45 GB.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import original_loop
import pyarrow as pa
from peers import bare_parquet, dbldatagen_spark, duckdb_sql, per_record
from results import MACHINE, line, record
from turns import Comparisons, timed

from tradegen import generate_block, prepare, write_dataset
from tradegen.engine.run import Run
from tradegen.formats.arrow import arrow_tables
from tradegen.output.dataset_plan import Plan
from tradegen.output.workers import in_processes

MILLION = 1_000_000
WORKERS = 2


def run_of(pairs: int) -> Run:
    """The default scenario, with so many pairs."""
    return prepare(pairs=pairs, seed=1, date=dt.date(2025, 7, 21))


def dataset(
    folder: Path, pairs: int, form: str = "parquet", workers: int = WORKERS, **how
) -> Callable[[], float]:
    """Give a function that times the writing of a dataset, a pair."""
    run = run_of(pairs)

    def write() -> float:
        shutil.rmtree(folder / "ours", ignore_errors=True)
        return timed(lambda: write_dataset(run, folder / "ours", form=form, workers=workers, **how)) / pairs

    return write


def duckdb(folder: Path, pairs: int, form: str, way: str) -> Callable[[], float]:
    """Give a function that times DuckDB at the same work."""

    def write() -> float:
        shutil.rmtree(folder / "duckdb", ignore_errors=True)
        return timed(lambda: duckdb_sql.write(pairs, folder / "duckdb", form, WORKERS, way)) / pairs

    return write


def peers(table: Comparisons, folder: Path) -> None:
    """DuckDB in three formats, and dbldatagen."""
    for form, pairs, wanted in (
        ("parquet", 10 * MILLION, 3),
        ("csv", 2 * MILLION, 1.5),
        ("ndjson", 2 * MILLION, 1.5),
    ):
        for way in ("plain", "tuned"):
            title = f"{pairs:,} pairs to {form}, against DuckDB's SQL ({way}), a pair"
            limit = f"1 : {wanted}"
            table.add(
                title,
                "ns",
                1e9,
                limit,
                dataset(folder, pairs, form),
                duckdb(folder, pairs, form, way),
                5,
                "DuckDB",
            )
    if reason := dbldatagen_spark.missing():
        print(f"dbldatagen is left out: {reason}\n", flush=True)
    else:
        pairs = 2 * MILLION
        spark = lambda: dbldatagen_spark.seconds(pairs, folder / "spark") / pairs  # noqa: E731
        title = f"{pairs:,} pairs to Parquet, against dbldatagen on Spark local[2], a row"
        ours = dataset(folder, pairs)
        table.add(title, "ns", 5e8, "1 : 10", ours, spark, 3, "dbldatagen")


def floor(table: Comparisons, folder: Path) -> None:
    """What plain pyarrow takes to encode the same tables, ready in memory."""
    pairs = 10 * MILLION
    plan = Plan(run_of(pairs))
    run = plan.run
    ready: dict[str, list[tuple[pa.Table, Path]]] = {name: [] for name in plan.tables}
    for part in range(plan.part_count):
        blocks = [generate_block(run.scenario, run.market, run.seed, n, 1) for n in plan.blocks(part)]
        for name, made in arrow_tables(run, blocks).items():
            ready[name].append((made, folder / f"{name}-{part}.parquet"))
    ready = {name: [(bare_parquet.narrowed(table), path) for table, path in of] for name, of in ready.items()}

    def bare() -> float:
        def write() -> None:
            for those in ready.values():
                bare_parquet.write(those, WORKERS)

        return timed(write) / pairs

    title = f"{pairs:,} pairs to Parquet, against bare pyarrow encoding the same ready tables, a pair"
    table.add(title, "ns", 1e9, "at most 1.6 times", dataset(folder, pairs), bare, 5, "pyarrow")


@dataclass(frozen=True)
class InMemory:
    """The making of a part's blocks, truth included, as a function that other processes can call."""

    plan: Plan

    def __call__(self, part: int) -> int:
        """Make the blocks, one after the other, and keep none of them."""
        run = self.plan.run
        for number in self.plan.blocks(part):
            block = generate_block(run.scenario, run.market, run.seed, number, run.first_id)
        assert len(block.trades) == 2 * block.pairs
        return self.plan.pairs(part)


def in_memory(pairs: int) -> Callable[[], float]:
    """Give a function that times the making of blocks on two cores, a pair."""
    plan = Plan(run_of(pairs))
    return lambda: timed(lambda: sum(in_processes(InMemory(plan), range(plan.part_count), WORKERS))) / pairs


def records(table: Comparisons, folder: Path) -> None:
    """Loops that make one record after the other, in memory: against blocks in memory, and a dataset."""
    pairs, few = 10 * MILLION, 20_000
    loops = {"the original's loop": lambda: timed(lambda: original_loop.in_memory(10 * few)) / (10 * few)}
    for name, make in (("faker", per_record.faker_records), ("mimesis", per_record.mimesis_records)):
        if reason := per_record.missing(name):
            print(f"{name} is left out: {reason}\n", flush=True)
        else:
            loops[name] = lambda make=make: timed(lambda: make(few)) / few
    for what, ours in (("in memory", in_memory(pairs)), ("to Parquet", dataset(folder, pairs))):
        for name, loop in loops.items():
            title = f"{pairs:,} pairs {what}, against {name} in memory, a record"
            table.add(title, "ns", 5e8, "1 : 100", ours, loop, 5, name.removeprefix("the original's "))


def workers(table: Comparisons, folder: Path) -> None:
    """Two workers against one, Dask against two workers."""
    pairs = 10 * MILLION
    title = f"{pairs:,} pairs to Parquet, 2 workers, against 1, a pair"
    table.add(
        title, "ns", 1e9, "1 : 1.7", dataset(folder, pairs), dataset(folder, pairs, workers=1), 5, "1 worker"
    )


def peak(folder: Path, pairs: int, words: list[str]) -> tuple[float, float]:
    """Seconds of one command and the most memory of all its processes together, shared pages counted once."""
    shutil.rmtree(folder / "ours", ignore_errors=True)
    generate = f"-m tradegen generate --pairs {pairs} --seed 1 --first-id 1 --out".split()
    start = time.perf_counter()
    command = [sys.executable, *generate, f"{folder / 'ours'}/", *words]
    child = subprocess.Popen(command, stderr=subprocess.PIPE)
    most = 0.0
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.2):
            most = max(most, memory(child.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, said = child.communicate()
    done.set()
    watcher.join()
    assert child.returncode == 0, said.decode()
    return time.perf_counter() - start, most


def memory(process: int) -> float:
    """Megabytes of a process and those it started (proportional set size)."""
    total, waiting = 0.0, [process]
    while waiting:
        one = waiting.pop()
        try:
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                total += float(line.split()[1]) / 1024 if line.startswith("Pss:") else 0
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except OSError:
            continue  # it has just ended
    return total


def scale(folder: Path) -> str:
    """The cost a pair and the memory, from a million pairs to a hundred; Dask at fifty."""
    rows = ["| pairs | by | time | a pair | peak memory |", "|---|---|---|---|---|"]
    dask = ["--dask", "local"]
    for pairs, words in (
        (MILLION, ["--workers", "1"]),
        (100 * MILLION, ["--workers", "1"]),
        (10 * MILLION, []),
        (50 * MILLION, []),
        (50 * MILLION, dask),
        (50 * MILLION, []),
        (50 * MILLION, dask),
        (100 * MILLION, []),
    ):
        seconds, most = peak(
            folder, pairs, [*words, *(["--workers", "2"] if "--workers" not in words else [])]
        )
        how = "Dask, local, 2 workers" if words == dask else "1 worker" if words else "2 workers"
        each = f"{seconds / pairs * 1e9:.0f} ns"
        rows.append(line(f"{pairs:,}", how, f"{seconds:.1f} s", each, f"{most:.0f} MB"))
    return "\n".join(rows)


def billion(folder: Path) -> str:
    """One run of 1,000,000,000 pairs."""
    pairs = 1000 * MILLION
    seconds, most = peak(folder, pairs, ["--workers", "2"])
    told = json.loads((folder / "ours" / "manifest.json").read_bytes())
    files = told["dataset"]["files"].values()
    return (
        f"{pairs:,} pairs by 2 workers: {seconds:.0f} s, {seconds / pairs * 1e9:.0f} ns a pair, "
        f"{most:.0f} MB at most; {len(files):,} files, {sum(file['bytes'] for file in files):,} bytes; "
        f"{told['counts']['truth_rows']:,} truth rows. Digest of the trades {told['digests']['trades']}."
    )


COMPARISONS = {"peers": peers, "floor": floor, "records": records, "workers": workers}


def main() -> None:
    """Run what is named, or all comparisons but ``scale`` and ``billion``."""
    wanted = sys.argv[1:] or list(COMPARISONS)
    print(MACHINE, end="\n\n")
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER", ".")) as name:
        folder = Path(name)
        for comparison in (name for name in wanted if name in COMPARISONS):
            table = Comparisons()
            COMPARISONS[comparison](table, folder)
            record(f"Datasets: {comparison}", str(table))
        if "scale" in wanted:
            record("Datasets: scale", scale(folder))
        if "billion" in wanted:
            record("Datasets: billion", billion(folder))


if __name__ == "__main__":
    main()
