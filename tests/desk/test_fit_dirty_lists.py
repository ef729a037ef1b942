"""Fit: where values are missing or names misspelled, so they are in the scenario."""

from __future__ import annotations

import pytest

from tradegen import fit, generate

DIRTY = ["quantity.blank", "price.blank", "date.blank", "trade_timestamp.blank", "ticker.blank"]
DIRTY += ["ticker.typo", "broker_id.typo", "order_type.blank"]
DIRTY += ["order_type.case", "order_type.padded", "order_type.truncated", "order_type.typo"]


@pytest.mark.slow
def test_sizes_of_prices_are_measured_beside_values_that_are_missing_and_names_that_are_misspelled() -> None:
    mechanisms = dict.fromkeys(DIRTY, 1) | {"price.nudge": 2}
    batch = generate(
        pairs=3_000, seed=3, date="2025-07-21", view="two_system", mismatch_rate=0.3, mechanisms=mechanisms,
        keep_in_range=True, price_band=0.3,
    )  # fmt: skip
    found = fit(batch.lists["ours"], batch.lists["theirs"])
    settings = found.scenario.settings["price.nudge"]
    # Nudges were drawn from 0.001 to 0.01 of the price; rounded to ticks, a few are a little off.
    assert 0.0005 < settings["min"] < settings["max"] < 0.011
    assert "price.nudge" in found.scenario.weights
    told = str(found)
    # BUY in small letters, or with a blank beside it, is another way to write it, and no break.
    made = {name for name in mechanisms if name not in ("order_type.case", "order_type.padded")}
    assert set(found.scenario.weights) == made
    assert "not explained" not in told
