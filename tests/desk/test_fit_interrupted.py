"""Ctrl-C while DuckDB runs a query is one sentence and exit code 130, as anywhere else."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tradegen import generate
from tradegen.core.databases import temporary_database
from tradegen.verify.database import opened

ENDLESS = "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range * 3 = b.range * 7 + 1.5"


@pytest.mark.parametrize(
    ("database", "execute"),
    [
        (lambda: temporary_database("test", "100MB", threads=1), lambda opened: opened[0].execute(ENDLESS)),
        (lambda: opened("100MB", 1), lambda opened: opened.run(ENDLESS)),
    ],
    ids=["temporary database", "verify"],
)
def test_an_interrupt_of_a_query_is_an_interrupt(
    database: Callable[[], contextlib.AbstractContextManager[Any]], execute: Callable[[Any], None]
) -> None:
    def interrupted(found: Any) -> None:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        execute(found)

    with pytest.raises(KeyboardInterrupt), database() as found:
        interrupted(found)


def test_an_error_that_is_no_interrupt_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match="another one"), temporary_database("test", "100MB"):
        raise RuntimeError("another one")


@pytest.mark.slow
def test_fit_that_is_interrupted_says_so_and_leaves_nothing_behind(tmp_path: Path) -> None:
    generate(pairs=50, view="two_system", mismatch_rate=0.1, seed=7).write(tmp_path / "t.csv")
    before = sorted(tmp_path.iterdir())
    code = f"""
import os, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
from tradegen.desk import reading
def interrupted(connection, *_, **_named):
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    connection.execute({ENDLESS!r})
reading.compare = interrupted
from tradegen.cli.main import main
sys.argv[1:] = ["fit", "t.ours.csv", "t.theirs.csv", "--out", "desk.toml"]
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "tradegen: interrupted\n")
    assert sorted(tmp_path.iterdir()) == before
