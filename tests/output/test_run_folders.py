"""The folder that a run of a batch gets for itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tradegen import prepare
from tradegen.output.run_folders import own_folder


def folder(parent: Path, scenario: str = "original", first_id: int = 1, **asked: Any) -> Path:
    run = prepare(scenario, **{"seed": 7, "date": "2025-07-21", **asked}, first_id=first_id)
    return own_folder(parent, scenario, run)


def test_a_folder_is_named_after_scenario_rate_seed_and_a_digest(tmp_path: Path) -> None:
    found = folder(tmp_path, "hard", mismatch_rate=0.125)
    assert found.parent == tmp_path
    assert re.fullmatch("hard_0.125_7_[0-9a-f]{8}", found.name)


def test_a_scenario_file_gives_its_name_without_folder_and_suffix(tmp_path: Path) -> None:
    (tmp_path / "desk one.toml").write_text("pairs = 5\n")
    assert folder(tmp_path, str(tmp_path / "desk one.toml")).name.startswith("desk one_0.3_7_")


def test_twelve_runs_over_rate_and_seed_have_twelve_folders(tmp_path: Path) -> None:
    names = {folder(tmp_path, mismatch_rate=r, seed=s) for r in (0.1, 0.2, 0.3, 0.4) for s in (1, 2, 3)}
    assert len(names) == 12


@pytest.mark.parametrize(
    "other",
    [
        {"pairs": 16},
        {"date": "2025-07-22"},
        {"tickers": {"AAPL": 154}},
        {"settings": {"price.nudge": {"max": 0.02}}},
    ],
    ids=str,
)
def test_any_other_parameter_makes_another_folder(tmp_path: Path, other: dict[str, Any]) -> None:
    assert folder(tmp_path, **other) != folder(tmp_path)


def test_the_ids_leave_the_name_as_it_is_for_a_ledger_gives_them_later(tmp_path: Path) -> None:
    assert folder(tmp_path, first_id=1) == folder(tmp_path, first_id=901)


def test_a_folder_that_is_there_is_never_given_again(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        names.append(folder(tmp_path))
        names[-1].mkdir()
    assert [path.name.removeprefix(names[0].name) for path in names] == ["", "_2", "_3"]
