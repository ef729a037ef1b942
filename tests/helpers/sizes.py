"""How much the tests draw, kill and damage: little by default, and much for ``make test-all``.

`TRADEGEN_TESTS=large` is the one setting. With it, `size` gives the large one of two sizes, and the tests
that are marked ``large`` run, too. A few tests name a third size, which takes a quarter of an hour or more:
that of ``full``.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from typing import Any, TypeVar

import pytest

Size = TypeVar("Size")

FULL = os.environ.get("TRADEGEN_TESTS") == "full"
LARGE = FULL or os.environ.get("TRADEGEN_TESTS") == "large"


def size(small: Size, large: Size, full: Size | None = None) -> Size:
    """The size that was asked for. What a test says must be true of each."""
    if FULL and full is not None:
        return full
    return large if LARGE else small


def chosen(cases: Iterable[Any], always: Collection[Any]) -> list[Any]:
    """All cases for `parametrize`. By default, only those in `always` run.

    Raises
    ------
    ValueError
        `always` names what is no case: the default run would silently be smaller than it says.
    """
    cases = list(cases)
    if unknown := [case for case in always if case not in cases]:
        raise ValueError(f"no cases: {unknown}")
    return [
        case
        if case in always
        else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.large)
        for case in cases
    ]
