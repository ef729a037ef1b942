"""Datasets and what befalls them: whatever ends a run, resuming it gives the same bytes, or says why not."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datasets_files import (
    BLOCK,
    WORDS,
    a_run,
    break_off,
    children_of,
    files_in,
    processes_in,
    set_block,
    wait_until,
    write,
)
from ledger_files import run_child
from shell import run as shell
from sizes import size

from tradegen.engine.generator import generate_block
from tradegen.errors import OutputError
from tradegen.formats.parquet_options import ParquetOptions
from tradegen.ledger import create_ledger, ledger_at
from tradegen.output.dataset_parts import PartWork
from tradegen.output.dataset_plan import Plan
from tradegen.output.writable_storage import open_store

PAIRS = 2 * BLOCK + 1_000
MOMENTS = size(5, 20)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], dict[str, bytes]]:
    """The files of an undisturbed run of so many pairs."""

    def made(pairs: int) -> dict[str, bytes]:
        folder = tmp_path_factory.getbasetemp() / f"undisturbed-{pairs}"
        if not folder.exists():
            write(a_run(pairs=pairs), folder, workers=2)
        return files_in(folder)

    return made


# Killed. Children start and kill the runs: they have no threads of their own when they fork.


@pytest.mark.slow
@pytest.mark.sized
@pytest.mark.parametrize("whom", ["all of its processes", "the parent alone"])
def test_a_run_killed_at_any_time_is_resumed_to_the_same_files(
    tmp_path: Path, expected: Callable[[int], dict[str, bytes]], whom: str
) -> None:
    told = json.loads(run_child(__file__, "be_killed", tmp_path, whom))
    assert len(told) == MOMENTS
    # The moments are worth something: runs were killed that had begun and had not ended.
    assert sum(each["begun"] for each in told) >= MOMENTS // 4, told
    for number, each in enumerate(told):
        assert each["workers left"] == 0
        assert each["ranges"] == 1, "ids were reserved more than once"
        assert files_in(tmp_path / str(number) / "out") == expected(PAIRS)
        shutil.rmtree(tmp_path / str(number))


def be_killed(folder: str, whom: str) -> None:
    run = a_run(pairs=PAIRS)
    chance = random.Random(f"{whom} 1")

    def begin(place: Path, **how: Any) -> int:
        if child := os.fork():
            return child
        os.setpgid(0, 0)
        write(run, place / "out", workers=2, reserve=ledger_at(place / "ids.db").reserve, **how)
        os._exit(0)

    def whole(place: Path) -> float:
        place.mkdir()
        create_ledger(place / "ids.db")
        start = time.monotonic()
        assert os.waitpid(begin(place), 0)[1] == 0
        return time.monotonic() - start

    length = sorted(whole(Path(folder, f"whole-{number}")) for number in range(3))[1]
    told = []
    for number in range(MOMENTS):
        place = Path(folder, str(number))
        place.mkdir()
        create_ledger(place / "ids.db")
        child = begin(place)
        time.sleep(length * (number + chance.random()) / MOMENTS)
        if whom == "the parent alone":
            os.kill(child, signal.SIGKILL)
        else:
            with contextlib.suppress(ProcessLookupError):  # a run that has not come to be a group yet
                os.killpg(child, signal.SIGKILL)
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        ended = time.monotonic()
        while processes_in(child) and time.monotonic() < ended + 2:
            time.sleep(0.02)
        left = len(processes_in(child))
        for worker in processes_in(child):
            os.kill(worker, signal.SIGKILL)
        begun = (place / "out/.progress/plan.json").exists() and not (place / "out/manifest.json").exists()
        assert os.waitpid(begin(place, resume=True), 0)[1] == 0
        ranges = ledger_at(place / "ids.db").show().ranges
        told.append({"begun": begun, "workers left": left, "ranges": ranges})
    sys.stdout.write(json.dumps(told))


STEPS = ("mkdir", "replace", "unlink", "rmdir")


@pytest.mark.slow
@pytest.mark.parametrize("how", ["killed", "refused"])
def test_a_run_that_ends_at_any_step_on_the_disk_is_resumed_to_the_same_files(
    tmp_path: Path, expected: Callable[[int], dict[str, bytes]], how: str
) -> None:
    """Steps are what changes names on the disk, and what flushes it."""
    told = json.loads(run_child(__file__, "end_at_steps", tmp_path, how))
    assert len(told) > 25
    for step, each in enumerate(told):
        place = tmp_path / str(step)
        there = files_in(place / "then")
        if "manifest.json" in there:
            # Whole, or not there.
            left = {name: text for name, text in there.items() if not name.startswith(".progress/")}
            assert left == expected(1000)
        assert each["ranges"] == 1
        assert files_in(place / "out") == expected(1000)
        if how == "killed":
            assert each["ended"] == -signal.SIGKILL
        else:
            told = each["said"].removesuffix("; what is done is kept, and --resume goes on")
            assert told.endswith(("No space left on device", "nothing there was changed")), each
            assert "\n" not in each["said"]
    assert any((tmp_path / str(step) / "then" / "manifest.json").exists() for step in range(len(told)))


def end_at_steps(folder: str, how: str) -> None:
    """End a run at each of its steps in turn, in a child of its own, keep what there is, and resume it."""
    run = a_run(pairs=1000)
    told: list[dict[str, Any]] = []
    while True:
        place = Path(folder, str(len(told)))
        place.mkdir()
        ledger = create_ledger(place / "ids.db")
        said = place / "said"
        if (child := os.fork()) == 0:
            _end_at(len(told), how)
            try:
                write(run, place / "out", workers=1, reserve=ledger.reserve)
            except OutputError as error:
                said.write_text(str(error))
                os._exit(2)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if status == 0:
            shutil.rmtree(place)
            break
        then = place / "out"
        if then.exists():
            shutil.copytree(then, place / "then")
        else:
            (place / "then").mkdir()
        write(run, place / "out", workers=1, reserve=ledger.reserve, resume=True)
        told.append(
            {
                "ended": os.waitstatus_to_exitcode(status),
                "said": said.read_text() if said.exists() else "",
                "ranges": ledger.show().ranges,
            }
        )
    sys.stdout.write(json.dumps(told))


def _end_at(step: int, how: str) -> None:
    """Have this process end, or its disk refuse, at the step of this number."""
    left = step

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*words: Any, **more: Any) -> Any:
            nonlocal left
            left -= 1
            if left == -1 and how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if left == -1:
                raise OSError(28, "No space left on device")
            return function(*words, **more)

        return instead

    for name in STEPS:
        setattr(Path, name, counted(getattr(Path, name)))
    os.fsync = counted(os.fsync)


def test_workers_do_not_outlive_a_run_that_was_killed(tmp_path: Path) -> None:
    """Each of the two is amid a part of seconds: it is not finished."""
    words = (
        *WORDS[:-1],
        "16",
        "--first-id",
        "1",
        "--pairs",
        "1e8",
        "--force",
        "--workers",
        "2",
        "--out",
        "out/",
    )
    child = subprocess.Popen(
        [sys.executable, "-m", "tradegen", *words],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: len(list(tmp_path.glob("out/trades/.part-*"))) == 2)
        assert len(children_of(child.pid)) == 2
    finally:
        child.kill()
        child.wait()
    try:
        wait_until(lambda: not processes_in(child.pid), 1.5)
    finally:
        for left in processes_in(child.pid):
            os.kill(left, signal.SIGKILL)
    assert list(tmp_path.glob("out/*/part-*")) == []


@pytest.mark.slow
def test_a_worker_killed_mid_run_is_said_in_a_sentence_and_the_run_is_resumable(
    tmp_path: Path, expected: Callable[[int], dict[str, bytes]]
) -> None:
    words = (*WORDS, "--first-id", "1", "--pairs", str(PAIRS), "--workers", "2", "--out", "out/")
    child = subprocess.Popen(
        [sys.executable, "-m", "tradegen", *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_until(lambda: len(children_of(child.pid)) == 2)
        os.kill(children_of(child.pid)[0], signal.SIGKILL)
        _, said = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 2
    assert said == (
        "tradegen: a worker process died, perhaps for want of memory; "
        "what is done is kept, and --resume goes on\n"
    )
    assert not (tmp_path / "out" / "manifest.json").exists()
    assert shell(*words, "--resume", cwd=tmp_path).code == 0
    assert files_in(tmp_path / "out") == expected(PAIRS)


# Altered while no one looked


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def lengthen(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\n")


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [cut, flip, lengthen, empty, Path.unlink])
@pytest.mark.parametrize("table", ["trades", "truth"])
def test_a_part_harmed_since_it_was_made_is_made_anew(
    tmp_path: Path,
    expected: Callable[[int], dict[str, bytes]],
    table: str,
    harm: Callable[[Path], None],
) -> None:
    break_off(a_run(pairs=BLOCK + 10), tmp_path, after=2)
    harm(tmp_path / table / "part-00000.csv")
    write(a_run(pairs=BLOCK + 10), tmp_path, workers=1, resume=True)
    assert files_in(tmp_path) == expected(BLOCK + 10)


def test_whole_parts_are_kept_as_they_are(tmp_path: Path) -> None:
    break_off(a_run(pairs=PAIRS), tmp_path, after=2)
    cut(tmp_path / "truth" / "part-00001.csv")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("t*/part-*.csv")}
    write(a_run(pairs=PAIRS), tmp_path, resume=True)
    after = {path: path.stat().st_mtime_ns for path in before}
    assert {path.name for path in before if before[path] == after[path]} == {"part-00000.csv"}


# Child processes run the functions of this file by name.


@pytest.mark.parametrize(
    ("pairs", "seed", "how"),
    [(100, 7, {"resume": True}), (40, 8, {"overwrite": True})],
    ids=["go on", "anew"],
)
def test_a_worker_of_a_killed_run_adds_nothing_to_what_another_run_has_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pairs: int, seed: int, how: dict[str, bool]
) -> None:
    """A cluster's workers go on with their parts when the client is killed."""
    set_block(monkeypatch, 50)
    other, out = a_run(pairs=pairs, seed=seed), tmp_path / "out"
    write(other, tmp_path / "alone", workers=1)
    break_off(a_run(pairs=100), out)
    key = json.loads((out / ".progress" / "plan.json").read_text())["key"]
    late = PartWork(Plan(a_run(pairs=100), "csv", 1, ParquetOptions(None, None)), open_store(out), key)
    (out / "truth" / "part-00001.csv").unlink(missing_ok=True)
    begun: list[str] = []

    def slow(*about: Any) -> Any:
        if not begun:
            begun.extend(path.name for path in out.rglob(".*.tradegen"))
            write(other, out, workers=1, **how)
        return generate_block(*about)

    monkeypatch.setattr("tradegen.output.dataset_parts.generate_block", slow)
    for _ in range(2):  # amid its part, and with a part that it only begins then
        with pytest.raises(OutputError, match="has been finished or begun anew by another run"):
            late(1)
        assert files_in(out) == files_in(tmp_path / "alone")
    assert len(begun) == 3


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
