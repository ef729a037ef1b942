"""Work on many parts at once: the workers of a Dask cluster, each making and writing parts of its own."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator

from tradegen.datasets.workers import core_count
from tradegen.errors import OutputError

__all__ = ["on_dask"]

_AHEAD = 4  # tasks a thread of the cluster has waiting: the scheduler need not know a million at once


def on_dask(
    work: Callable[[int], int], numbers: Iterable[int], address: str, workers: int | None
) -> Iterator[int]:
    """What `work` returns for each number, as it is done.

    A worker that dies has its parts made by others. Rows never leave the worker that made them.

    Parameters
    ----------
    work : callable
    numbers : iterable of int
    address : str
        ``local`` for a cluster of processes on this machine, or that of a scheduler.
    workers : int, optional
        How many processes a local cluster has; one a core if not given.

    Raises
    ------
    OutputError
        From `work`; or where distributed is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client, LocalCluster, as_completed
    except ModuleNotFoundError:
        raise OutputError("distributed is not installed; pip install 'tradegen[dask]' brings it") from None
    with contextlib.ExitStack() as stack:
        if address == "local":
            cluster = stack.enter_context(
                LocalCluster(
                    n_workers=workers or core_count(),
                    threads_per_worker=1,
                    dashboard_address=None,
                    silence_logs=50,
                )
            )
            client = stack.enter_context(Client(cluster))
        else:
            try:
                client = stack.enter_context(Client(address, timeout=10))
            except (OSError, ValueError) as error:
                raise OutputError(f"no Dask scheduler answers at {address}: {error}") from None
        threads = sum(client.nthreads().values())
        if not threads:
            raise OutputError(f"the Dask cluster at {address} has no workers; start some, then --resume")
        waiting = iter(numbers)
        # Not pure: that a part of this number was made once says nothing about its being there now.
        first = [
            client.submit(work, number, pure=False) for number in itertools.islice(waiting, _AHEAD * threads)
        ]
        running = as_completed(first)
        for future in running:
            for number in itertools.islice(waiting, 1):
                running.add(client.submit(work, number, pure=False))
            yield future.result()
