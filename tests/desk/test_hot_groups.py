"""Groups that stand out are found, and others are not."""

from __future__ import annotations

import numpy as np
import pytest
from sizes import size

from tradegen.desk.desk_names import desk_names
from tradegen.desk.groups import HotGroup, hot_groups
from tradegen.desk.trade_codes import Axis, Trades

AXES = (
    Axis("broker_id", [f"BKR{number:03}" for number in range(1, 16)], (0,)),
    Axis("hours", [f"{number}" for number in range(13)], (1,)),
    Axis("ticker", [f"T{number}" for number in range(60)], (2,)),
)
TRADES = 60_000


def drawn(rates: np.ndarray, codes: np.ndarray, random: np.random.Generator) -> Trades:
    """Trades with these codes, each of which breaks at its own rate; both lists have the same codes."""
    breaks = random.random(codes.shape[1]) < rates
    return Trades(AXES, codes[:, ~breaks], np.stack([codes[:, breaks]] * 2), (0, 1, 2))


def codes_of(random: np.random.Generator) -> np.ndarray:
    return np.stack([random.integers(0, len(axis.values), TRADES) for axis in AXES])


@pytest.mark.sized
def test_no_group_is_found_more_often_than_once_in_a_hundred() -> None:
    found = 0
    runs = size(40, 400)
    for seed in range(runs):
        random = np.random.default_rng(seed)
        codes = codes_of(random)
        rates = np.full(TRADES, random.uniform(0.01, 0.3))
        found += bool(hot_groups(drawn(rates, codes, random), 0.95).found)
    # 1% of 40: five or more once in 10,000 times; of 400: 14 or more once in 10,000.
    assert found <= size(4, 13)


def test_overlapping_groups_have_factors_that_multiply() -> None:
    random = np.random.default_rng(5)
    codes = codes_of(random)
    rates = 0.02 * np.where(codes[0] == 3, 3.0, 1.0) * np.where(codes[1] == 12, 5.0, 1.0)
    found = {tuple(one.where.items()): one for one in hot_groups(drawn(rates, codes, random), 0.999).found}
    assert set(found) == {(("broker_id", "BKR004"),), (("hours", "12"),)}
    for where, factor in (((("broker_id", "BKR004"),), 3.0), ((("hours", "12"),), 5.0)):
        assert found[where].low < factor < found[where].high


def test_a_pair_of_conditions_is_found_where_neither_alone_is_to_blame() -> None:
    random = np.random.default_rng(6)
    codes = codes_of(random)
    rates = np.where((codes[0] == 3) & (codes[1] == 12), 0.6, 0.02)
    [found] = hot_groups(drawn(rates, codes, random), 0.999).found
    assert found.where == {"broker_id": "BKR004", "hours": "12"}
    assert found.low < 30 < found.high


def test_a_group_that_breaks_less_often_is_found_too() -> None:
    random = np.random.default_rng(7)
    codes = codes_of(random)
    rates = np.where(codes[0] == 3, 0.01, 0.1)
    [found] = hot_groups(drawn(rates, codes, random), 0.999).found
    assert found.where == {"broker_id": "BKR004"}
    assert found.low < 0.1 < found.high


def test_trades_that_moved_between_groups_are_put_where_they_belong() -> None:
    # Half of the breaks in a bad half-hour move the time into a neighbouring one, on either list.
    random = np.random.default_rng(8)
    codes = codes_of(random)
    rates = np.where(codes[1] == 6, 0.4, 0.02)
    breaks = random.random(TRADES) < rates
    right, wrong = codes[:, breaks], codes[:, breaks].copy()
    moved = random.random(wrong.shape[1]) < 0.5
    wrong[1, moved] = np.clip(wrong[1, moved] + random.choice([-1, 1], moved.sum()), 0, 12)
    on_ours = random.random(wrong.shape[1]) < 0.5
    sides = np.stack([np.where(on_ours, wrong, right), np.where(on_ours, right, wrong)])
    [found] = hot_groups(Trades(AXES, codes[:, ~breaks], sides, (0, 1, 2)), 0.999).found
    assert found.where == {"hours": "6"}
    assert found.low < 20 < found.high


def test_groups_whose_names_would_be_one_cause_are_told_apart_by_a_number() -> None:
    brokers = [
        "A/B",
        "A&B",
        "A.B",
        "Long Name of a Broker in Frankfurt 1",
        "Long Name of a Broker in Frankfurt 2",
    ]
    groups = [HotGroup({"broker_id": one}, 9, 9, 1, 1, 1, 0, np.ones(1), True, True) for one in brokers]
    titles = desk_names(brokers, (), (), hide=False).titles(groups)
    assert titles[:3] == ["A.B", "A.B 2", "A.B 3"]
    assert len({f"contra {one}"[:40] for one in titles}) == 5
