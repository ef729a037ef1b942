"""The numbered notebooks as they run, each executed by papermill."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import pytest
from matplotlib.image import imread
from notebook_runs import UTCNOW, execute, files, outputs, records

from tradegen import generate

pytestmark = UTCNOW


# 01_first_records


def test_first_records_shows_thirty_records_replays_them_and_writes_them(root: Path) -> None:
    notebook = execute(root, "01_first_records.ipynb")
    batch = generate(pairs=15, mismatch_rate=0.30, seed=7, first_id=21, date="2025-07-21")
    tables = outputs(notebook, "text/html")
    assert all(tables[0].count(trade_id) == 2 for trade_id in batch.trades["trade_id"].unique())
    for row in batch.truth.itertuples():
        assert row.original in tables[2]
        assert row.altered in tables[2]
    assert "True" in outputs(notebook, "text/plain")
    written = files(root)
    assert set(written) == {
        f"out/first_records/{name}" for name in ("trades.csv", "truth.csv", "manifest.json")
    }
    assert [row["trade_id"] for row in records(written["out/first_records/trades.csv"])] == [
        *batch.trades["trade_id"]
    ]
    assert len(records(written["out/first_records/truth.csv"])) == len(batch.truth)


@pytest.mark.large
def test_first_records_runs_without_a_mismatch_for_another_day_and_folder(root: Path) -> None:
    execute(root, "01_first_records.ipynb", pairs=1, mismatch_rate=0, date="", out="here")
    assert len(records(files(root)["here/trades.csv"])) == 2


# 02_mismatch_distributions


def test_distributions_are_drawn(root: Path) -> None:
    notebook = execute(root, "02_mismatch_distributions.ipynb", pairs=20_000)
    images = outputs(notebook, "image/png")
    assert len(images) == 5
    for image in images:
        pixels = imread(io.BytesIO(base64.b64decode(image)))
        assert min(pixels.shape[:2]) > 300
        ink = (pixels[..., :3] < 0.95).any(axis=2)
        # Neither blank nor black, and drawn on from side to side.
        assert 0.01 < ink.mean() < 0.5
        assert all(ink[:, part].any() for part in (slice(0, 200), slice(-200, None)))
    assert files(root) == {}


@pytest.mark.large
@pytest.mark.parametrize("scenario", ["everything", "dual_report", "clock_trouble"])
def test_distributions_runs_for_any_scenario(root: Path, scenario: str) -> None:
    # The assertions in the notebook are what is tested.
    notebook = execute(
        root, "02_mismatch_distributions.ipynb", pairs=2_000, scenario=scenario, date="2025-07-08"
    )
    assert len(outputs(notebook, "image/png")) == 5


@pytest.mark.large
def test_distributions_shows_that_rates_nest(root: Path) -> None:
    notebook = execute(root, "02_mismatch_distributions.ipynb", pairs=3_000, mismatch_rate=0.5, seed=11)
    nested = outputs(notebook, "text/plain")[-1]
    rows = [[float(cell) for cell in line.split()] for line in nested.splitlines()[2:]]
    assert [row[0] for row in rows] == [0.05, 0.1, 0.2, 0.4, 0.8]
    assert [row[2] for row in rows] == [0, *(row[1] for row in rows[:-1])]


# 03_your_own_trades


@pytest.mark.slow
def test_your_own_trades_is_broken_as_a_frame_and_as_a_file(root: Path) -> None:
    notebook = execute(root, "03_your_own_trades.ipynb", trades=600)
    images = outputs(notebook, "image/png")
    assert len(images) == 1
    pixels = imread(io.BytesIO(base64.b64decode(images[0])))
    ink = (pixels[..., :3] < 0.95).any(axis=2)
    assert 0.01 < ink.mean() < 0.5
    assert any(" on THEIRS: " in html for html in outputs(notebook, "text/html"))
    assert "proved: every file is as the manifest says" in outputs(notebook, "text/plain")[-1]
    written = files(root)
    names = ("mine.csv", "theirs.csv", "truth.csv", "manifest.json")
    assert set(written) == {f"out/your_own_trades/{name}" for name in names}
    mine, theirs = (
        written[f"out/your_own_trades/{name}"].decode("utf-16-le").splitlines() for name in names[:2]
    )
    # 5% of 600 trades.
    assert sum(one != other for one, other in zip(mine, theirs, strict=True)) in (30, 31)
    told = {row["trade_id"] for row in records(written["out/your_own_trades/truth.csv"])}
    assert len(told) in (30, 31)


@pytest.mark.large
def test_your_own_trades_runs_without_a_mismatch(root: Path) -> None:
    execute(root, "03_your_own_trades.ipynb", trades=20, mismatch_rate=0.0, date="", out="here")


# 04_score_a_matcher


@pytest.mark.slow
def test_a_matcher_of_ten_lines_is_scored_and_what_it_leaves_out_is_not_found(root: Path) -> None:
    notebook = execute(root, "04_score_a_matcher.ipynb", pairs=2_000)
    assert len(outputs(notebook, "image/png")) == 3
    report = next(text for text in outputs(notebook, "text/html") if ">mechanism<" in text)
    rows = re.findall(r"<td[^>]*>([a-z_]+\.[a-z_]+)</td><td>([0-9,]+)</td><td>([0-9,]+)</td>", report)
    found = {name: (int(expected), int(hits)) for name, expected, hits in rows}
    assert found["ticker.other"][1] == found["broker_id.other"][1] == 0
    assert found["quantity.nudge"][0] == found["quantity.nudge"][1] > 50
    # The trades that it missed come first.
    side_by_side = next(text for text in outputs(notebook, "text/html") if "altered trades shown" in text)
    assert "missed" in side_by_side
    assert "invented" not in side_by_side
    assert files(root) == {}


@pytest.mark.large
@pytest.mark.parametrize("scenario", ["everything", "onboarding"])
def test_score_a_matcher_runs_for_any_scenario(root: Path, scenario: str) -> None:
    notebook = execute(root, "04_score_a_matcher.ipynb", pairs=300, scenario=scenario, date="2025-07-08")
    assert len(outputs(notebook, "image/png")) == 3


# 05_tune_to_your_desk


@pytest.mark.slow
def test_a_desk_is_fitted_tuned_and_saved_and_the_saved_scenario_makes_what_was_shown(root: Path) -> None:
    notebook = execute(root, "05_tune_to_your_desk.ipynb", pairs=5_000)
    assert len(outputs(notebook, "image/png")) == 2
    assert len(outputs(notebook, "application/vnd.jupyter.widget-view+json")) == 1
    written = files(root)
    assert set(written) == {"out/tuning/breaks.csv", "out/tuning/desk.toml"}
    [fitted] = outputs(notebook, "text/html")
    assert "200" in fitted
    assert generate(root / "out/tuning/desk.toml", seed=7).truth["trade_id"].nunique() == 125
    [command] = [text for text in outputs(notebook, "text/plain") if "tradegen generate" in text]
    assert "--scenario out/tuning/desk.toml --seed 7 --first-id 1" in command


# 06_large_runs


@pytest.mark.slow
def test_large_runs_writes_a_dataset_proves_it_and_streams_the_same_trades(root: Path) -> None:
    notebook = execute(root, "06_large_runs.ipynb", pairs=70_000)
    written = files(root)
    assert {path for path in written if "part" in path} == {
        f"out/large_runs/{table}/part-00000.parquet" for table in ("trades", "truth")
    }
    counts = json.loads(written["out/large_runs/manifest.json"])["counts"]
    [proof] = outputs(notebook, "text/markdown")
    assert f"70,000 pairs, 140,000 records, {counts['truth_rows']:,} truth rows" in proof
    assert "proved: every file is as the manifest says" in proof
    sizes, mechanisms, hours = outputs(notebook, "text/html")
    assert "<td>140000</td>" in sizes
    rows = mechanisms.split("<tr>")[1:]
    for name, count in counts["by_mechanism"].items():
        assert any(f"<td>{name}</td>\n      <td>{count['applied']}</td>" in row for row in rows), name
    assert sum(int(cell) for cell in re.findall(r"<td>(\d{4,})</td>", hours)) == 140_000
    assert len(outputs(notebook, "image/png")) == 1


@pytest.mark.large
def test_large_runs_leaves_a_finished_dataset_as_it_is(root: Path) -> None:
    execute(root, "06_large_runs.ipynb", pairs=1_000)
    written = files(root)
    execute(root, "06_large_runs.ipynb", pairs=1_000)
    assert files(root) == written
