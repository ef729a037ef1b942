"""The page that `tradegen report` writes, in a browser and on paper."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from browser import accessibility_faults, needs_browser, open_page

from tradegen import generate, score

pytestmark = [pytest.mark.slow, needs_browser]

_A4 = 703  # CSS pixels: 210 mm less 12 mm on either side, at 96 pixels an inch


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with everything that is wide: many mechanisms, hot spots, a matrix, and a score's curves."""
    batch = generate("everything", pairs=300, seed=7)
    findings = batch.truth[["trade_id", "field"]].astype(str).iloc[::2]
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(batch.to_html(score(batch, pd.DataFrame(findings), matcher="nightly")), "utf-8")
    return file


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_report_opens_fits_and_shuts_nobody_out(page_file: Path, dark: bool) -> None:
    asked: list[str] = []
    with open_page(dark=dark) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_file.as_uri())
        for width in (1280, 800):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") == width
            rights = "all => all.map(one => one.getBoundingClientRect().right)"
            boxes = page.locator("figure svg").evaluate_all(rights)
            assert len(boxes) >= 8
            assert max(boxes) <= width
        assert accessibility_faults(page) == []
    assert asked == [page_file.as_uri()]


def test_on_paper_nothing_is_wider_than_a4_and_the_colours_are_those_of_paper(page_file: Path) -> None:
    with open_page(width=_A4, dark=True) as page:
        page.goto(page_file.as_uri())
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth") <= _A4
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert colour == "rgb(255, 255, 255)"
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
