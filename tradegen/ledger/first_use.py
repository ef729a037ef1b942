"""The first use of a ledger: created on purpose, and said."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tradegen.errors import LedgerError
from tradegen.ledger.reservations import Ledger, create_ledger, open_ledger

__all__ = ["open_or_create"]


def open_or_create(path: str | os.PathLike[str], notice: Callable[[str], object]) -> Ledger:
    """Open a ledger; where nothing exists at its path, create it first, and tell.

    Parameters
    ----------
    path : path-like
    notice : callable
        Called with a sentence if the ledger was created: its ids start at 1, which is wrong where a ledger
        was expected but its file is lost.

    Raises
    ------
    LedgerError
        If what exists there is no usable ledger (an empty file, too), or none can be created.
    """
    if not os.path.lexists(path):
        try:
            ledger = create_ledger(path)
        except LedgerError:
            # Another process may have created it in the meantime; then it is there to be opened.
            if not os.path.lexists(path):
                raise
        else:
            notice(f"{Path(path)} was not there: created a new ledger, its ids start at 1")
            return ledger
    return open_ledger(path)
