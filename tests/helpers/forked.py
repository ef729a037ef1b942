"""Processes that reserve: forked, since fresh ones would spend the time importing.

Whatever they print, they print after `reserve` has returned, as callers would.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

from tradegen.ledger import Ledger


def assert_contiguous_from_1(ranges: list[tuple[int, int]]) -> None:
    expected = 1
    for first, last in sorted(ranges):
        assert first == expected
        expected = last + 1


def read_ranges(output: str) -> list[tuple[int, int]]:
    return [(int(first), int(last)) for first, last in (line.split() for line in output.splitlines())]


def print_range(ledger: Ledger, count: int, key: str | None = None) -> None:
    first = ledger.reserve(count, key)
    os.write(1, f"{first} {first + count - 1}\n".encode())  # one unbuffered write: whole, or never made


def fork(work: Callable[[], object]) -> int:
    """The id of a process that does `work` and exits with 1 if it raises."""
    if child := os.fork():
        return child
    failed = True
    try:
        work()
        failed = False
    finally:
        if failed:
            traceback.print_exc()
        os._exit(failed)


def wait_for(children: list[int]) -> None:
    if failed := [child for child in children if os.waitpid(child, 0)[1]]:
        sys.exit(f"{len(failed)} of {len(children)} processes failed")
