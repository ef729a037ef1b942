"""Prose runs: every command and every piece of Python in the README, and every example in a docstring."""

from __future__ import annotations

import doctest
import importlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from shell import run_line

from tradegen import Scenario
from tradegen.core.columns import FIELDS
from tradegen.mechanisms.catalogue import HOUSE
from tradegen.mechanisms.catalogue_page import page, page_of_kinds

README = (ROOT / "README.md").read_text("utf-8")
SCENARIOS = (ROOT / "docs" / "scenarios.md").read_text("utf-8")
SWEEPS = (ROOT / "docs" / "sweeps.md").read_text("utf-8")
REPORTS = (ROOT / "docs" / "reports.md").read_text("utf-8")
FITTING = (ROOT / "docs" / "fitting.md").read_text("utf-8")
SCHEDULE = (ROOT / "docs" / "schedule.md").read_text("utf-8")
YOUR_OWN_COLUMNS = (ROOT / "docs" / "your_own_columns.md").read_text("utf-8")
YOUR_OWN_TRADES = (ROOT / "docs" / "your_own_trades.md").read_text("utf-8")
FEEDING_ENGINES = (ROOT / "docs" / "feeding_engines.md").read_text("utf-8")
SCORE_IN_CI = (ROOT / "docs" / "score_in_ci.md").read_text("utf-8")
# `make docs` looks at the links of the site, and at the places on the pages that they lead to.
LINKED = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
)


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[tuple[str, str]]:
    """Each ``$ command`` of a page's console blocks, with the output shown after it."""
    found: list[tuple[str, str]] = []
    for block in fenced(text, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


@pytest.mark.parametrize(
    ("page", "at_least"),
    [
        (README, 8),
        pytest.param(SCENARIOS, 5, marks=pytest.mark.slow),
        pytest.param(FITTING, 5, marks=pytest.mark.slow),
        pytest.param(SCORE_IN_CI, 4, marks=pytest.mark.slow),
        pytest.param(SWEEPS, 1, marks=pytest.mark.slow),
        pytest.param(REPORTS, 6, marks=pytest.mark.slow),
        (SCHEDULE, 9),
        (YOUR_OWN_COLUMNS, 4),
        pytest.param(YOUR_OWN_TRADES, 9, marks=pytest.mark.slow),
        (FEEDING_ENGINES, 1),
    ],
    ids=[
        "README",
        "scenarios",
        "fitting",
        "score in CI",
        "sweeps",
        "reports",
        "schedule",
        "your own columns",
        "your own trades",
        "feeding engines",
    ],
)
def test_the_commands_of_a_page_print_what_it_shows(page: str, at_least: int, tmp_path: Path) -> None:
    files = [
        *fenced(page, "toml"),
        # The page on CI takes the README's matcher.
        *(code for code in fenced(README, "python") if code.startswith("# matcher.py")),
    ]
    for block in files:
        (tmp_path / block.split()[1].rstrip(":")).write_text(block)
    assert len(commands(page)) >= at_least
    for command, expected in commands(page):
        assert run_line(command, tmp_path, 120, **os.environ) == expected, command


def test_the_readmes_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for code in fenced(README, "python"):
        exec(compile(code, "README.md", "exec"), {})


def test_real_output_stands_in_the_readmes_first_25_lines() -> None:
    top = "\n".join(README.splitlines()[:25])
    assert '{"trade_id": "tid00000021"' in top
    assert "make run" in top
    assert "make test" in top


def test_the_readme_is_read_in_a_few_minutes() -> None:
    assert len(README.splitlines()) <= 200


def test_the_readme_leaves_the_list_of_mechanisms_to_the_page_that_is_made_from_it() -> None:
    assert "](docs/catalogue.md)" in README
    assert not re.search(r"\d+ mechanisms", README)
    named = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", README))
    assert {name for name in named if name.partition(".")[0] in FIELDS} <= set(HOUSE)


def test_the_page_of_the_catalogue_is_made_from_it() -> None:
    written = (ROOT / "docs" / "catalogue.md").read_text("utf-8")
    made = page(list(HOUSE.values())) + page_of_kinds()
    assert written == made, "made anew by: tradegen catalogue --format markdown > docs/catalogue.md"
    assert all(f"`{name}`" in written for name in HOUSE)


def test_the_schema_describes_every_field_of_a_scenario() -> None:
    fields = Scenario.json_schema()["properties"]
    assert {"tolerances", "hot_spots", "benign_rate", "boundary", "view", "theirs"} <= set(fields)
    assert all("description" in field for field in fields.values())


@pytest.mark.parametrize("name", LINKED)
def test_links_between_files_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / name).read_text("utf-8")):
        assert target.startswith("http") or (ROOT / name).parent.joinpath(target).exists(), target


def test_the_architecture_names_every_module() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    for path in (ROOT / "tradegen").iterdir():
        if path.name.startswith(("_", "py.typed", "version")):
            continue
        assert path.name in text, f"{path.name} has no place in docs/architecture.md"


@pytest.mark.parametrize("module", ["tradegen.api.batch", "tradegen.ledger"])
def test_docstring_examples_run(module: str) -> None:
    # By name: `tradegen.api.batch`, the attribute, is the function.
    tests, failures = 0, 0
    found = importlib.import_module(module)
    for test in doctest.DocTestFinder().find(found, module):
        result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
        tests, failures = tests + result.attempted, failures + result.failed
    assert tests > 0
    assert failures == 0


def test_make_tells_git_to_overlook_the_ledger_and_help_names_every_target() -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    text = (ROOT / "Makefile").read_text("utf-8")
    assert "git update-index --skip-worktree trade_ids.db" in text
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    [phony] = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert all(target in shown for target in phony.split() if target != "help")


def test_a_modules_name_says_which_one_is_meant() -> None:
    # Readers of the proof are named after their formats, and commands after what they run.
    found: dict[str, list[Path]] = {}
    for path in (ROOT / "tradegen").rglob("*.py"):
        commands, formats = path.parent.name == "cli", path.parent.name == "sources"
        if not (path.stem.startswith("__") or commands or formats):
            found.setdefault(path.stem, []).append(path.relative_to(ROOT))
    assert [paths for paths in found.values() if len(paths) > 1] == []
