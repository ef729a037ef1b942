"""The command line as a user meets it: exit code, standard output, standard error."""

from __future__ import annotations

import multiprocessing
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sizes import LARGE

TESTS = Path(__file__).resolve().parents[1]
# Commands run in forks of a process that has loaded what they need: each would take a second to load it.
# It loads nothing that reads the environment, as the command line itself does.
_WARM = multiprocessing.get_context("forkserver")
_LIBRARIES = (
    *("numpy", "pandas", "duckdb", "pyarrow.parquet", "pyarrow.csv", "pydantic", "typer", "pytest"),
    *("matplotlib.figure", "matplotlib.backends.backend_agg"),
)
_OWN = (
    *("api.batch", "engine.generator", "ledger", "output.dataset", "output.single_files", "scenario.model"),
    *("scoring", "verify", "desk.fitting", "desk.injecting.injection", "desk.lists.columns_toml"),
    "report.report_page",
)
_WARM.set_forkserver_preload([*_LIBRARIES, *(f"tradegen.{name}" for name in _OWN)])
# A line that a shell is not needed for: tradegen, where its outputs go, and what its output is piped to.
_PLAIN = re.compile(r"(tradegen [\w\s./:=,'\"%-]+?)(?: > (\S+))?(?: 2> (\S+))?(?: \| (.+))?")


class Done(NamedTuple):
    code: int
    out: str
    err: str


def run(*words: str | Path, cwd: Path, timeout: float = 60, **environment: str) -> Done:
    """Run ``python -m tradegen`` with these words, in a folder of its own."""
    plain = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    return run_module("tradegen", *words, cwd=cwd, timeout=timeout, **{**os.environ, **plain, **environment})


def run_line(line: str, cwd: Path, timeout: float, **environment: str) -> str:
    """All that a shell prints of a line. One that calls tradegen, and asks nothing else of it, is forked."""
    if not LARGE and (found := _PLAIN.fullmatch(line)):
        command, *places, rest = found.groups()
        together = not (rest or any(places))
        _, *words = shlex.split(command)
        done = run_module("tradegen", *words, cwd=cwd, timeout=timeout, together=together, **environment)
        told = [done.out] if together else [done.err, done.out]
        for number, place in enumerate(reversed(places)):
            if place:
                (cwd / place).write_text(told[number])
                told[number] = ""
        if not rest:
            return "".join(told)
        line, given = rest, told.pop()
    else:
        told, given = [], None
    search_path = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    done_there = subprocess.run(
        ["bash", "-c", line],
        cwd=cwd,
        env={**environment, "PATH": search_path},
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    return "".join([*told, done_there.stdout])


def run_module(
    module: str, *words: str | Path, cwd: Path, timeout: float, together: bool = False, **environment: str
) -> Done:
    """Run ``python -m module``: in a process that is forked, or in a new one where tests are to be large.

    With `together`, which only a forked one can do, both outputs are one, as on a terminal.
    """
    # Python itself reads these when it starts.
    starting = {name for name in environment if name.startswith("PYTHON")}
    if LARGE or any(environment[name] != os.environ.get(name) for name in starting):
        return fresh(module, *words, cwd=cwd, timeout=timeout, **environment)
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder, "out"), Path(folder, "out" if together else "err")]
        process = _WARM.Process(
            target=_become, args=(module, list(map(str, words)), str(cwd), environment, outputs)
        )
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired([module, *words], timeout)
        code = process.exitcode
        process.close()
        return Done(code, *(path.read_text() for path in outputs))


def fresh(module: str, *words: str | Path, cwd: Path, timeout: float, **environment: str) -> Done:
    """Run ``python -m module`` in a process that loads everything itself."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, words)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def run_pytest(
    *words: str, cwd: Path, timeout: float, how: Callable[..., Done] = run_module, **environment: str
) -> Done:
    """Run ``python -m pytest`` with nothing of this session's settings."""
    outer = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    words = ("-q", "-p", "no:cacheprovider", *words)
    return how("pytest", *words, cwd=cwd, timeout=timeout, **(outer | environment))


def _become(
    module: str, words: list[str], cwd: str, environment: dict[str, str], outputs: list[Path]
) -> None:
    """Turn a forked process into one that was started as ``python -m module``."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor, path in enumerate(outputs, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), descriptor)
    sys.stdin = sys.__stdin__ = os.fdopen(0, closefd=False)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.path[:] = [cwd, *(path for path in sys.path if path and not Path(path).is_relative_to(TESTS))]
    sys.argv[1:] = words
    if module == "pytest":
        # It looks for plugins first, and rewrites what it then loads.
        for name in [name for name in sys.modules if name.partition(".")[0] == "tradegen"]:
            del sys.modules[name]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
