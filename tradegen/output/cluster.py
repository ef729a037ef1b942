"""Work on many parts at once: the workers of a Dask cluster, each making and writing parts of its own."""

from __future__ import annotations

import contextlib
import functools
import itertools
import logging
import pickle
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeAlias

from tradegen.core.machine import core_count
from tradegen.errors import OutputError
from tradegen.output.files import uninterrupted
from tradegen.output.writable_storage import Store
from tradegen.version import __version__

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


_PATIENCE = 30  # seconds for a cluster without workers to start one


@contextlib.contextmanager
def on_dask(address: str, workers: int | None, store: Store) -> Iterator[Maker]:
    """Connect to a cluster, which makes parts until the context is left.

    A worker that dies has its parts made by others. Rows never leave the worker that made them. All workers
    must have the versions of this process, since those decide the bytes, and must reach the store: that is
    asked before any part is made, and of a worker that joins later before it makes its first.

    Parameters
    ----------
    address : str
        ``local`` for a cluster of processes on this machine, or that of a scheduler.
    workers : int, optional
        How many processes a local cluster has; one a core if not given.
    store : Store
        Where the parts are to be written.

    Yields
    ------
    callable
        Given the work and the numbers of parts, yields what the work returns for each, as it is done.

    Raises
    ------
    OutputError
        Where distributed is not installed, or no scheduler answers, or it has no workers, or one of them is
        not fit for the work; from what is yielded, from the work, or where the cluster goes.
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
            except (OSError, ValueError, TypeError) as error:
                raise OutputError(f"no Dask scheduler answers at {address}: {error}") from None
        versions = _versions()
        with _explained(address):
            _await_workers(client, address)
            _require_versions(client, versions)
            _require_reach(client, store)
        make = _portable_make()

        def made(work: Callable[[int], int], numbers: Iterable[int]) -> Iterator[int]:
            waiting = iter(numbers)
            running = as_completed()
            size = _Size(client)
            pickled = pickle.dumps(work)
            # Not pure: that a part of this number was made once says nothing about its being there now.
            submit = functools.partial(client.submit, make, pickled, versions, pure=False)
            with _explained(address):
                for number in itertools.islice(waiting, _AHEAD * size.threads()):
                    running.add(submit(number))
            for future in running:
                with _explained(address):
                    wanted = max(_AHEAD * size.threads() - running.count(), 0)
                    for number in itertools.islice(waiting, wanted):
                        running.add(submit(number))
                    pairs, worker, problem = future.result()
                    if problem:
                        raise OutputError(_unfit(worker, problem))
                yield pairs

        yield made


class _Size:
    """How many threads a cluster has, asked once a second at most: clusters grow and shrink."""

    def __init__(self, client: Any) -> None:
        self._client, self._threads, self._asked = client, 1, -1.0

    def threads(self) -> int:
        """Those it has now, or had a moment ago; 1 where it has none."""
        if time.monotonic() - self._asked > 1:
            self._threads, self._asked = sum(self._client.nthreads().values()) or 1, time.monotonic()
        return self._threads


def _await_workers(client: Any, address: str) -> None:
    """Wait a while for a worker: an adaptive cluster starts its first one when there is work."""
    from distributed import TimeoutError as TooLate

    if client.nthreads():
        return
    work = client.submit(bool, pure=False)
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TooLate:
        raise OutputError(
            f"the Dask cluster at {address} has no workers; start some, and try again"
        ) from None
    finally:
        work.cancel()


def _versions() -> dict[str, str]:
    """The versions that decide what bytes are written, by the name of the module."""
    found = {"tradegen": __version__}
    for name in ("numpy", "pyarrow"):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _require_versions(client: Any, versions: Mapping[str, str]) -> None:
    """Refuse workers of other versions."""
    # What is sent below arrives under the same Python alone. Dask itself knows which one a worker has.
    here = ".".join(map(str, sys.version_info[:2]))
    for worker, about in client.get_versions()["workers"].items():
        found = ".".join(str(about["packages"]["python"]).split(".")[:2])
        if found != here:
            raise OutputError(_unfit(worker, f"Python {found}; expected Python {here}"))
    for worker, (_, _, problem) in client.run(_portable_make(), b"", versions, None).items():
        if problem:
            raise OutputError(_unfit(worker, problem))


def _unfit(worker: str, problem: str) -> str:
    return f"the Dask worker {worker} has {problem}, as on this machine"


def _require_reach(client: Any, store: Store) -> None:
    """Refuse workers that do not see what is written to the store from here."""
    name, token = f".progress/probe-{secrets.token_hex(8)}.txt", secrets.token_hex(16)
    store.put(name, token.encode())
    try:
        seen = client.run(_portable_look(), pickle.dumps(store), name)
    finally:
        store.remove(name)
    for worker, content in seen.items():
        if content != token.encode():
            raise OutputError(
                f"the Dask worker {worker} does not see what is written to {store.place}; "
                "expected a place that all workers reach"
            )


# A function within a function is sent as it is, and not by its name: it arrives where there is no tradegen.


def _portable_look() -> Callable[[bytes, str], bytes | None]:
    def look(store: bytes, name: str) -> bytes | None:
        import pickle
        import time

        # A network's file system may show a new file some seconds late.
        for _ in range(20):
            content: bytes | None = pickle.loads(store).get(name)  # noqa: S301 - pickled by the client above
            if content is not None:
                return content
            time.sleep(0.25)
        return None

    return look


def _portable_make() -> Callable[[bytes, Mapping[str, str], int | None], tuple[int, str, str]]:
    def make(work: bytes, versions: Mapping[str, str], number: int | None) -> tuple[int, str, str]:
        """Make the part of this number, or none.

        Returns how many pairs it has, the address of the worker that was to make it, and what keeps this
        worker from making any: another version.
        """
        import importlib
        import pickle

        from distributed import get_worker

        worker = "" if number is None else get_worker().address  # which only tasks can ask for
        for name, expected in versions.items():
            try:
                # An empty folder of that name is a module, too, and has no version.
                found = getattr(importlib.import_module(name), "__version__", None)
            except ImportError:
                found = None
            if found != expected:
                return (
                    0,
                    worker,
                    f"{f'{name} {found}' if found else f'no {name}'}; expected {name} {expected}",
                )
        pairs = 0 if number is None else pickle.loads(work)(number)  # noqa: S301 - of the client above
        return pairs, worker, ""

    return make


@contextlib.contextmanager
def _explained(address: str) -> Iterator[None]:
    from distributed import KilledWorker

    try:
        yield
    except OutputError:
        raise
    except ImportError as error:
        raise OutputError(
            f"a worker of the Dask cluster at {address} cannot load {error.name}; expected the same tradegen "
            "on every worker"
        ) from None
    except KilledWorker:
        raise OutputError("workers died making a part, perhaps for want of memory") from None
    except (OSError, CancelledError):
        raise OutputError(f"the Dask cluster at {address} has gone") from None
