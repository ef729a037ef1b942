"""Work on many parts at once, in processes of this machine."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from tradegen.verify.vocabulary import VerifyError

__all__ = ["core_count", "in_processes"]

_R = TypeVar("_R")
_AHEAD = 3  # numbers a worker has waiting or done, so that a slow one holds up none


def core_count() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_processes(work: Callable[[int], _R], numbers: Iterable[int], workers: int) -> Iterator[_R]:
    """What `work` returns for each number, in their order; in this process, if one worker is enough.

    Raises
    ------
    VerifyError
        From `work`, or where a process has died.
    """
    if workers == 1:
        yield from map(work, numbers)
        return
    # A forked worker starts at once; one made anew imports half a second's worth first.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    pool = ProcessPoolExecutor(workers, context, _begin, (os.getpid(), work))
    waiting = iter(numbers)
    running: deque[Future[_R]] = deque()
    try:
        while True:
            for number in itertools.islice(waiting, _AHEAD * workers - len(running)):
                with warnings.catch_warnings():
                    # From Python 3.12 on, of threads in the parent, whose locks a worker does not need.
                    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
                    running.append(pool.submit(_call, number))
            if not running:
                return
            yield running.popleft().result()
    except BrokenProcessPool:
        raise VerifyError("a worker process died, perhaps for want of memory; try fewer --workers") from None
    finally:
        pool.shutdown(cancel_futures=True)


_work: Callable[[int], Any]


def _begin(parent: int, work: Callable[[int], Any]) -> None:
    """Prepare a worker: it leaves Ctrl-C to its parent, and does not outlive it."""
    # Sent once to each worker, and not with each number.
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _call(number: int) -> Any:
    return _work(number)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)
