"""Matchers, and how one is run: as a process of its own, on two lists and what a user knows of them."""

from __future__ import annotations

import ast
import csv
import json
import math
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matcher_environments import UnavailableError, environment
from matchers.inputs import write_inputs

from tradegen.errors import TradegenError
from tradegen.scoring import Score, score

ADAPTERS = Path(__file__).resolve().parent / "adapters"
LONGEST = 240
"""Seconds after which a matcher is ended."""


@dataclass(frozen=True)
class Matcher:
    """A tool, and the adapter that runs it.

    Attributes
    ----------
    name : str
    script : Path
        The adapter.
    environment : str
        Whose packages it needs; ``""`` for tradegen's own.
    by_id : bool
        Whether it joins by trade id where there is one; if not, it never sees any.
    words : tuple of str
        What else the adapter is told.
    """

    name: str
    script: Path
    environment: str = ""
    by_id: bool = True
    words: tuple[str, ...] = ()

    @property
    def about(self) -> str:
        """What the adapter says of itself."""
        return " ".join((ast.get_docstring(ast.parse(self.script.read_text("utf-8"))) or "").split())

    def python(self) -> Path:
        """The interpreter it runs in."""
        return environment(self.environment) if self.environment else Path(sys.executable)


MATCHERS = (
    Matcher("exact join", ADAPTERS / "exact_join.py"),
    Matcher("tolerance join", ADAPTERS / "tolerance_join.py"),
    Matcher("datacompy", ADAPTERS / "datacompy_compare.py", "datacompy"),
    Matcher("datacompy in cents", ADAPTERS / "datacompy_compare.py", "datacompy", words=("--cents",)),
    Matcher("reladiff", ADAPTERS / "reladiff_tables.py", "reladiff"),
    Matcher("csv-diff", ADAPTERS / "csv_diff_rows.py", "csv-diff"),
    Matcher("recordlinkage", ADAPTERS / "recordlinkage_links.py", "recordlinkage", by_id=False),
    Matcher("splink", ADAPTERS / "splink_links.py", "splink", by_id=False),
)


@dataclass(frozen=True)
class Result:
    """What became of one matcher on one dataset.

    Attributes
    ----------
    matcher : str
    score : Score or None
        None where it failed.
    seconds : float
        Of the whole process, from its start to its end.
    matching : float
        Of the matching alone, as the adapter timed it.
    version : str
        The tool's.
    failure : str
        Why there is no score; ``""`` where there is one.
    """

    matcher: str
    score: Score | None = None
    seconds: float = math.nan
    matching: float = math.nan
    version: str = ""
    failure: str = ""


def run(matcher: Matcher, dataset: Path, folder: Path, shared_ids: bool, draw: str) -> Result:
    """Run a matcher on a dataset, and score what it finds.

    Parameters
    ----------
    matcher : Matcher
    dataset : Path
        A dataset in Parquet; only its trades, its columns and its tolerances get to the matcher.
    folder : Path
        For the matcher's input and output; not there yet.
    shared_ids : bool
        Whether both lists are to have the trade ids. They have not, either, where the matcher links without.
    draw : str
        What references in place of ids are drawn by.
    """
    try:
        python = matcher.python()
    except UnavailableError as error:
        return Result(matcher.name, failure=str(error))
    ids = write_inputs(dataset, folder, not (shared_ids and matcher.by_id), draw)
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [python, "-W", "ignore", matcher.script, folder, *matcher.words],
            cwd=folder,
            env={"PATH": os.defpath, "HOME": str(folder), "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Result(matcher.name, failure=f"it had not ended after {LONGEST} seconds")
    seconds = time.perf_counter() - start
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        return Result(matcher.name, seconds=seconds, failure=said[-1] if said else f"exit {done.returncode}")
    try:
        ran = json.loads((folder / "run.json").read_text("utf-8"))
        findings = read_findings(folder / "findings.csv", ids)
        return Result(
            matcher.name,
            score(dataset, findings, matcher=matcher.name),
            seconds,
            ran["seconds"],
            ran["version"],
        )
    except (OSError, KeyError, ValueError, TradegenError) as error:
        return Result(matcher.name, seconds=seconds, failure=f"its findings cannot be scored: {error}")


def read_findings(path: Path, ids: dict[str, str]) -> pd.DataFrame:
    """An adapter's findings, with the trade ids behind its references.

    Raises
    ------
    KeyError
        Where it reports a record that it was not given.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns: dict[str, list[str | None]] = {
        "trade_id": [ids[row["record"]] for row in rows],
        "field": [row["field"] or None for row in rows],
    }
    partners = [ids[row["partner"]] if row["partner"] else None for row in rows]
    if any(partners):  # a file of links: who is in none has no partner
        columns["linked_trade_id"] = partners
    return pd.DataFrame(columns, dtype="str")
