"""Paths that cannot be used, and files that are no files: refused in a sentence, and never waited for."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from refusals import contents, refused
from typer.testing import CliRunner

from tradegen.cli.main import app

# Files that each command takes, as words in which PATH stands for one that cannot be used.
PATHS: dict[str, list[str]] = {
    "generate to a file": ["generate", "--out", "PATH"],
    "generate to a folder": ["generate", "--out", "PATH/"],
    "generate a truth": ["generate", "--out", "o.csv", "--truth", "PATH"],
    "generate a manifest": ["generate", "--out", "o.csv", "--manifest", "PATH"],
    "a scenario": ["generate", "--scenario", "PATH"],
    "a scenario of TOML": ["generate", "--scenario", "PATH.toml"],
    "tickers": ["generate", "--tickers", "PATH"],
    "a ledger": ["generate", "--ledger", "PATH"],
    "ledger create": ["ledger", "create", "PATH"],
    "ledger show": ["ledger", "show", "PATH"],
    "ledger check": ["ledger", "check", "PATH"],
    "replay": ["replay", "PATH"],
    "scenarios show": ["scenarios", "show", "PATH"],
    "a sweep": ["sweep", "PATH", "--out", "o"],
}
# Root may write anywhere, but not into these.
UNUSABLE = {
    "too long": "x" * 300,
    "too long, in a folder": f"{'x' * 300}/y",
    "in a file": "trade_ids.db/x",
    "forbidden": "/sys/kernel/x",
    "unreadable": "/proc/self/mem",
    "a named pipe": "pipe",
    "a socket": "socket",
}


@pytest.mark.parametrize("path", UNUSABLE)
@pytest.mark.parametrize("case", PATHS)
def test_paths_that_cannot_be_used_are_refused_with_a_sentence(case: str, path: str, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        before = contents(folder)
        done = CliRunner().invoke(app, [word.replace("PATH", UNUSABLE[path]) for word in PATHS[case]])
        assert contents(folder) == before
    assert done.exit_code == 2, (done.exit_code, done.output)
    assert done.stdout == ""
    assert done.stderr.startswith("tradegen: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [["--scenario"], ["--tickers"]])
def test_a_device_is_not_read_without_end(words: list[str], folder: Path) -> None:
    refused(folder, ["generate", *words, "/dev/zero"], "cannot be read: it is a device; expected a file")


def test_a_pipe_that_the_shell_hands_over_is_read(folder: Path) -> None:
    command = f"{sys.executable} -m tradegen generate --first-id 1 --tickers <(echo ticker,price; echo X,5)"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert '"ticker": "X"' in done.stdout


@pytest.mark.parametrize(
    "words", [["generate", "--out", b"\xff.csv"], ["verify", b"\xff.csv", "k.csv"], [b"\xff"]]
)
def test_an_argument_that_is_not_utf_8_is_refused_in_a_sentence(
    words: list[str | bytes], folder: Path
) -> None:
    before = contents(folder)
    ended = subprocess.run([sys.executable, "-m", "tradegen", *words], cwd=folder, capture_output=True)
    assert (ended.returncode, ended.stdout) == (2, b"")
    said = ended.stderr.decode()
    assert "is not UTF-8; expected text in UTF-8, so rename such a file\n" in said
    assert said.count("\n") == 1
    assert contents(folder) == before
