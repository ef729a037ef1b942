"""Work that a second thread does, one piece behind the first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

Piece = TypeVar("Piece")


class Background(Generic[Piece]):
    """Does the same work on pieces in their order, in a thread of its own.

    It waits for each piece before it takes the next, so that no more than two are in memory. Used as a
    context manager: when it is left, all work is done. Hashing, writing and NumPy's arithmetic take the time
    of the second thread alone.

    Parameters
    ----------
    work : callable
        What is done with each piece. What it raises is raised where the next piece is handed over, or at the
        end.
    """

    def __init__(self, work: Callable[[Piece], object]) -> None:
        self._work, self._pool = work, ThreadPoolExecutor(1)
        self._last: Future[Any] | None = None

    def write(self, piece: Piece) -> None:
        """Hand over the next piece."""
        self._wait()
        self._last = self._pool.submit(self._work, piece)

    def _wait(self) -> None:
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._wait()
        finally:
            self._pool.shutdown()
