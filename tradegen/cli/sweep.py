"""``tradegen sweep``: a notebook, run for each combination of a grid."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tradegen.cli.shell import number, say, sentences
from tradegen.errors import OutputError


@sentences
def sweep(
    file: Annotated[Path, typer.Argument(metavar="SWEEP.toml", help="What to run: see the example below.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where the runs go, a folder each. With runs of this sweep in it, only the others are made.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(parser=number, metavar="N", help="Runs at a time; one a core if not given."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything and list the runs, but make none.")
    ] = False,
) -> None:
    """Run a notebook once for each combination of a grid of parameters.

    A SWEEP.toml such as this one makes 3 x 4 runs of 20,000 pairs:

    ```toml
    first_id = 1                       # or ledger = "trade_ids.db"

    [parameters]                       # the same for all runs
    scenario = "us_equity_t1"
    pairs = 20_000

    [grid]                             # every combination is a run
    mismatch_rate = [0.01, 0.02, 0.05]
    seed = [1, 2, 3, 4]
    ```

    Any field of a scenario can be under `parameters` or `grid`. Without `notebook = "mine.ipynb"`, the
    notebook is tradegen's own `batch_run.ipynb`; one of yours needs a cell with the tag `parameters`.

    Each run has a range of ids of its own, and a folder in `FOLDER/runs` that appears when it is whole.
    After an interruption or a failure, the same command makes what is missing. `FOLDER/summary.parquet`
    has a row for each run.

    For example:

    - `tradegen sweep SWEEP.toml --dry-run`

    - `tradegen sweep SWEEP.toml --out rates/ --workers 4`
    """
    from tradegen.sweep.sweeping import plan_sweep, run_sweep  # loaded where it is used

    if dry_run:
        _, notebook, runs = plan_sweep(file)
        for run in runs:
            typer.echo(run.name)
        ids = sum(run.pairs for run in runs)
        say(f"{len(runs)} runs of {notebook.path.name}{f', {ids:,} ids' if ids else ''}; nothing was made")
        return
    if out is None:
        raise OutputError("out is not given; expected --out FOLDER, or --dry-run to see the runs alone")
    try:
        made = run_sweep(file, out, workers=workers, on_failure=_say_above_the_bar)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("runs that were whole are kept; the same command makes the others") from None
    if made.other_notebook:
        say(
            f"{made.other_notebook} of the runs were made before the notebook was changed; take their "
            "folders away to have them made anew"
        )
    done = made.runs - len(made.failed)
    kept = f", {made.kept} of them before" if made.kept else ""
    say(f"{done} of {made.runs} runs are done{kept}; {made.summary} has a row for each")
    if made.failed:
        say(f"{len(made.failed)} failed; the same command tries them again")
        raise typer.Exit(2)


def _say_above_the_bar(message: str) -> None:
    """Print a message for the person while there may be a bar: what typer prints would stand in its line."""
    sys.stderr.write(f"tradegen: {message}\n")
    sys.stderr.flush()
