"""Sizes are told by quantiles, and by the simplest shape that draws such sizes."""

from __future__ import annotations

import numpy as np
import pytest

from tradegen.desk.sizes import quantiles_of, settings_of, smoothed


def even(count: int, low: float, high: float) -> np.ndarray:
    return np.sort(np.random.default_rng(1).uniform(low, high, count))


def test_even_sizes_are_given_by_their_ends() -> None:
    found = settings_of(even(2_000, 0.01, 0.05), whole=False, scale=100)
    assert found == {"min": pytest.approx(1.0, abs=0.05), "max": pytest.approx(5.0, abs=0.05)}


def test_lognormal_sizes_by_their_median_and_95th_percentile() -> None:
    sizes = np.sort(np.random.default_rng(2).lognormal(np.log(3), 0.7, 3_000))
    found = settings_of(sizes, whole=False)
    assert found["shape"] == "lognormal"
    assert found["median"] == pytest.approx(3, rel=0.05)
    assert found["p95"] == pytest.approx(3 * np.exp(0.7 * 1.645), rel=0.08)


def test_sizes_of_two_kinds_by_quantiles() -> None:
    sizes = np.sort(np.concatenate([even(1_000, 1, 2), even(1_000, 50, 60)]))
    found = settings_of(sizes, whole=False)
    assert found["shape"] == "quantiles"
    assert [chance for chance, _ in found["quantiles"]] == [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0]
    assert dict(map(tuple, found["quantiles"]))[0.25] == pytest.approx(1.5, abs=0.1)


def test_whole_sizes_have_whole_ends() -> None:
    found = settings_of(np.sort(np.repeat(np.arange(1, 6), 200)).astype(float), whole=True)
    ends = [size for _, size in found["quantiles"]]
    assert (ends[0], ends[-1]) == (1, 5)


def test_few_sizes_are_given_by_their_ends_alone() -> None:
    assert settings_of(np.array([2.0, 3.0, 9.0]), whole=False) == {"min": 2.0, "max": 9.0}
    assert settings_of(np.array([]), whole=False) == {}


def test_an_interval_of_a_quantile_holds_it_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    inside = 0
    for _ in range(400):
        sizes = np.sort(random.uniform(0, 1, 300))
        inside += sum(one.low <= one.chance <= one.high for one in quantiles_of(sizes, 0.95)[1:4])
    # 95% of 1,200, give or take 3.1 points at 5 standard deviations.
    assert 0.919 < inside / 1200 < 0.981


def test_rounding_to_whole_shares_is_smoothed_away() -> None:
    random = np.random.default_rng(4)
    values = random.integers(1, 500, 4_000)
    true = random.uniform(0.01, 0.05, len(values))
    shares = np.maximum(np.round(values * true), 1)
    found = smoothed((shares / values).tolist(), (1 / values).tolist())
    for chance in (0.25, 0.5, 0.75):
        assert np.quantile(found, chance) == pytest.approx(0.01 + 0.04 * chance, rel=0.04)
