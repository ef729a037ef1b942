"""The notebooks as they are stored, and as they run: all executed by papermill, one on its command line."""

from __future__ import annotations

import ast
import base64
import csv
import io
import json
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from conftest import ROOT
from matplotlib.image import imread
from nbconvert.exporters import ScriptExporter
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from sizes import size

from tradegen import generate
from tradegen.ledger import create_ledger, open_ledger

# nbclient stamps its messages with datetime.utcnow(), which Python 3.12 and later deprecate: not ours.
pytestmark = pytest.mark.filterwarnings(r"ignore:datetime.datetime.utcnow\(\):DeprecationWarning:nbclient")

NOTEBOOKS = {path.name: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
DEFAULTS = {
    "01_quickstart.ipynb": {
        "pairs": 15,
        "mismatch_rate": 0.30,
        "seed": 7,
        "first_id": 21,
        "date": "2025-07-21",
        "out": "out/quickstart",
    },
    "02_mismatch_distributions.ipynb": {
        "pairs": 200_000,
        "mismatch_rate": 0.30,
        "scenario": "original",
        "seed": 7,
        "date": "2025-07-21",
    },
    "03_large_runs.ipynb": {
        "pairs": 1_000_000,
        "scenario": "us_equity_t1",
        "seed": 7,
        "date": "2025-07-21",
        "out": "out/large_runs",
    },
    "04_score_a_matcher.ipynb": {
        "pairs": 20_000,
        "mismatch_rate": 0.20,
        "scenario": "us_equity_t1",
        "seed": 7,
        "date": "2025-07-21",
    },
    "05_tune_to_your_desk.ipynb": {
        "scenario": "us_equity_t1",
        "pairs": 100_000,
        "seed": 7,
        "out": "out/tuning",
    },
    "sweep_report.ipynb": {"folder": "", "measure": ""},
    "batch_run.ipynb": {
        "pairs": -1,
        "mismatch_rate": -1.0,
        "scenario": "original",
        "seed": -1,
        "first_id": 1,
        "date": "",
        "ledger": "",
        "out": "",
        "form": "csv",
    },
}
# Stand-ins for what a run in the root of a checkout finds there.
CANARIES = {"trade_ids.db": "no ledger at all", "tickers.csv": "no,tickers\n"}


@pytest.fixture(scope="module", autouse=True)
def _a_kernel_without_the_users_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        yield


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that looks like the root of a checkout to what runs in it."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    for name, text in CANARIES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def files(root: Path) -> dict[str, bytes]:
    """What was written below the root, after a look at the canaries."""
    for name, text in CANARIES.items():
        assert (root / name).read_text() == text, f"{name} was touched"
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name not in CANARIES and path.parent.name != "notebooks"
    }


def execute(root: Path, name: str, **parameters: Any) -> NotebookNode:
    return papermill.execute_notebook(
        str(root / "notebooks" / name),
        None,
        parameters,
        cwd=str(root),
        kernel_name="python3",
        progress_bar=False,
        log_output=False,
    )


def outputs(notebook: NotebookNode, kind: str) -> list[str]:
    """All outputs of one MIME type, in order."""
    found = (
        output.get("data", {}).get(kind) for cell in notebook.cells for output in cell.get("outputs", [])
    )
    return [text for text in found if text is not None]


def records(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode())))


# As stored


def test_every_notebook_is_here() -> None:
    assert set(NOTEBOOKS) == set(DEFAULTS)


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_stored_notebook_is_valid_and_holds_no_outputs(name: str) -> None:
    notebook = nbformat.read(NOTEBOOKS[name], as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"file_extension": ".py", "name": "python"},
    }
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_stored_notebook_is_exported_to_a_file_of_python(name: str) -> None:
    # What `nbconvert --to script` runs, and how it then calls the file.
    exported, resources = ScriptExporter().from_filename(str(NOTEBOOKS[name]))
    assert resources["output_extension"] == ".py"
    assert "from tradegen" in exported


@pytest.mark.parametrize("name", DEFAULTS)
def test_one_cell_is_tagged_parameters_and_holds_typed_literals(name: str) -> None:
    cells = nbformat.read(NOTEBOOKS[name], as_version=4).cells
    tagged = [cell for cell in cells if cell.metadata.get("tags")]
    assert [cell.metadata.tags for cell in tagged] == [["parameters"]]
    found = {}
    for statement in ast.parse(tagged[0].source).body:
        assert isinstance(statement, ast.AnnAssign)
        value = ast.literal_eval(statement.value)
        assert ast.unparse(statement.annotation) == type(value).__name__
        found[ast.unparse(statement.target)] = value
    assert found == DEFAULTS[name]
    # papermill knows them, too; of one that it does not know it warns.
    assert set(papermill.inspect_notebook(str(NOTEBOOKS[name]))) == set(found)


# 01_quickstart


def test_quickstart_shows_thirty_records_replays_them_and_writes_them(root: Path) -> None:
    notebook = execute(root, "01_quickstart.ipynb")
    batch = generate(pairs=15, mismatch_rate=0.30, seed=7, first_id=21, date="2025-07-21")
    tables = outputs(notebook, "text/html")
    assert all(tables[0].count(trade_id) == 2 for trade_id in batch.trades["trade_id"].unique())
    for row in batch.truth.itertuples():
        assert row.original in tables[2]
        assert row.altered in tables[2]
    assert "True" in outputs(notebook, "text/plain")
    written = files(root)
    assert set(written) == {f"out/quickstart/{name}" for name in ("trades.csv", "truth.csv", "manifest.json")}
    assert [row["trade_id"] for row in records(written["out/quickstart/trades.csv"])] == [
        *batch.trades["trade_id"]
    ]
    assert len(records(written["out/quickstart/truth.csv"])) == len(batch.truth)


@pytest.mark.large
def test_quickstart_runs_without_a_mismatch_for_another_day_and_folder(root: Path) -> None:
    execute(root, "01_quickstart.ipynb", pairs=1, mismatch_rate=0, date="", out="here")
    assert len(records(files(root)["here/trades.csv"])) == 2


# 02_mismatch_distributions


def test_distributions_are_drawn(root: Path) -> None:
    notebook = execute(root, "02_mismatch_distributions.ipynb", pairs=20_000)
    images = outputs(notebook, "image/png")
    assert len(images) == 11
    for image in images:
        pixels = imread(io.BytesIO(base64.b64decode(image)))
        assert min(pixels.shape[:2]) > 300
        ink = (pixels[..., :3] < 0.95).any(axis=2)
        # Neither blank nor black, and drawn on from side to side.
        assert 0.01 < ink.mean() < 0.5
        assert all(ink[:, part].any() for part in (slice(0, 200), slice(-200, None)))
    assert files(root) == {}


@pytest.mark.large
@pytest.mark.parametrize("scenario", ["everything", "dual_report", "clock_trouble"])
def test_distributions_runs_for_any_scenario(root: Path, scenario: str) -> None:
    # The assertions in the notebook are what is tested.
    notebook = execute(
        root, "02_mismatch_distributions.ipynb", pairs=2_000, scenario=scenario, date="2025-07-08"
    )
    assert len(outputs(notebook, "image/png")) == 11


@pytest.mark.large
def test_distributions_shows_that_rates_nest_and_weights_move_nothing_else(root: Path) -> None:
    notebook = execute(root, "02_mismatch_distributions.ipynb", pairs=3_000, mismatch_rate=0.5, seed=11)
    nested, moved = outputs(notebook, "text/plain")[-2:]
    rows = [[float(cell) for cell in line.split()] for line in nested.splitlines()[2:]]
    assert [row[0] for row in rows] == [0.05, 0.1, 0.2, 0.4, 0.8]
    assert [row[2] for row in rows] == [0, *(row[1] for row in rows[:-1])]
    gained = {line.split()[0].rstrip(","): int(line.split()[-1]) for line in moved.splitlines()[2:]}
    assert gained.pop("trade_timestamp.delay") > 100
    assert set(gained.values()) == {0}


# 03_large_runs


def test_large_runs_writes_a_dataset_proves_it_and_streams_the_same_trades(root: Path) -> None:
    execute(root, "03_large_runs.ipynb", pairs=70_000)
    written = files(root)
    again = execute(root, "03_large_runs.ipynb", pairs=70_000)
    assert files(root) == written
    assert {path for path in written if "part" in path} == {
        f"out/large_runs/{table}/part-00000.parquet" for table in ("trades", "truth")
    }
    counts = json.loads(written["out/large_runs/manifest.json"])["counts"]
    [proof] = outputs(again, "text/markdown")
    assert f"70,000 pairs, 140,000 records, {counts['truth_rows']:,} truth rows" in proof
    assert "proved: every file is as the manifest says" in proof
    sizes, mechanisms, hours = outputs(again, "text/html")
    assert "<td>140000</td>" in sizes
    rows = mechanisms.split("<tr>")[1:]
    for name, count in counts["by_mechanism"].items():
        assert any(f"<td>{name}</td>\n      <td>{count['applied']}</td>" in row for row in rows), name
    assert sum(int(cell) for cell in re.findall(r"<td>(\d{4,})</td>", hours)) == 140_000
    assert len(outputs(again, "image/png")) == 1


# 04_score_a_matcher


def test_a_matcher_of_ten_lines_is_scored_and_what_it_leaves_out_is_not_found(root: Path) -> None:
    notebook = execute(root, "04_score_a_matcher.ipynb", pairs=2_000)
    assert len(outputs(notebook, "image/png")) == 5
    report = next(text for text in outputs(notebook, "text/html") if ">mechanism<" in text)
    rows = re.findall(r"<td[^>]*>([a-z_]+\.[a-z_]+)</td><td>([0-9,]+)</td><td>([0-9,]+)</td>", report)
    found = {name: (int(expected), int(hits)) for name, expected, hits in rows}
    assert found["ticker.other"][1] == found["broker_id.other"][1] == 0
    assert found["quantity.nudge"][0] == found["quantity.nudge"][1] > 50
    assert files(root) == {}


@pytest.mark.large
@pytest.mark.parametrize("scenario", ["everything", "onboarding"])
def test_score_a_matcher_runs_for_any_scenario(root: Path, scenario: str) -> None:
    notebook = execute(root, "04_score_a_matcher.ipynb", pairs=300, scenario=scenario, date="2025-07-08")
    assert len(outputs(notebook, "image/png")) == 5


# 05_tune_to_your_desk


def test_a_desk_is_fitted_tuned_and_saved_and_the_saved_scenario_makes_what_was_shown(root: Path) -> None:
    notebook = execute(root, "05_tune_to_your_desk.ipynb", pairs=5_000)
    assert len(outputs(notebook, "image/png")) == 2
    assert len(outputs(notebook, "application/vnd.jupyter.widget-view+json")) == 1
    written = files(root)
    assert set(written) == {"out/tuning/breaks.csv", "out/tuning/desk.toml"}
    [fitted] = outputs(notebook, "text/html")
    assert "200" in fitted
    assert generate(root / "out/tuning/desk.toml", seed=7).truth["trade_id"].nunique() == 125
    [command] = [text for text in outputs(notebook, "text/plain") if "tradegen generate" in text]
    assert "--scenario out/tuning/desk.toml --seed 7 --first-id 1" in command


# batch_run


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


def test_a_scenario_keeps_the_pairs_and_the_rate_that_it_states_unless_others_are_given(root: Path) -> None:
    (root / "mine.toml").write_text("pairs = 40\nmismatch_rate = 0.05\ndate = 2024-02-29\n")
    execute(root, "batch_run.ipynb", scenario="mine.toml", out="own")
    execute(root, "batch_run.ipynb", scenario="mine.toml", pairs=20, mismatch_rate=0.0, out="given")
    own, given = (json.loads(files(root)[f"{name}/manifest.json"])["replay"] for name in ("own", "given"))
    assert [own["scenario"][name] for name in ("pairs", "mismatch_rate", "date")] == [40, 0.05, "2024-02-29"]
    assert [given["scenario"][name] for name in ("pairs", "mismatch_rate")] == [20, 0.0]


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
