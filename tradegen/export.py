"""A run to single files, or to standard output: block by block, in constant memory, whole or not at all."""

from __future__ import annotations

import contextlib
import functools
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradegen.errors import OutputError, nearest
from tradegen.generate import blocks
from tradegen.manifest import Tally
from tradegen.output import OutputFile
from tradegen.progress import progress
from tradegen.run import Run
from tradegen.sinks import SINKS, TRADES, TRUTH, Kind, Sink, trade_records, truth_records

__all__ = ["Destinations", "export"]

_BY_SUFFIX = {".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv"}


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where a run goes: `trades` (None is standard output), and if named `truth` and `manifest`.

    `form` is the name of a sink; where it is None, a file's suffix says it, and JSON is the default.

    Raises
    ------
    OutputError
        Where the form is unknown, or two destinations are one file, or one is a file that is read.
    """

    trades: Path | None = None
    truth: Path | None = None
    manifest: Path | None = None
    form: str | None = None
    inputs: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        if self.form is not None and self.form not in SINKS:
            raise OutputError(f"format {self.form} is unknown; {nearest(self.form, SINKS)}")
        taken = {path.resolve(): "is read by this run, too" for path in self.inputs}
        for path in (self.trades, self.truth, self.manifest):
            # What keeps nothing, such as /dev/null, may be named twice.
            if path is None or (path.exists() and not path.is_file()):
                continue
            if path.resolve() in taken:
                raise OutputError(f"{path} {taken[path.resolve()]}; expected another path to write to")
            taken[path.resolve()] = "is named for two outputs"

    def sink(self, kind: Kind, path: Path | None, write: Callable[[str], object]) -> Sink:
        """The sink for one kind of record."""
        by_suffix = _BY_SUFFIX.get(path.suffix.lower()) if path else None
        return SINKS[self.form or by_suffix or "json"](kind, write)


@contextlib.contextmanager
def export(destinations: Destinations) -> Iterator[Callable[[Run], dict[str, Any]]]:
    """Open the destinations, and give a function that writes a run to them and returns its manifest.

    Files are opened first and put in place last, when the context is left without an error: whatever goes
    wrong between, such as a ledger that refuses, no file has changed.
    """
    with contextlib.ExitStack() as stack:

        def opened(path: Path | None) -> OutputFile | None:
            return stack.enter_context(OutputFile(path)) if path else None

        trades, truth = opened(destinations.trades), opened(destinations.truth)
        manifest = opened(destinations.manifest)
        try:
            yield functools.partial(_write, destinations, trades, truth, manifest)
            sys.stdout.flush()
        except BrokenPipeError:
            if truth or manifest:
                raise OutputError("standard output was closed before its end; no file was changed") from None
            raise


def _write(
    to: Destinations,
    trades_file: OutputFile | None,
    truth_file: OutputFile | None,
    manifest_file: OutputFile | None,
    run: Run,
) -> dict[str, Any]:
    trades = to.sink(TRADES, to.trades, trades_file.write if trades_file else sys.stdout.write)
    truth = to.sink(TRUTH, to.truth, truth_file.write) if truth_file else None
    tally = Tally(run)
    for block in progress(run, blocks(run)):
        trades.add(trade_records(run, block))
        if truth:
            truth.add(truth_records(run, block))
        tally.add(block)
    trades.end()
    if truth:
        truth.end()
    manifest = tally.manifest()
    if manifest_file:
        manifest_file.write(json.dumps(manifest, indent=2) + "\n")
    return manifest
