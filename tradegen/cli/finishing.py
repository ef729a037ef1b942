"""Ctrl-C, and what the system stops a process with, while something should come to its end first."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def finishing(notice: Callable[[], object]) -> Iterator[None]:
    """Let the block end before a first stop is heeded, and call `notice`. A second one is heeded at once."""
    found = {stop: signal.getsignal(stop) for stop in _STOPS}
    # What is ignored, as by `nohup`, stays ignored.
    before = {stop: handler for stop, handler in found.items() if handler is not signal.SIG_IGN}
    heard: list[int] = []

    def restore() -> None:
        for stop, handler in before.items():
            signal.signal(stop, handler)

    def hear(stop: int, _frame: FrameType | None) -> None:
        heard.append(stop)
        if len(heard) > 1:
            restore()
            signal.raise_signal(stop)
        else:
            notice()

    for stop in before:
        signal.signal(stop, hear)
    try:
        yield
    finally:
        restore()
        # Also where the block has failed: else, the stop would be lost.
        if heard:
            signal.raise_signal(heard[-1])
