"""The notebook that plots a sweep, as a reader runs it: it makes a small sweep first."""

from __future__ import annotations

import base64
import io
import shutil
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.image import imread
from notebook_runs import UTCNOW, execute, outputs

pytestmark = [UTCNOW, pytest.mark.usefixtures("kernel_settings")]


def pictures_of(root: Path, **parameters: str) -> list[bytes]:
    """Run the notebook in a folder, and give its pictures."""
    notebook = execute(root, "sweep_report.ipynb", **parameters)
    return [base64.b64decode(picture) for picture in outputs(notebook, "image/png")]


@pytest.mark.large
def test_the_report_makes_a_sweep_plots_it_and_makes_nothing_the_second_time(tmp_path: Path) -> None:
    pictures = pictures_of(tmp_path)
    assert len(pictures) == 3
    for picture in pictures:
        ink = (imread(io.BytesIO(picture))[..., :3] < 0.95).any(axis=2)
        assert 0.005 < ink.mean() < 0.5
    out = tmp_path / "out" / "sweep_report"
    made = {path: path.stat().st_ino for path in out.glob("runs/*/run.json")}
    assert len(made) == 6
    assert len(pictures_of(tmp_path, measure="truth_rows")) == 3
    assert {path: path.stat().st_ino for path in out.glob("runs/*/run.json")} == made


@pytest.mark.slow
def test_the_report_plots_a_sweep_of_anything_with_failed_runs_and_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    pd.DataFrame(
        {
            "run": ["a", "b", "c", "d"],
            "tolerance": [0.1, 0.2, 0.1, 0.2],
            "matcher": ["one", "one", "two", "two"],
            "failed": [False, False, False, True],
            "seconds": [2.0, 2.1, 2.2, None],
            "recall": [0.5, 0.7, 0.8, None],
        }
    ).to_parquet(tmp_path / "mine" / "summary.parquet")
    assert len(pictures_of(tmp_path, folder="mine", measure="recall")) == 2
    shutil.rmtree(tmp_path / "mine")
    assert [*tmp_path.iterdir()] == []
