"""What cases take besides a scenario and a seed, for type checkers and editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradegen.scenario.overrides import OtherFields, ScenarioOverrides, Whole

if TYPE_CHECKING:
    from tradegen.market.universe import Tickers


class CaseFields(ScenarioOverrides, total=False):
    """Of a case that is made: every field of the scenario, the first id, the universe."""

    first_id: Whole
    tickers: Tickers


class DrawnCaseFields(OtherFields, total=False):
    """Of cases that are drawn, whose mechanisms are a list to draw from."""

    first_id: Whole
    tickers: Tickers
