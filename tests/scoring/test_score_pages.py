"""A score as a page and as figures."""

from __future__ import annotations

import io
import math
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from html_tags import Tags
from matplotlib.figure import Figure
from matplotlib.image import imread
from score_cases import NOTHING, POOLED, SCORES, example

from tradegen.scoring import Score
from tradegen.scoring.score_figures import plot_detection, plot_recall, plot_tolerance_sweep


@pytest.mark.parametrize("name", SCORES)
def test_the_page_is_well_formed_and_asks_no_server(name: str) -> None:
    page = SCORES[name].to_html()
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert all(link.startswith("#") for link in tags.links)
    assert "http" not in page
    assert "url(#" in page or "<svg" not in page
    assert set(re.findall(r"url\((.)", page)) <= {"#"}


def test_the_page_escapes_what_comes_from_the_data() -> None:
    page = example(matcher="<b>$x^$ & co").to_html()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "Chicago &lt;clock&gt;" in page
    assert "<h1>Score of &lt;b&gt;$x^$ &amp; co</h1>" in page


def test_the_page_has_all_sections_and_figures_in_the_colour_of_its_text() -> None:
    page = example().to_html()
    tags = Tags()
    tags.feed(page)
    assert tags.titles == [
        "By mechanism, least found first",
        "By field",
        "Which field was named",
        "By record",
        "By cause",
        "By leg that was altered",
        "By value of the pair, dollars",
        "Links between records",
        "Also",
        "Figures",
    ]
    assert page.count("<figure") == 3
    assert "currentColor" in page
    assert "prefers-color-scheme: dark" in page


def test_the_page_is_the_same_each_time() -> None:
    assert example().to_html() == example().to_html()


def test_without_matplotlib_the_page_says_what_figures_need() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from score_cases import example\n"
        "page = example().to_html(); print('<svg' in page, 'tradegen[plots]' in page)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "tests" / "helpers",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("False True\n", "")


def test_a_notebook_shows_the_answer_and_the_mechanisms() -> None:
    shown = example()._repr_html_()
    assert "recall 0.900 (0.826 to 0.945)" in shown
    assert shown.count("<table>") == 1
    assert "<style" not in shown
    assert repr(example()).startswith("<Score: exact join: recall 0.900 (")


# Figures


class Framed:
    """A score that is no more than a table."""

    matcher = ""

    def __init__(self, table: pd.DataFrame) -> None:
        self._table = table

    def frame(self, by: str) -> pd.DataFrame:
        return self._table


def figures(*scores: Score) -> dict[str, Figure]:
    return {
        "recall": plot_recall(*scores),
        "leg": plot_recall(*scores, by="leg"),
        "records": plot_recall(*scores, by="records"),
        "detection": plot_detection(*scores),
        "sweep": plot_tolerance_sweep(*scores),
    }


@pytest.mark.parametrize(
    "scores", [(example(),), (example(), example("a $broken^ name", 70), POOLED), (NOTHING,)], ids=len
)
def test_every_figure_is_drawn_labelled_and_within_its_frame(scores: tuple[Score, ...]) -> None:
    for figure in figures(*scores).values():
        image = io.BytesIO()
        figure.savefig(image, format="png")
        image.seek(0)
        pixels = imread(image)
        for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
            assert (edge == 1).all()
        assert figure.get_suptitle()
        assert all(axes.get_xlabel() for axes in figure.axes)


def test_the_detection_curve_draws_its_frame_with_small_ranges_joined() -> None:
    # Found are 2 of 10, 18 of 20 and 10 of 10. Neither the first range nor the last has 20.
    [axes] = plot_detection(example()).axes
    [line] = axes.lines
    assert list(line.get_ydata()) == pytest.approx([75])
    assert axes.get_xlabel() == "price: size of the difference, dollars"


def test_ranges_of_sizes_that_are_large_enough_stand_alone() -> None:
    frame = pd.DataFrame(
        {
            "field": "quantity",
            "unit": "shares",
            "size": [1.0, 2.0, 5.0, 10.0, 20.0, 50.0],
            "below": [2.0, 5.0, 10.0, 20.0, 50.0, 100.0],
            "expected": [30, 12, 8, 20, 19, 1],
            "found": [3, 6, 4, 20, 19, 0],
        }
    )

    [axes] = plot_detection(Framed(frame)).axes
    [line] = axes.lines
    assert list(line.get_ydata()) == pytest.approx([10, 50, 100, 95])


def test_the_sweep_is_drawn_between_the_smallest_difference_and_the_largest() -> None:
    [axes] = plot_tolerance_sweep(example()).axes
    recall, precision = axes.lines
    # At the last tolerance only 10 differences are left to be found, too few for a recall; 21 are reported.
    assert list(recall.get_ydata()) == pytest.approx([75, 100 * 28 / 30, math.nan], nan_ok=True)
    assert list(precision.get_ydata()) == pytest.approx([100 * 30 / 41, 100 * 28 / 39, 100 * 10 / 21])


def test_a_sweep_over_few_differences_draws_only_the_tolerances_that_leave_all_of_them() -> None:
    rows = {"field": "date", "unit": "days", "tolerance": [0.0, 1.0, 2.0, 5.0], "expected": [12, 12, 5, 0]}
    counts = {"found": [6, 6, 5, 0], "false_alarms": [0, 0, 1, 6]}
    shares = {"recall": [0.5, 0.5, 1, math.nan], "precision": [1, 1, 5 / 6, 0]}
    [axes] = plot_tolerance_sweep(Framed(pd.DataFrame(rows | counts | shares))).axes
    recall, precision = axes.lines
    # No difference is smaller than a day: a tolerance of 0 is that of 1.
    assert list(recall.get_ydata()) == pytest.approx([50, math.nan], nan_ok=True)
    assert list(precision.get_ydata()) == pytest.approx([100, 100 * 5 / 6])


def test_steps_end_where_their_ranges_do_and_leave_out_those_without_a_difference() -> None:
    ranges = {
        "field": "price",
        "unit": "bps",
        "size": [1.0, 2.0, 10.0],
        "below": [2.0, 5.0, 20.0],
        "expected": [30, 40, 50],
        "found": [0, 10, 50],
    }
    [axes] = plot_detection(Framed(pd.DataFrame(ranges))).axes
    [steps] = axes.patches
    values, edges, _ = steps.get_data()
    # Nothing differs by 5 to 10 basis points.
    assert list(10**edges) == pytest.approx([1, 2, 5, 10, 20])
    assert list(values) == pytest.approx([0, 25, math.nan, 100], nan_ok=True)


def test_a_range_of_values_without_a_mismatch_is_an_empty_row_between_the_others() -> None:
    bands = ["< 1,000", "1,000 to 10,000", "10,000 to 100,000", ">= 100,000"]
    table = pd.DataFrame(
        {"expected": [4, 0, 10, 0], "recall": [0.5, math.nan, 1, math.nan], "low": 0.2, "high": 1.0},
        index=pd.Index(bands),
    )
    [axes] = plot_recall(Framed(table), by="notional").axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["< 1,000  (4)", "1,000 to 10,000  (0)", "10,000 to 100,000  (10)"]
    [dots] = axes.lines
    assert list(dots.get_xdata()) == pytest.approx([50, math.nan, 100], nan_ok=True)
    # No interval either: without a mismatch, it would reach from side to side.
    [intervals] = axes.collections
    drawn = [segment for segment in intervals.get_segments() if len(segment) and not np.isnan(segment).any()]
    assert len(drawn) == 2


def test_recall_is_drawn_where_it_is_told_to_be() -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot_recall(example(), ax=left) is figure
    plot_recall(example(), example("other"), by="field", ax=right)
    assert [axes.get_title() for axes in figure.axes] == [
        "Recall by mechanism: exact join",
        "Recall by field",
    ]
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["exact join", "other"]
