"""How the command line makes datasets: what counts as one, resuming, ids, the summary at the end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradegen.cli.shell import say
from tradegen.engine.run import Run
from tradegen.errors import OutputError
from tradegen.output.dataset import write_dataset
from tradegen.output.dataset_plan import BLOCKS_PER_PART
from tradegen.output.progress import meter

__all__ = ["Request", "is_dataset", "say_where"]


def is_dataset(out: str | None, form: str | None) -> bool:
    """Whether an output is a dataset: a folder, and not a file."""
    if out == "":
        raise OutputError("out is empty; expected a file, a folder such as data/, or s3://bucket/prefix")
    if out is None or out == "-":
        return False
    folder = out.endswith("/") or Path(out).is_dir()
    return folder or "://" in out or (form == "parquet" and not Path(out).suffix and not Path(out).exists())


@dataclass(frozen=True, slots=True)
class Request:
    """How a dataset is to be made, as `write_dataset` has it."""

    workers: int | None = None
    dask: str | None = None
    resume: bool = False
    overwrite: bool = False
    blocks_per_part: int = BLOCKS_PER_PART
    endpoint: str | None = None

    def __post_init__(self) -> None:
        if self.resume and self.overwrite:
            raise OutputError("resume and overwrite are both given; expected one of --resume and --overwrite")

    def write(
        self, run: Run, out: str, form: str, reserve: Callable[[int, str], int] | None
    ) -> dict[str, Any]:
        """Write the dataset, and say what came of it where it is broken off.

        Raises
        ------
        OutputError
            Where it cannot be written.
        KeyboardInterrupt
            Saying how to go on.
        """
        with meter(run.scenario.pairs) as advance:
            done = 0

            def count(pairs: int) -> None:
                nonlocal done
                done += pairs
                advance(pairs)

            try:
                made = write_dataset(
                    run, out, form=form, reserve=reserve, advance=count, **dataclasses.asdict(self)
                )
            except KeyboardInterrupt:
                raise KeyboardInterrupt(
                    f"{done:,} of {run.scenario.pairs:,} pairs are written to {out}; the same command "
                    f"with --resume{' in place of --overwrite' * self.overwrite} goes on"
                ) from None
        if not done:
            say(f"{out} holds all of it already; nothing was left to make")
        return made


def say_where(out: str, manifest: Mapping[str, Any]) -> None:
    """Say what lies where."""
    files = manifest["dataset"]["files"]
    size = sum(file["bytes"] for file in files.values())
    say(f"{len(files)} files, {size:,} bytes, in {out}; digest {manifest['digests']['dataset']}")
