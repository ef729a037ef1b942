"""How the command line writes datasets: what counts as one, resuming, ids, the summary at the end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradegen.cli.shell import say
from tradegen.errors import OutputError

if TYPE_CHECKING:
    from tradegen.engine.run import Run
    from tradegen.formats.parquet_options import ParquetOptions
    from tradegen.output.dataset_plan import Plan


def is_dataset(out: str | None, form: str | None) -> bool:
    """Whether an output is a dataset: a folder, and not a file."""
    if out == "":
        raise OutputError("out is empty; expected a file, a folder such as data/, or s3://bucket/prefix")
    if out is None or out == "-":
        return False
    folder = out.endswith("/") or Path(out).is_dir()
    return folder or is_url(out) or (form == "parquet" and not Path(out).suffix and not Path(out).exists())


def is_url(place: str | None) -> bool:
    """Whether a place is a bucket's, or of some other scheme."""
    return place is not None and "://" in place


@dataclass(frozen=True, slots=True)
class DatasetOptions:
    """The options that are for datasets, as they were given."""

    workers: int | None = None
    dask: str | None = None
    resume: bool = False
    overwrite: bool = False
    blocks_per_part: int | None = None
    endpoint: str | None = None
    compression: str | None = None
    row_group_rows: int | None = None

    def __post_init__(self) -> None:
        if self.resume and self.overwrite:
            raise OutputError("resume and overwrite are both given; expected one of --resume and --overwrite")

    @property
    def given(self) -> bool:
        """Whether any is given that is for datasets alone; those of Parquet are for single files, too."""
        return dataclasses.replace(self, compression=None, row_group_rows=None) != DatasetOptions()

    @property
    def parquet(self) -> ParquetOptions:
        """Those of Parquet."""
        from tradegen.formats.parquet_options import ParquetOptions

        return ParquetOptions(self.compression, self.row_group_rows)

    def begun(self, out: str) -> Plan | None:
        """The plan of the dataset at `out` that is to be resumed; None where nothing is."""
        if not self.resume:
            return None
        from tradegen.output.existing_dataset import begun_plan
        from tradegen.output.writable_storage import open_store

        return begun_plan(open_store(out, self.endpoint))

    def write(
        self, run: Run, out: str, form: str, reserve: Callable[[int, str], int] | None, *, force: bool
    ) -> dict[str, Any]:
        """Write the dataset, and say what came of it where it is broken off.

        Parameters
        ----------
        run : Run
        out : str
            A folder or ``s3://bucket/prefix``.
        form : str
            The name of a format.
        reserve : callable or None
            As `write_dataset` has it.
        force : bool
            Whether to write what the disk seems to have too little space for.

        Raises
        ------
        OutputError
            Where it cannot be written.
        KeyboardInterrupt
            Saying how to go on.
        """
        from tradegen.output.dataset import write_dataset
        from tradegen.output.dataset_plan import Plan
        from tradegen.output.disk_space import expected_bytes, folder_bytes, require_space
        from tradegen.output.progress import meter

        if not force and not is_url(out):
            size = sum(expected_bytes(Plan(run, form)).values())
            # What is there already is either kept or taken away first.
            kept = folder_bytes(Path(out)) if self.resume or self.overwrite else 0
            require_space({Path(out): size}, kept)
        given = {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
        with meter(run.scenario.pairs) as advance:
            done = 0

            def count(pairs: int) -> None:
                nonlocal done
                done += pairs
                advance(pairs)

            try:
                made = write_dataset(run, out, form=form, reserve=reserve, advance=count, **given)
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
    say(f"{len(files)} files, {size:,} bytes, in {out}; digest of the trades {manifest['digests']['trades']}")
