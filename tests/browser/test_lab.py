"""The tuning bench in a real browser: as the page of ``tradegen lab``, and as a notebook in JupyterLab."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from break_lists import break_rows
from browser import accessibility_faults, needs_browser, open_page
from conftest import ROOT
from playwright.sync_api import Page, expect

from tradegen import generate

pytestmark = [pytest.mark.slow, needs_browser]

PAIRS = 20_000
SECONDS = 60_000  # in milliseconds, for a kernel that starts on a busy machine


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "tradegen", "lab", "us_equity_t1", "--no-browser", f"--pairs={PAIRS}"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as lab:
        assert lab.stdout is not None
        yield lab.stdout.readline().strip()
        lab.terminate()


def opened(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_role("status")).to_contain_text("pairs are mismatched", timeout=SECONDS)


def section(page: Page, title: str) -> None:
    page.locator(".jupyter-widget-Collapse-header", has_text=title).click()


def steps(page: Page, slider: str, key: str, times: int = 1) -> None:
    handle = page.get_by_role("slider", name=slider).first
    for _ in range(times):
        handle.press(key)


def mismatched(**overrides: object) -> str:
    made = generate("us_equity_t1", pairs=PAIRS, seed=7, **overrides)  # type: ignore[arg-type]
    return f"{made.truth['trade_id'].nunique():,} of 20,000 pairs are mismatched"


def test_an_analyst_tunes_a_scenario_on_the_page_and_generates_from_it(folder: Path, address: str) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=\S+", address)
    with open_page() as page:
        opened(page, address)
        assert accessibility_faults(page) == []
        status = page.get_by_role("status")

        steps(page, "mismatched, %", "ArrowRight", 5)
        expect(status).to_contain_text(mismatched(mismatch_rate=0.035), timeout=SECONDS)

        page.get_by_text("The numbers of what breaks").click()
        expect(page.get_by_role("cell", name="quantity.nudge")).to_have_count(1)
        section(page, "Weights of mechanisms")
        steps(page, "nudge", "Home")
        expect(page.locator("th", has_text="quantity.nudge")).to_have_count(0, timeout=SECONDS)

        section(page, "Hot spots")
        page.get_by_role("button", name="Add a hot spot").click()
        page.get_by_label("broker", exact=True).fill("BKR004")
        page.get_by_label("broker", exact=True).press("Enter")
        page.get_by_label("number").fill("60")
        page.get_by_label("number").press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("more than every pair", timeout=SECONDS)
        page.get_by_label("number").fill("2")
        page.get_by_label("number").press("Enter")
        expect(page.get_by_role("alert")).to_have_count(0, timeout=SECONDS)

        section(page, "Save")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved:")).to_be_visible(timeout=SECONDS)
        shown = re.match(r"[\d,]+", status.inner_text())
        assert shown is not None
    options = ["--seed=7", "--first-id=1", "--out=trades.csv", "--manifest=m.json"]
    command = [sys.executable, "-m", "tradegen", "generate", "--scenario=desk.toml", *options]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    counts = json.loads((folder / "m.json").read_text())["counts"]
    assert f"{counts['mismatched_pairs']:,}" == shown.group()
    assert counts["by_cause"]["spot 1"]["applied"] > 0
    assert "quantity.nudge" not in counts["by_mechanism"]


def test_a_file_of_breaks_is_fitted_on_the_page(folder: Path, address: str) -> None:
    lists = generate(pairs=2_000, view="two_system", mismatch_rate=0.05, seed=1)
    breaks = folder / "breaks.csv"
    break_rows(lists.truth).to_csv(breaks, index=False)
    with open_page(width=800, dark=True) as page:
        opened(page, address)
        assert accessibility_faults(page) == []
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Breaks").click()
        chooser.value.set_files(breaks)
        page.get_by_label("trades compared").fill("2000")
        page.get_by_label("trades compared").press("Enter")
        page.get_by_role("button", name="Fit to them").click()
        expect(page.get_by_text("breaks.csv: 100 of 2,000 trades break, 5.00%")).to_be_visible(
            timeout=SECONDS
        )
        expect(page.get_by_role("status")).to_contain_text("1,000 of 20,000 pairs", timeout=SECONDS)


@pytest.mark.large
def test_the_slider_works_in_the_notebook_too(tmp_path: Path) -> None:
    shutil.copy(ROOT / "notebooks" / "05_tune_to_your_desk.ipynb", tmp_path / "tune.ipynb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"),
        *("--IdentityProvider.token=token", f"--ServerApp.root_dir={tmp_path}", "--ip=127.0.0.1"),
    ]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            next(line for line in server.stderr if "is running at" in line)
            with open_page() as page:
                page.goto(f"http://127.0.0.1:{port}/doc/tree/tune.ipynb?token=token")
                page.locator(".jp-Notebook .jp-MarkdownCell").first.click(timeout=SECONDS)
                expect(page.get_by_text("| Idle")).to_be_visible(timeout=SECONDS)
                for _ in range(4):  # down to the bench, which then stands in the middle
                    page.keyboard.press("Shift+Enter")
                status = page.get_by_role("status").filter(has_text="pairs are mismatched").first
                expect(status).to_contain_text("asked 3%", timeout=SECONDS)
                page.locator(".noUi-handle").first.press("ArrowRight")
                expect(status).to_contain_text("asked 3.1%", timeout=SECONDS)
        finally:
            server.terminate()
