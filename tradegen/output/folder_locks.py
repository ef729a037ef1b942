"""The lock that keeps two runs out of one folder."""

from __future__ import annotations

import fcntl
import time

from tradegen.errors import OutputError

_PATIENCE = 3.0  # seconds: workers of a run that was killed end within one


def lock_folder(descriptor: int, refusal: str) -> None:
    """Lock an open folder; processes that are forked from this one hold the lock as well.

    Raises
    ------
    OutputError
        With the sentence given, where another process still holds the lock after three seconds.
    OSError
        Where the file system has no locks.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise OutputError(refusal) from None
            time.sleep(0.1)
