"""Races among mechanisms: the smallest key wins, however near the others are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from exponentials import ERROR, defined, exact

from tradegen.engine.selection import Race

PAIRS = 20_000
OUT = 2**64 - 1
Array = np.ndarray[Any, Any]


def won(weights: list[float], draws: Array, rows: Array) -> dict[int, int]:
    """The mechanism that each of the rows goes to."""
    race = Race({str(number): weight for number, weight in enumerate(weights)}, draws.copy())
    return {row: position for position, mine, _ in race.winners(rows) for row in mine.tolist()}


def expected(weights: list[float], draws: Array, row: int) -> int | None:
    """The same, one key at a time; of equal ones, the first weight's that is named."""
    keys = {
        # The lowest 8 bits of a draw carry the mechanism, and the upper 53 the number.
        (defined(raw) / weight, weights.index(weight), raw >> 8, position): position
        for position, (raw, weight) in enumerate(zip(draws[:, row].tolist(), weights, strict=True))
        if raw >> 8 != OUT >> 8
    }
    return keys[min(keys)] if keys else None


def random_draws(mechanisms: int) -> Array:
    return np.random.default_rng(5).integers(0, OUT, (mechanisms, PAIRS), np.uint64, endpoint=True)


def nearly_tied(weights: list[float], apart: int) -> Array:
    """Draws whose keys are equal for all mechanisms, or differ by a few units in the last place."""
    generator = np.random.default_rng(6)
    key = -np.log1p(-generator.random(PAIRS)) / sum(weights)
    share = np.stack([-np.expm1(-key * weight) for weight in weights])
    steps = np.round(share * 2.0**53).astype(np.int64) + generator.integers(-apart, apart + 1, share.shape)
    return np.clip(steps, 0, 2**53 - 1).astype(np.uint64) << np.uint64(11)


@pytest.mark.parametrize("weights", [[1.0, 1.0, 0.5, 0.5, 1.0], [1e-9, 1e9, 1.0], [2.0, 3.0], [1.0, 1.0]])
@pytest.mark.parametrize("make", ["random", "tied"])
def test_the_smallest_key_wins_to_the_last_bit(make: str, weights: list[float]) -> None:
    draws = random_draws(len(weights)) if make == "random" else nearly_tied(weights, 3)
    rows = np.arange(PAIRS)
    found = won(weights, draws, rows)
    assert found == {row: expected(weights, draws, row) for row in rows.tolist()}


@pytest.mark.parametrize("weights", [[1.0, 1.0, 0.5, 0.5, 1.0], [1e-9, 1e9, 1.0], [2.0, 3.0]])
@pytest.mark.parametrize("make", ["random", "tied"])
def test_the_winner_is_that_of_exact_logarithms_where_these_differ_by_more_than_a_keys_error(
    make: str, weights: list[float]
) -> None:
    draws = random_draws(len(weights)) if make == "random" else nearly_tied(weights, 100)
    rows = np.arange(2_000)
    for row, position in won(weights, draws, rows).items():
        keys = [
            exact(raw) / Decimal(weight) for raw, weight in zip(draws[:, row].tolist(), weights, strict=True)
        ]
        # Both keys may be wrong, and each is rounded once more when it is divided by its weight.
        assert keys[position] <= min(keys) * Decimal(1 + 3 * ERROR)


@pytest.mark.parametrize("weights", [[1.0, 0.5, 2.0], [1.0, 1.0, 1.0]])
@pytest.mark.parametrize("pairs", [30, PAIRS])
def test_what_was_dropped_wins_nothing_and_pairs_without_any_left_have_no_winner(
    pairs: int, weights: list[float]
) -> None:
    draws = random_draws(3)
    draws[0, ::2] = draws[1, ::3] = draws[2, ::5] = OUT
    rows = np.arange(0, pairs, 3)
    found = won(weights, draws, rows)
    reference = {row: expected(weights, draws, row) for row in rows.tolist()}
    assert found == {row: position for row, position in reference.items() if position is not None}
    assert 0 not in found
