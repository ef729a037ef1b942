"""How much the tests draw, kill and damage: little by default, and much for ``make test-all``.

`TRADEGEN_TESTS=large` is the one setting. With it, `size` gives the large one of two sizes, and the tests
that are marked ``large`` run, too.
"""

from __future__ import annotations

import os
from typing import TypeVar

Size = TypeVar("Size")

LARGE = os.environ.get("TRADEGEN_TESTS") == "large"


def size(small: Size, large: Size) -> Size:
    """The size that was asked for. What a test says must be true of both."""
    return large if LARGE else small
