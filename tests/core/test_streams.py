"""Streams: reproducible for ever, one per purpose, even."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from exponentials import ALL, ERROR, defined, exact
from hypothesis import given
from hypothesis import strategies as st

from tradegen.core.columns import Array
from tradegen.core.streams import draw, exponential, happens, uniform, whole
from tradegen.mechanisms.catalogue import HOUSE


def test_a_stream_gives_the_numbers_it_always_gave() -> None:
    # Written down when the first version was made: a change here changes every byte of every run.
    assert draw(7, "price", 0, 3).tolist() == [154916125529087954, 5843034416950161397, 7096557435442029541]
    assert draw(7, "price", 1, 1).tolist() == [3483330587333854081]


def test_seed_name_and_block_each_make_another_stream() -> None:
    firsts = {
        int(draw(seed, name, block, 1)[0])
        for seed in (0, 1, 2**64, 2**128 - 1)
        for name in ("price", "quantity")
        for block in (0, 1, 2**31)
    }
    assert len(firsts) == 24


def test_no_two_streams_share_a_number() -> None:
    import zlib

    names = ["ticker", "buyer", "seller", "quantity", "price", "trade_timestamp", "order"]
    names += [f"mismatch/{purpose}" for purpose in ("pair", "count", "leg", "fields")]
    names += [f"{name}/{purpose}" for name in HOUSE for purpose in ("choice", "size")]
    assert len({zlib.crc32(name.encode()) for name in names}) == len(names)


extreme = np.array([0, 2**64 - 1, 2**63, 2**32 - 1, 2**32], np.uint64)


@given(st.integers(-(2**40), 2**40), st.integers(0, 2**32 - 1))
def test_whole_numbers_stay_in_their_range_at_the_extremes(low: int, width: int) -> None:
    found = whole(extreme.copy(), low, low + width).tolist()
    assert found[0] == low
    assert found[1] == low + width
    assert all(low <= value <= low + width for value in found)


def test_whole_numbers_agree_with_exact_arithmetic() -> None:
    raw = draw(1, "test", 0, 1_000)
    for width in (1, 2, 7, 500, 2**32):
        expected = [3 + (value >> 32) * width // 2**32 for value in raw.tolist()]
        assert whole(raw.copy(), 3, 3 + width - 1).tolist() == expected


def test_happens_is_none_at_0_all_at_1_and_nested_between() -> None:
    raw = np.concatenate([extreme, draw(1, "test", 0, 10_000)])
    assert not happens(raw, 0).any()
    assert happens(raw, 1).all()
    for lower, higher in ((0.1, 0.2), (0.5, 0.5000001), (1e-300, 1e-3)):
        assert (happens(raw, lower) <= happens(raw, higher)).all()


def test_uniform_is_below_one() -> None:
    assert uniform(extreme).max() == 1 - 2**-53
    assert uniform(extreme).min() == 0


def exponential_draws() -> Array:
    """Draws of every size, the least and the most, and those beside the borders of the table's cells."""
    numbers = np.random.default_rng(8).integers(0, ALL, 4_000, np.uint64)
    small = numbers[:3_000] >> np.arange(3_000, dtype=np.uint64) % np.uint64(53)
    borders = [(2 * cell + 1) << power >> 7 for power in range(53) for cell in range(64, 128)]
    beside = ALL - np.clip(np.add.outer(borders, np.arange(-2, 3)).ravel(), 1, ALL)
    ends = np.array([0, 1, ALL - 2, ALL - 1], np.uint64)
    found = np.unique(np.concatenate([numbers, small, ALL - 1 - small, beside.astype(np.uint64), ends]))
    return found << np.uint64(11)


def test_exponential_draws_are_to_the_bit_what_their_definition_says() -> None:
    raw = exponential_draws()
    assert exponential(raw).tolist() == list(map(defined, raw.tolist()))


def test_exponential_draws_are_as_near_to_the_logarithm_as_they_say() -> None:
    raw = exponential_draws()
    for found, exactly in zip(exponential(raw).tolist(), map(exact, raw.tolist()), strict=True):
        assert abs(Decimal(found) - exactly) <= Decimal(ERROR) * exactly


def test_exponential_draws_never_fall_as_raw_draws_rise() -> None:
    raw = exponential_draws()
    assert (np.diff(exponential(raw)) >= 0).all()
    # The bits that are too low to count change nothing.
    assert (exponential(raw) == exponential(raw | np.uint64(2**11 - 1))).all()
