"""The notebooks as they are stored."""

from __future__ import annotations

import ast
import functools
import re

import nbformat
import papermill
import pytest
from conftest import ROOT
from nbconvert.exporters import ScriptExporter

NOTEBOOKS = {path.name: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
DEFAULTS = {
    "01_first_records.ipynb": {
        "pairs": 15,
        "mismatch_rate": 0.30,
        "seed": 7,
        "first_id": 21,
        "date": "2025-07-21",
        "out": "out/first_records",
    },
    "02_mismatch_distributions.ipynb": {
        "pairs": 200_000,
        "mismatch_rate": 0.30,
        "scenario": "original",
        "seed": 7,
        "date": "2025-07-21",
    },
    "03_your_own_trades.ipynb": {
        "trades": 5_000,
        "mismatch_rate": 0.05,
        "seed": 7,
        "date": "2025-07-21",
        "out": "out/your_own_trades",
    },
    "06_large_runs.ipynb": {
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


@functools.cache
def script_exporter() -> ScriptExporter:
    return ScriptExporter()


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_stored_notebook_is_exported_to_a_file_of_python(name: str) -> None:
    # What `nbconvert --to script` runs, and how it then calls the file.
    exported, resources = script_exporter().from_filename(str(NOTEBOOKS[name]))
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


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_notebook_has_fewer_than_fifteen_cells_and_first_says_what_a_reader_will_be_able_to_do(
    name: str,
) -> None:
    cells = nbformat.read(NOTEBOOKS[name], as_version=4).cells
    assert len(cells) < 15
    assert cells[0].cell_type == "markdown"
    assert re.search(r"^# \S.*\b[Yy]ou will\b", cells[0].source, re.DOTALL)
