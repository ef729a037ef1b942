"""Sweeps that cannot be run are refused with a sentence, before a kernel starts or anything is written."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from refusals import refused
from sweep_notebooks import KERNEL, write_notebook

from tradegen import ScenarioError
from tradegen.sweep.sweeping import plan_sweep

OWN = (
    "import datetime as dt\nfrom pathlib import Path\n"
    'level: float = 0.5\ncount: int = 3\nlabel: str = "a=b"\nwhere = "status != MATCHED"\n'
    "day = dt.date(2025, 7, 21)\nfolder = Path('data')\npair = (1, 2)\nfree = None\n"
    "maybe: int | None = None\nflag = False"
)

# What stands in the sweep's file, and a part of the sentence.
BUILT_IN: dict[str, tuple[str, str]] = {
    "no grid": ("first_id = 1", "grid has no list; expected [grid] with at least one"),
    "a key mistyped": ("first = 1\n[grid]\nseed = [1]", "first is not a key of a sweep; did you mean first"),
    "no TOML": ("[grid\n", "sweep.toml is not TOML: "),
    "a value that is no list": ("[grid]\nseed = 1", "grid.seed is 1; expected a list of values"),
    "an empty list": ("[grid]\nseed = []", "grid.seed is []; expected a list of values"),
    "a value twice": ("[grid]\nseed = [1, 2, 1]", "grid.seed has 1 twice; expected each value once"),
    "in both tables": (
        "[parameters]\nseed = 1\n[grid]\nseed = [1, 2]",
        "seed is under parameters and grid; expected one of them",
    ),
    "in both tables, nested": (
        "[parameters]\nsettings.'price.nudge'.max = 0.1\n[grid.settings.'price.nudge']\nmax = [0.1, 0.2]",
        "settings.price.nudge.max is under parameters and grid",
    ),
    "too many": (
        f"[grid]\nseed = {list(range(101))}\npairs = {list(range(1, 101))}",
        "grid has 10100 combinations; expected at most 10000",
    ),
    "first id and ledger": (
        "first_id = 5\nledger = 'trade_ids.db'\n[grid]\nseed = [1]",
        "first_id and ledger are both given; expected one of them",
    ),
    "first id 0": ("first_id = 0\n[grid]\nseed = [1]", "first_id is 0; expected a whole number from 1 to"),
    "ids beyond the last": (
        "first_id = 9223372036854775800\n[grid]\nseed = [1]",
        "the last id of the sweep is above 9223372036854775807; expected a lower first_id",
    ),
    "a folder": ("[grid]\nout = ['a', 'b']", "out is set by the sweep itself: each run has a folder"),
    "ids of a run": ("[parameters]\nfirst_id = 7\n[grid]\nseed = [1]", "first_id is set by the sweep itself"),
    "a parameter mistyped": (
        "[grid]\nmismatch_rat = [0.1]",
        "mismatch_rat is not a parameter of batch_run.ipynb; did you mean mismatch_rate?",
    ),
    "a field mistyped": (
        "[grid]\nbroker = [3]",
        "broker is not a parameter of batch_run.ipynb; did you mean brokers?",
    ),
    "text for a number": ("[grid]\nseed = ['one']", "seed is 'one'; expected a value of type int"),
    "a fraction for a whole number": ("[grid]\npairs = [1.5]", "pairs is 1.5; expected a value of type int"),
    "a boolean for a number": ("[grid]\npairs = [true]", "pairs is True; expected a value of type int"),
    "a rate above 1": (
        "[grid]\nmismatch_rate = [0.1, 1.4]\nseed = [1]",
        "the run with mismatch_rate = 1.4, seed = 1: mismatch_rate is 1.4; expected a share from 0 to 1",
    ),
    "a field above its limit": ("[grid]\nbrokers = [5, 0]", "the run with brokers = 0: brokers is 0"),
    "a setting that is none": (
        "[grid.settings.'price.nudge']\nmaxx = [0.1]",
        "maxx is not a setting of price.nudge; did you mean max?",
    ),
    "a mechanism mistyped": ("[grid.mechanisms]\n'price.nudg' = [1]", "did you mean price.nudge?"),
    "a scenario mistyped": ("[grid]\nscenario = ['orignal']", "scenario orignal is unknown; did you mean"),
    "a hot spot of an unknown ticker": (
        "[grid]\nhot_spots = [[{name = 'x', rate = 0.5, where = {ticker = 'AAPLL'}}]]",
        "where.ticker has 'AAPLL', which is unknown; did you mean AAPL?",
    ),
    "a date that is none": ("[grid]\ndate = ['yesterday']", "date is 'yesterday'; expected a date from"),
    "a seed below 0": ("[grid]\nseed = [-7]", "seed is -7; expected a whole number from 0"),
    "no such notebook": ("notebook = 'no.ipynb'\n[grid]\na = [1]", "notebook no.ipynb cannot be read"),
    "no notebook": ("notebook = 'sweep.toml'\n[grid]\na = [1]", "notebook sweep.toml is no notebook"),
    "no such ledger": ("ledger = 'other.db'\n[grid]\nseed = [1]", "other.db is missing; correct the path"),
}  # fmt: skip

# By value: what is passed to one of OWN's parameters, and what the sentence says of it.
VALUES: list[tuple[str, Any, str]] = [
    ("level", "high", "level is 'high'; expected a value of type float, such as 0.5"),
    ("level", np.bool_(True), "level is True; expected a value of type float"),
    ("count", np.float64(2.5), "count is 2.5; expected a value of type int, such as 3"),
    ("label", 5, "label is 5; expected a value of type str, such as 'a=b'"),
    ("where", ["a"], r"where is \['a'\]; expected a value of type str"),
    ("day", "soon", "day is 'soon'; expected a value of type date"),
    ("day", 20250721, "day is 20250721; expected a value of type date"),
    ("folder", 3, "folder is 3; expected a value of type Path"),
    ("pair", 1, "pair is 1; expected a value of type tuple"),
    ("flag", 1, "flag is 1; expected a value of type bool"),
    ("maybe", "x", "maybe is 'x'; expected a value of type int or None"),
    ("free", {1, 2}, "free is {1, 2}; expected a number, text, true or false, a date, a path, a list"),
    ("lable", "x", "lable is not a parameter of own.ipynb; did you mean label?"),
]


@pytest.mark.parametrize("case", BUILT_IN)
def test_a_sweep_that_cannot_be_run_is_refused_with_a_sentence(case: str, folder: Path) -> None:
    text, message = BUILT_IN[case]
    (folder / "sweep.toml").write_text(text)
    refused(folder, ["sweep", "sweep.toml", "--out", "runs"], message)


@pytest.mark.parametrize(("name", "value", "message"), VALUES, ids=[f"{n} {v!r}" for n, v, _ in VALUES])
def test_a_value_of_another_type_than_the_cell_states_is_refused(
    name: str, value: Any, message: str, tmp_path: Path
) -> None:
    notebook = write_notebook(tmp_path / "own.ipynb", OWN)
    with pytest.raises(ScenarioError, match=message):
        plan_sweep({"notebook": notebook, "grid": {name: [value]}})


def test_a_value_is_taken_as_the_type_that_the_cell_states(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "own.ipynb", OWN)
    given = {
        "level": 1,
        "count": 1e6,
        "label": dt.date(2025, 7, 21),
        "day": "2025-07-21",
        "folder": "there",
        "pair": [3, 4],
        "free": np.datetime64("2025-07-21"),
        "maybe": np.int32(4),
        "flag": np.True_,
    }
    [run] = plan_sweep({"notebook": notebook, "parameters": given, "grid": {"where": ["x"]}})[2]
    wanted = {
        "level": 1.0,
        "count": 1_000_000,
        "label": "2025-07-21",
        "day": dt.date(2025, 7, 21),
        "folder": Path("there"),
        "pair": (3, 4),
        "free": dt.date(2025, 7, 21),
        "maybe": 4,
        "flag": True,
        "where": "x",
    }
    assert run.parameters == wanted
    assert {name: type(value) for name, value in run.parameters.items()} == {
        name: type(value) for name, value in wanted.items()
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"kernel": {**KERNEL, "name": "none_such"}},
            "asks for the kernel none_such, which is not installed",
        ),
        ({"kernel": {**KERNEL, "language": "R"}}, "is for a kernel of R; expected one for Python"),
        ({"parameters": "a = (1"}, "its parameters cell is not Python"),
        ({"parameters": "first_id = 1\na = 1"}, "has a parameter first_id and none that says how many ids"),
    ],
    ids=["kernel", "language", "syntax", "ids"],
)
def test_a_notebook_that_cannot_be_run_is_refused(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    notebook = write_notebook(tmp_path / "own.ipynb", **{"parameters": "a = 1", **change})
    with pytest.raises(ScenarioError, match=message):
        plan_sweep({"notebook": str(notebook), "grid": {"a": [2]}})


def test_a_notebook_without_a_parameters_cell_is_refused(tmp_path: Path) -> None:
    nbformat.write(nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL}), tmp_path / "own.ipynb")
    with pytest.raises(ScenarioError, match="has no cell with the tag parameters; expected one"):
        plan_sweep({"notebook": tmp_path / "own.ipynb", "grid": {"a": [2]}})


def test_the_folder_and_the_workers_are_refused_in_words(folder: Path) -> None:
    (folder / "sweep.toml").write_text("[grid]\nseed = [1]")
    (folder / "taken").mkdir()
    (folder / "taken" / "mine.txt").write_text("mine")
    refused(folder, ["sweep", "sweep.toml"], "out is not given; expected --out FOLDER, or --dry-run")
    refused(folder, ["sweep", "sweep.toml", "--out", "taken"], "taken holds mine.txt and no sweep")
    refused(folder, ["sweep", "sweep.toml", "--out", "sweep.toml"], "cannot be made a folder: File exists")
    refused(folder, ["sweep", "sweep.toml", "--out", "runs", "--workers", "0"], "workers is 0; expected")
    refused(
        folder, ["sweep", "none.toml", "--out", "runs"], "sweep file none.toml cannot be read: No such file"
    )
    assert (folder / "taken" / "mine.txt").read_text() == "mine"
