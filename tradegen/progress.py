"""Progress on standard error, for runs long enough to wonder about."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator

from tradegen.run import Run
from tradegen.schema import Block

__all__ = ["counter", "progress"]


def progress(run: Run, blocks: Iterable[Block]) -> Iterator[Block]:
    """Pass blocks on, with a bar (pairs done, rate, time left) where a person watches a run of several."""
    if run.block_count < 3 or not sys.stderr.isatty():
        yield from blocks
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("pairs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("pairs", total=run.scenario.pairs)
        for block in blocks:
            yield block
            bar.advance(task, block.pairs)


@contextlib.contextmanager
def counter(what: str) -> Iterator[Callable[[int], None]]:
    """Give a function that counts on, shown where a person watches: for work whose size is not known."""
    if not sys.stderr.isatty():
        yield lambda _number: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda number: bar.advance(task, number)
