"""Another name for each: altered names are as frequent as clean ones, where that can be."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tradegen.mechanisms.name_exchange import exchanged

COUNT = 200_000


def clean_and_other(weights: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Clean names drawn by their weights, and another name for each."""
    generator = np.random.default_rng(3)
    clean = generator.choice(len(weights), COUNT, p=np.array(weights) / sum(weights))
    return clean, exchanged(weights, clean, generator.random(COUNT))


@pytest.mark.parametrize(
    "weights", [(1, 1, 1), (4, 3, 2, 1), (49, 30, 20, 1), (5.0, 5.0), (1e9, 9e8, 5e8, 1), (1,) * 50 + (40,)]
)
def test_other_names_are_as_frequent_as_clean_ones(weights: tuple[float, ...]) -> None:
    clean, other = clean_and_other(weights)
    assert (clean != other).all()
    expected = np.array(weights) / sum(weights) * COUNT
    seen = np.bincount(other, minlength=len(weights))
    many = expected > 5
    # False alarm: 1e-6 a case. Clean names vary as well, hence twice the variance.
    statistic = ((seen - expected)[many] ** 2 / expected[many]).sum() / 2
    assert stats.chi2.sf(statistic, many.sum()) > 1e-6


@pytest.mark.parametrize("weights", [(9, 1), (8, 1, 1), (1, 1e9, 1e-6)])
def test_a_name_that_more_than_half_have_replaces_all_others(weights: tuple[float, ...]) -> None:
    clean, other = clean_and_other(weights)
    top = int(np.argmax(weights))
    assert (clean != other).all()
    assert (other[clean != top] == top).all()


def test_rare_names_replace_a_frequent_one_by_their_weights() -> None:
    clean, other = clean_and_other((80, 15, 5))
    of_top = other[clean == 0]
    # False alarm: 1e-6.
    assert stats.binomtest(int((of_top == 1).sum()), len(of_top), 0.75).pvalue > 1e-6


def test_two_names_are_exchanged() -> None:
    _, other = clean_and_other((3, 2))
    assert set(other) == {0, 1}
