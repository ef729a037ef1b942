"""The leaderboard: its packs, what matchers are given, and the joins that need no packages of their own.

What a join must report is worked out here from the truth's rows. `benchmarks` is no package: its programs are
run by path. Nothing here needs the network.
"""

from __future__ import annotations

import csv
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import leaderboard
from matchers import running
from matchers.inputs import REFERENCE, write_inputs
from matchers.page import Board, Run, page, percent
from matchers.running import ADAPTERS, MATCHERS, Matcher, Result

from tradegen import Scenario

EXACT, TOLERANT = (
    next(matcher for matcher in MATCHERS if matcher.name == name) for name in ("exact join", "tolerance join")
)
GIVEN = {"ours.csv", "ours.parquet", "theirs.csv", "theirs.parquet", "knowledge.json"}
RECORDS = {"missing", "duplicate", "split"}


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each pack, small."""
    folder = tmp_path_factory.mktemp("packs")
    for name in leaderboard.NAMES:
        leaderboard.generated(name, 1, 3_000, folder / name)
    return {name: folder / name for name in leaderboard.NAMES}


def truth_of(dataset: Path) -> pd.DataFrame:
    return pq.read_table(dataset / "truth").to_pandas()


def found(
    matcher: Matcher, dataset: Path, folder: Path, shared_ids: bool = True
) -> tuple[Result, pd.DataFrame]:
    """The result, and the adapter's findings as it wrote them."""
    result = running.run(matcher, dataset, folder, shared_ids, "test")
    assert result.failure == ""
    return result, pd.read_csv(folder / "findings.csv", keep_default_na=False)


def reported(findings: pd.DataFrame) -> set[tuple[str, str]]:
    """Ids and fields; all that is about whole records under one name."""
    fields = findings["field"].where(~findings["field"].isin(RECORDS), "record")
    return set(zip(findings["record"], fields, strict=True))


def expected(truth: pd.DataFrame) -> set[tuple[str, str]]:
    """What a join by id can see of these rows of the truth.

    Of a mistyped id it sees two records without a partner, and nothing else of that pair.
    """
    mistyped = truth[truth["field"] == "trade_id"]
    rest = truth[~truth["trade_id"].isin(mistyped["trade_id"])]
    alone = {(name, "record") for column in ("trade_id", "altered") for name in mistyped[column]}
    return set(zip(rest["trade_id"], rest["field"], strict=True)) | alone


@pytest.mark.parametrize("name", leaderboard.NAMES)
def test_a_pack_is_a_scenario_with_its_reasons(name: str) -> None:
    path = leaderboard.PACKS / f"{name}.toml"
    scenario = Scenario.load(path)
    assert scenario.view == "two_system"
    assert path.read_text("utf-8").startswith("# ")
    assert "assumed" in path.read_text("utf-8")


def test_every_pack_is_in_the_leaderboard() -> None:
    assert {path.stem for path in leaderboard.PACKS.glob("*.toml")} == set(leaderboard.NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("pack", [pytest.param("easy", marks=pytest.mark.large), "realistic", "hard"])
def test_the_exact_join_reports_every_difference_the_benign_ones_too(
    pack: str, datasets: dict[str, Path], tmp_path: Path
) -> None:
    truth = truth_of(datasets[pack])
    result, findings = found(EXACT, datasets[pack], tmp_path / "lists")
    # Fills are no copies: each of them also has another quantity than the other side's one record.
    split = {(name, "quantity") for name in truth.loc[truth["mechanism"] == "record.split", "trade_id"]}
    assert reported(findings) == expected(truth) | split
    assert result.score is not None
    assert result.score.pairs.recall == 1
    assert result.score.benign.reported == result.score.benign.rows == truth["benign"].sum()


@pytest.mark.parametrize("pack", [pytest.param("easy", marks=pytest.mark.large), "realistic", "hard"])
def test_the_tolerance_join_reports_what_is_beyond_the_tolerance_and_nothing_else(
    pack: str, datasets: dict[str, Path], tmp_path: Path
) -> None:
    truth = truth_of(datasets[pack])
    result, findings = found(TOLERANT, datasets[pack], tmp_path / "lists")
    # It compares sums of quantities, which copies double: of these it says that there are too many.
    doubled = {(name, "quantity") for name in truth.loc[truth["mechanism"] == "record.duplicate", "trade_id"]}
    assert reported(findings) == expected(truth[~truth["benign"]]) - doubled
    assert result.score is not None
    assert (result.score.pairs.recall, result.score.pairs.precision) == (1, 1)
    assert result.score.benign.reported == 0


def test_hard_has_differences_at_the_very_tolerance(datasets: dict[str, Path]) -> None:
    truth = truth_of(datasets["hard"])
    ticks = truth[truth["mechanism"] == "price.tick"]["delta"].abs().mul(100).round().astype(int)
    assert {2, 3, 4} <= set(ticks)


@pytest.mark.slow
def test_without_ids_the_joins_link_records_of_one_trade(datasets: dict[str, Path], tmp_path: Path) -> None:
    clean = 1 - truth_of(datasets["no_ids"])["trade_id"].nunique() / 3_000
    for matcher, least in ((EXACT, clean), (TOLERANT, clean + 0.10)):
        result, _ = found(matcher, datasets["no_ids"], tmp_path / matcher.name, shared_ids=False)
        assert result.score is not None
        assert result.score.links is not None
        assert result.score.links.outcome.recall >= least
        assert result.score.links.outcome.precision > 0.99


def test_hidden_inputs_hold_no_trade_id_in_any_file(datasets: dict[str, Path], tmp_path: Path) -> None:
    ids = write_inputs(datasets["no_ids"], tmp_path / "lists", True, "test")
    assert {path.name for path in (tmp_path / "lists").iterdir()} == GIVEN
    for name in ("ours", "theirs"):
        table = pq.read_table(tmp_path / "lists" / f"{name}.parquet")
        assert table.column_names[0] == REFERENCE
        assert not {"trade_id", "record_id"} & set(table.column_names)
        assert "tid" not in (tmp_path / "lists" / f"{name}.csv").read_text("utf-8")
        assert not any("tid" in str(value) for column in table.columns for value in column.to_pylist())
        assert b"tid0" not in (tmp_path / "lists" / f"{name}.parquet").read_bytes()
    assert "tid" not in (tmp_path / "lists" / "knowledge.json").read_text("utf-8")
    assert set(ids.values()) == set(pq.read_table(datasets["no_ids"] / "ours")["trade_id"].to_pylist()) | set(
        pq.read_table(datasets["no_ids"] / "theirs")["trade_id"].to_pylist()
    )


def test_neither_order_nor_reference_tells_which_records_belong_together(
    datasets: dict[str, Path], tmp_path: Path
) -> None:
    ids = write_inputs(datasets["no_ids"], tmp_path / "lists", True, "test")
    places: list[dict[str, int]] = []
    for name in ("ours", "theirs"):
        references = pq.read_table(tmp_path / "lists" / f"{name}.parquet")[REFERENCE].to_pylist()
        assert references == sorted(references), "the rows stand in another order than their references"
        places.append({ids[reference]: place for place, reference in enumerate(references)})
    both = sorted(places[0].keys() & places[1].keys())
    ours, theirs = ([place[trade] for trade in both] for place in places)
    # Of some 2,900 pairs; independent orders go beyond 0.1 once in ten million runs.
    assert abs(np.corrcoef(ours, theirs)[0, 1]) < 0.1
    assert abs(np.corrcoef(ours, range(len(both)))[0, 1]) < 0.1
    assert np.mean(np.equal(ours, theirs)) < 0.01


def test_the_same_draw_gives_the_same_references_and_another_one_others(
    datasets: dict[str, Path], tmp_path: Path
) -> None:
    first, again, other = (
        write_inputs(datasets["no_ids"], tmp_path / str(n), True, draw)
        for n, draw in enumerate(["no_ids 1", "no_ids 1", "no_ids 2"])
    )
    assert first == again
    assert first != other


def test_an_adapter_is_given_two_lists_and_what_a_user_knows_and_nothing_else(
    datasets: dict[str, Path], tmp_path: Path
) -> None:
    curious = tmp_path / "curious.py"
    curious.write_text(
        "import json, os, sys\n"
        "seen = {'argv': sys.argv[1:], 'environment': dict(os.environ), 'files': os.listdir()}\n"
        "open('run.json', 'w').write(json.dumps({'seconds': 0, 'version': '1'}))\n"
        "open('findings.csv', 'w').write('record,field,partner\\n')\n"
        "open('seen.json', 'w').write(json.dumps(seen))\n"
    )
    folder = tmp_path / "given"
    result = running.run(Matcher("curious", curious), datasets["hard"], folder, True, "hard 1")
    assert result.score is not None
    assert result.score.pairs.found == 0
    seen = json.loads((folder / "seen.json").read_text())
    assert seen["argv"] == [str(folder)]
    assert set(seen["files"]) == {
        "ours.csv",
        "ours.parquet",
        "theirs.csv",
        "theirs.parquet",
        "knowledge.json",
    }
    assert set(seen["environment"]) <= {"PATH", "HOME", "PYTHONHASHSEED", "LC_CTYPE", "PWD"}
    known = json.loads((folder / "knowledge.json").read_text())
    assert known["tolerances"] == {"price": {"ticks": 3}, "quantity": 5, "trade_timestamp": 1.5}
    assert set(known) == {"reference", "key", "columns", "tolerances"}


def shown(result: Result) -> str:
    """The page of one pack, one seed and one matcher."""
    board = Board("hard", "A pack.", 10, [Run(1, "tradegen generate", "abc", {result.matcher: result})])
    return page([board], [Matcher(result.matcher, EXACT.script)], "a machine", "make leaderboard", "")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise SystemExit('no such table')", "no such table"),
        ("import a_package_that_is_not_there", "No module named 'a_package_that_is_not_there'"),
        ("pass", "its findings cannot be scored"),
        (
            "open('run.json', 'w').write('{\"seconds\": 0, \"version\": \"1\"}')\n"
            "open('findings.csv', 'w').write('record,field,partner\\nsomebody,price,\\n')",
            "somebody",
        ),
    ],
)
def test_an_adapter_that_fails_is_shown_with_its_reason(
    code: str, reason: str, datasets: dict[str, Path], tmp_path: Path
) -> None:
    script = tmp_path / "failing.py"
    script.write_text(code)
    result = running.run(Matcher("failing", script), datasets["easy"], tmp_path / "lists", True, "easy 1")
    assert result.score is None
    assert reason in result.failure
    assert "| failing | - | **failed**: seed 1: " in shown(result)
    assert reason in shown(result)


def test_a_matcher_that_cannot_be_installed_is_shown_with_its_reason(
    datasets: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(name: str) -> Path:
        raise running.UnavailableError(f"{name}: it cannot be installed: no network")

    monkeypatch.setattr(running, "environment", no_network)
    matcher = Matcher("splink", ADAPTERS / "splink_links.py", "splink")
    result = running.run(matcher, datasets["easy"], tmp_path / "lists", True, "easy 1")
    assert "**failed**: seed 1: splink: it cannot be installed: no network" in shown(result)


def test_a_matcher_that_does_not_end_is_ended(
    datasets: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "LONGEST", 0.5)
    script = tmp_path / "slow.py"
    script.write_text("import time; time.sleep(60)")
    result = running.run(Matcher("slow", script), datasets["easy"], tmp_path / "lists", True, "easy 1")
    assert "had not ended after 0.5 seconds" in result.failure


def test_shares_are_never_rounded_to_all_or_nothing() -> None:
    shares = [0.0, 0.0001, 0.5, 0.99999, 1.0, float("nan")]
    assert [percent(share) for share in shares] == ["0", "0.1", "50.0", "99.9", "100", "-"]


@pytest.mark.slow
def test_the_page_shows_the_seeds_side_by_side_and_how_to_make_the_data_again(
    datasets: dict[str, Path], tmp_path: Path
) -> None:
    board = Board("hard", "A pack.", 3_000)
    for seed, name in ((1, "hard"), (2, "realistic")):  # any two datasets with different figures
        result, _ = found(EXACT, datasets[name], tmp_path / name)
        board.runs.append(
            Run(seed, f"tradegen generate --seed {seed}", f"digest{seed}", {EXACT.name: result})
        )
    text = page([board], [EXACT], "a machine", "make leaderboard", "Something is surprising.")
    [row] = [line for line in text.splitlines() if line.startswith("| exact join |")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    precisions = [run.results[EXACT.name].score.pairs.precision for run in board.runs]
    assert cells[2] == "100"
    assert cells[3] == " / ".join(percent(precision) for precision in precisions)
    assert "tradegen generate --seed 1  # truth digest1" in text
    assert "Something is surprising." in text


def test_the_published_commands_give_the_published_truths(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "leaderboard.md").read_text("utf-8")
    made = re.findall(r"^tradegen (generate .*)  # truth ([0-9a-f]{64})$", text, re.MULTILINE)
    assert len(made) == len(leaderboard.NAMES) * len(leaderboard.SEEDS)
    command, digest = next(line for line in made if "no_ids" in line[0])
    words = shlex.split(command)[:-1]
    subprocess.run(
        [sys.executable, "-m", "tradegen", *words, f"{tmp_path}/data/"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    assert json.loads((tmp_path / "data" / "manifest.json").read_text())["digests"]["truth"] == digest


def test_the_published_page_shows_every_matcher_in_every_pack() -> None:
    text = (ROOT / "docs" / "leaderboard.md").read_text("utf-8")
    packs = [section for section in text.split("\n## ") if section.startswith("`")]
    assert [section.split("`")[1] for section in packs] == list(leaderboard.NAMES)
    for section in packs:
        rows = list(csv.reader(section.splitlines(), delimiter="|"))
        named = [row[1].strip() for row in rows if len(row) > 10]
        assert {matcher.name for matcher in MATCHERS} <= set(named)
    assert (ROOT / "docs" / "leaderboard.svg").exists()
