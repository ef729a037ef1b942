"""The batch notebook as it runs, on papermill's command line and off it."""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import nbformat
import pytest
from notebook_runs import UTCNOW, execute, files, outputs, records
from papermill.exceptions import PapermillExecutionError
from sizes import size

from tradegen import generate
from tradegen.ledger import create_ledger, open_ledger

pytestmark = UTCNOW


def run_papermill(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        str(Path(sysconfig.get_path("scripts")) / "papermill"),
        "notebooks/batch_run.ipynb",
        "out.ipynb",
    ]
    return subprocess.run(
        [*command, *arguments], cwd=root, capture_output=True, text=True, timeout=120, check=False
    )


def own_folder(written: dict[str, bytes]) -> str:
    """The folder of the one run that was written below out/batch_run."""
    [folder] = {path.rpartition("/")[0] for path in written if path.startswith("out/batch_run/")}
    return folder


def test_batch_run_works_as_the_readme_says(root: Path) -> None:
    ran = run_papermill(root, "-p", "pairs", "1000", "-p", "mismatch_rate", "0.1")
    assert ran.returncode == 0, ran.stderr
    assert "unknown parameter" not in ran.stderr
    written = files(root)
    folder = own_folder(written)
    assert re.fullmatch(r"out/batch_run/original_0\.1_[0-9]+_[0-9a-f]{8}", folder)
    made = {name: f"{folder}/{name}" for name in ("trades.csv", "truth.csv", "manifest.json")}
    assert set(written) == {"out.ipynb", *made.values()}
    trades = records(written[made["trades.csv"]])
    assert len(trades) == 2 * 1000
    truth = records(written[made["truth.csv"]])
    assert len({row["trade_id"] for row in truth}) == 100
    # The summary, in the copy that papermill keeps.
    notebook = nbformat.reads(written["out.ipynb"].decode(), as_version=4)
    counts, sizes = outputs(notebook, "text/html")
    manifest = json.loads(written[made["manifest.json"]])
    for number in (2000, 100, len(truth), manifest["replay"]["seed"]):
        assert f"<td>{number}</td>" in counts
    for path in made.values():
        assert path in sizes
        assert f"<td>{len(written[path])}</td>" in sizes
    assert f"{folder}/manifest.json" in outputs(notebook, "text/markdown")[0]
    again = generate(**manifest["replay"])
    assert [*again.trades["trade_timestamp"].astype("str")] == [row["trade_timestamp"] for row in trades]


@pytest.mark.large
def test_batch_run_draws_another_seed_each_time_and_keeps_one_that_is_given(root: Path) -> None:
    def trades(folder: str, **parameters: Any) -> bytes:
        execute(root, "batch_run.ipynb", out=folder, date="2025-07-21", **parameters)
        return files(root)[f"{folder}/trades.csv"]

    assert trades("a", seed=7) == trades("b", seed=7) != trades("c")


@pytest.mark.slow
@pytest.mark.sized
def test_runs_without_a_folder_named_keep_all_files_even_where_every_parameter_is_the_same(
    root: Path,
) -> None:
    create_ledger(root / "ids.db")
    kept: dict[str, bytes] = {}
    runs = size([(0.5, 7), (0.5, 7)], [(0.5, 7), (0.5, 8), (1.0, 7), (0.5, 7)])
    for rate, seed in runs:
        execute(root, "batch_run.ipynb", mismatch_rate=rate, seed=seed, date="2025-07-21", ledger="ids.db")
        written = files(root)
        assert written.items() >= {**kept, "ids.db": written["ids.db"]}.items()
        kept = {path: content for path, content in written.items() if path != "ids.db"}
    assert len(kept) == len(runs) * 3
    ids = [row["trade_id"] for path, text in kept.items() if "/trades.csv" in path for row in records(text)]
    assert sorted(ids) == sorted(2 * [f"tid{number:08d}" for number in range(1, len(runs) * 15 + 1)])


@pytest.mark.slow
def test_a_scenario_keeps_the_pairs_and_the_rate_that_it_states_unless_others_are_given(root: Path) -> None:
    (root / "mine.toml").write_text("pairs = 40\nmismatch_rate = 0.05\ndate = 2024-02-29\n")
    execute(root, "batch_run.ipynb", scenario="mine.toml", out="own")
    execute(root, "batch_run.ipynb", scenario="mine.toml", pairs=20, mismatch_rate=0.0, out="given")
    own, given = (json.loads(files(root)[f"{name}/manifest.json"])["replay"] for name in ("own", "given"))
    assert [own["scenario"][name] for name in ("pairs", "mismatch_rate", "date")] == [40, 0.05, "2024-02-29"]
    assert [given["scenario"][name] for name in ("pairs", "mismatch_rate")] == [20, 0.0]


@pytest.mark.slow
def test_what_papermill_passes_as_a_float_an_integer_or_none_is_taken_as_it_was_meant(root: Path) -> None:
    wanted = {"pairs": "1e2", "seed": "1e3", "first_id": "2e1", "date": "20250721", "scenario": "hard"}
    unset = dict.fromkeys(("mismatch_rate", "out", "ledger", "form"), "None")
    ran = run_papermill(root, *(part for item in (wanted | unset).items() for part in ("-p", *item)))
    assert ran.returncode == 0, ran.stderr
    written = files(root)
    folder = own_folder(written)
    replay = json.loads(written[f"{folder}/manifest.json"])["replay"]
    assert (replay["seed"], replay["first_id"]) == (1000, 20)
    assert (replay["scenario"]["pairs"], replay["scenario"]["date"]) == (100, "2025-07-21")
    assert len(records(written[f"{folder}/trades.csv"])) == 200


@pytest.mark.slow
def test_batch_run_takes_ids_from_a_ledger_and_a_scenario_from_a_file(root: Path) -> None:
    create_ledger(root / "ids.db").reserve(20)
    (root / "prices.toml").write_text('[mechanisms]\n"price.nudge" = 1\n')
    parameters = {"ledger": "ids.db", "scenario": "prices.toml", "form": "ndjson", "date": "2025-07-21"}
    execute(root, "batch_run.ipynb", pairs=10, mismatch_rate=1, out="made/here", **parameters)
    written = files(root)
    trades = [json.loads(line) for line in written["made/here/trades.ndjson"].splitlines()]
    assert {trade["trade_id"] for trade in trades} == {f"tid{number:08d}" for number in range(21, 31)}
    assert {trade["date"] for trade in trades} == {"2025-07-21"}
    truth = [json.loads(line) for line in written["made/here/truth.ndjson"].splitlines()]
    assert [row["mechanism"] for row in truth] == ["price.nudge"] * 10
    assert open_ledger(root / "ids.db").show().next_id == 31


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "lists"),
    [
        pytest.param("dual_report", ("buy", "sell"), marks=pytest.mark.large),
        ("onboarding", ("ours", "theirs")),
    ],
)
def test_batch_run_writes_a_file_for_each_list(root: Path, scenario: str, lists: tuple[str, str]) -> None:
    notebook = execute(root, "batch_run.ipynb", scenario=scenario, pairs=50, seed=7, date="2025-07-08")
    written = files(root)
    folder = own_folder(written)
    trades = [f"{folder}/trades.{name}.csv" for name in lists]
    assert set(written) == {*trades, f"{folder}/truth.csv", f"{folder}/manifest.json"}
    rows = [len(records(written[path])) for path in trades]
    counts, sizes = outputs(notebook, "text/html")
    assert f"<td>{sum(rows)}</td>" in counts
    assert all(path in sizes and f"<td>{len(written[path])}</td>" in sizes for path in written)
    batch = generate(**json.loads(written[f"{folder}/manifest.json"])["replay"])
    assert rows == [len(table) for table in batch.lists.values()]


@pytest.mark.large
def test_batch_run_says_how_many_pairs_each_hot_spot_mismatched(root: Path) -> None:
    notebook = execute(root, "batch_run.ipynb", scenario="clock_trouble", pairs=500, seed=7)
    written = files(root)
    counts = json.loads(written[f"{own_folder(written)}/manifest.json"])["counts"]["by_cause"]
    shown = outputs(notebook, "text/html")[0]
    for name in ("BKR007 clock off", "BKR012 in London time", "bad half-hour"):
        assert f"<th>mismatched pairs, {name}</th>\n      <td>{counts[name]['applied']}</td>" in shown


REFUSED = {
    "mismatch_rate": ({"mismatch_rate": 1.4}, "mismatch_rate is 1.4; expected a share from 0 to 1"),
    "pairs": ({"pairs": "abc"}, "pairs is 'abc'; expected a whole number from 1 to 1000000000000"),
    "pairs that are not whole": ({"pairs": 1.5}, "pairs is 1.5; expected a whole number from 1 to"),
    "date": ({"date": 2025}, "date is '2025'; expected a date from 1900-01-01 to 2199-12-31"),
    "mismatch_rate beside the scenario's benign_rate": (
        {"scenario": "hard", "mismatch_rate": 0.9},
        "mismatch_rate is 0.9 and benign_rate is 0.2; expected them to add up to at most 1",
    ),
    "an unknown name": (
        {"mismatch_rat": 0.1},
        "mismatch_rat is not a parameter; did you mean mismatch_rate?",
    ),
    "form": ({"form": "xml"}, "xml is unknown"),
    "out": ({"out": "tickers.csv"}, "out is tickers.csv, which cannot be made a folder: File exists"),
    "ledger": ({"ledger": "none.db"}, "none.db is missing"),
    "ledger and first_id": ({"ledger": "none.db", "first_id": 5}, "first_id and ledger are both given"),
}


# Each needs a kernel of its own; the sentences themselves are those of what the notebook calls.
@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        case if case in ("an unknown name", "ledger") else pytest.param(case, marks=pytest.mark.large)
        for case in REFUSED
    ],
)
def test_batch_run_refuses_a_bad_parameter_in_a_sentence_and_writes_nothing(root: Path, case: str) -> None:
    parameters, sentence = REFUSED[case]
    with pytest.raises(PapermillExecutionError) as refused:
        execute(root, "batch_run.ipynb", **parameters)
    assert sentence in refused.value.evalue
    assert len(refused.value.traceback) == 1, "more than the sentence is shown"
    assert files(root) == {}


@pytest.mark.large
def test_on_the_command_line_the_sentence_comes_last(root: Path) -> None:
    ran = run_papermill(root, "-p", "pairs", "0")
    assert ran.returncode == 1
    last = ran.stderr.strip().splitlines()[-1]
    assert last == "ScenarioError: pairs is 0; expected a whole number from 1 to 1000000000000"
    assert set(files(root)) == {"out.ipynb"}
