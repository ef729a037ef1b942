"""Running a sweep: as many kernels at a time as there are workers, and none twice.

Each run has a process of its own, forked from this one. Threads would have been the other way. They would
share one working directory and one event loop's signals, and a crash in one would take all of them along.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradegen.core.machine import core_count
from tradegen.errors import OutputError, ScenarioError, whole_number
from tradegen.output.files import uninterrupted
from tradegen.output.progress import meter
from tradegen.sweep.summary_table import write_summary
from tradegen.sweep.sweep_file import SweepFile
from tradegen.sweep.sweep_folder import SweepFolder
from tradegen.sweep.sweep_runs import PlannedRun, own_notebook, planned

if TYPE_CHECKING:
    from tradegen.sweep.one_run import Task
    from tradegen.sweep.parameter_cells import Notebook

_LAST_WORDS = 10.0  # seconds for a kernel to end before its process is killed


@dataclass(frozen=True)
class Outcome:
    """What became of a sweep.

    Attributes
    ----------
    runs : int
        How many it has.
    kept : int
        How many of them had been made before.
    failed : tuple of str
        The names of those that failed.
    other_notebook : int
        How many of those kept were made by an earlier state of the notebook.
    summary : Path
        The table with a row a run.
    """

    runs: int
    kept: int
    failed: tuple[str, ...]
    other_notebook: int
    summary: Path


def plan_sweep(
    source: Mapping[str, Any] | str | os.PathLike[str],
) -> tuple[SweepFile, Notebook, list[PlannedRun]]:
    """Read a sweep and check all of its runs. Nothing is written, and no kernel starts.

    Raises
    ------
    ScenarioError
        On anything that a run could not be made from.
    """
    sweep = SweepFile.load(source)
    try:
        import ipykernel  # noqa: F401 - what the kernels need, and papermill does not bring

        from tradegen.sweep.parameter_cells import Notebook
    except ModuleNotFoundError as error:
        name = str(error.name).partition(".")[0]
        raise OutputError(f"{name} is not installed; pip install 'tradegen[notebooks]' brings it") from None
    notebook = Notebook.read(Path(sweep.notebook) if sweep.notebook else own_notebook())
    return sweep, notebook, planned(sweep, notebook)


def run_sweep(
    source: Mapping[str, Any] | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    workers: int | None = None,
    on_failure: Callable[[str], object] | None = None,
) -> Outcome:
    """Run a notebook once for each combination of a grid; what is there already is kept.

    Parameters
    ----------
    source : mapping or path
        The sweep: a TOML file, or a mapping of the same content, in which values may also be NumPy's.
    out : path
        The folder of the sweep. Each run is a folder below it.
    workers : int, optional
        How many run at a time; one a core if not given.
    on_failure : callable, optional
        Called with a sentence for each run that fails, as it does.

    Raises
    ------
    ScenarioError
        On an unknown parameter, a value of another type, or a scenario that cannot be generated from. No
        kernel has started then, and nothing was written.
    OutputError, LedgerError
        Where another sweep was begun in the folder, papermill is missing, or no ids can be had.
    """
    if workers is not None:
        workers = whole_number("workers", workers, 1, 1000, ScenarioError)
    sweep, notebook, runs = plan_sweep(source)
    folder = SweepFolder(Path(out))
    with folder.held():
        ids = folder.begin(sweep, runs)
        left = [run for run in runs if not folder.is_whole(run, ids[run.name])]
        failed: list[str] = []
        if left:
            from tradegen.sweep.one_run import Task

            folder.summary.unlink(missing_ok=True)
            tasks = [Task(run, notebook, folder, ids[run.name]) for run in left]
            making = contextlib.closing(_made(tasks, min(workers or core_count(), len(tasks))))
            count = meter(len(runs), "runs", done=len(runs) - len(left))
            with folder.tidied(), count as advance, making as made:
                for task, sentence in made:
                    advance(1)
                    if sentence:
                        failed.append(task.run.name)
                        if on_failure:
                            on_failure(sentence)
        if left or not folder.summary.exists():
            write_summary(folder, runs)
    kept = {run.name for run in runs} - {run.name for run in left}
    noted = [json.loads((folder.whole(name) / "run.json").read_bytes()) for name in kept]
    earlier = sum(one.get("notebook_sha256") != notebook.sha256 for one in noted)
    return Outcome(len(runs), len(kept), tuple(failed), earlier, folder.summary)


def _made(tasks: Sequence[Task], workers: int) -> Generator[tuple[Task, str]]:
    """Make the runs; yield each as it ends, with a sentence where it failed.

    Once it is closed, or interrupted, no process and no kernel is left.
    """
    from tradegen.sweep.one_run import give_up, make_run

    # A forked process starts at once; one made anew imports three seconds' worth first.
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    waiting = iter(tasks)
    running: dict[int, tuple[BaseProcess, Task]] = {}

    def start() -> None:
        if (task := next(waiting, None)) is None:
            return
        process = context.Process(target=make_run, args=(task, os.getpid()))
        with warnings.catch_warnings(), uninterrupted():
            # From Python 3.12 on, of threads in the parent: the bar's, which no child waits for.
            warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
            process.start()
        running[process.sentinel] = process, task

    try:
        for _ in range(workers):
            start()
        while running:
            for sentinel in wait(list(running)):
                process, task = running.pop(sentinel)  # type: ignore[arg-type]  # only sentinels are waited for
                process.join()
                start()
                if task.folder.whole(task.run.name).exists():
                    yield task, ""
                    continue
                if code := process.exitcode:  # it did not come so far as to say why
                    ending = f"signal {-code}" if code < 0 else f"exit code {code}"
                    give_up(task, f"its process ended with {ending}")
                yield task, _told(task.folder.failed(task.run.name))
    finally:
        for process, _ in running.values():
            process.terminate()
        for process, _ in running.values():
            process.join(_LAST_WORDS)
            process.kill()


def _told(failed: Path) -> str:
    """A failure in a sentence."""
    told = json.loads((failed / "failure.json").read_bytes())
    where = ""
    if told["cell"]:
        line = next((line for line in told["source"].splitlines() if line.strip()), "")
        where = f"In [{told['cell']}], `{line[:60]}`: "
    reason = (told["error"].strip().splitlines() or ["no reason given"])[-1]
    return f"{failed.name} failed: {where}{reason}; more in {failed}"
