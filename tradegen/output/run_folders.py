"""A folder of its own for each run of a batch, so that none replaces the files of another."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tradegen.engine.run import Run

_NAME_LENGTH = 40


def own_folder(parent: Path, scenario: str, run: Run) -> Path:
    """A folder below `parent` that does not exist yet, named after what the run is.

    Parameters
    ----------
    parent : path
    scenario : str
        The name or the TOML file that the scenario comes from.
    run : Run
        Its mismatch rate and seed are in the name, and eight digits of a digest of everything else that was
        asked for: runs with different parameters have different names. The first id does not count, as a
        ledger may still give it.

    Returns
    -------
    path
        Such as ``hard_0.1_7_3f9ac01d``; with ``_2`` at its end where there is such a folder already. It is
        not created.
    """
    asked = {name: value for name, value in run.replay().items() if name != "first_id"}
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:8]
    name = f"{Path(scenario).stem[:_NAME_LENGTH]}_{run.scenario.mismatch_rate:g}_{run.seed}_{digest}"
    folder, number = parent / name, 1
    while folder.exists():
        number += 1
        folder = parent / f"{name}_{number}"
    return folder
