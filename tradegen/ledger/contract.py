"""What every ledger promises: ids in order, no id twice, and a known key its range again."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import SupportsIndex

from tradegen.core.columns import LARGEST_ID
from tradegen.errors import LedgerError, whole_number
from tradegen.ledger.layout import LONGEST_KEY, Range

LONGEST_TIMEOUT = 86_400.0
MOST_FINDINGS = 100


@dataclass(frozen=True)
class LedgerSummary:
    """Where a ledger stands.

    Attributes
    ----------
    place : str
        The file's absolute path, or ``dynamodb://TABLE``.
    first_id : int
        Where it started: lower ids are not its own, or the original script gave them.
    next_id : int
        What the next reservation will start at.
    ranges, ids : int
        How many reservations it has made, and of how many ids.
    last : Range or None
        The newest reservation; None before the first. Only that of a file has a checksum.
    """

    place: str
    first_id: int
    next_id: int
    ranges: int
    ids: int
    last: Range | None


class Ledger(ABC):
    """Which trade ids have been handed out.

    A ledger holds no open file and no connection, so that threads, forks and pickles may share it. Making one
    opens nothing; `tradegen.ledger.open_ledger` also proves that it is there.
    """

    timeout: float

    @property
    @abstractmethod
    def place(self) -> str:
        """Where it is kept, as messages name it: an absolute path, or ``dynamodb://TABLE``."""

    def reserve(self, count: SupportsIndex, key: str | None = None) -> int:
        """Reserve ids that nobody else has or will get, and have that on disk before returning.

        Parameters
        ----------
        count : int
            How many, at least 1.
        key : str, optional
            Names the reservation, so that a retry under the same key gets the same ids again. A file keeps
            keys for ever, a DynamoDB table for 30 days.

        Returns
        -------
        int
            The first id; the reservation runs to ``first + count - 1``.

        Raises
        ------
        LedgerError
            If the ids cannot be reserved safely; none are handed out. The ledger skips them if it could not
            tell whether they reached the disk.
        """
        count = whole_number("count", count, 1, LARGEST_ID, LedgerError)
        if key is not None:
            _require_key(key)
        return self._reserve(count, key)

    @abstractmethod
    def show(self) -> LedgerSummary:
        """Where the ledger stands.

        Raises
        ------
        LedgerError
            If it cannot be read, or is not sound.
        """

    def check(self) -> list[str]:
        """Look for damage through the whole ledger, without changing it.

        Returns
        -------
        list of str
            What is wrong, a sentence each; empty if nothing is.

        Raises
        ------
        LedgerError
            If the ledger cannot be looked at.
        """
        return list(islice(self._findings(), MOST_FINDINGS))

    @abstractmethod
    def _findings(self) -> Iterator[str]:
        """What is wrong, as it is found."""

    @abstractmethod
    def open(self) -> None:
        """Raise LedgerError unless it is there and sound, as far as opening it tells."""

    @abstractmethod
    def create(self, first_id: int) -> None:
        """Create it, whole or not at all, or raise LedgerError if it exists. `first_id` is a valid id."""

    @abstractmethod
    def _reserve(self, count: int, key: str | None) -> int:
        """As `reserve`, once its arguments are known to be valid."""


def require_timeout(seconds: float) -> None:
    """Raise LedgerError unless a ledger can wait for so long."""
    if not (math.isfinite(seconds) and 0 <= seconds <= LONGEST_TIMEOUT):
        raise LedgerError(f"timeout is {seconds}; expected seconds from 0 to {LONGEST_TIMEOUT:.0f}")


def first_known(ledger: Ledger, first: int, held: int, key: str | None, count: int) -> int:
    """The first id of the range that a known key has; LedgerError if another count is asked for."""
    if held != count:
        raise LedgerError(
            f"{ledger.place} holds {held} ids under the key {key!r}, and {count} were asked for; use the same"
            " count again, or another key"
        )
    return first


def require_left(ledger: Ledger, next_id: int, count: int) -> None:
    """Raise LedgerError if there are not as many ids left."""
    left = LARGEST_ID - next_id + 1
    if count > left:
        raise LedgerError(
            f"{ledger.place} has {left} ids left up to {LARGEST_ID}, and {count} were asked for; ask for"
            " fewer, or start another ledger for other trades"
        )


def _require_key(key: str) -> None:
    """Raise LedgerError unless every ledger stores `key` as it is."""
    if isinstance(key, str) and 1 <= len(key) <= LONGEST_KEY and "\0" not in key:
        try:
            key.encode()
            return
        except UnicodeEncodeError:
            pass
    raise LedgerError(f"key is {key!r:.80}; expected text of 1 to {LONGEST_KEY} characters, none of them NUL")
