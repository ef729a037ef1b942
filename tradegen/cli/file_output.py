"""How the command line writes single files, or to standard output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradegen.engine.run import Run
    from tradegen.formats.parquet_options import ParquetOptions


def standard_output(path: Path | None) -> Path | None:
    """The path of an output; of ``-``, that of standard output."""
    from tradegen.output.files import STANDARD_OUTPUT  # loaded where it is used

    return STANDARD_OUTPUT if path == Path("-") else path


def write_text(out: str | None, text: str) -> None:
    """Write a text to a file, which is whole or as before; None and ``-`` are standard output."""
    from tradegen.output.files import OutputFile, StandardOutput

    with StandardOutput() if out in (None, "-") else OutputFile(str(out)) as file:
        file.write(text.encode())


def write_files(
    run: Run,
    out: str | None,
    truth: Path | None,
    manifest: Path | None,
    form: str | None,
    inputs: Sequence[Path],
    reserve: Callable[[int], int] | None = None,
    *,
    parquet: ParquetOptions | None = None,
    force: bool,
) -> dict[str, Any]:
    """Write a run to files, whole or not at all; returns its manifest.

    Parameters
    ----------
    run : Run
    out : str or None
        Of the trades; None and ``-`` are standard output.
    truth, manifest : path or None
        Where they are to be written, too; ``-`` is standard output.
    form : str or None
        A format's name, if the suffix is not to say it.
    inputs : sequence of path
        Files that this run reads, which it must not write.
    reserve : callable, optional
        Called with the number of pairs once nothing else stands in the way; returns the first id. If not
        given, that of the run counts.
    parquet : ParquetOptions, optional
        How Parquet is written.
    force : bool
        Whether to write what the disk seems to have too little space for.

    Raises
    ------
    OutputError
        Where a file cannot be written. None has changed then.
    """
    from tradegen.errors import OutputError
    from tradegen.formats.parquet_options import ParquetOptions
    from tradegen.formats.sorting import require_sortable
    from tradegen.output.dataset_parts import rehearse
    from tradegen.output.dataset_plan import Plan
    from tradegen.output.disk_space import expected_bytes, require_space
    from tradegen.output.single_files import Destinations, export

    trades = None if out in (None, "-") else Path(str(out))
    truth, manifest = map(standard_output, (truth, manifest))
    lists = tuple(run.scenario.lists)
    destinations = Destinations(
        *(trades, truth, manifest, form, tuple(inputs), lists, parquet or ParquetOptions()),
        linked=not run.scenario.shared_id,
    )
    require_sortable(run, run.scenario.pairs, OutputError)
    plan = Plan(run, destinations.form_of_trades)
    rehearse(plan)
    if not force:
        beside = {"truth": truth, "links": destinations.links}
        files = destinations.files | {table: path for table, path in beside.items() if path}
        require_space({files[table]: size for table, size in expected_bytes(plan).items() if table in files})
    with export(destinations) as write:
        return write(run.starting_at(reserve(run.scenario.pairs)) if reserve else run)
