"""A run to single files, or to standard output: block by block, in constant memory, whole or not at all."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradegen.core.columns import LINKS, LISTS
from tradegen.core.compression import beside, compression_of, compressor, plain_name
from tradegen.engine.generator import generate_blocks
from tradegen.engine.manifest import Tally
from tradegen.engine.run import Run
from tradegen.errors import OutputError, nearest
from tradegen.formats import FORMATS, Writer, truth_format
from tradegen.formats.parquet_options import DEFAULTS, ParquetOptions, library_versions
from tradegen.formats.tables import TRUTH, Table, tables
from tradegen.output.files import (
    STANDARD_OUTPUT,
    OutputFile,
    StandardOutput,
    keeps_nothing,
    require_apart,
    uninterrupted,
)
from tradegen.output.progress import progress

_BY_SUFFIX = {".jsonl": "ndjson", **{f".{form}": form for form in FORMATS if not compression_of(form)}}


def suffix_of(path: Path) -> tuple[str, str | None, str]:
    """The suffix of a file, such as ``.csv.gz``; the format that it says, if any; and that of compression."""
    compressed, suffix = compression_of(path), plain_name(path).suffix.lower()
    return f"{suffix}{compressed}", _BY_SUFFIX.get(suffix), compressed


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where a run goes: `trades` (None is standard output), and if named `truth` and `manifest`.

    `form` is the name of a format; where it is None, a file's suffix says it, and JSON is for what has none.
    A suffix of the trades must not contradict it. The truth follows its own suffix, if it has one that says a
    format.
    In a view of two `lists`, each has a file of its own: ``trades.csv`` becomes ``trades.buy.csv`` and
    ``trades.sell.csv``.

    Where the lists share no id (`linked`), the links stand beside the truth: ``key.csv`` has
    ``key.links.csv`` beside it, of the same format.

    `parquet` says how Parquet is written, where a file is.

    Raises
    ------
    OutputError
        Where the format is unknown, or two destinations are one file, or one is a file that is read; or
        where there are two lists, or links, and no file to write them to.
    """

    trades: Path | None = None
    truth: Path | None = None
    manifest: Path | None = None
    form: str | None = None
    inputs: tuple[Path, ...] = ()
    lists: tuple[str, ...] = LISTS["single"]
    parquet: ParquetOptions = DEFAULTS
    linked: bool = False

    def __post_init__(self) -> None:
        if self.form is not None and self.form not in FORMATS:
            raise OutputError(f"format {self.form} is unknown; {nearest(self.form, FORMATS)}")
        if len(self.lists) > 1 and (self.trades is None or not self.trades.name):
            raise OutputError(
                f"the view has two lists, {' and '.join(self.lists)}, and standard output takes one; "
                f"expected --out PATH: trades.csv makes trades.{self.lists[0]}.csv and "
                f"trades.{self.lists[1]}.csv"
            )
        if self.linked and self.truth and (self.truth == STANDARD_OUTPUT or keeps_nothing(self.truth)):
            raise OutputError(
                f"the links of records stand beside the truth, and {self.truth} has no place beside it; "
                "expected --truth PATH: key.csv makes key.links.csv as well"
            )
        require_apart(self.inputs, (*self.files.values(), self.truth, self.links, self.manifest))
        self.parquet.require_parquet(self.forms)

    @property
    def files(self) -> dict[str, Path]:
        """The file of each list."""
        if self.trades is None or len(self.lists) == 1:
            return dict.fromkeys(self.lists, self.trades or STANDARD_OUTPUT)
        return {name: beside(self.trades, name) for name in self.lists}

    @property
    def links(self) -> Path | None:
        """The file of the links."""
        return beside(self.truth, LINKS) if self.linked and self.truth else None

    @property
    def forms(self) -> list[str]:
        """The names of the formats that are written."""
        return [self.form_of_trades, *([self.form_of_truth] if self.truth else [])]

    @property
    def form_of_trades(self) -> str:
        """The name of the trades' format."""
        return self._form_of(self.trades) if self.trades else self.form or "json"

    @property
    def form_of_truth(self) -> str:
        """The name of the truth's format."""
        return truth_format(self._form_of(self.truth) if self.truth else self.form_of_trades)

    def writer(self, table: Table, write: Callable[[bytes], object]) -> Writer:
        """The writer of a table."""
        form = self.form_of_truth if table.name in (TRUTH, LINKS) else self.form_of_trades
        return FORMATS[form](table, write, **self.parquet.of_writer(form))

    def _form_of(self, path: Path) -> str:
        """The format of a file; where its name says how it is compressed, the format does, too."""
        ending, known, compressed = suffix_of(path)
        if self.form is None and ending and known is None:
            raise OutputError(
                f"{path} has the suffix {ending}; expected {', '.join(_BY_SUFFIX)}, or --format to say how"
            )
        given = self.form or known or "json"
        if not ending:
            return given
        asked, by = (str(plain_name(given)), compression_of(given)) if self.form else (given, compressed)
        # The truth has a format of its own: it may be read by another tool than the trades.
        own = known is not None and path == self.truth
        if not own and ((known or asked) != asked or by not in ("", compressed)):
            raise OutputError(
                f"{path} has the suffix {ending}, and format is {self.form}; expected a suffix that fits the "
                "format, or one of the two"
            )
        form = f"{known or asked}{compressed}"
        if form not in FORMATS:
            raise OutputError(
                f"{path} has the suffix {ending}, and Parquet is compressed within; expected the suffix "
                ".parquet"
            )
        return form


@contextlib.contextmanager
def export(destinations: Destinations) -> Iterator[Callable[[Run], dict[str, Any]]]:
    """Open the destinations, and give a function that writes a run to them and returns its manifest.

    Files are opened first, and put in place last and together, when the context is left without an error:
    whatever goes wrong before, such as a ledger that refuses or a disk that is full, no file has changed.

    Raises
    ------
    OutputError
        Where a destination cannot be written.
    KeyboardInterrupt
        Saying that no file was changed. While files are put in place, an interrupt waits, and is then void.
    """
    paths = (destinations.truth, destinations.links, destinations.manifest)
    with contextlib.ExitStack() as stack:
        trades = {
            name: stack.enter_context(OutputFile(path) if destinations.trades else StandardOutput())
            for name, path in destinations.files.items()
        }
        truth, links, manifest = (stack.enter_context(OutputFile(path)) if path else None for path in paths)
        tables_of_truth = {TRUTH: truth, LINKS: links}
        outputs = trades | {name: file for name, file in tables_of_truth.items() if file}
        files = [*outputs.values(), *([manifest] if manifest else [])]
        try:
            yield functools.partial(_write, destinations, outputs, manifest)
            for file in files:
                file.finish()
        except BrokenPipeError:
            if truth or manifest:
                raise OutputError("standard output was closed before its end; no file was changed") from None
            raise
        except KeyboardInterrupt:
            raise KeyboardInterrupt("no file was changed") from None
        with uninterrupted():
            for file in files:
                file.place()


def _write(
    to: Destinations,
    files: Mapping[str, OutputFile],
    manifest_file: OutputFile | None,
    run: Run,
) -> dict[str, Any]:
    written = {name: table for name, table in tables(run).items() if name in files}
    writers = {name: to.writer(table, files[name].write) for name, table in written.items()}
    tally = Tally(run)
    for block in progress(run, generate_blocks(run)):
        for name, table in written.items():
            writers[name].add(table.rows(block))
        tally.add(block)
    for writer in writers.values():
        writer.end()
    manifest = tally.manifest()
    manifest["versions"] |= library_versions(to.forms)
    if manifest_file:
        content = json.dumps(manifest, indent=2).encode() + b"\n"
        if suffix := compression_of(manifest_file.path):
            whole = compressor(suffix, manifest_file.write)
            whole.write(content)
            whole.end()
        else:
            manifest_file.write(content)
    return manifest
