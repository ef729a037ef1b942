"""A score as a page and as figures."""

from __future__ import annotations

import io
import re
import subprocess
import sys

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

    class Scored:
        matcher = ""

        def frame(self, by: str) -> pd.DataFrame:
            return frame

    [axes] = plot_detection(Scored()).axes
    [line] = axes.lines
    assert list(line.get_ydata()) == pytest.approx([10, 50, 100, 95])


def test_the_sweep_is_drawn_between_the_smallest_difference_and_the_largest() -> None:
    [axes] = plot_tolerance_sweep(example()).axes
    recall, precision = axes.lines
    assert list(recall.get_ydata()) == pytest.approx([75, 100 * 28 / 30, 100])
    assert list(precision.get_ydata()) == pytest.approx([100 * 30 / 41, 100 * 28 / 39, 100 * 10 / 21])
