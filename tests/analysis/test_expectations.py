"""What a scenario asks for, against a brute force over all orders of mechanisms."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import pytest
from asked_shares import expected_shares

from tradegen import Scenario, generate
from tradegen.analysis.rates import Per, field_counts


def shares(by: Per = "field", **fields: Any) -> dict[str, float]:
    return {str(name): float(share) for name, share in expected_shares(Scenario(**fields), by).items()}


# What was asked for


def test_by_default_each_field_is_altered_in_three_of_ten_mismatched_pairs() -> None:
    # A quarter of the pairs each, and a quarter of the second fields of one pair in five.
    assert shares() == pytest.approx(
        dict.fromkeys(("quantity", "price", "date", "trade_timestamp"), 0.25 + 0.2 * 0.25)
    )


def test_a_second_field_is_drawn_among_the_others() -> None:
    # First: 1/2, 1/4, 1/4. Second: quantity after price or date, 2/3 each, so 2 x 1/4 x 2/3 = 1/3;
    # price after quantity, 1/2 x 1/2, or after date, 1/4 x 1/3, so 1/3; likewise date.
    weights = {"quantity.nudge": 2, "price.nudge": 1, "date.next_session": 1}
    assert shares(mechanisms=weights, fields_per_pair=[0.8, 0.2]) == pytest.approx(
        {"quantity": 1 / 2 + 0.2 / 3, "price": 1 / 4 + 0.2 / 3, "date": 1 / 4 + 0.2 / 3}
    )


def test_mechanisms_of_one_field_share_its_second_chance() -> None:
    # The date's two mechanisms are one field: no pair has both, and there is no second field to draw.
    weights = {"date.next_session": 1, "date.previous_session": 3}
    assert shares(mechanisms=weights, fields_per_pair=[0.5, 0.5]) == pytest.approx({"date": 1})


def test_pairs_with_as_many_fields_as_there_are_have_all_of_them() -> None:
    weights = {"quantity.nudge": 3, "price.nudge": 1}
    assert shares(mechanisms=weights, fields_per_pair=[0, 1]) == pytest.approx({"quantity": 1, "price": 1})
    assert shares(mechanisms=weights, fields_per_pair=[0.5, 0.5]) == pytest.approx(
        {"quantity": 0.75 + 0.5 * 0.25, "price": 0.25 + 0.5 * 0.75}
    )


def test_a_missing_leg_has_no_second_mismatch() -> None:
    # First, each in a third of the pairs. After quantity or price only the other of them is left.
    weights = {"record.missing": 1, "quantity.nudge": 1, "price.nudge": 1}
    assert shares(mechanisms=weights, fields_per_pair=[0, 1]) == pytest.approx(
        {"record": 1 / 3, "quantity": 2 / 3, "price": 2 / 3}
    )


def test_swapped_brokers_are_one_mechanism_and_two_fields() -> None:
    weights = {"broker_id.swapped": 1, "contra_broker_id.other": 1, "price.nudge": 2}
    assert shares(mechanisms=weights, fields_per_pair=[1]) == pytest.approx(
        {"broker_id": 1 / 4, "contra_broker_id": 1 / 2, "price": 1 / 2}
    )
    assert shares("mechanism", mechanisms=weights, fields_per_pair=[1]) == pytest.approx(
        {"broker_id.swapped": 1 / 4, "contra_broker_id.other": 1 / 4, "price.nudge": 1 / 2}
    )


UNEVEN = {
    "quantity.nudge": 5,
    "price.nudge": 0.5,
    "date.next_session": 2,
    "date.previous_session": 1,
    "trade_timestamp.delay": 1,
}
CONFLICTING = {
    "quantity.extra_digit": 2,
    "broker_id.other": 1,
    "broker_id.swapped": 3,
    "contra_broker_id.other": 0.5,
    "order_type.flip": 1,
    "record.missing": 1,
    "record.split": 2,
}
# Beyond those of one field: hand-written, by what the mechanisms do.
EXCLUDED = [
    {"broker_id.other", "contra_broker_id.other"},
    {"broker_id.swapped", "contra_broker_id.other"},
    {"broker_id.swapped", "order_type.flip"},
    {"record.split", "quantity.extra_digit"},
    *({"record.missing", name} for name in CONFLICTING),
]


def by_brute_force(weights: dict[str, float], fields_per_pair: list[float]) -> dict[str, float]:
    """Every order in which all mechanisms could finish, with its chance, and who of them then acts."""
    found: Counter[str] = Counter()
    for order in itertools.permutations(weights):
        chance = math.prod(
            weights[name] / sum(weights[later] for later in order[place:]) for place, name in enumerate(order)
        )
        acting: list[str] = []
        for name in order:
            field = name.partition(".")[0]
            if not any(field == other.partition(".")[0] or {name, other} in EXCLUDED for other in acting):
                acting.append(name)
        for number, share in enumerate(fields_per_pair, start=1):
            for name in acting[:number]:
                found[name] += share * chance
    return dict(found)


@pytest.mark.parametrize("weights", [UNEVEN, CONFLICTING], ids=["uneven", "conflicting"])
@pytest.mark.parametrize("per_pair", [[1.0], [0.8, 0.2], [0.1, 0.2, 0.3, 0.4], [0.0, 0.0, 1.0]])
def test_asked_shares_are_those_of_all_orders_of_all_mechanisms(
    per_pair: list[float], weights: dict[str, float]
) -> None:
    by_mechanism = by_brute_force(weights, per_pair)
    asked = {"mechanisms": weights, "fields_per_pair": per_pair}
    assert shares("mechanism", **asked) == pytest.approx(by_mechanism)
    by_field: Counter[str] = Counter()
    for name, share in by_mechanism.items():
        by_field[name.partition(".")[0]] += share
        if name == "broker_id.swapped":
            by_field["contra_broker_id"] += share
    assert shares(**asked) == pytest.approx(by_field)


@pytest.mark.parametrize("by", ["field", "mechanism"])
@pytest.mark.parametrize("weights", [UNEVEN, CONFLICTING], ids=["uneven", "conflicting"])
@pytest.mark.parametrize("rate_mode", ["exact", "bernoulli"])
def test_counts_are_what_was_asked(rate_mode: str, weights: dict[str, float], by: Per) -> None:
    batch = generate(
        pairs=100_000,
        mismatch_rate=0.4,
        mechanisms=weights,
        quantity_min=5,  # so that there are shares enough for every split
        fields_per_pair=[0.5, 0.3, 0.2],
        rate_mode=rate_mode,
        seed=7,
        date="2025-07-21",
    )
    table = field_counts(batch, by)
    for row in table.itertuples():
        # Five standard errors: one false alarm in 250,000 such tables.
        assert abs(row.share - row.asked) < 5 * math.sqrt(row.asked * (1 - row.asked) / row.total)
        assert row.asked_count == pytest.approx(40_000 * row.asked)
    names = batch.truth[by].astype(str)
    pairs = batch.truth.groupby(names)["trade_id"].nunique()
    assert table["count"].to_dict() == pairs.to_dict()
