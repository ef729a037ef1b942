"""Which pairs a hot spot is about, at the very edge of its conditions."""

from __future__ import annotations

import pytest

from tradegen import generate

# In floats, each of these times 100 is a hair above or below the whole number of ticks that it is.
EDGES = ["1.1", "2.2", "0.29", "1.15", "4.35", "8.41"]


@pytest.mark.parametrize("dollars", EDGES)
@pytest.mark.parametrize("bound", ["min_notional", "max_notional"])
def test_a_pair_worth_exactly_the_bound_belongs_to_the_hot_spot(bound: str, dollars: str) -> None:
    spot = {"name": "edge", "rate": 1.0, "where": {bound: float(dollars)}}
    one_price = {"tickers": {"A": dollars}, "price_band": 0.0, "quantity_min": 1, "quantity_max": 1}
    batch = generate(
        **one_price, pairs=20, mismatch_rate=0.0, mechanisms={"quantity.nudge": 1}, hot_spots=[spot], seed=7
    )
    assert batch.manifest["counts"]["by_cause"]["edge"]["eligible"] == 20


@pytest.mark.parametrize(("bound", "eligible"), [("min_notional", 0), ("max_notional", 20)])
def test_a_bound_beyond_all_ticks_of_64_bits_is_taken_as_it_is(bound: str, eligible: int) -> None:
    where = {bound: 1e18, "ticker": "A"} if bound == "max_notional" else {"min_notional": 1.11, "ticker": "A"}
    spot = {"name": "edge", "rate": 1.0, "where": where}
    asked = {"tickers": {"A": "1.10", "B": "500.00"}, "price_band": 0.0, "quantity_min": 1, "quantity_max": 1}
    batch = generate(**asked, pairs=20, mismatch_rate=0.0, hot_spots=[spot], seed=7)
    tickers = batch.trades.drop_duplicates("trade_id")["ticker"]
    expected = 0 if not eligible else int((tickers == "A").sum())
    assert batch.manifest["counts"]["by_cause"]["edge"]["eligible"] == expected


def test_a_hot_spot_of_a_broker_strikes_the_legs_of_that_broker() -> None:
    spots = [{"name": "desk", "where": {"broker_id": "BKR003"}, "rate": 1}]
    batch = generate(
        pairs=500,
        seed=3,
        mismatch_rate=0,
        hot_spots=spots,
        mechanisms={"quantity.nudge": 1},
        date="2025-07-21",
    )
    brokers = batch.trades.set_index(["trade_id", "order_type"])["broker_id"]
    struck = [brokers[row.trade_id, row.leg] for row in batch.truth.itertuples()]
    assert len(struck) > 10
    assert set(struck) == {"BKR003"}
