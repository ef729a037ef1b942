"""Lists at the limits of what numbers can hold: each is broken as far as it can be, and in finite time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import tradegen

ROWS = 300


@pytest.mark.parametrize(("kind", "mechanism"), [("integer", "size.nudge"), ("timestamp", "size.clock_skew")])
def test_values_past_what_doubles_count_or_between_steps_are_altered_or_left(
    kind: str, mechanism: str
) -> None:
    draws = np.random.default_rng(1)
    if kind == "integer":
        column = {"name": "size", "kind": "integer"}
        values = pd.Series(draws.integers(10**17, 9 * 10**17, ROWS))
    else:
        column = {"name": "size", "kind": "timestamp", "format": "%Y-%m-%d %H:%M:%S.%f"}
        values = pd.Timestamp("2025-07-21 10:00") + pd.to_timedelta(draws.integers(0, 10**9, ROWS), unit="us")
    frame = pd.DataFrame({"id": [f"X{number}" for number in range(ROWS)], "size": values})
    columns = {
        "id": ["id"],
        "file": {"form": "parquet"},
        "columns": [{"name": "id", "kind": "reference"}, column],
    }
    injected = tradegen.inject(frame, columns=columns, seed=3, mismatch_rate=0.3, mechanisms={mechanism: 1})
    # Integers of 18 digits are past what a share of a double can tell apart: none is altered then.
    assert len(injected.truth) == (90 if kind == "timestamp" else 0)
    assert (injected.truth["altered"] != injected.truth["original"]).all()
