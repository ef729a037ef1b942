"""Where the numbers of a column lie: on a grid of decimals, such as prices in ticks of 0.05."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Grid:
    """Multiples of a step. Values are held as whole numbers of their last decimal place.

    A price of 154.05 in ticks of 0.05 is held as 15405, on a grid of two `places` and a `step` of 5.
    """

    places: int
    step: int = 1  # in units of the last place

    @classmethod
    def of(cls, step: float | Decimal) -> Grid:
        """The grid of a step: two places and 5 for 0.05. It has as many places as the step needs."""
        exact = Decimal(str(step)).normalize()
        places = max(-int(exact.as_tuple().exponent), 0)
        return cls(places, int(exact.scaleb(places)))

    def units(self, value: float) -> int:
        """A value on the grid in units of its last place, exactly as the number was written.

        Raises
        ------
        ValueError
            Where it is no whole number of steps.
        """
        scaled = Decimal(str(value)) * self.unit
        if scaled % self.step:
            raise ValueError(f"{value}, which is no multiple of {self.written:f}")
        return int(scaled)

    @property
    def unit(self) -> int:
        """How many of the whole numbers make one."""
        return int(10**self.places)

    @property
    def written(self) -> Decimal:
        """The step as a number: ``0.05``."""
        return Decimal(self.step).scaleb(-self.places)


CENTS = Grid(2)
"""Prices move in ticks of 0.01 (SEC Rule 612: the minimum increment of US stocks at or above 1.00)."""

SHARES = Grid(0)
"""Quantities are whole shares."""

FINEST: Mapping[str, Grid] = {"quantity": Grid(6), "price": Grid(4)}
"""By field, the finest grid that a scenario may ask for; every other one lies on it."""
