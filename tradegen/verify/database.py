"""The DuckDB that a proof runs in: its memory and threads are capped, and what does not fit goes to disk."""

from __future__ import annotations

import contextlib
import errno
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradegen.core.compression import plain_name, unpack
from tradegen.core.interrupts import interruptible
from tradegen.core.machine import core_count
from tradegen.errors import shown
from tradegen.verify.proof_report import EXAMPLES, Findings
from tradegen.verify.words import UnfinishedError, VerifyError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "1GB"
"""What DuckDB may hold in memory, if nothing else is asked for."""


@contextlib.contextmanager
def opened(memory: str = MEMORY, threads: int | None = None) -> Iterator[Database]:
    """A database for one proof, which leaves nothing behind.

    Parameters
    ----------
    memory : str
        What DuckDB may hold in memory, such as ``1GB``; the rest waits in the folder for temporary files.
    threads : int, optional
        All cores, if not given.

    Raises
    ------
    VerifyError
        Where `memory` is no size.
    UnfinishedError
        Where memory or disk do not suffice.
    """
    import duckdb  # loaded where it is used

    with tempfile.TemporaryDirectory(prefix="tradegen-verify-") as name:
        config: dict[str, Any] = {
            "memory_limit": memory,
            "threads": threads or core_count(),
            "temp_directory": str(Path(name, "spill")),
            "autoinstall_known_extensions": False,
        }
        try:
            connection = duckdb.connect(":memory:", config=config)
        except duckdb.Error:
            raise VerifyError(f"memory is {shown(memory)}; expected a size such as 1GB or 500MB") from None
        try:
            # Its bar would go to standard output; in Jupyter without ipywidgets there is none to turn off.
            with contextlib.suppress(duckdb.InvalidInputException):
                connection.execute("SET enable_progress_bar = false")
            # Times with a zone are told alike wherever they are read.
            connection.execute("SET TimeZone = 'UTC'")
            with interruptible():
                yield Database(connection, Path(name))
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            raise UnfinishedError(
                f"{memory} of memory, or the disk under {name}, is too small for the proof; give it more by "
                f"--memory, or another TMPDIR: {_first_line(error)}"
            ) from None
        finally:
            connection.close()


class Database:
    """Runs the statements of a proof, and collects what they find."""

    def __init__(self, connection: DuckDBPyConnection, folder: Path) -> None:
        self._connection, self._folder = connection, folder
        self._links = 0
        self._unpacked: list[Path] = []

    def run(self, statement: str) -> None:
        """Run a statement that gives nothing."""
        self._connection.execute(statement)

    def fill(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Append rows to a table, given by the names of its columns."""
        import pyarrow as pa  # loaded where it is used

        self._connection.register("filled", pa.table(dict(columns)))
        self._connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM filled")
        self._connection.unregister("filled")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a small result."""
        return self._connection.execute(query).fetchall()

    def row(self, query: str) -> tuple[Any, ...]:
        """The only row of a result."""
        [found] = self.rows(query)
        return found

    def records(self, query: str) -> list[dict[str, Any]]:
        """The rows of a small result, by column."""
        cursor = self._connection.execute(query)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def columns(self, query: str) -> dict[str, str]:
        """The types of a query's columns, by their names.

        Raises
        ------
        VerifyError
            Where what it reads is damaged.
        """
        return {name: kind for name, kind, *_ in self.rows(f"DESCRIBE {query}")}

    @contextlib.contextmanager
    def reading(self, name: str, form: str) -> Iterator[None]:
        """Tell of a file that DuckDB cannot read by one sentence.

        Raises
        ------
        VerifyError
            Where it is damaged.
        """
        import duckdb

        try:
            yield
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            raise VerifyError(f"{name} cannot be read as {form}: {_first_line(error)}") from None

    def link(self, path: Path) -> str:
        """Another name for a file, as SQL quotes it: one that no pattern of DuckDB's matches."""
        self._links += 1
        link = self._folder / f"{self._links}{path.suffix}"
        link.symlink_to(path.resolve())
        return f"'{link}'"

    def unpacked(self, path: Path, name: str) -> Path:
        """The text of a compressed file, as a file of its own; `name` says how it is compressed.

        Raises
        ------
        VerifyError
            Where it is damaged.
        UnfinishedError
            Where it cannot be read, or there is no room for its text.
        """
        plain = self._folder / f"plain-{len(self._unpacked)}{plain_name(name).suffix}"
        self._unpacked.append(plain)
        try:
            with plain.open("wb") as into:
                unpack(path, into, name)
        except OSError as error:
            kind = VerifyError if error.errno == errno.EILSEQ else UnfinishedError
            raise kind(f"{name} cannot be read: {error.strerror}") from None
        return plain

    def discard_unpacked(self) -> None:
        """Take away the files that `unpacked` has made."""
        while self._unpacked:
            self._unpacked.pop().unlink(missing_ok=True)

    def tell(self, findings: Findings, kind: str, found: str, sentence: str, joined: str = "") -> None:
        """Run one statement of the proof: each row it finds is a finding, and the first are told of.

        Parameters
        ----------
        findings : Findings
        kind : str
            Of finding.
        found : str
            A query that gives what is wrong, and nothing if all is right.
        sentence : str
            An expression over its rows, for people.
        joined : str
            Joins that the sentence needs besides, to `found`.
        """
        [count] = self.row(f"CREATE OR REPLACE TEMP TABLE found AS {found}")
        if count:
            told = f"SELECT DISTINCT {sentence} AS sentence FROM found {joined} ORDER BY sentence"
            examples = [row[0] for row in self.rows(f"{told} LIMIT {EXAMPLES}")]
            findings.add(kind, *examples, count=count)


def _first_line(error: Exception) -> str:
    # Messages may be long, and may quote what is in the file.
    line = next(iter(str(error).splitlines()), "") or type(error).__name__
    return "".join(letter if letter.isprintable() else "?" for letter in line[:150]).rstrip(". ")
