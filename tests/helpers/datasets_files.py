"""Datasets as tests make them, break them off, and read them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tradegen.engine.run import Run, prepare
from tradegen.output.dataset import write_dataset

BLOCK = 65_536  # pairs, as docs/datasets.md has it
WORDS = ("generate", "--seed", "7", "--date", "2025-07-21", "--format", "csv", "--blocks-per-part", "1")


def a_run(scenario: str | None = None, **arguments: Any) -> Run:
    """A run of two parts, the second of them small, that is the same each time."""
    return prepare(scenario, **{"pairs": BLOCK + 1_000, "seed": 7, "date": "2025-07-21", **arguments})


def set_block(patch: pytest.MonkeyPatch, pairs: int) -> None:
    """Have blocks of so many pairs, in this process and in those that are forked of it.

    Values are then others, but parts and what joins them work as they do with blocks of any length.
    """
    for module in ("engine.run", "engine.generator", "output.dataset_plan"):
        patch.setattr(f"tradegen.{module}.BLOCK_PAIRS", pairs)


def files_in(folder: Path) -> dict[str, bytes]:
    """All files below a folder, hidden ones too, by their path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write(run: Run, out: Path | str, **arguments: Any) -> dict[str, Any]:
    """Write a dataset of a part a block, and give its manifest."""
    return write_dataset(run, out, **{"blocks_per_part": 1, "form": "csv", **arguments})


def break_off(run: Run, out: Path | str, *, after: int = 1, **arguments: Any) -> None:
    """Write a dataset up to the moment that this number of parts are made."""
    made = 0

    def count(_pairs: int) -> None:
        nonlocal made
        made += 1
        if made == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(run, out, advance=count, **{"workers": 1, **arguments})


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until it holds; fail when it takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)


def processes_in(group: int) -> list[int]:
    """The processes of a group that still run; those that only wait to be buried are left out."""
    return [number for number, _, its_group in _processes() if its_group == group]


def children_of(parent: int) -> list[int]:
    """The processes that this one has started, and that still run."""
    return [number for number, its_parent, _ in _processes() if its_parent == parent]


def _processes() -> Iterator[tuple[int, int, int]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                state, parent, group = (folder / "stat").read_text().rpartition(") ")[2].split()[:3]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if state != "Z":
                yield int(folder.name), int(parent), int(group)


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    """What is done inside leaves every file of a folder as it was, and adds none."""
    before = files_in(folder)
    yield
    assert files_in(folder) == before


def tables_of(names: Iterable[str]) -> dict[str, list[str]]:
    """The names of part files by the table they are of, in order."""
    tables: dict[str, list[str]] = {}
    for name in sorted(name for name in names if "/" in name):
        tables.setdefault(name.partition("/")[0], []).append(name)
    return tables
