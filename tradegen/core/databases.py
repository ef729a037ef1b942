"""A DuckDB for one job, which leaves nothing behind."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradegen.core.interrupts import interruptible
from tradegen.core.machine import core_count

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextlib.contextmanager
def temporary_database(
    job: str, memory: str, *, threads: int | None = None, on_disk: bool = False, **config: Any
) -> Iterator[tuple[DuckDBPyConnection, Path]]:
    """A database, and the folder that it spills to, which has room for links as well.

    Parameters
    ----------
    job : str
        Part of the folder's name.
    memory : str
        What DuckDB may hold in memory, such as ``1GB``; the rest waits in the folder.
    threads : int, optional
        All cores, if not given.
    on_disk : bool
        Whether tables lie on the disk, too, for data that is larger than memory.
    **config
        Further settings of DuckDB.

    Raises
    ------
    duckdb.Error
        Where a setting is none.
    """
    import duckdb  # loaded where it is used

    with tempfile.TemporaryDirectory(prefix=f"tradegen-{job}-") as name:
        folder = Path(name)
        connection = duckdb.connect(
            str(folder / "tables.db") if on_disk else ":memory:",
            config={
                "memory_limit": memory,
                "threads": threads or core_count(),
                "temp_directory": str(folder / "spill"),
                "autoinstall_known_extensions": False,
                **config,
            },
        )
        try:
            # Its bar would go to standard output; in Jupyter without ipywidgets there is none to turn off.
            with contextlib.suppress(duckdb.InvalidInputException):
                connection.execute("SET enable_progress_bar = false")
            # Times with a zone are told alike wherever they are read.
            connection.execute("SET TimeZone = 'UTC'")
            with interruptible():
                yield connection, folder
        finally:
            connection.close()
