"""Scores at the largest price and quantity that a scenario can have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scoring_files import said

import tradegen
from tradegen import generate, score
from tradegen.scoring import Amounts, Outcome

# Ten pairs of a billion shares at ten million dollars: each is worth 10**16 dollars, 10**18 cents.
LARGEST: dict[str, Any] = {
    "pairs": 10,
    "tickers": {"AAA": "10000000"},
    "price_band": 0,
    "quantity_min": 10**9,
    "quantity_max": 10**9,
    "mismatch_rate": 0.5,
    "fields_per_pair": [1.0],
    "date": "2025-07-21",
    "first_id": 1,
    "seed": 1,
}
CENTS = 10**18
MECHANISMS = ("price.decimal_shift", "quantity.extra_digit", "quantity.lot_scale")


@pytest.mark.parametrize("view", ["single", "two_system"])
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_altered_values_beyond_the_limits_are_scored(view: str, mechanism: str) -> None:
    batch = generate(**LARGEST, mechanisms={mechanism: 1}, view=view)
    found = score(batch, said(*range(1, 11)))
    # Half of the pairs are mismatched; all ten were reported.
    assert found.pairs == Outcome(expected=5, found=5, false_alarms=5, quiet=5)
    assert found.notional == Amounts(5 * CENTS, 5 * CENTS, 5 * CENTS)
    assert found.by["notional"][">= 1,000,000"] == Outcome(5, 5, 5, 0, 5)


def test_price_and_quantity_altered_in_one_record_are_scored() -> None:
    both = {**LARGEST, "fields_per_pair": [0.0, 1.0]}
    batch = generate(**both, mechanisms={"price.decimal_shift": 1, "quantity.lot_scale": 1})
    assert len(batch.truth) == 10
    assert score(batch, said(*range(1, 11))).notional == Amounts(5 * CENTS, 5 * CENTS, 5 * CENTS)


@pytest.mark.parametrize("form", ["csv", "json", "ndjson", "parquet"])
def test_the_largest_values_are_read_from_every_form_of_file(tmp_path: Path, form: str) -> None:
    weights = dict.fromkeys(MECHANISMS, 1)
    run = tradegen.prepare(**LARGEST, mechanisms=weights)
    tradegen.write_dataset(run, tmp_path, form=form)
    found = score(tmp_path, said(*range(1, 11)))
    assert found.notional == Amounts(5 * CENTS, 5 * CENTS, 5 * CENTS)
    assert found == score(generate(**run.replay()), said(*range(1, 11)))
