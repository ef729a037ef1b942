"""Sizes are spread as evenly as asked for, and altered values lie where clean ones do.

Every expectation is statistical. With 150,000 sizes a twentieth of them is 7,500 with a standard deviation of
84, so the bounds below, which are 10% and more, are nine deviations away. The Kolmogorov-Smirnov distance of
so many even draws passes 0.02 with a probability below 1e-50. What tells altered values from clean ones is
chi-squared with 99 degrees of freedom: it passes 180 with a probability of 1e-6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sizes import size

from tradegen import Scenario, generate
from tradegen.core.columns import Array
from tradegen.mechanisms.displacement import Ranges, displaced
from tradegen.mechanisms.shapes import Sizes, alike

PAIRS = size(150_000, 1_000_000)
BEFORE_ROUNDING = 1_000  # shares or ticks: below, the rounding to whole ones decides most of a size
MARKET: dict[str, Any] = {
    "tickers": {"A": "900.00", "B": "2500.00", "C": "141.50"},
    "price_band": 0.06,
    "keep_in_range": True,
    "quantity_max": 100_000,
    "timestamp_precision": "ms",
    "date": "2025-07-21",
}


@dataclass(frozen=True)
class Asked:
    """Sizes from `least` to `most`, in seconds or as a share of the value."""

    mechanism: str
    least: float
    most: float
    share: bool = False


def by_seed(seed: int) -> list[Asked]:
    """Ranges that nobody chose: the largest size is a tenth of the clean range at most."""
    rng = np.random.default_rng(seed)
    seconds, price, quantity = rng.uniform(30, 2_300), rng.uniform(0.002, 0.01), rng.uniform(0.02, 0.095)
    smallest = rng.uniform(0.02, 0.4, 3)
    return [
        Asked("trade_timestamp.delay", int(seconds * smallest[0]), int(seconds)),
        Asked("price.nudge", price * smallest[1], price, share=True),
        Asked("quantity.nudge", quantity * smallest[2], quantity, share=True),
    ]


DEFAULT = [
    Asked("trade_timestamp.delay", 60, 1_800),
    Asked("trade_timestamp.clock_skew", 0.05, 5),
    Asked("price.nudge", 0.001, 0.01, share=True),
    Asked("quantity.nudge", 0.01, 0.05, share=True),
]
ALL = DEFAULT + [asked for seed in (1, 2, 3) for asked in by_seed(seed)]


def altered_by(asked: Asked) -> tuple[Array, Array, dict[str, int]]:
    """Original and altered values in the field's integer unit, and what the manifest counts."""
    settings = {asked.mechanism: {"min": asked.least, "max": asked.most}}
    batch = generate(
        pairs=PAIRS, seed=11, mismatch_rate=1.0, fields_per_pair=[1.0],
        mechanisms={asked.mechanism: 1}, settings=settings, **MARKET,
    )  # fmt: skip
    truths = [block.truth for block in batch.blocks]
    original, altered = (
        np.concatenate([getattr(truth, name) for truth in truths]) for name in ("original", "altered")
    )
    return original, altered, batch.manifest["counts"]["by_mechanism"][asked.mechanism]


@pytest.mark.parametrize(
    "asked", ALL, ids=lambda asked: f"{asked.mechanism}-{asked.least:.3g}-{asked.most:.3g}"
)
def test_sizes_are_even_over_the_range_asked_for_and_hide_in_the_clean_range(asked: Asked) -> None:
    original, altered, counts = altered_by(asked)
    assert counts["applied"] == PAIRS
    assert counts["sizes_limited"] <= PAIRS / 100  # the few that are too small for a range of sizes

    sizes = np.abs(altered - original) / (original if asked.share else 1e6)
    if asked.share:
        sizes = sizes[original >= BEFORE_ROUNDING]
    within = np.clip(sizes, asked.least, asked.most)
    counted, _ = np.histogram(within, np.linspace(asked.least, asked.most, 21))
    np.testing.assert_allclose(counted / len(sizes) * 20, 1, atol=0.15 if asked.share else 0.10)
    expected = (np.sort(within) - asked.least) / (asked.most - asked.least)
    steps = np.arange(len(sizes) + 1) / len(sizes)
    distance = max(np.abs(expected - steps[1:]).max(), np.abs(expected - steps[:-1]).max())
    assert distance <= 0.02

    assert hidden_in_the_clean_range(original, altered)


def hidden_in_the_clean_range(original: Array, altered: Array) -> bool:
    """Whether altered values lie where original ones do, and are spread alike."""
    # The outermost clean values seen lie less than a thousandth of the range from its ends.
    slack = (original.max() - original.min()) / 1_000
    within = altered.min() >= original.min() - slack and altered.max() <= original.max() + slack
    edges = np.unique(np.quantile(original, np.linspace(0, 1, 101)))
    edges[-1] += 1
    clean, moved = (np.histogram(values, edges)[0] for values in (original, altered))
    return bool(within and ((clean - moved) ** 2 / (clean + moved)).sum() < 180)


SHAPES: dict[str, tuple[str, dict[str, Any], list[tuple[float, float]]]] = {
    # What was asked for, and by hand from that: probabilities, and the sizes that so many are below.
    "prices by quantiles": (
        "price.nudge",
        {"shape": "quantiles", "quantiles": [[0, 0.0005], [0.5, 0.001], [0.95, 0.003], [1, 0.01]]},
        [(0.25, 0.00075), (0.5, 0.001), (0.725, 0.002), (0.95, 0.003), (0.975, 0.0065)],
    ),
    "prices, lognormal": (
        "price.nudge",
        {"shape": "lognormal", "median": 0.001, "p95": 0.003},
        # The logarithm's deviation is ln(3) / 1.6449 = 0.6679; its quartiles are 0.6745 deviations away.
        [
            (0.25, 0.001 * np.exp(-0.6745 * 0.6679)),
            (0.5, 0.001),
            (0.75, 0.001 * np.exp(0.6745 * 0.6679)),
            (0.95, 0.003),
        ],
    ),
    "times by quantiles": (
        "trade_timestamp.delay",
        {"shape": "quantiles", "quantiles": [[0, 1], [0.5, 5], [0.9, 60], [1, 1800]]},
        [(0.25, 3.0), (0.5, 5.0), (0.7, 32.5), (0.9, 60.0), (0.95, 930.0)],
    ),
    "quantities, lognormal": (
        "quantity.nudge",
        {"shape": "lognormal", "median": 0.01, "p95": 0.02, "max": 0.09},
        [(0.5, 0.01), (0.95, 0.02)],
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_sizes_have_the_shape_that_is_asked_for_and_hide_all_the_same(name: str) -> None:
    """Within 0.01 in probability, seven standard deviations of 150,000 draws; the rounding adds to that."""
    mechanism, settings, wanted = SHAPES[name]
    batch = generate(
        pairs=PAIRS, seed=11, mismatch_rate=1.0, fields_per_pair=[1.0],
        mechanisms={mechanism: 1}, settings={mechanism: settings}, **MARKET,
    )  # fmt: skip
    assert batch.manifest["counts"]["by_mechanism"][mechanism]["sizes_limited"] <= PAIRS / 100
    truths = [block.truth for block in batch.blocks]
    original, altered = (
        np.concatenate([getattr(truth, column) for truth in truths]) for column in ("original", "altered")
    )
    sizes = np.abs(altered - original) / (original if mechanism.endswith("nudge") else 1e6)
    large = sizes[original >= 10_000]  # where rounding to a whole share or tick does not matter
    for probability, size_below in wanted:
        assert (large < size_below).mean() == pytest.approx(probability, abs=0.01)
    assert hidden_in_the_clean_range(original, altered)


def test_a_tolerance_leaves_the_shape_of_what_is_beyond_it() -> None:
    """Mismatches begin at twice 5 basis points, which half of all sizes are below; above, sizes are even."""
    shape = {"shape": "quantiles", "quantiles": [[0, 0.0005], [0.5, 0.001], [1, 0.005]]}
    asked = {
        "pairs": 20_000, "seed": 5, "mismatch_rate": 1.0, "fields_per_pair": [1.0],
        "mechanisms": {"price.nudge": 1}, "settings": {"price.nudge": shape},
        "tolerances": {"price": {"bps": 5}},
    }  # fmt: skip
    truth = generate(**asked, **MARKET).truth
    sizes = truth["delta"].astype(float).abs() / truth["original"].astype(float)
    assert sizes.min() >= 0.001
    # Five standard deviations of 20,000 even sizes from 0.1% to 0.5%.
    assert sizes.mean() == pytest.approx(0.003, abs=5 * 0.004 / 12**0.5 / 20_000**0.5)


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ({"unit": "bps", "min": 1, "max": 30}, {"min": 0.0001, "max": 0.003}),
        ({"unit": "percent", "shape": "lognormal", "median": 0.03, "p95": 0.3},
         {"shape": "lognormal", "median": 0.0003, "p95": 0.003}),
        ({"unit": "bps", "shape": "quantiles", "quantiles": [[0, 1], [1, 3]]},
         {"shape": "quantiles", "quantiles": [[0, 0.0001], [1, 0.0003]]}),
    ],
    ids=["bps", "percent", "quantiles"],
)  # fmt: skip
def test_percent_and_basis_points_are_shares(given: dict[str, Any], same: dict[str, Any]) -> None:
    assert Scenario(settings={"price.nudge": given}) == Scenario(settings={"price.nudge": same})


def test_shapes_end_where_they_say_and_come_back_from_a_manifest() -> None:
    settings = {
        "price.nudge": {"shape": "lognormal", "median": 0.001, "p95": 0.003, "min": 0.0002, "max": 0.004},
        "price.tick": {"shape": "quantiles", "quantiles": [[0, 1], [0.5, 2], [1, 9]]},
    }
    asked = {"pairs": 5_000, "seed": 3, "mismatch_rate": 0.5, "settings": settings}
    batch = generate(**asked, mechanisms=dict.fromkeys(settings, 1), **MARKET)
    again = generate(**batch.manifest["replay"])
    assert again.manifest["digests"] == batch.manifest["digests"]
    truth = batch.truth[batch.truth["mechanism"] == "price.tick"]
    ticks = (truth["delta"].astype(float).abs() * 100).round()
    assert (ticks.min(), ticks.max()) == (1, 9)
    truth = batch.truth[batch.truth["mechanism"] == "price.nudge"]
    shares = truth["delta"].astype(float).abs() / truth["original"].astype(float)
    assert 0.0001 < shares.min() < 0.0004
    assert 0.0036 < shares.max() < 0.0041


def test_a_range_too_narrow_for_the_sizes_hides_them_and_is_counted_and_false_gives_the_sizes() -> None:
    """Prices within 1% of the ticker's, moved by up to 1% of it: one or the other cannot be had."""
    asked = {
        "pairs": 20_000, "seed": 5, "mismatch_rate": 1.0, "fields_per_pair": [1.0],
        "mechanisms": {"price.nudge": 1}, "tickers": {"A": "2500.00"}, "price_band": 0.01,
    }  # fmt: skip
    hidden, as_asked = (generate(**asked, keep_in_range=keep) for keep in (True, False))
    limited = [
        batch.manifest["counts"]["by_mechanism"]["price.nudge"]["sizes_limited"]
        for batch in (hidden, as_asked)
    ]
    assert limited == [20_000, 0]
    [block] = hidden.blocks
    assert block.truth.altered.min() >= 247_500
    assert block.truth.altered.max() <= 252_500
    [block] = as_asked.blocks
    sizes = np.abs(block.truth.altered - block.truth.original) / block.truth.original
    counted, _ = np.histogram(np.clip(sizes, 0.001, 0.01), np.linspace(0.001, 0.01, 21))
    np.testing.assert_allclose(counted, 1_000, atol=200)  # six standard deviations
    assert block.truth.altered.max() > 252_500


def test_a_ticker_whose_tolerance_is_less_than_a_tick_does_not_disturb_the_others() -> None:
    asked = {
        "pairs": 2_000, "seed": 5, "mismatch_rate": 0.0, "benign_rate": 0.5, "keep_in_range": True,
        "price_band": 0.06, "tickers": {"A": "2500.00", "B": "1.00"}, "tolerances": {"price": {"bps": 20}},
        "mechanisms": {"price.nudge": 1},
    }  # fmt: skip
    batch = generate(**asked)
    # Half of 20 bps of a dollar is less than a tick; of 2,500 dollars it is 250.
    assert (batch.truth["altered"].astype(float) > 2_000).all()
    assert len(batch.truth) == min((batch.trades["ticker"] == "A").sum() / 2, 1_000)


@pytest.mark.parametrize(
    ("low", "high", "least", "most"),
    [(1, 500, 5, 12), (0, 2_339, 60, 500), (15_246, 15_554, 15, 154), (1, 2, 1, 1)],
)
def test_in_a_narrow_range_one_draw_takes_every_place_to_a_place_of_its_own(
    low: int, high: int, least: int, most: int
) -> None:
    every = np.arange(low, high + 1)
    ranges = Ranges(np.array([low]), np.array([high]), np.zeros_like(every), floor=-(10**6), top=10**6)

    def bounds(value: Array) -> tuple[Array, Array]:
        return np.full(np.shape(value), least), np.full(np.shape(value), most)

    for draw in np.random.default_rng(3).integers(0, 2**64 - 1, 300, np.uint64, endpoint=True):
        altered, _ = displaced(every, np.full(len(every), draw), ranges, Sizes(bounds, bounds))
        assert sorted(altered.tolist()) == every.tolist()
        moved = np.abs(altered - every)
        assert moved.min() >= least
        assert moved.max() <= most


def test_a_value_past_its_range_stays_as_it_is_and_the_others_move() -> None:
    ranges, bounds = Ranges(np.array([1_000]), np.array([2_000]), np.zeros(3, int)), alike(1, 5)
    raw = np.arange(1, 4, dtype=np.uint64) << np.uint64(40)
    altered, limited = displaced(np.array([900, 1_500, 2_100]), raw, ranges, Sizes(bounds, bounds, None))
    assert altered[[0, 2]].tolist() == [900, 2_100]
    assert 1 <= abs(int(altered[1]) - 1_500) <= 5
    assert not limited.any()
