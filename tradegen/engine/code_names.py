"""The names that a column's codes stand for: those of clean values, and after them what mechanisms write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradegen.engine.own_values import clean_names
from tradegen.market.universe import Market
from tradegen.mechanisms.spellings import SPELLINGS, Names, misspelled

if TYPE_CHECKING:
    from tradegen.scenario.model import Scenario

__all__ = ["names_of"]


def names_of(scenario: Scenario, market: Market, column: str) -> Names:
    """The names of one of the scenario's own columns, with the wrong spellings that some leg may have."""
    ways = tuple(way for way in SPELLINGS if f"{column}.{way}" in scenario.active)
    return misspelled(clean_names(scenario.own[column], market), (), ways)
