"""Several files of one run are all there, or none of them, whatever stops it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from shell import run

RUN = ("generate", "--first-id", "1", "--seed", "1", "--date", "2025-07-21")
FILES = ("--out", "trades.csv", "--truth", "truth.csv", "--manifest", "manifest.json")
NAMES = ("trades.csv", "truth.csv", "manifest.json")


def old_files(folder: Path) -> None:
    for name in NAMES:
        (folder / name).write_text("old")


def contents(folder: Path) -> list[str]:
    return [(folder / name).read_text() for name in NAMES]


@pytest.mark.parametrize("moment", range(1, 7))
def test_an_interrupt_at_any_sync_leaves_all_files_old_or_all_new(tmp_path: Path, moment: int) -> None:
    old_files(tmp_path)
    code = f"""
import os, signal, sys
syncs, fsync = 0, os.fsync
def interrupted(descriptor):
    global syncs
    syncs += 1
    if syncs == {moment}:
        os.kill(os.getpid(), signal.SIGINT)
    fsync(descriptor)
os.fsync = interrupted
from tradegen.cli.main import main
sys.argv[1:] = {[*RUN, *FILES]!r}
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    if moment <= 3:
        assert done.returncode == 130
        assert done.stderr == "tradegen: interrupted; no file was changed\n"
        assert contents(tmp_path) == ["old"] * 3
    else:
        assert done.returncode == 0
        assert "old" not in contents(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)


@pytest.mark.parametrize("full", ["--out", "--truth", "--manifest"])
def test_a_destination_that_refuses_leaves_all_files_as_they_were(tmp_path: Path, full: str) -> None:
    old_files(tmp_path)
    words = [*FILES, "--format", "csv"]
    words[words.index(full) + 1] = "/dev/full"
    done = run(*RUN, *words, cwd=tmp_path)
    assert done.code == 2
    assert done.err == (
        "tradegen: /dev/full cannot be written: No space left on device; nothing there was changed\n"
    )
    assert contents(tmp_path) == ["old"] * 3


@pytest.mark.parametrize(
    ("redirection", "message"),
    [("> /dev/full", "No space left on device"), (">&-", "it is closed")],
)
def test_standard_output_that_cannot_be_written_is_said_in_a_sentence(
    tmp_path: Path, redirection: str, message: str
) -> None:
    old_files(tmp_path)
    words = " ".join([sys.executable, "-m", "tradegen", *RUN, *FILES[2:], redirection])
    done = subprocess.run(
        ["bash", "-c", words], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr == f"tradegen: standard output cannot be written: {message}\n"
    assert contents(tmp_path) == ["old"] * 3


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_stopping_a_long_run_leaves_nothing_behind(tmp_path: Path, stop: signal.Signals) -> None:
    words = [sys.executable, "-m", "tradegen", *RUN, *FILES, "--pairs", "1e9", "--force"]
    child = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not any(path.stat().st_size for path in tmp_path.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        child.send_signal(stop)
        child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 128 + stop
    assert list(tmp_path.iterdir()) == []


def test_a_redirected_stream_named_as_a_file_keeps_what_else_the_shell_writes(tmp_path: Path) -> None:
    words = " ".join([sys.executable, "-m", "tradegen", *RUN, "--pairs", "1", "--out", "/dev/stdout"])
    script = f"(echo first; {words}; echo last) > log 2>&1"
    subprocess.run(["bash", "-c", script], cwd=tmp_path, check=True, timeout=60)
    lines = (tmp_path / "log").read_text().splitlines()
    assert (lines[0], lines[1], lines[4], lines[-1]) == ("first", "[", "]", "last")
    assert lines[5].startswith("tradegen: 1 pair, ")


def test_no_other_name_of_a_file_that_is_read_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("ticker,price\nAAPL,150.00\n")
    (tmp_path / "link.csv").symlink_to("mine.csv")
    (tmp_path / "hard.csv").hardlink_to(tmp_path / "mine.csv")
    for name in ("mine.csv", "link.csv", "hard.csv"):
        refused = run(*RUN, "--tickers", "mine.csv", "--out", name, cwd=tmp_path)
        assert refused.code == 2
        assert f"{name} is read by this run, too; expected another path" in refused.err
    assert (tmp_path / "mine.csv").read_text() == "ticker,price\nAAPL,150.00\n"


def test_a_dash_is_standard_output_for_one_of_them(tmp_path: Path) -> None:
    done = run(*RUN, "--out", "trades.csv", "--truth", "-", "--format", "csv", cwd=tmp_path)
    assert done.out.startswith("trade_id,leg,field")
    assert run(*RUN, "--out", "-", cwd=tmp_path).out == run(*RUN, cwd=tmp_path).out
    both = run(*RUN, "--truth", "-", cwd=tmp_path)
    assert both.code == 2
    assert "is named for two outputs" in both.err
