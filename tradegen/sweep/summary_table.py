"""``summary.parquet``: a row for each run of a sweep, with its point of the grid and what came of it."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tradegen.output.files import OutputFile
from tradegen.sweep.sweep_folder import SweepFolder
from tradegen.sweep.sweep_runs import PlannedRun

RESULTS = "results.json"
"""What a notebook may leave in its folder: names and numbers, each a column of the summary."""

_PLAIN = {bool, int, float, str, dt.date, dt.datetime, dt.time}


def write_summary(folder: SweepFolder, runs: Sequence[PlannedRun]) -> None:
    """Write the table of all runs, whole or failed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [_row(folder, run) for run in runs]
    names = dict.fromkeys(name for row in rows for name in row)
    buffer = io.BytesIO()
    pq.write_table(pa.table({name: _column([row.get(name) for row in rows]) for name in names}), buffer)
    with OutputFile(folder.summary) as file:
        file.write(buffer.getvalue())


def _column(values: list[Any]) -> list[Any]:
    """Values of one type, as they are; what is of several, or a table, or a path, as text."""
    kinds = {type(value) for value in values if value is not None}
    if (len(kinds) < 2 and kinds <= _PLAIN) or kinds == {int, float}:
        return values
    return [value if value is None or isinstance(value, str) else _text(value) for value in values]


def _text(value: Any) -> str:
    return str(value) if isinstance(value, Path) else json.dumps(value, default=str)


def _row(folder: SweepFolder, run: PlannedRun) -> dict[str, Any]:
    whole = folder.whole(run.name)
    row: dict[str, Any] = {"run": run.name, **run.point, "failed": not whole.exists()}
    if row["failed"]:
        return row
    noted = json.loads((whole / "run.json").read_bytes())
    row |= {name: noted[name] for name in ("first_id", "last_id", "seconds")}
    for name, value in _counted(_object(whole / "manifest.json")).items():
        row.setdefault(name, value)  # what is swept stands there already
    for name, value in _object(whole / RESULTS).items():
        if isinstance(value, (bool, int, float, str)):
            row[f"results.{name}" if name in row else name] = value
    return row


def _counted(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What a manifest of tradegen's counts, flat."""
    counts = manifest.get("counts", {})
    if not counts:
        return {}
    rates = manifest.get("rates", {}).get("overall", {})
    return {
        "pairs": counts.get("pairs"),
        "seed": str(manifest["replay"]["seed"]),
        "rate_expected": rates.get("expected"),
        "rate_made": rates.get("made"),
        **{name: count for name, count in counts.items() if isinstance(count, int)},
        **{f"altered_{field}": count for field, count in counts.get("by_field", {}).items()},
    }


def _object(path: Path) -> dict[str, Any]:
    """A JSON file that is an object; empty where it is anything else, as it may be anyone's."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
