"""The command line where the system gives less than usual: streams, open files, processes, disk space."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from datasets_files import BLOCK, set_block, wait_until
from reading import rows
from reference import check_truth
from shell import run
from sizes import size

from tradegen.engine.run import prepare
from tradegen.output.dataset_plan import Plan
from tradegen.output.disk_space import expected_bytes
from tradegen.output.single_files import Destinations, export


def in_bash(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = command.replace("tradegen", f"{sys.executable} -m tradegen")
    return subprocess.run(
        ["bash", "-c", words], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.slow
def test_standard_error_may_be_closed(tmp_path: Path) -> None:
    """And nothing that is meant for it goes into a file that is opened in its place."""
    words = "--seed 7 --first-id 21 --date 2025-07-21 --pairs 40 --format csv --truth k.csv"
    plain = in_bash(f"tradegen generate {words}", tmp_path)
    key = (tmp_path / "k.csv").read_bytes()
    closed = in_bash(f"tradegen generate {words} 2>&-", tmp_path)
    assert (closed.returncode, closed.stdout, (tmp_path / "k.csv").read_bytes()) == (0, plain.stdout, key)
    dataset = in_bash("tradegen generate --first-id 1 --out data/ --format csv 2>&-", tmp_path)
    assert dataset.returncode == 0
    assert in_bash("tradegen verify data 2>&-", tmp_path).returncode == 0
    assert in_bash("tradegen generate --pairs 0 2>&-", tmp_path).returncode == 2


def test_all_standard_streams_may_be_closed(tmp_path: Path) -> None:
    done = in_bash("tradegen generate --first-id 1 --out t.csv --truth k.csv <&- >&- 2>&-", tmp_path)
    assert done.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k.csv", "t.csv"]
    check_truth(rows((tmp_path / "t.csv").read_text()), rows((tmp_path / "k.csv").read_text()))


@pytest.mark.slow
def test_more_workers_than_the_limit_of_open_files_allows_are_refused_before_ids_are_reserved(
    tmp_path: Path,
) -> None:
    words = "--pairs 300000 --format csv --blocks-per-part 1 --out data/ --workers"
    done = in_bash(f"ulimit -n 16; tradegen generate {words} 8", tmp_path)
    assert done.returncode == 2
    assert re.fullmatch(
        r"tradegen: 5 worker processes need more open files than the 16 that are allowed, which are enough "
        r"for \d; expected fewer --workers, or a higher ulimit -n\n",
        done.stderr,
    )
    assert not list(tmp_path.rglob("*.*"))
    # A limit that may be raised is.
    assert in_bash(f"ulimit -S -n 16; tradegen generate {words} 5", tmp_path).returncode == 0


def test_processes_that_cannot_be_started_end_the_run_with_a_sentence(tmp_path: Path) -> None:
    code = (
        "import os\n"
        "from tradegen.errors import OutputError\n"
        "from tradegen.output.workers import in_processes\n"
        "fork, left = os.fork, [2]\n"
        "def few():\n"
        "    left[0] -= 1\n"
        "    if left[0] < 0: raise BlockingIOError(11, 'Resource temporarily unavailable')\n"
        "    return fork()\n"
        "os.fork = few\n"
        "try: list(in_processes(abs, range(9), 4))\n"
        "except OutputError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == (
        "4 processes cannot be started: Resource temporarily unavailable; expected fewer --workers\n"
    )


def test_a_fault_of_our_own_does_not_look_like_a_finding(tmp_path: Path) -> None:
    code = (
        "import tradegen.engine.run as run\n"
        "run.prepare = lambda *_, **__: 1 / 0\n"
        "import sys; sys.argv = ['tradegen', 'generate']\n"
        "from tradegen.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize("out", ["t.csv", "data/"])
def test_what_no_disk_can_hold_is_refused_before_ids_are_reserved(tmp_path: Path, out: str) -> None:
    done = run("generate", "--pairs", "1e12", "--format", "csv", "--out", out, cwd=tmp_path)
    assert (done.code, list(tmp_path.iterdir())) == (2, [])
    [terabytes] = re.findall(
        r"tradegen: about ([\d.]+) TB would be written, and the disk of .* free; ", done.err
    )
    # A line of trades has some 90 bytes, and so has one for each of three pairs in ten.
    assert 150 < float(terabytes) < 250


def test_what_the_disk_seems_too_small_for_is_begun_by_force(tmp_path: Path) -> None:
    words = ("--pairs", "1e12", "--format", "csv", "--first-id", "1", "--out", "data/", "--force")
    # A part that has been begun comes to its end.
    short = ("--blocks-per-part", "1", "--workers", "1")
    child = subprocess.Popen([sys.executable, "-m", "tradegen", "generate", *words, *short], cwd=tmp_path)
    try:
        wait_until(lambda: list(tmp_path.glob("data/trades/.part-*")))
    finally:
        child.terminate()
        assert child.wait() == 143


def test_devices_hold_any_size(tmp_path: Path) -> None:
    words = ("--pairs", "140000", "--first-id", "1", "--format", "csv", "--out", "/dev/null")
    assert run("generate", *words, cwd=tmp_path).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "parquet", "fix"])
def test_the_expected_size_is_the_size_within_a_twentieth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    if form == "fix":  # 50 us a pair
        set_block(monkeypatch, size(9_000, BLOCK))
    pairs = size(10_000, 70_000) if form == "fix" else 70_000
    plan = Plan(prepare("everything", pairs=pairs, seed=3), form)
    files = {"trades": tmp_path / f"t.{form}", "truth": tmp_path / "k.csv"}
    with export(Destinations(**files, form=form)) as write_to:
        write_to(plan.run)
    expected = expected_bytes(plan)
    assert expected["trades"] == pytest.approx(files["trades"].stat().st_size, rel=0.05)
    if form != "parquet":
        assert expected["truth"] == pytest.approx(files["truth"].stat().st_size, rel=0.05)
