"""Scores of runs in which values of the nine columns are missing, or names misspelled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tradegen import generate, score
from tradegen.analysis.side_by_side import compare
from tradegen.errors import ScoringError
from tradegen.scoring import Recall, Score

NAMES = ("ticker", "broker_id", "contra_broker_id", "order_type")
DIRTY = [f"{name}.{way}" for name in NAMES for way in ("blank", "case", "padded", "truncated", "typo")]
DIRTY += [f"{name}.blank" for name in ("quantity", "price", "date", "trade_timestamp")]
ASKED: dict[str, Any] = {
    "pairs": 400,
    "seed": 3,
    "date": "2025-07-18",
    "mismatch_rate": 0.5,
    "mechanisms": dict.fromkeys([*DIRTY, "quantity.nudge", "price.tick"], 1),
}


def perfect(truth: pd.DataFrame) -> pd.DataFrame:
    """What a matcher reports that sees everything."""
    return truth[["trade_id", "field"]].astype(str)


def all_found(found: Score, rows: int) -> None:
    assert (found.pairs.recall, found.pairs.precision) == (1, 1)
    assert found.fields is not None
    assert (found.fields.recall, found.fields.precision) == (1, 1)
    by_mechanism = found.by["mechanism"]
    assert {*by_mechanism} >= {*DIRTY}
    assert sum(one.expected for one in by_mechanism.values() if isinstance(one, Recall)) == rows


@pytest.mark.parametrize("view", ["single", "counterparty", "two_system"])
def test_whoever_reports_everything_scores_one_by_frames_and_by_a_batch(view: str) -> None:
    batch = generate(**ASKED, view=view)
    rows = len(batch.truth)
    all_found(score(batch, perfect(batch.truth)), rows)
    # Without a manifest, what clean pairs are worth comes from the frames, in which values are missing.
    found = score(batch.truth, perfect(batch.truth), trades=batch.lists)
    all_found(found, rows)
    assert found.pairs.quiet == 200


@pytest.mark.parametrize("form", ["csv", "json", "ndjson", "parquet"])
def test_whoever_reports_everything_scores_one_by_files(form: str, tmp_path: Path) -> None:
    batch = generate(**ASKED)
    truth, trades = tmp_path / f"key.{form}", tmp_path / f"t.{form}"
    batch.write(trades, truth=truth, manifest=tmp_path / "m.json")
    findings = perfect(batch.truth)
    all_found(score(truth, findings, trades=trades), len(batch.truth))
    all_found(score(truth, findings, trades=trades, manifest=tmp_path / "m.json"), len(batch.truth))


def test_a_missing_value_is_within_no_tolerance() -> None:
    batch = generate(**ASKED)
    tolerances = {"quantity": 10_000, "price": {"bps": 9_000}, "date": 300, "trade_timestamp": 86_400}
    found = score(batch, perfect(batch.truth), tolerances=tolerances)
    by_mechanism = found.by["mechanism"]
    assert "quantity.nudge" not in by_mechanism
    for name in ("quantity.blank", "price.blank", "date.blank", "trade_timestamp.blank"):
        rows = int((batch.truth["mechanism"] == name).sum())
        assert by_mechanism[name] == Recall(rows, rows)
    curves = {curve.field: curve for curve in found.tolerance_sweep}
    blank = int((batch.truth["mechanism"] == "price.blank").sum())
    assert min(point.expected for point in curves["price"].points.values()) == blank


def test_a_value_that_is_missing_without_its_mechanism_is_refused() -> None:
    truth = generate(**ASKED).truth
    row = truth.index[truth["mechanism"] == "quantity.nudge"][0]
    truth.loc[row, "altered"] = ""
    with pytest.raises(ScoringError, match="original or altered cannot be used in 1 row"):
        score(truth, perfect(truth))


def test_side_by_side_shows_that_a_value_is_missing_and_that_a_name_has_a_blank() -> None:
    batch = generate(**ASKED)
    shown = str(compare(batch, limit=300))
    assert "(blank)" in shown
    for name in DIRTY:
        assert name in shown
    row = batch.truth[batch.truth["mechanism"] == "ticker.padded"].iloc[0]
    assert f'{row["original"]} -> "{row["altered"]}"' in shown
