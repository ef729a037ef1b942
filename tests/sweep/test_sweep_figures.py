"""The figure of a sweep draws the runs that are there, each at its place, and refuses what it cannot draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tradegen import ScenarioError
from tradegen.sweep.sweep_figures import plot_measure, read_summary, swept

TABLE = pd.DataFrame(
    {
        "run": list("abcdef"),
        "seed": [1, 2, 1, 2, 1, 2],
        "mismatch_rate": [0.1, 0.1, 0.2, 0.2, 0.4, 0.4],
        "pairs": 100,
        "failed": [False, False, False, False, False, True],
        "found": [10.0, 14.0, 20.0, 26.0, 41.0, np.nan],
        "seconds": 2.0,
    }
)


def drawn(ax: object) -> list[list[tuple[float, float]]]:
    return [[(float(x), float(y)) for x, y in line.get_xydata()] for line in ax.lines]  # type: ignore[attr-defined]


def test_what_has_more_than_one_value_is_swept_and_the_seed_comes_last() -> None:
    assert swept(TABLE) == ["mismatch_rate", "seed"]


def test_each_run_that_is_whole_is_a_dot_and_the_line_joins_the_means() -> None:
    dots, line = drawn(plot_measure(TABLE, "found"))
    assert dots == [(0.1, 10), (0.1, 14), (0.2, 20), (0.2, 26), (0.4, 41)]
    assert line == [(0.1, 12), (0.2, 23), (0.4, 41)]


def test_a_second_thing_that_is_swept_has_a_line_for_each_value() -> None:
    two = pd.concat([TABLE.assign(pairs=50, found=TABLE["found"] / 2), TABLE])
    ax = plot_measure(two, "found", by="mismatch_rate")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["50", "100"]
    assert drawn(ax)[1] == [(0.1, 6), (0.2, 11.5), (0.4, 20.5)]
    assert drawn(ax)[3] == [(0.1, 12), (0.2, 23), (0.4, 41)]


def test_names_stand_side_by_side_in_the_order_of_the_grid() -> None:
    named = TABLE.drop(columns="mismatch_rate").assign(
        scenario=["original", "original", "hard", "hard", "clean", "clean"]
    )
    ax = plot_measure(named, "found", by="scenario")
    assert [text.get_text() for text in ax.get_xticklabels()] == ["original", "hard", "clean"]
    assert {x for x, _ in drawn(ax)[0]} == {0, 1, 2}


def test_shares_are_in_percent_and_the_axis_begins_at_zero() -> None:
    ax = plot_measure(TABLE.assign(rate_made=[0.1, 0.12, 0.2, 0.2, 0.4, np.nan]), "rate_made")
    assert [text.get_text() for text in ax.get_xticklabels()] == ["10%", "20%", "40%"]
    assert ax.get_ylim()[0] == 0


def test_what_cannot_be_drawn_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="foun is not a column of the summary; did you mean found"):
        plot_measure(TABLE, "foun")
    with pytest.raises(ScenarioError, match="measure is run, which holds no numbers"):
        plot_measure(TABLE, "run")
    with pytest.raises(
        ScenarioError, match="lines is lot, which has 9 values; expected a column of at most 6"
    ):
        plot_measure(pd.concat(TABLE.assign(lot=lot) for lot in range(9)), "found", lines="lot")
    with pytest.raises(ScenarioError, match=r"summary.parquet is not there; expected the folder of a sweep"):
        read_summary(tmp_path)
