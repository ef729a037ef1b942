"""Verify: any single edit of what was written is found, in every form and view; without one, nothing is."""

from __future__ import annotations

import csv
import itertools
import random
import shutil
from pathlib import Path

import pytest
from shell import run
from sizes import chosen
from verify_edits import edited_manifest, edited_parquet, edited_text, lone_ids

from tradegen.verify import VerifyError, verify

FORMS = ("csv", "json", "ndjson", "fix", "parquet")
VIEWS = ("single", "counterparty", "two_system")
OFTEN, ALWAYS = 150, 30  # edits, and so many of them also where sizes are small: two of each form and view


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with every mechanism in each form and view; all but Parquet have the truth as CSV too."""
    folder = tmp_path_factory.mktemp("written")
    for view in VIEWS:
        for form in FORMS:
            place = folder / view / form
            place.mkdir(parents=True)
            truth = "k.csv" if form == "fix" else f"k.{form}"
            words = ["generate", "--scenario", "everything", "--pairs", "150", "--mismatch-rate", "0.5"]
            words += ["--set", f'view="{view}"', "--seed", "11", "--first-id", "21"]
            if view == "two_system" and form != "fix":
                words += ["--set", 'theirs={columns={trade_id="TradeRef"},date_format="%d/%m/%y"}']
            words += ["--out", f"t.{form}", "--truth", truth, "--manifest", "m.json"]
            done = run(*words, cwd=place)
            assert done.code == 0, done.err
    return folder


@pytest.fixture(scope="module")
def lone(written: Path) -> dict[str, set[str]]:
    """By view, the pairs with one leg."""
    found = {}
    for view in VIEWS:
        with (written / view / "csv" / "k.csv").open(encoding="utf-8", newline="") as file:
            found[view] = lone_ids(list(csv.DictReader(file)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("view", "form"),
    chosen(itertools.product(VIEWS, FORMS), list(zip(itertools.cycle(VIEWS), FORMS, strict=False))),
)
def test_nothing_is_found_where_nothing_was_edited(written: Path, view: str, form: str) -> None:
    report = verify(sorted((written / view / form).iterdir()))
    assert report.ok, str(report)
    assert report.pairs == 150
    assert report.truth_rows > 75  # at least one of each pair that is mismatched


@pytest.mark.parametrize(
    "number",
    [*range(ALWAYS), *(pytest.param(number, marks=pytest.mark.large) for number in range(ALWAYS, OFTEN))],
)
def test_an_edit_is_found(written: Path, lone: dict[str, set[str]], tmp_path: Path, number: int) -> None:
    rng = random.Random(number)
    # Every form and view in turn, whatever the number of edits.
    view, form = VIEWS[number % 3], FORMS[number // 3 % 5]
    folder = Path(shutil.copytree(written / view / form, tmp_path / "d"))
    lists = sorted(folder.glob("t.*"))
    table = rng.choice(["list", "list", "truth", "truth", "manifest"])
    if table == "manifest":
        what = edited_manifest(folder / "m.json", rng)
    else:
        path = rng.choice(lists) if table == "list" else next(folder.glob("k.*"))
        if path.suffix == ".parquet":
            what = edited_parquet(path, table, lone[view], rng)
        else:
            others = [other for other in lists if other != path] if table == "list" else []
            what = edited_text(path, table, path.suffix[1:], lone[view], rng, others)
    try:
        report = verify(sorted(folder.iterdir()))
    except VerifyError:
        return
    assert not report.ok, f"{view} {form} {number}: {what}"
