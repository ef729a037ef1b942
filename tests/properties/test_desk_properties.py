"""What is always true is true of scenarios as a desk states them: factors, shares, overlaps, shapes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from analyst_desk import DESK
from shell import run

from tradegen import Scenario

OVERLAPPING: dict[str, Any] = {
    **DESK,
    "mismatch_rate": 0.03,
    "fields_per_pair": [0.7, 0.3],
    "settings": {
        "price.nudge": {"unit": "bps", "shape": "lognormal", "median": 3.0, "p95": 20.0},
        "trade_timestamp.delay": {"shape": "quantiles", "quantiles": [[0, 60], [0.5, 120], [1, 900]]},
    },
    "hot_spots": [
        *DESK["hot_spots"],
        {"name": "large", "where": {"min_notional": 50_000}, "factor": 1.5},
        {"name": "AAPL", "where": {"ticker": "AAPL"}, "rate": 0.3, "mechanisms": {"record.missing": 1.0}},
    ],
}


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    fields = {name: value for name, value in OVERLAPPING.items() if name != "seed"}
    path = tmp_path / "desk.toml"
    path.write_text(Scenario(**fields, pairs=70_000).to_toml())
    return path


def test_every_difference_is_in_the_truth_and_every_row_of_it_is_one(scenario: Path, tmp_path: Path) -> None:
    words = ("--scenario", scenario, "--pairs", "20000", "--seed", "3", "--first-id", "1")
    made = run(
        "generate", *words, "--out", "t.csv", "--truth", "truth.csv", "--manifest", "m.json", cwd=tmp_path
    )
    assert made.code == 0, made.err
    proved = run("verify", "t.ours.csv", "t.theirs.csv", "truth.csv", "m.json", cwd=tmp_path)
    assert proved.code == 0, proved.out + proved.err
    counts = json.loads((tmp_path / "m.json").read_text())["counts"]
    # Hot spots do overlap here, and both fields of a pair are broken in some.
    assert {"BKR004 + late", "late + large", "BKR004 + late + large"} <= set(counts["by_cause"])
    assert counts["mismatched_pairs"] == pytest.approx(600, abs=1)


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_bytes(scenario: Path, tmp_path: Path) -> None:
    digests = []
    for workers, parts in (("1", "16"), ("2", "1")):
        folder = f"data{workers}/"
        words = ("--workers", workers, "--blocks-per-part", parts, "--format", "csv", "--out", folder)
        made = run("generate", "--scenario", scenario, "--seed", "3", "--first-id", "1", *words, cwd=tmp_path)
        assert made.code == 0, made.err
        manifest = json.loads((tmp_path / folder / "manifest.json").read_text())
        digests.append(manifest["digests"])
    assert digests[0]["trades"] == digests[1]["trades"]
    assert digests[0]["truth"] == digests[1]["truth"]
