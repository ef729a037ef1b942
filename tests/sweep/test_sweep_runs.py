"""Sweeps as they run: every run once, none half, whatever is killed in between.

The notebooks are small ones of the tests' own, but for one sweep of tradegen's. Each run is a real kernel.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from shell import run
from sizes import size
from sweep_notebooks import write_notebook, write_sweep

from tradegen import OutputError, generate
from tradegen.ledger import create_ledger, open_ledger
from tradegen.sweep import run_sweep

# nbclient stamps its messages with datetime.utcnow(), which Python 3.12 and later deprecate: not ours.
pytestmark = pytest.mark.filterwarnings(r"ignore:datetime.datetime.utcnow\(\):DeprecationWarning:nbclient")

PARAMETERS = 'pairs: int = 10\nfirst_id: int = 1\nlevel: int = 0\nround: int = 0\nout: str = ""'
# Notes that it began, writes half of what it has to say, takes its time, and writes the other half.
SLOW = """import json, time
from pathlib import Path
with open("begun.txt", "a") as file:
    file.write(f"{level} {round}\\n")
half = Path(out) / "ids.txt"
half.write_text(f"{first_id}\\n")
time.sleep(0.5)
half.write_text(f"{first_id}\\n{first_id + pairs - 1}\\n")
(Path(out) / "results.json").write_text(json.dumps({"twice": 2 * level}))"""


@pytest.fixture(scope="module", autouse=True)
def _kernels_without_the_users_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        yield


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tradegen", "sweep", "sweep.toml", "--out", "out", *words]
    return subprocess.Popen(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def awaited(what: Callable[[], Any], process: subprocess.Popen[str] | None = None, limit: float = 60) -> Any:
    """What is found once there is something."""
    until = time.monotonic() + limit
    while not (found := what()):
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    return found


def processes_in(folder: Path) -> set[int]:
    """The processes that work in a folder: a sweep, its workers and their kernels."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").readlink() == folder:
                found.add(int(entry.name))
        except OSError:
            continue
    return found


def workers_of(parent: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def whole(folder: Path) -> dict[str, tuple[int, int]]:
    """The runs that are there, and which file each one's record is."""
    records = (folder / "out" / "runs").glob("*/run.json")
    return {path.parent.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in records}


def ranges(folder: Path) -> list[tuple[int, int]]:
    """The first and the last id of each run that is there, as its notebook wrote them, in order."""
    paths = (folder / "out" / "runs").glob("*/ids.txt")
    return sorted(tuple(map(int, path.read_text().split())) for path in paths)  # type: ignore[misc]


def summary(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "out" / "summary.parquet")


@pytest.mark.slow
@pytest.mark.sized
def test_a_sweep_killed_and_resumed_is_whole_with_nothing_made_twice_and_no_id_in_two_runs(
    tmp_path: Path,
) -> None:
    write_notebook(tmp_path / "own.ipynb", PARAMETERS, SLOW)
    levels, rounds = size((3, 2), (6, 4))
    write_sweep(
        tmp_path,
        f"notebook = 'own.ipynb'\nledger = 'ids.db'\n[grid]\npairs = [7]\nlevel = {list(range(levels))}\n"
        f"round = {list(range(rounds))}\n",
    )
    create_ledger(tmp_path / "ids.db").reserve(20)
    count = levels * rounds

    # A worker is killed at its work: its run failed, and the others go on.
    sweep = start(tmp_path, "--workers", "2")
    awaited((tmp_path / "begun.txt").exists, sweep)
    os.kill(workers_of(sweep.pid)[0], signal.SIGKILL)
    failure = awaited(lambda: list((tmp_path / "out" / "failed").glob("*/failure.json")), sweep)
    assert json.loads(failure[0].read_text())["error"] == "its process ended with signal 9"
    # Then the sweep itself is, with one more run whole and others begun.
    before = len(whole(tmp_path))
    awaited(lambda: len(whole(tmp_path)) > before, sweep)
    awaited(lambda: list((tmp_path / "out" / ".working").glob("*/run.ipynb")), sweep)
    sweep.kill()
    sweep.communicate()
    awaited(lambda: not processes_in(tmp_path), limit=10)

    kept = whole(tmp_path)
    assert 0 < len(kept) < count
    assert all(len(text) == 2 for text in ranges(tmp_path))
    assert {path.name for path in (tmp_path / "out" / "runs").iterdir()} == set(kept)
    assert not (tmp_path / "out" / "summary.parquet").exists()
    begun = (tmp_path / "begun.txt").read_text().splitlines()

    done = run("sweep", "sweep.toml", "--out", "out", "--workers", "2", cwd=tmp_path, timeout=300)
    assert done.code == 0, done.err
    assert f"{count} of {count} runs are done, {len(kept)} of them before" in done.err
    assert len(whole(tmp_path)) == count
    assert whole(tmp_path).items() >= kept.items()
    # What was whole is not begun again, and everything else is begun once more.
    anew = (tmp_path / "begun.txt").read_text().splitlines()[len(begun) :]
    assert len(anew) == len(set(anew)) == count - len(kept)
    # Ids 21 to 20 + 7 a run: handed out once, though the sweep was started twice.
    assert ranges(tmp_path) == [(first, first + 6) for first in range(21, 21 + 7 * count, 7)]
    assert open_ledger(tmp_path / "ids.db").show().next_id == 21 + 7 * count
    table = summary(tmp_path)
    assert len(table) == count == table["run"].nunique()
    assert (table["twice"] == 2 * table["level"]).all()
    assert not table["failed"].any()
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"runs", "sweep.json", "summary.parquet"}


@pytest.mark.slow
def test_a_failing_cell_is_told_the_others_go_on_and_what_failed_is_tried_again(tmp_path: Path) -> None:
    failing = 'import json\njson.dump({"half": level / 2}, open(f"{out}/results.json", "w"))'
    write_notebook(tmp_path / "own.ipynb", PARAMETERS, failing, "# well\n1 / (level - 5)")
    write_sweep(tmp_path, "notebook = 'own.ipynb'\nfirst_id = 50\n[grid]\nlevel = [4, 5]\n")
    failed = run("sweep", "sweep.toml", "--out", "out", cwd=tmp_path, timeout=120)
    assert (failed.code, failed.out) == (2, "")
    [name] = [path.name for path in (tmp_path / "out" / "failed").iterdir()]
    assert name.startswith("level-5_")
    assert f"{name} failed: In [4], `# well`: ZeroDivisionError: division by zero; more in" in failed.err
    assert "1 of 2 runs are done" in failed.err
    assert "Traceback" not in failed.err
    copy = nbformat.read(tmp_path / "out" / "failed" / name / "run.ipynb", as_version=4)
    assert [
        out.ename for cell in copy.cells for out in cell.get("outputs", []) if out.output_type == "error"
    ] == ["ZeroDivisionError"]
    assert dict(zip(summary(tmp_path)["level"], summary(tmp_path)["failed"], strict=True)) == {
        4: False,
        5: True,
    }
    first = whole(tmp_path)

    # The notebook is mended, and a run added.
    write_notebook(tmp_path / "own.ipynb", PARAMETERS, failing)
    own = {"notebook": "own.ipynb", "first_id": 50}
    mended = run_in(tmp_path, {**own, "grid": {"level": [9, 4, 5]}})
    assert (mended.runs, mended.kept, mended.failed, mended.other_notebook) == (3, 1, (), 1)
    assert whole(tmp_path).items() > first.items()
    assert not (tmp_path / "out" / "failed").exists()
    table = summary(tmp_path).set_index("level")
    assert table["first_id"].to_dict() == {4: 50, 5: 60, 9: 70}
    assert table["half"].to_dict() == {4: 2.0, 5: 2.5, 9: 4.5}

    # Any other change is another sweep.
    changes: list[tuple[dict[str, Any], str]] = [
        ({**own, "grid": {"level": [9, 4]}}, "was begun with the run level-5_"),
        ({**own, "first_id": 51, "grid": {"level": [9, 4, 5]}}, "was begun with first_id 50, not 51"),
        (
            {**own, "parameters": {"pairs": 3}, "grid": {"level": [9, 4, 5]}},
            "was begun with pairs 'not given', not 3",
        ),
        ({"grid": {"seed": [1]}}, "was begun with notebook 'own.ipynb', not 'batch_run.ipynb'"),
    ]
    everything = whole(tmp_path)
    for changed, message in changes:
        with pytest.raises(OutputError, match=f"out {message}.*; expected the same sweep, with runs added"):
            run_in(tmp_path, changed)
    noted = tmp_path / "out" / "sweep.json"
    noted.write_text(noted.read_text().replace('"generation": 2', '"generation": 1'))
    with pytest.raises(OutputError, match="out was begun with generation 1, not 2; expected the same sweep"):
        run_in(tmp_path, {**own, "grid": {"level": [9, 4, 5]}})
    assert whole(tmp_path) == everything


@pytest.mark.slow
def test_ctrl_c_ends_the_kernels_and_meanwhile_no_other_sweep_works_in_the_folder(tmp_path: Path) -> None:
    write_notebook(tmp_path / "own.ipynb", PARAMETERS, SLOW, "time.sleep(600)")
    write_sweep(tmp_path, "notebook = 'own.ipynb'\n[grid]\nlevel = [1, 2]\n")
    sweep = start(tmp_path)
    awaited(lambda: len(list((tmp_path / "out" / ".working").glob("*/results.json"))) == 2, sweep)
    with pytest.raises(OutputError, match="another sweep is at work in out; wait until it has ended"):
        run_in(tmp_path, {"notebook": "own.ipynb", "grid": {"level": [1, 2]}})
    os.killpg(sweep.pid, signal.SIGINT)  # as a terminal does it: to all of them
    out, err = sweep.communicate(timeout=30)
    assert (sweep.returncode, out) == (130, "")
    assert err == "tradegen: interrupted; runs that were whole are kept; the same command makes the others\n"
    awaited(lambda: not processes_in(tmp_path), limit=5)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"sweep.json"}


def run_in(folder: Path, sweep: dict[str, Any]) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return run_sweep(sweep, "out")


def test_values_reach_the_notebook_with_their_types(tmp_path: Path) -> None:
    cell = """import json
kinds = {name: f"{type(value).__name__} {value}" for name, value in [("day", day), ("at", at),
    ("where", where), ("count", count), ("share", share), ("pair", pair), ("text", text), ("table", table)]}
json.dump(kinds, open(f"{out}/results.json", "w"))"""
    defaults = (
        "import datetime as dt\nfrom pathlib import Path\nfrom datetime import datetime\n"
        "day: dt.date = dt.date(2000, 1, 1)\nat: datetime | None = None\nwhere: Path = Path('.')\n"
        "count: int = 0\nshare: float = 0.0\npair: tuple = ()\ntext: str = ''\ntable: dict = {}\n"
        "out: Path = ''"
    )
    write_notebook(tmp_path / "own.ipynb", defaults, cell, "assert datetime(2000, 1, 1).year == 2000")
    given = {
        "day": np.datetime64("2025-07-21"),
        "at": pd.Timestamp("2025-07-21 10:33"),
        "where": Path("a {b}"),
        "count": np.int64(7),
        "pair": (1, np.float32(0.5)),
        "text": 'it\'s "\\n" {é}',
        "table": {"price.nudge": [1, {"max": dt.time(9, 30)}]},
    }
    sweep = {"notebook": Path("own.ipynb"), "parameters": given, "grid": {"share": np.array([1, 0.25])[1:]}}
    # A folder whose name papermill would take for a place to fill in.
    folder = tmp_path / "{of} braces"
    folder.mkdir()
    (tmp_path / "own.ipynb").rename(folder / "own.ipynb")
    made = run_in(folder, sweep)
    assert (made.runs, made.failed) == (1, ())
    [row] = summary(folder).to_dict("records")
    assert {name: row[name if name != "share" else "results.share"] for name in (*given, "share")} == {
        "day": "date 2025-07-21",
        "at": "datetime 2025-07-21 10:33:00",
        "where": "PosixPath a {b}",
        "count": "int 7",
        "share": "float 0.25",
        "pair": "tuple (1, 0.5)",
        "text": 'str it\'s "\\n" {é}',
        "table": "dict {'price.nudge': [1, {'max': datetime.time(9, 30)}]}",
    }


@pytest.mark.slow
def test_tradegens_own_notebook_makes_what_generate_makes_of_the_same_fields(tmp_path: Path) -> None:
    write_sweep(
        tmp_path,
        """first_id = 1001
[parameters]
pairs = 40
date = 2025-07-21
mechanisms."price.nudge" = 1
seed = 7
[grid.settings."price.nudge"]
max = [0.02, 0.05]
""",
    )
    done = run("sweep", "sweep.toml", "--out", "out", cwd=tmp_path, timeout=120)
    assert done.code == 0, done.err
    table = summary(tmp_path)
    for row, largest, first_id in zip(table.to_dict("records"), (0.02, 0.05), (1001, 1041), strict=True):
        assert row["settings.price.nudge.max"] == largest
        batch = generate(
            pairs=40,
            date="2025-07-21",
            mechanisms={"price.nudge": 1},
            settings={"price.nudge": {"max": largest}},
            seed=7,
            first_id=first_id,
        )
        batch.write(tmp_path / "t.csv", tmp_path / "k.csv")
        folder = tmp_path / "out" / "runs" / row["run"]
        assert (folder / "trades.csv").read_bytes() == (tmp_path / "t.csv").read_bytes()
        assert (folder / "truth.csv").read_bytes() == (tmp_path / "k.csv").read_bytes()
        assert row["altered_price"] == len(batch.truth) == row["truth_rows"]
        # The record of the run says where its files are now.
        copy = (folder / "run.ipynb").read_text()
        assert f"{folder}/manifest.json" in copy
        assert ".working/" not in copy.replace("/.working/mismatch", "")


def test_a_run_that_was_changed_afterwards_is_refused_and_one_taken_away_is_made_anew(tmp_path: Path) -> None:
    write_notebook(tmp_path / "own.ipynb", "level: int = 0\nout: str = ''")
    sweep = {"notebook": "own.ipynb", "grid": {"level": [1]}}
    assert run_in(tmp_path, sweep).runs == 1
    [record] = (tmp_path / "out" / "runs").glob("*/run.json")
    noted = json.loads(record.read_text())
    record.write_text(json.dumps({**noted, "parameters": {"level": 2}}))
    with pytest.raises(
        OutputError, match="is not as this sweep left it; expected it untouched, or taken away"
    ):
        run_in(tmp_path, sweep)
    record.rename(tmp_path / "elsewhere.json")
    with pytest.raises(OutputError, match="is not as this sweep left it"):
        run_in(tmp_path, sweep)
    record.parent.rename(tmp_path / "elsewhere")
    assert run_in(tmp_path, sweep).kept == 0
    assert record.exists()


@pytest.mark.slow
def test_an_installed_tradegen_has_the_notebook_of_a_sweep_that_names_none(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("tradegen/batch_run.ipynb") == (ROOT / "notebooks/batch_run.ipynb").read_bytes()
        archive.extractall(tmp_path)
    code = "from tradegen.sweep.sweep_runs import own_notebook; print(own_notebook())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == f"{tmp_path / 'tradegen' / 'batch_run.ipynb'}\n"


@pytest.mark.slow
def test_without_papermill_the_sentence_says_what_to_install(tmp_path: Path) -> None:
    write_sweep(tmp_path, "[grid]\nseed = [1]\n")
    code = (
        "import sys; sys.modules['papermill'] = None; "
        "sys.argv = ['tradegen', 'sweep', 'sweep.toml', '--out', 'out']; "
        "from tradegen.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr == (
        "tradegen: papermill is not installed; pip install 'tradegen[notebooks]' brings it\n"
    )
    assert not (tmp_path / "out").exists()
