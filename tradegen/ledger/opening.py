"""The way to a ledger: by the path of a file, or by a URL."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import SupportsIndex, TypeAlias

from tradegen.core.columns import LARGEST_ID
from tradegen.errors import LedgerError, shown, whole_number
from tradegen.ledger.contract import Ledger
from tradegen.ledger.sqlite_ledger import SqliteLedger

Place: TypeAlias = str | os.PathLike[str]

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_TABLE_URL = re.compile(r"dynamodb://([a-zA-Z0-9_.-]{3,255})", re.ASCII)


def is_url(place: Place) -> bool:
    """Whether it is the URL of a ledger, or is meant as one, and not the path of a file."""
    # A Path makes one slash of two: what is left of a URL then must not become the name of a file.
    return bool(_URL.match(os.fspath(place))) or os.fspath(place).startswith("dynamodb:")


def ledger_at(place: Place, timeout: float = 15.0) -> Ledger:
    """The ledger of a path or URL, without a look whether it is there.

    Raises
    ------
    LedgerError
        If the URL leads to no ledger, or the timeout is no wait.
    """
    if not is_url(place):
        return SqliteLedger(Path(place), timeout)
    if not (table := _TABLE_URL.fullmatch(os.fspath(place))):
        raise LedgerError(
            f"{shown(os.fspath(place))} is no ledger; expected a path, or the text dynamodb://TABLE with a"
            " table's name of 3 to 255 letters, digits, underscores, hyphens and dots"
        )
    from tradegen.ledger.dynamodb_ledger import DynamoLedger

    return DynamoLedger(table[1], timeout)


def open_ledger(place: Place, *, timeout: float = 15.0) -> Ledger:
    """Open a ledger that exists, and prove that ids can be reserved from it.

    A file of the original script is carried on from its value. Of a DynamoDB table, the counter is read; that
    it may be written, the first reservation tells.

    Parameters
    ----------
    place : path-like or str
        The file, or ``dynamodb://TABLE``.
    timeout : float, default 15
        Seconds that this and each later operation may wait for other processes. A request to DynamoDB that is
        under way by then is waited for: 5 seconds more at most.

    Raises
    ------
    LedgerError
        If it is missing, empty, not a ledger, of a future version, damaged, read-only or locked, or cannot be
        reached.
    """
    ledger = ledger_at(place, timeout)
    ledger.open()
    return ledger


def create_ledger(place: Place, *, first_id: SupportsIndex = 1, timeout: float = 15.0) -> Ledger:
    """Create a ledger, whole or not at all, where there is none.

    Parameters
    ----------
    place : path-like or str
        A path at which nothing exists, in a folder that does; or ``dynamodb://TABLE``, a table without a
        counter. A table that does not exist is created, too: paid for by the request, with point-in-time
        recovery, and with the attribute ``expires`` as its time to live.
    first_id : int, default 1
        The first id to hand out.
    timeout : float, default 15
        Seconds that each later operation may wait for other processes.

    Raises
    ------
    LedgerError
        If something exists there, also when another process has just put it there; or on a problem of the
        file system, or with DynamoDB.
    """
    first_id = whole_number("first_id", first_id, 1, LARGEST_ID, LedgerError)
    ledger = ledger_at(place, timeout)
    ledger.create(first_id)
    return ledger


def open_or_create(place: Place, notice: Callable[[str], object]) -> Ledger:
    """Open a ledger; where nothing exists at its path, create it first, and tell.

    A DynamoDB table is never given a counter so: without one, it has lost its ids, or is the wrong table.

    Parameters
    ----------
    place : path-like or str
    notice : callable
        Called with a sentence if the ledger was created: its ids start at 1, which is wrong where a ledger
        was expected but its file is lost.

    Raises
    ------
    LedgerError
        If what exists there is no usable ledger (an empty file, too), or none can be created.
    """
    if not is_url(place) and not os.path.lexists(place):
        try:
            ledger = create_ledger(place)
        except LedgerError:
            # Another process may have created it in the meantime; then it is there to be opened.
            if not os.path.lexists(place):
                raise
        else:
            notice(f"{Path(place)} was not there: created a new ledger, its ids start at 1")
            return ledger
    return open_ledger(place)
