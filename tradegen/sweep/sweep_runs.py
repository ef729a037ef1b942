"""The runs of a sweep: what each passes to the notebook, checked before any kernel starts."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradegen.engine.run import prepare
from tradegen.errors import ScenarioError, TradegenError
from tradegen.scenario.fields import ScenarioFields
from tradegen.scenario.model import Scenario
from tradegen.sweep.sweep_file import Place, SweepFile

if TYPE_CHECKING:
    from tradegen.sweep.parameter_cells import Notebook

BUILT_IN = "batch_run.ipynb"
"""The notebook of a sweep that names none."""

_FIELDS = tuple(ScenarioFields.model_fields)
_LAYOUTS = ("trades", "buy", "sell", "ours", "theirs")  # a notebook's own parameters may well be called so
_BY_THE_SWEEP = {
    "out": "each run has a folder of its own below --out",
    "first_id": "first_id = 1 stands at the top of the sweep, above [parameters]",
    "ledger": "ledger = 'trade_ids.db' stands at the top of the sweep, above [parameters]",
}
_NAME_LENGTH = 60


@dataclass(frozen=True)
class PlannedRun:
    """One run.

    Attributes
    ----------
    name : str
        That of its folder: its point of the grid, and a digest of all that it was given.
    point : dict
        What the grid gives it, by dotted name.
    parameters : dict
        What is passed to the notebook, except its folder, its first id and the path of `scenario`.
    scenario : str
        TOML of the scenario, where fields are given that the notebook has no parameter for; or "".
    pairs : int
        How many ids it takes; 0 where the notebook takes none.
    """

    name: str
    point: dict[str, Any]
    parameters: dict[str, Any]
    scenario: str
    pairs: int


def own_notebook() -> Path:
    """Where ``batch_run.ipynb`` lies: in the package, or in a checkout beside it."""
    package = Path(__file__).resolve().parent.parent
    paths = (package / BUILT_IN, package.parent / "notebooks" / BUILT_IN)
    return next((path for path in paths if path.exists()), paths[0])


def planned(sweep: SweepFile, notebook: Notebook) -> list[PlannedRun]:
    """All runs, in the order of the grid.

    Raises
    ------
    ScenarioError
        On a parameter that the notebook does not have, a value of another type than its cell states, or a
        scenario that cannot be generated from. The message names the run.
    """
    return [_planned(given, point, notebook) for given, point in sweep.combinations()]


def _planned(given: Mapping[str, Any], point: Mapping[Place, Any], notebook: Notebook) -> PlannedRun:
    from tradegen.sweep.parameter_cells import as_plain

    swept = {".".join(place): as_plain(".".join(place), value) for place, value in point.items()}
    passed: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    takes_scenario = "scenario" in notebook.parameters
    for name, value in given.items():
        if name in _BY_THE_SWEEP:
            raise ScenarioError(f"{name} is set by the sweep itself: {_BY_THE_SWEEP[name]}")
        plain = as_plain(name, value)
        if takes_scenario and name in _FIELDS and name not in notebook.parameters:
            fields[name] = plain
        else:
            passed[name] = notebook.parameter(name, _FIELDS if takes_scenario else ()).take(plain)
    scenario: Scenario | None = None
    if takes_scenario:
        try:
            scenario = _scenario(passed, fields, notebook)
        except TradegenError as error:
            raise ScenarioError(f"the run with {_told(swept)}: {error}") from None
    parameters = {name: value for name, value in passed.items() if not (fields and name == "scenario")}
    # Of the scenario, what it states itself: a later version may have more fields with a default.
    stated = scenario.model_dump(mode="json", exclude_unset=True) if scenario else None
    asked = {"parameters": passed, "scenario": stated}
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:8]
    return PlannedRun(
        name=f"{_folder_name(swept)}_{digest}",
        point=swept,
        parameters=parameters,
        scenario=scenario.to_toml() if scenario and fields else "",
        pairs=_ids(passed, scenario, notebook),
    )


def _scenario(passed: Mapping[str, Any], fields: Mapping[str, Any], notebook: Notebook) -> Scenario:
    """What the notebook will generate from, as far as its parameters say it, checked with the market."""
    base = passed.get("scenario", notebook.parameters["scenario"].default)
    base = Scenario.load(base if isinstance(base, (str, Path, dict)) and base else None)
    base = base.replace(**fields)
    given = {
        name: value
        for name, value in passed.items()
        if name in (*_FIELDS, "seed") and not (name in _LAYOUTS or _stands_for_none(name, value, notebook))
    }
    prepare(base, **given)
    return base


def _stands_for_none(name: str, value: Any, notebook: Notebook) -> bool:
    return value is None or value == notebook.parameters[name].default


def _ids(passed: Mapping[str, Any], scenario: Scenario | None, notebook: Notebook) -> int:
    """How many ids the run takes."""
    if "first_id" not in notebook.parameters:
        return 0
    known = notebook.parameters.get("pairs")
    pairs = passed.get("pairs", known.default if known else None)
    if isinstance(pairs, int) and pairs >= 1:
        return pairs
    if scenario is None:
        raise ScenarioError(
            f"{notebook.path.name} has a parameter first_id and none that says how many ids a run takes; "
            "expected a parameter pairs of at least 1, or no first_id"
        )
    return scenario.pairs


def _told(swept: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {_short(value)}" for name, value in swept.items())


def _folder_name(swept: Mapping[str, Any]) -> str:
    parts = (f"{name.rpartition('.')[2]}-{_short(value)}" for name, value in swept.items())
    return re.sub(r"[^A-Za-z0-9.+_-]+", "-", "_".join(parts))[:_NAME_LENGTH].strip("-._")


def _short(value: Any) -> str:
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else str(value)
