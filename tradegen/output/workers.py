"""Work on many parts at once: processes of this machine.

Processes, not threads: a block is hundreds of short steps in Python, which two threads do only one at a time.
Measured on two cores, a Parquet dataset takes 517 ns a pair in two processes, and 929 in one.
"""

from __future__ import annotations

import gc
import itertools
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from tradegen.errors import OutputError

if TYPE_CHECKING:
    from concurrent.futures import Future


def in_processes(work: Callable[[int], int], numbers: Iterable[int], workers: int) -> Iterator[int]:
    """What `work` returns for each number, as it is done; at most one process a worker, and none for one.

    Raises
    ------
    OutputError
        From `work`, or where processes cannot be started, or one has died.
    """
    if workers == 1:
        yield from map(work, numbers)
        return
    # Loaded where they are used: other commands need not wait for them.
    import multiprocessing
    from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    others = set(multiprocessing.active_children())
    # A forked worker starts at once; one made anew imports half a second's worth first.
    method = "fork" if sys.platform == "linux" else "spawn"
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context(method), _begin, (os.getpid(),))
    waiting = iter(numbers)
    running: set[Future[int]] = set()
    try:
        with warnings.catch_warnings():
            # From Python 3.12 on, of threads in the parent. A worker computes and writes files of its own,
            # and needs no lock that one of them might hold; threads of NumPy and Arrow come through a fork.
            warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
            try:
                running |= {pool.submit(work, number) for number in itertools.islice(waiting, 2 * workers)}
            except OSError as error:
                # Those that did start would wait for work, and this process for them.
                for process in set(multiprocessing.active_children()) - others:
                    process.kill()
                raise OutputError(
                    f"{workers} processes cannot be started: {error.strerror}; expected fewer --workers"
                ) from None
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(work, number) for number in itertools.islice(waiting, len(done))}
            for future in done:
                yield future.result()
    except BrokenProcessPool:
        raise OutputError("a worker process died, perhaps for want of memory") from None
    finally:
        # Parts that are being made come to their end, within a second or so each; no others are begun.
        pool.shutdown(cancel_futures=True)


def make_room(workers: int) -> None:
    """Raise the limit of open files as far as so many workers need it.

    Raises
    ------
    OutputError
        Where this process may not have as many.
    """
    if workers == 1:
        return
    import resource

    # A pool has six files of its own and two a worker, and a worker writes to several.
    others = len(os.listdir("/dev/fd")) + 16  # noqa: PTH208 - the names are only counted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = others + 2 * workers
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise OutputError(
            f"{workers} worker processes need more open files than the {hard} that are allowed, which are "
            f"enough for {max((hard - others) // 2, 1)}; expected fewer --workers, or a higher ulimit -n"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _begin(parent: int) -> None:
    """Prepare a worker: it leaves Ctrl-C to its parent, and does not outlive it."""
    # What it has from its parent stays shared: a search for garbage would touch, and so copy, all of it.
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with(parent)


def end_with(parent: int) -> None:
    """Have this process end within a moment of its parent, whose number this is."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
