"""What quantities and prices are multiples of, as the manifest tells of it.

This is a reading of its own: how the generator understands a tick is what is proved here.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tradegen.errors import shown
from tradegen.verify.words import VerifyError

_STEPS = {"quantity": ("quantity_step", "1"), "price": ("tick", "0.01")}
"""By field, the scenario's name for its step, and what that is if not given."""

_MOST_PLACES = 6


def steps_of(scenario: Mapping[str, Any]) -> dict[str, Decimal]:
    """The steps of quantities and prices; without a manifest, whole shares and cents.

    Raises
    ------
    VerifyError
        Where one is no step.
    """
    found = {}
    for name, (called, usual) in _STEPS.items():
        given = scenario.get(called) or usual
        try:
            found[name] = Decimal(given)
            wrong = found[name] <= 0 or _places(found[name]) > _MOST_PLACES
        except (ArithmeticError, TypeError, ValueError):
            wrong = True
        if wrong:
            raise VerifyError(f"{called} is {shown(given)} in the manifest; expected a step such as {usual}")
    return found


def places_of(steps: Mapping[str, Decimal]) -> dict[str, int]:
    """Decimal places of quantities, prices, and notionals, which have those of both."""
    found = {name: _places(step) for name, step in steps.items()}
    return found | {"notional": sum(found.values())}


def _places(step: Decimal) -> int:
    """How many decimal places a step needs."""
    return max(-int(step.normalize().as_tuple().exponent), 0)
