"""The folder of a sweep: what was begun there, which runs are whole, and who is at work in it.

::

    sweep.json            what the sweep is, and which ids each run has
    runs/NAME/            a run that is whole: run.json, run.ipynb, and what the notebook wrote
    failed/NAME/          one that failed: failure.json, run.ipynb
    .working/             runs that are being made
    summary.parquet       a row a run, written when none is left to make
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from tradegen.core.columns import LARGEST_ID
from tradegen.core.regular_files import read_file
from tradegen.errors import OutputError, ScenarioError, shown
from tradegen.output.files import OutputFile
from tradegen.output.writable_storage import lock_folder
from tradegen.sweep.sweep_file import SweepFile
from tradegen.sweep.sweep_runs import BUILT_IN, PlannedRun
from tradegen.version import GENERATION


class _Noted(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    pairs: int
    first_id: int | None = None
    key: str


class _Plan(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    sweep: int
    generation: int = 2  # the first sweeps do not state it, and are of this one
    notebook: str
    first_id: int | None
    ledger: str | None
    parameters: dict[str, Any]
    runs: dict[str, _Noted]


def as_json(value: Any) -> bytes:
    """What a sweep notes, with dates and paths as text."""
    return json.dumps(value, indent=2, default=str).encode() + b"\n"


class SweepFolder:
    """A folder with one sweep in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.working = self.path / ".working"
        self.summary = self.path / "summary.parquet"

    def whole(self, name: str) -> Path:
        """Where a run lies once it is whole."""
        return self.path / "runs" / name

    def failed(self, name: str) -> Path:
        """Where a run lies that failed."""
        return self.path / "failed" / name

    def begin(self, sweep: SweepFile, runs: Sequence[PlannedRun]) -> dict[str, int]:
        """Hold the plan against what was begun here, note it, and give each run its first id.

        Returns
        -------
        dict
            The first id by the name of the run. No two ranges overlap, and what a run was given once it
            keeps.

        Raises
        ------
        OutputError, LedgerError
            Where another sweep was begun here, or no ids can be had. Nothing has changed then.
        """
        noted = self._noted()
        plan = _Plan(
            sweep=1,
            generation=GENERATION,
            notebook=sweep.notebook or BUILT_IN,
            first_id=None if sweep.ledger else sweep.first_id,
            ledger=sweep.ledger,
            parameters=json.loads(as_json(sweep.parameters)),
            runs=dict(noted.runs) if noted else {},
        )
        if noted:
            self._require_same(plan, noted, runs)
        key = f"sweep-{secrets.token_hex(16)}"
        for run in runs:
            plan.runs.setdefault(run.name, _Noted(pairs=run.pairs, key=key))
        if sweep.ledger:
            from tradegen.ledger import open_ledger

            ledger = open_ledger(sweep.ledger)
            # Noted before they are reserved: after a kill in between, the same key gives the same ids.
            self._note(plan)
            for batch in {one.key: None for one in plan.runs.values() if one.first_id is None}:
                new = [one for one in plan.runs.values() if one.key == batch]
                if count := sum(one.pairs for one in new):
                    _number(new, ledger.reserve(count, batch))
        else:
            new = [one for one in plan.runs.values() if one.first_id is None]
            old = [one.first_id + one.pairs for one in plan.runs.values() if one.first_id is not None]
            _number(new, max([sweep.first_id, *old]))
        self._note(plan)
        return {name: one.first_id or 0 for name, one in plan.runs.items()}

    def _noted(self) -> _Plan | None:
        path = self.path / "sweep.json"
        try:
            return _Plan.model_validate_json(read_file(path))
        except FileNotFoundError:
            if self.path.exists() and (strange := next(self.path.iterdir(), None)):
                raise OutputError(
                    f"{self.path} holds {strange.name} and no sweep; expected a new or empty folder"
                ) from None
            return None
        except ValidationError:
            raise OutputError(
                f"{path} is not the plan of a sweep; expected it as it was written, or another folder"
            ) from None

    def _require_same(self, plan: _Plan, noted: _Plan, runs: Sequence[PlannedRun]) -> None:
        ends = "expected the same sweep, with runs added at most, or another folder"
        for what in ("generation", "notebook", "first_id", "ledger"):
            if (now := getattr(plan, what)) != (then := getattr(noted, what)):
                raise OutputError(
                    f"{self.path} was begun with {what} {shown(then)}, not {shown(now)}; {ends}"
                )
        for name in sorted(plan.parameters.keys() | noted.parameters.keys()):
            then, now = (one.parameters.get(name, "not given") for one in (noted, plan))
            if then != now:
                raise OutputError(
                    f"{self.path} was begun with {name} {shown(then)}, not {shown(now)}; {ends}"
                )
        names = {run.name for run in runs}
        if gone := next((name for name in noted.runs if name not in names), None):
            raise OutputError(
                f"{self.path} was begun with the run {gone}, which this sweep does not have; {ends}"
            )

    def _note(self, plan: _Plan) -> None:
        with OutputFile(self.path / "sweep.json") as file:
            file.write(as_json(plan.model_dump()))

    def is_whole(self, run: PlannedRun, first_id: int) -> bool:
        """Whether the run is there, with all that it was asked for.

        Raises
        ------
        OutputError
            Where its folder is there and is not that run's.
        """
        folder = self.whole(run.name)
        if not os.path.lexists(folder):
            return False
        try:
            noted = json.loads(read_file(folder / "run.json"))
            same = (noted["run"], noted["first_id"], noted["parameters"]) == (
                run.name,
                first_id if run.pairs else None,
                json.loads(as_json(run.parameters)),
            )
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            same = False
        if not same:
            raise OutputError(
                f"{folder} is not as this sweep left it; expected it untouched, or taken away to be made anew"
            )
        return True

    @contextlib.contextmanager
    def tidied(self) -> Iterator[None]:
        """Take away, before and afterwards, what sweeps that were broken off were making."""
        shutil.rmtree(self.working, ignore_errors=True)
        try:
            yield
        finally:
            shutil.rmtree(self.working, ignore_errors=True)
            with contextlib.suppress(OSError):
                (self.path / "failed").rmdir()  # goes only where none is left

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other sweeps out.

        The workers inherit the lock: it is free once those of a sweep that was killed have ended, too.

        Raises
        ------
        OutputError
            Where another sweep is at work, or the folder cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise OutputError(
                f"out is {self.path}, which cannot be made a folder: {error.strerror}"
            ) from None
        try:
            _lock(lock, self.path)
            yield
        finally:
            with contextlib.suppress(OSError):
                self.path.rmdir()  # goes only where nothing was put into it
            os.close(lock)


def _lock(descriptor: int, path: Path) -> None:
    try:
        lock_folder(
            descriptor,
            f"another sweep is at work in {path}; wait until it has ended, or use another folder",
        )
    except OutputError:
        raise  # which is an OSError, too
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise  # of a file system that has locks


def _number(runs: Sequence[_Noted], first_id: int) -> None:
    """Give the runs ranges that follow on one another."""
    for run in runs:
        if first_id + run.pairs - 1 > LARGEST_ID:
            raise ScenarioError(f"the last id of the sweep is above {LARGEST_ID}; expected a lower first_id")
        run.first_id = first_id
        first_id += run.pairs
