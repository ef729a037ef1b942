"""Work in a second thread: in order, and what goes wrong in it is heard of."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator

import pytest

from tradegen.core.background import Background


def test_pieces_are_worked_on_in_their_order_in_another_thread_and_all_of_them() -> None:
    done: list[tuple[int, bool]] = []

    def work(piece: int) -> None:
        time.sleep(0.001)
        done.append((piece, threading.current_thread() is threading.main_thread()))

    with Background(work) as background:
        for piece in range(20):
            background.write(piece)
    assert done == [(piece, False) for piece in range(20)]


def refused(_: int) -> None:
    raise OSError("the disk is full")


def refused_at(wrong: int) -> Callable[[int], None]:
    return lambda piece: refused(piece) if piece == wrong else None


def handed_over(work: Callable[[int], None], pieces: Iterable[int]) -> None:
    with Background(work) as background:
        for piece in pieces:
            background.write(piece)


@pytest.mark.parametrize("wrong", [3, 4], ids=["in the middle", "at the end"])
def test_what_the_work_raises_is_raised_before_the_context_is_left(wrong: int) -> None:
    with pytest.raises(OSError, match="the disk is full"):
        handed_over(refused_at(wrong), range(5))


def test_what_is_raised_beside_the_work_goes_before_what_it_raises() -> None:
    def pieces() -> Iterator[int]:
        yield 1
        raise ValueError("no such row")

    with pytest.raises(ValueError, match="no such row"):
        handed_over(refused, pieces())
