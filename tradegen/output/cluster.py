"""Work on many parts at once: the workers of a Dask cluster, each making and writing parts of its own."""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from typing import Any, TypeAlias

from tradegen.core.machine import core_count
from tradegen.errors import OutputError
from tradegen.output.files import uninterrupted

__all__ = ["on_dask"]

Maker: TypeAlias = Callable[[Callable[[int], int], Iterable[int]], Iterator[int]]

_KEEP_MEMORY = {
    f"distributed.nanny.pre-spawn-environ.MALLOC_{name}_THRESHOLD_": size
    for name, size in (("TRIM", 1 << 27), ("MMAP", 1 << 25))
}
"""Dask has its workers give memory back at once. A block asks for the same again, and would spend a third of
its time on page faults: 20,000,000 pairs took 13 s, and take 9 so."""

_NO_PROFILE = {"distributed.worker.profile.enabled": False}
"""Nobody looks at the profile that workers would take of themselves a hundred times a second."""

_AHEAD = 4  # tasks a thread of the cluster has waiting: the scheduler need not know a million at once


@contextlib.contextmanager
def on_dask(address: str, workers: int | None) -> Iterator[Maker]:
    """Connect to a cluster, which makes parts until the context is left.

    A worker that dies has its parts made by others. Rows never leave the worker that made them.

    Parameters
    ----------
    address : str
        ``local`` for a cluster of processes on this machine, or that of a scheduler.
    workers : int, optional
        How many processes a local cluster has; one a core if not given.

    Yields
    ------
    callable
        Given the work and the numbers of parts, yields what the work returns for each, as it is done.

    Raises
    ------
    OutputError
        Where distributed is not installed, or no scheduler answers, or it has no workers; from what is
        yielded, from the work, or where the cluster goes.
    """
    try:
        import dask
        from distributed import Client, LocalCluster, as_completed
    except ModuleNotFoundError:
        raise OutputError("distributed is not installed; pip install 'tradegen[dask]' brings it") from None
    with contextlib.ExitStack() as stack:
        # They would log, with tracebacks, what `_explained` says; what others inherit is not all they have.
        for name in ("distributed", "distributed.client"):
            log = logging.getLogger(name)
            stack.callback(log.setLevel, log.level)
            log.setLevel(logging.CRITICAL)
        if address == "local":
            # A terminal sends Ctrl-C to the workers as well, which would each print a traceback.
            with uninterrupted(), dask.config.set(_KEEP_MEMORY | _NO_PROFILE):
                local = LocalCluster(
                    n_workers=workers or core_count(),
                    threads_per_worker=1,
                    dashboard_address="127.0.0.1:0",  # any free port: 8787 may be another cluster's
                    silence_logs=50,
                )
            cluster = stack.enter_context(local)
            client = stack.enter_context(Client(cluster))
        else:
            try:
                client = stack.enter_context(Client(address, timeout=5))
            except (OSError, ValueError) as error:
                raise OutputError(f"no Dask scheduler answers at {address}: {error}") from None
        threads = sum(client.nthreads().values())
        if not threads:
            raise OutputError(f"the Dask cluster at {address} has no workers; start some, and try again")

        def made(work: Callable[[int], int], numbers: Iterable[int]) -> Iterator[int]:
            waiting = iter(numbers)
            running = as_completed()
            with _explained(address):
                for number in itertools.islice(waiting, _AHEAD * threads):
                    running.add(_submit(client, work, number))
            for future in running:
                with _explained(address):
                    for number in itertools.islice(waiting, 1):
                        running.add(_submit(client, work, number))
                    pairs = future.result()
                yield pairs

        yield made


def _submit(client: Any, work: Callable[[int], int], number: int) -> Any:
    # Not pure: that a part of this number was made once says nothing about its being there now.
    return client.submit(work, number, pure=False)


@contextlib.contextmanager
def _explained(address: str) -> Iterator[None]:
    from distributed import KilledWorker

    try:
        yield
    except OutputError:
        raise
    except KilledWorker:
        raise OutputError("workers died making a part, perhaps for want of memory") from None
    except (OSError, CancelledError):
        raise OutputError(f"the Dask cluster at {address} has gone") from None
