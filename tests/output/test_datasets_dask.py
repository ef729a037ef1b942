"""Datasets made by a Dask cluster: the same bytes as on one machine, or a sentence that says why not."""

from __future__ import annotations

import gc
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import pytest
from datasets_files import BLOCK, a_run, break_off, files_in, processes_in, wait_until, write
from distributed import Client, LocalCluster
from shell import run as shell

from tradegen.errors import OutputError

PAIRS = 5 * BLOCK + 1_000
WORDS = ("generate", "--seed", "7", "--date", "2025-07-21", "--pairs", str(PAIRS), "--first-id", "1")
CSV = (*WORDS, "--format", "csv", "--blocks-per-part", "1", "--out", "out/")

QUIET = {"dashboard_address": "127.0.0.1:0", "silence_logs": 50}

# Its sockets may go to the garbage unclosed: that is told where it is ignored, not in whatever test is next.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of two processes, without Dask."""
    folder = tmp_path_factory.mktemp("expected")
    write(a_run(pairs=PAIRS), folder, workers=2)
    return files_in(folder)


@pytest.fixture(autouse=True)
def _tidied() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """A scheduler, and two workers that it starts again when they die."""
    with LocalCluster(n_workers=2, threads_per_worker=1, **QUIET) as cluster:
        yield cluster
    del cluster
    gc.collect()


@pytest.mark.parametrize("workers", [pytest.param("1", marks=pytest.mark.large), "3"])
def test_a_cluster_of_this_machine_makes_the_same_files(
    tmp_path: Path, expected: dict[str, bytes], cluster: LocalCluster, workers: str
) -> None:
    """While there is another."""
    done = shell(*CSV, "--dask", "local", "--workers", workers, cwd=tmp_path)
    assert (done.code, done.out) == (0, ""), done.err
    # A machine that is busy takes long enough for lines of progress.
    assert len([line for line in done.err.splitlines() if not line.endswith(" left")]) == 2, done.err
    assert files_in(tmp_path / "out") == expected


@pytest.mark.slow
def test_a_scheduler_elsewhere_makes_the_same_files(
    tmp_path: Path, expected: dict[str, bytes], cluster: LocalCluster
) -> None:
    told: list[int] = []
    run = a_run(pairs=PAIRS)
    assert cluster.scheduler_address.startswith("tcp://")
    write(run, tmp_path / "csv", dask=cluster.scheduler_address, advance=told.append)
    assert files_in(tmp_path / "csv") == expected
    assert sorted(told) == [1_000, *[BLOCK] * 5]
    write(run, tmp_path / "parquet", form="parquet", dask=cluster.scheduler_address)
    write(run, tmp_path / "one", form="parquet", workers=1)
    assert files_in(tmp_path / "parquet") == files_in(tmp_path / "one")


@pytest.mark.slow
def test_what_processes_began_a_cluster_finishes_and_the_other_way_round(
    tmp_path: Path, expected: dict[str, bytes], cluster: LocalCluster
) -> None:
    run = a_run(pairs=PAIRS)
    how: list[dict[str, Any]] = [{"workers": 1}, {"dask": cluster.scheduler_address}]
    for number, (first, then) in enumerate([how, how[::-1]]):
        out = tmp_path / str(number)
        break_off(run, out, **first)
        assert list(out.glob(".progress/part-*"))
        write(run, out, resume=True, **then)
        assert files_in(out) == expected


@pytest.mark.slow
def test_workers_that_die_have_their_parts_made_by_others(
    tmp_path: Path, expected: dict[str, bytes], cluster: LocalCluster
) -> None:
    killed: list[int] = []

    def kill_one(_pairs: int) -> None:
        if not killed:
            with Client(cluster.scheduler_address) as client:
                killed.extend(client.run(os.getpid).values())
            os.kill(killed[0], signal.SIGKILL)

    write(a_run(pairs=PAIRS), tmp_path, dask=cluster.scheduler_address, advance=kill_one)
    assert killed
    assert files_in(tmp_path) == expected


@pytest.mark.slow
def test_a_part_that_no_worker_survives_is_said_in_a_sentence_and_the_run_is_resumable(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    """As when workers have too little memory; here, the first death is one too many."""

    def kill_all(_pairs: int) -> None:
        with Client(cluster.scheduler_address) as client:
            for process in client.run(os.getpid).values():
                os.kill(process, signal.SIGKILL)

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=1, threads_per_worker=1, **QUIET) as cluster,
        pytest.raises(OutputError, match=r"perhaps for want of memory; what is done is kept, and --resume"),
    ):
        write(a_run(pairs=PAIRS), tmp_path, dask=cluster.scheduler_address, advance=kill_all)
    assert not (tmp_path / "manifest.json").exists()
    write(a_run(pairs=PAIRS), tmp_path, workers=2, resume=True)
    assert files_in(tmp_path) == expected


@pytest.mark.slow
def test_a_scheduler_that_dies_is_said_in_a_sentence_and_the_run_is_resumable(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    dask_command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"]
    noted = tmp_path / "scheduler.json"
    started = []
    try:
        started.append(start(*dask_command, "--port", "0", "--no-dashboard", "--scheduler-file", noted))
        address_of = re.compile(r"tcp://127\.0\.0\.1:\d+(?=\")")
        wait_until(lambda: noted.exists() and address_of.search(noted.read_text()))
        [address] = address_of.findall(noted.read_text())
        dask_command[2] = "distributed.cli.dask_worker"
        started.append(start(*dask_command, "--nthreads", "1", "--no-dashboard", address))
        with Client(address) as client:
            client.wait_for_workers(1, timeout=30)
        started.append(start(sys.executable, "-m", "tradegen", *CSV, "--dask", address, cwd=tmp_path))
        wait_until(lambda: list(tmp_path.glob("out/.progress/part-*.json")))
        started[0].kill()
        _, said = started[2].communicate(timeout=60)
    finally:
        for process in started:
            process.kill()
            process.wait()
    child = started[2]
    assert child.returncode == 2, said
    assert said.startswith("tradegen: "), said
    assert said.count("\n") == 1, said
    assert "--resume goes on" in said
    assert not (tmp_path / "out" / "manifest.json").exists()
    write(a_run(pairs=PAIRS), tmp_path / "out", workers=2, resume=True)
    assert files_in(tmp_path / "out") == expected


def start(*words: str | Path, cwd: Path | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        words,
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if cwd else subprocess.DEVNULL,
        text=True,
    )


@pytest.mark.slow
def test_ctrl_c_ends_a_cluster_of_this_machine_with_one_sentence(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    """As a terminal sends it: to all processes of the group."""
    words = (*CSV, "--dask", "local", "--workers", "2")
    child = subprocess.Popen(
        [sys.executable, "-m", "tradegen", *words],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: list(tmp_path.glob("out/.progress/part-*.json")), seconds=60)
        os.killpg(child.pid, signal.SIGINT)
        _, said = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 130, said
    assert re.fullmatch(r"tradegen: interrupted; [\d,]+ of .* with --resume goes on\n", said), said
    wait_until(lambda: not processes_in(child.pid))
    write(a_run(pairs=PAIRS), tmp_path / "out", workers=2, resume=True)
    assert files_in(tmp_path / "out") == expected


@pytest.mark.slow
def test_no_scheduler_at_the_address_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        begin = time.monotonic()
        done = shell(*CSV, "--dask", address, cwd=tmp_path)
    assert time.monotonic() - begin < 15
    assert done.code == 2
    assert done.err.startswith(f"tradegen: no Dask scheduler answers at {address}"), done.err
    assert done.err.count("\n") == 1, done.err
    assert not files_in(tmp_path)


def test_no_ids_are_reserved_and_nothing_is_overwritten_for_a_cluster_that_is_not_there(
    tmp_path: Path,
) -> None:
    def never(_pairs: int, _key: str) -> int:
        raise AssertionError("ids were reserved")

    write(a_run(pairs=10), tmp_path / "there")
    there = files_in(tmp_path / "there")
    for how in ({}, {"overwrite": True}):
        out = tmp_path / ("there" if how else "new")
        with pytest.raises(OutputError, match="no Dask scheduler answers at"):
            write(a_run(pairs=10), out, dask="nonsense://x", reserve=never, **how)
    assert files_in(tmp_path / "there") == there
    assert not (tmp_path / "new" / ".progress").exists()


@pytest.mark.parametrize("address", ["nonsense://x", "", "tcp://", "tls://127.0.0.1:1", "ucx://127.0.0.1:1"])
def test_an_address_that_is_none_is_one_sentence_and_leaves_no_folder(tmp_path: Path, address: str) -> None:
    with pytest.raises(OutputError, match="no Dask scheduler answers at"):
        write(a_run(pairs=10), tmp_path / "out", dask=address)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_cluster_that_starts_its_first_worker_when_there_is_work_is_used(
    tmp_path: Path, expected: dict[str, bytes]
) -> None:
    with LocalCluster(n_workers=0, threads_per_worker=1, **QUIET) as cluster:
        cluster.adapt(minimum=0, maximum=1)
        write(a_run(pairs=PAIRS), tmp_path, dask=cluster.scheduler_address)
    assert files_in(tmp_path) == expected


@pytest.mark.slow
def test_a_cluster_without_workers_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradegen.output.cluster._PATIENCE", 1)
    with (
        LocalCluster(n_workers=0, **QUIET) as empty,
        pytest.raises(OutputError, match="has no workers; start some, and try again"),
    ):
        write(a_run(pairs=10), tmp_path, dask=empty.scheduler_address)


@pytest.mark.slow
def test_a_place_that_the_workers_cannot_write_to_is_one_sentence(
    tmp_path: Path, cluster: LocalCluster
) -> None:
    run = a_run(pairs=PAIRS)
    break_off(run, tmp_path)
    (tmp_path / "truth" / "part-00000.csv").unlink()
    (tmp_path / "truth" / "part-00000.csv").mkdir()
    with pytest.raises(OutputError, match=r"truth/part-00000\.csv cannot be .*: "):
        write(run, tmp_path, dask=cluster.scheduler_address, resume=True)
