"""Ctrl-C in the midst of a DuckDB query."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

_INTERRUPTED = "Query interrupted"


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C during a query be what it is anywhere else; DuckDB makes an error of its own of it."""
    import duckdb  # loaded where it is used

    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except RuntimeError as error:
        if str(error) != _INTERRUPTED:
            raise
        raise KeyboardInterrupt from None
