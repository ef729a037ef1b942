"""Which share of the mismatched pairs a scenario asks for, by field or mechanism, outside hot spots."""

from __future__ import annotations

import pandas as pd

from tradegen import Scenario
from tradegen.analysis.expectations import asked_mechanisms, per_item
from tradegen.core.blocks import Counts


def expected_shares(scenario: Scenario, by: str = "field") -> pd.Series[float]:
    """Where nothing is counted yet, nothing is asked of hot spots."""
    nothing = Counts.none(len(scenario.causes) + 1, len(scenario.active))
    shares, _ = asked_mechanisms(scenario, nothing)
    return per_item(scenario, shares[shares != 0], by)
