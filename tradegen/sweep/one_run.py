"""One run of a sweep, in a process of its own: a kernel, the notebook, and a folder that is whole or none."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from papermill import PapermillExecutionError, execute_notebook
from traitlets.config import Config

from tradegen.output.files import OutputFile
from tradegen.output.workers import end_with
from tradegen.sweep.parameter_cells import Notebook, filled_in
from tradegen.sweep.sweep_folder import SweepFolder, as_json
from tradegen.sweep.sweep_runs import PlannedRun

_LONGEST_SOCKET = 90  # characters of a path that sockets take; the name of the socket comes on top


@dataclass(frozen=True)
class Task:
    """A run, with all that its process needs to know."""

    run: PlannedRun
    notebook: Notebook
    folder: SweepFolder
    first_id: int

    @property
    def working(self) -> Path:
        """Where it is made."""
        return (self.folder.working / self.run.name).absolute()


def make_run(task: Task, parent: int) -> None:
    """Make a run. It ends among those that are whole or among those that failed.

    To be called in a process that does nothing else, as it takes over its signals and streams.
    """
    _settle_in(parent)
    began = time.monotonic()
    run, working = task.run, task.working
    shutil.rmtree(working, ignore_errors=True)
    working.mkdir(parents=True)
    try:
        _execute(task)
        content = working / "run.ipynb"
        # The folder is about to be called otherwise. The record of the run is to say where things are.
        final = task.folder.whole(run.name).absolute()
        content.write_bytes(content.read_bytes().replace(os.fsencode(working), os.fsencode(final)))
        with OutputFile(working / "run.json") as file:
            file.write(
                as_json(
                    {
                        "run": run.name,
                        "point": run.point,
                        "parameters": run.parameters,
                        "first_id": task.first_id if run.pairs else None,
                        "last_id": task.first_id + run.pairs - 1 if run.pairs else None,
                        "seconds": round(time.monotonic() - began, 3),
                        "notebook_sha256": task.notebook.sha256,
                    }
                )
            )
        final.parent.mkdir(exist_ok=True)
        working.rename(final)
        shutil.rmtree(task.folder.failed(run.name), ignore_errors=True)
    except PapermillExecutionError as error:
        give_up(task, f"{error.ename}: {error.evalue}", str(error.exec_count or "?"), error.source)
    except Exception as error:  # noqa: BLE001 - whatever ends a run is told, and the others go on
        give_up(task, f"{type(error).__name__}: {error}", *_running_cell(working / "run.ipynb"))


def _execute(task: Task) -> None:
    working, parameters = task.working, dict(task.run.parameters)
    for name, value in (("out", str(working)), ("first_id", task.first_id)):
        if name in task.notebook.parameters:
            parameters[name] = task.notebook.parameters[name].take(value)
    if task.run.scenario:
        scenario = working / "scenario.toml"
        scenario.write_text(task.run.scenario, "utf-8")
        parameters["scenario"] = task.notebook.parameters["scenario"].take(str(scenario))
    content = working / "run.ipynb"
    content.write_text(filled_in(task.notebook.text, parameters), "utf-8")
    # papermill takes braces in a path for places to fill in.
    path = str(content).replace("{", "{{").replace("}", "}}")
    with _own_sockets() as config:
        execute_notebook(path, path, progress_bar=False, config=config)


@contextlib.contextmanager
def _own_sockets() -> Iterator[Config]:
    """Have the kernel talk through sockets in a folder of its own.

    By default a kernel is told five ports that were free a moment ago. Where many start at a time, two are
    told the same one now and then, and one of them fails.
    """
    with tempfile.TemporaryDirectory(prefix="tradegen-") as folder:
        connection = {"transport": "ipc", "connection_file": f"{folder}/k.json"}
        yield Config({"KernelManager": connection} if len(folder) < _LONGEST_SOCKET else {})


def give_up(task: Task, error: str, cell: str = "", source: str = "") -> None:
    """Put what there is of a run among the failures, and say why it failed.

    Parameters
    ----------
    task : Task
    error : str
        Its last line is what is told.
    cell : str
        The number that Jupyter shows beside the failing cell, if any.
    source : str
        The text of that cell.
    """
    failed = task.folder.failed(task.run.name)
    task.working.mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {
        "run": task.run.name,
        "point": task.run.point,
        "error": error,
        "cell": cell,
        "source": source,
    }
    (task.working / "failure.json").write_bytes(as_json(told))
    shutil.rmtree(failed, ignore_errors=True)
    failed.parent.mkdir(exist_ok=True)
    task.working.rename(failed)


def _running_cell(path: Path) -> tuple[str, str]:
    """The number and the text of the cell that ran last, by what papermill noted in the notebook."""
    with contextlib.suppress(OSError, ValueError):
        cells = [cell for cell in json.loads(path.read_bytes())["cells"] if cell["cell_type"] == "code"]
        for number, cell in enumerate(cells, 1):
            if cell["metadata"].get("papermill", {}).get("status") == "running":
                return str(number), "".join(cell["source"])
    return "", ""


def _settle_in(parent: int) -> None:
    """Leave Ctrl-C to the parent, end with it, and keep its terminal clean."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # By an exception, on the way of which the kernel is ended.
    signal.signal(signal.SIGTERM, _end)
    # A kernel whose parent has gone ends by itself within a second.
    end_with(parent)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)
    sys.stdout = sys.stderr = os.fdopen(1, "w", closefd=False)


def _end(_signal: int, _frame: object) -> None:
    raise SystemExit(1)
