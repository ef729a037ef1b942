"""How much a run will write, and whether the disk can hold it: asked before ids are reserved."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from tradegen.errors import OutputError
from tradegen.output.dataset_parts import rehearse
from tradegen.output.dataset_plan import Plan

_SAMPLE = 4_096
"""Pairs that tell the size of all to within a hundredth. A block would, too, and takes FIX 4 seconds."""


def expected_bytes(plan: Plan) -> dict[str, int]:
    """About how many bytes each list and the truth will take, from the size of a sample.

    Returns
    -------
    dict
        Bytes by table; empty for a run of one block, which is small and is not made twice.
    """
    if plan.run.block_count == 1:
        return {}
    sizes = rehearse(plan, _SAMPLE)
    return {table: size * plan.run.scenario.pairs // _SAMPLE for table, size in sizes.items()}


def require_space(places: Mapping[Path, int], replaced: int = 0) -> None:
    """Refuse what its disks cannot hold.

    Parameters
    ----------
    places : mapping
        The bytes that are to be written, by the path they are to be written to. Paths that are there and are
        neither files nor folders, such as ``/dev/null``, hold nothing.
    replaced : int
        Bytes of the same that are there already, and will be kept or taken away first.

    Raises
    ------
    OutputError
        Saying how much there is and how much is needed.
    """
    needed: dict[int, tuple[Path, int]] = {}
    for path, size in places.items():
        if path.exists() and not (path.is_file() or path.is_dir()):
            continue
        folder = next(place for place in (path, *path.absolute().parents) if place.is_dir())
        device = folder.stat().st_dev
        needed[device] = (folder, needed.get(device, (folder, 0))[1] + size)
    for folder, size in needed.values():
        free = shutil.disk_usage(folder).free + replaced
        if size > free:
            raise OutputError(
                f"about {_amount(size)} would be written, and the disk of {folder} has {_amount(free)} free; "
                "expected fewer pairs, another place, or --force to try"
            )


def folder_bytes(folder: Path) -> int:
    """How many bytes the files in a folder and below take."""
    sizes = (path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return sum(sizes) if folder.is_dir() else 0


def _amount(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"
