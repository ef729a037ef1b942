"""Workers of a Dask cluster that are not fit for the work: refused by name, before ids are reserved."""

from __future__ import annotations

import gc
import os
import re
import shutil
import site
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import ROOT
from datasets_files import BLOCK, a_run, files_in, wait_until, write
from distributed import Client
from shell import run as shell

import tradegen
from tradegen.errors import OutputError

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

WORDS = ("generate", "--seed", "7", "--date", "2025-07-21", "--format", "csv", "--blocks-per-part", "1")


@pytest.fixture(autouse=True)
def _tidied() -> Iterator[None]:
    yield
    gc.collect()


class Cluster:
    """A scheduler of its own, and workers, each a process with its own idea of what is installed."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        noted = folder / "scheduler.json"
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", noted, path=None)
        wait_until(lambda: noted.exists() and re.search(r"tcp://[\d.:]+", noted.read_text()), seconds=120)
        self.address = re.findall(r"tcp://[\d.:]+", noted.read_text())[0]
        self.count = 0

    def add(self, path: Path | None = ROOT, cwd: Path | None = None) -> None:
        """Start a worker, with tradegen from this folder or with none; wait until it is there."""
        self.count += 1
        words = ("--nthreads", "1", "--no-nanny", "--name", f"w{self.count}", self.address)
        self._start("worker", *words, path=path, cwd=cwd)
        with Client(self.address) as client:
            client.wait_for_workers(self.count, timeout=120)

    def _start(self, what: str, *words: str | Path, path: Path | None, cwd: Path | None = None) -> None:
        # Without `site`, what is installed as editable is not found: tradegen is there by its path alone.
        found = [*([str(path)] if path else []), *site.getsitepackages()]
        child = subprocess.Popen(
            [sys.executable, "-S", "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *map(str, words)],
            cwd=cwd or self.folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(found)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._stack.callback(child.wait)
        self._stack.callback(child.kill)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        (tmp_path / "cluster").mkdir()
        yield Cluster(tmp_path / "cluster", stack)


@pytest.fixture
def another(tmp_path: Path) -> Path:
    """The folder of a tradegen of another version."""
    folder = tmp_path / "another"
    shutil.copytree(ROOT / "tradegen", folder / "tradegen")
    (folder / "tradegen" / "version.py").write_text('__version__ = "0.0.9"\n')
    return folder


def refused(out: Path, cluster: Cluster, message: str) -> None:
    def never(_pairs: int, _key: str) -> int:
        raise AssertionError("ids were reserved")

    begin = time.monotonic()
    with pytest.raises(OutputError, match=message):
        write(a_run(), out, dask=cluster.address, reserve=never)
    assert time.monotonic() - begin < 60
    assert not files_in(out)


@pytest.mark.slow
def test_a_worker_without_tradegen_is_refused_by_name(tmp_path: Path, cluster: Cluster) -> None:
    cluster.add()
    cluster.add(path=None)
    version = re.escape(tradegen.__version__)
    refused(
        tmp_path / "out", cluster, rf"the Dask worker tcp://\S+ has no tradegen; expected tradegen {version}"
    )


@pytest.mark.slow
def test_a_worker_of_another_version_is_refused_by_name(
    tmp_path: Path, cluster: Cluster, another: Path
) -> None:
    cluster.add()
    cluster.add(path=another)
    refused(tmp_path / "out", cluster, r"the Dask worker tcp://\S+ has tradegen 0\.0\.9; expected tradegen")
    done = shell(*WORDS, "--pairs", "9", "--out", "new/", "--dask", cluster.address, cwd=tmp_path)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert not (tmp_path / "trade_ids.db").exists()


@pytest.mark.slow
def test_a_worker_that_does_not_see_the_place_is_refused_by_name(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One path leads each process to another folder, as a disk of its own does."""
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    cluster.add(cwd=tmp_path / "here")
    cluster.add(cwd=tmp_path / "there")
    place = Path("/proc/self/cwd/out")
    refused(
        place, cluster, r"worker tcp://\S+ does not see what is written to /proc/self/cwd/out; expected a"
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", [pytest.param("none", marks=pytest.mark.large), "another"])
def test_a_worker_that_joins_late_and_is_not_fit_makes_no_part(
    tmp_path: Path, cluster: Cluster, another: Path, kind: str
) -> None:
    cluster.add()
    path = {"none": None, "another": another}[kind]

    def join(_pairs: int) -> None:
        if cluster.count == 1:
            cluster.add(path=path)

    run = a_run(pairs=8 * BLOCK)
    message = r"the Dask worker tcp://[\d.:]+ has (no tradegen|tradegen 0\.0\.9); expected .*--resume goes on"
    with pytest.raises(OutputError, match=message):
        write(run, tmp_path / "out", dask=cluster.address, advance=join)
    write(run, tmp_path / "out", workers=2, resume=True)
    write(run, tmp_path / "expected", workers=2)
    assert files_in(tmp_path / "out") == files_in(tmp_path / "expected")


@pytest.mark.slow
def test_a_worker_that_joins_late_and_is_fit_is_used(tmp_path: Path, cluster: Cluster) -> None:
    cluster.add()

    def join(_pairs: int) -> None:
        if cluster.count == 1:
            cluster.add()

    write(a_run(pairs=6 * BLOCK), tmp_path / "out", dask=cluster.address, advance=join)
    write(a_run(pairs=6 * BLOCK), tmp_path / "expected", workers=2)
    assert files_in(tmp_path / "out") == files_in(tmp_path / "expected")
