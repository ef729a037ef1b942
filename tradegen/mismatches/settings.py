"""What a mechanism's setting is: a number with a default, bounds and a unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["Setting", "Values"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a mechanism; a whole number if its default is one.

    `least` itself is excluded for a share, which cannot be 0, and included for a whole number.
    """

    name: str
    default: float
    least: float
    most: float
    unit: str
    about: str

    @property
    def whole(self) -> bool:
        """Whether it takes whole numbers alone."""
        return isinstance(self.default, int)

    @property
    def expected(self) -> str:
        """What it takes, for messages."""
        if self.whole:
            return f"whole {self.unit} from {self.least} to {self.most}"
        return f"a {self.unit} above {self.least:g} and at most {self.most:g}"


Values: TypeAlias = Mapping[str, Any]
"""A mechanism's settings as numbers by name."""
