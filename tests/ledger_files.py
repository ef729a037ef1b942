"""Ledger files as tests make them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

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
