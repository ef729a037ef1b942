"""The order of records: that of random keys, one a leg, whatever becomes of the other legs."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from tradegen.core.streams import draw
from tradegen.engine.generator import generate_block
from tradegen.engine.run import prepare

DAY = dt.date(2025, 7, 21)
KEY = 19  # the upper 45 bits of a draw; the others hold the record's number


@pytest.mark.parametrize("pairs", [1, 15, 65_536])
@pytest.mark.parametrize("mechanism", ["price.nudge", "record.missing"])
def test_legs_are_in_order_of_their_draws(pairs: int, mechanism: str) -> None:
    run = prepare(pairs=pairs, date=DAY, seed=3, mechanisms={mechanism: 1}, fields_per_pair=[1.0])
    trades = generate_block(run.scenario, run.market, run.seed, 0, run.first_id).trades
    draws = draw(run.seed, "order", 0, 2 * pairs).tolist()
    there = trades.record.tolist()
    assert there == sorted(there, key=lambda number: (draws[number] >> KEY, number))
    assert trades.trade_id.tolist() == [1 + number // 2 for number in there]
    assert trades.leg.tolist() == [number % 2 for number in there]


def test_records_that_are_added_to_legs_move_no_leg() -> None:
    arguments = {"pairs": 3_000, "date": DAY, "seed": 3, "mismatch_rate": 1.0, "fields_per_pair": [1.0]}
    orders = []
    for mechanism in ("price.nudge", "record.split"):
        run = prepare(**arguments, mechanisms={mechanism: 1})
        trades = generate_block(run.scenario, run.market, run.seed, 0, run.first_id).trades
        orders.append(trades.record[trades.record < 2 * 65_536])
        # What is added to a leg is a record of that leg.
        first = dict(zip(trades.record.tolist(), trades.ticker.tolist(), strict=True))
        pair = trades.trade_id - 1
        assert np.array_equal(trades.ticker, [first[2 * number] for number in pair.tolist()])
    assert np.array_equal(*orders)
