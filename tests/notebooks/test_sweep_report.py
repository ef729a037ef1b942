"""The notebook that plots a sweep, as a reader runs it: it makes a small sweep first."""

from __future__ import annotations

import base64
import io
import shutil
from pathlib import Path

import pandas as pd
import papermill
import pytest
from conftest import ROOT
from matplotlib.image import imread

# nbclient stamps its messages with datetime.utcnow(), which Python 3.12 and later deprecate: not ours.
pytestmark = pytest.mark.filterwarnings(r"ignore:datetime.datetime.utcnow\(\):DeprecationWarning:nbclient")


@pytest.fixture(autouse=True)
def _a_kernel_without_the_users_settings(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))


def execute(root: Path, **parameters: str) -> list[bytes]:
    """Run the notebook in a folder, and give its pictures."""
    notebook = papermill.execute_notebook(
        str(ROOT / "notebooks" / "sweep_report.ipynb"),
        None,
        parameters,
        cwd=str(root),
        kernel_name="python3",
        progress_bar=False,
        log_output=False,
    )
    found = [
        output["data"]["image/png"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    return [base64.b64decode(picture) for picture in found]


@pytest.mark.large
def test_the_report_makes_a_sweep_plots_it_and_makes_nothing_the_second_time(tmp_path: Path) -> None:
    pictures = execute(tmp_path)
    assert len(pictures) == 3
    for picture in pictures:
        ink = (imread(io.BytesIO(picture))[..., :3] < 0.95).any(axis=2)
        assert 0.005 < ink.mean() < 0.5
    out = tmp_path / "out" / "sweep_report"
    made = {path: path.stat().st_ino for path in out.glob("runs/*/run.json")}
    assert len(made) == 6
    assert len(execute(tmp_path, measure="truth_rows")) == 3
    assert {path: path.stat().st_ino for path in out.glob("runs/*/run.json")} == made


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
    assert len(execute(tmp_path, folder="mine", measure="recall")) == 2
    shutil.rmtree(tmp_path / "mine")
    assert [*tmp_path.iterdir()] == []
