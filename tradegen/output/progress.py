"""Progress on standard error, for runs long enough to wonder about."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator

from tradegen.core.blocks import Block
from tradegen.engine.run import Run

_A_WHILE = 30.0  # seconds between lines where no one watches


def progress(run: Run, blocks: Iterable[Block]) -> Iterator[Block]:
    """Pass blocks on, with a bar where a person watches a run of several."""
    if run.block_count < 3:
        yield from blocks
        return
    with meter(run.scenario.pairs) as advance:
        for block in blocks:
            yield block
            advance(block.pairs)


@contextlib.contextmanager
def meter(total: int | None, what: str = "pairs", *, done: int = 0) -> Iterator[Callable[[int], None]]:
    """Give a function that counts on: a bar with rate and time left, or a line now and then.

    The bar is for a terminal; elsewhere, in a log, there is a line every half a minute. What was `done`
    before counts as done, and not for the rate. Where the `total` is not known, only what is done is told.
    """
    if not sys.stderr.isatty():
        yield _Lines(total, what, done).advance
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        (SpinnerColumn(), TextColumn(f"{{task.completed:,.0f}} {what}"), TimeElapsedColumn())
        if total is None
        else (
            TextColumn(f"{{task.completed:,.0f}} of {{task.total:,.0f}} {what}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, completed=done, rate="")
        start = time.monotonic()
        counted = 0

        def advance(number: int) -> None:
            nonlocal counted
            counted += number
            rate = _rate(counted, time.monotonic() - start, what)
            bar.update(task, completed=done + counted, rate=rate)

        yield advance


class _Lines:
    """A line on standard error every half a minute."""

    def __init__(self, total: int | None, what: str, done: int) -> None:
        self._total, self._what, self._before, self._done = total, what, done, 0
        self._start = self._said = time.monotonic()

    def advance(self, number: int) -> None:
        self._done += number
        now = time.monotonic()
        done = self._before + self._done
        if now - self._said < _A_WHILE or (self._total is not None and done >= self._total):
            return
        self._said = now
        told = f"{self._what} so far"
        if self._total is not None:
            left = (self._total - done) * (now - self._start) / self._done
            rate = _rate(self._done, now - self._start, self._what)
            told = f"of {self._total:,} {self._what}, {rate}, {_length(left)} left"
        sys.stderr.write(f"tradegen: {done:,} {told}\n")
        sys.stderr.flush()


def _rate(number: int, seconds: float, what: str) -> str:
    rate = number / max(seconds, 1e-3)
    return f"{rate:,.0f} {what}/s" if rate >= 10 else f"{60 * rate:,.0f} {what}/min"


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"
