"""Notebooks executed by papermill in a folder of their own, and what they show and write."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import papermill
import pytest
from conftest import ROOT
from nbformat import NotebookNode

__all__ = ["CANARIES", "UTCNOW", "execute", "files", "outputs", "records"]

# nbclient stamps its messages with datetime.utcnow(), which Python 3.12 and later deprecate: not ours.
UTCNOW = pytest.mark.filterwarnings(r"ignore:datetime.datetime.utcnow\(\):DeprecationWarning:nbclient")
# Stand-ins for what a run in the root of a checkout finds there.
CANARIES = {"trade_ids.db": "no ledger at all", "tickers.csv": "no,tickers\n"}


def files(root: Path) -> dict[str, bytes]:
    """What was written below the root, after a look at the canaries."""
    for name, text in CANARIES.items():
        assert (root / name).read_text() == text, f"{name} was touched"
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name not in CANARIES and path.parent.name != "notebooks"
    }


def execute(root: Path, name: str, **parameters: Any) -> NotebookNode:
    return papermill.execute_notebook(
        str(ROOT / "notebooks" / name),
        None,
        parameters,
        cwd=str(root),
        kernel_name="python3",
        progress_bar=False,
        log_output=False,
    )


def outputs(notebook: NotebookNode, kind: str) -> list[str]:
    """All outputs of one MIME type, in order."""
    found = (
        output.get("data", {}).get(kind) for cell in notebook.cells for output in cell.get("outputs", [])
    )
    return [text for text in found if text is not None]


def records(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode())))
