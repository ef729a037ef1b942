"""How much the tests do: what takes minutes by default, and everything for ``make test-all``.

`TRADEGEN_TESTS` is the one setting. With ``slow``, tests that are marked ``slow`` run, too. With ``large``,
tests that are marked ``large`` run as well, and `size` gives the large one of two sizes. A few tests name a
third size, for ``TRADEGEN_TESTS=full``, which takes long.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from typing import Any, TypeVar

import pytest

Size = TypeVar("Size")

_ASKED = os.environ.get("TRADEGEN_TESTS")
FULL = _ASKED == "full"
LARGE = FULL or _ASKED == "large"
LEFT_OUT = () if LARGE else ("large",) if _ASKED == "slow" else ("large", "slow")
"""The marks of the tests that do not run."""


def size(small: Size, large: Size, full: Size | None = None) -> Size:
    """The size that was asked for. What a test says must be true of each."""
    if FULL and full is not None:
        return full
    return large if LARGE else small


def chosen(cases: Iterable[Any], always: Collection[Any], slow: Collection[Any] = ()) -> list[Any]:
    """All cases for `parametrize`. By default, only those in `always` run, and of these none in `slow`.

    Raises
    ------
    ValueError
        `always` or `slow` names what is no case: the default run would silently be smaller than it says.
    """
    cases = list(cases)
    if unknown := [case for case in (*always, *slow) if case not in cases]:
        raise ValueError(f"no cases: {unknown}")

    def marked(case: Any) -> Any:
        if case in always and case not in slow:
            return case
        mark = pytest.mark.slow if case in always else pytest.mark.large
        return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=mark)

    return [marked(case) for case in cases]
