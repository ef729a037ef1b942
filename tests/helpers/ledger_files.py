"""Ledger files as tests make them, and processes of their own for tests that need them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import tradegen

LARGEST = 9_223_372_036_854_775_807  # 2**63 - 1, SQLite's largest integer


def run_sql(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def original_ledger(path: Path, value: str = "20", also: str = "") -> Path:
    """A ledger as the original script makes it."""
    run_sql(path, "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER);")
    run_sql(path, f"INSERT INTO counters VALUES ('trade_id', {value}); {also}")
    return path


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def run_child(file: str, function: str, *arguments: object, timeout: float = 120) -> str:
    """What a function of a test file prints, in a fresh process without threads of its own."""
    root = Path(tradegen.__file__).parents[1]
    tests = (root / "tests", root / "tests" / "helpers")
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (root, *tests)))
    command = [sys.executable, file, function, *map(str, arguments)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
