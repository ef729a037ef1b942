"""Each mechanism by hand: what it makes of single values, at the edges of its range."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from tradegen.mismatches.catalogue import CATALOGUE, NAMES
from tradegen.schema import FIELDS

LOWEST, HIGHEST = 0, 2**64 - 1  # raw draws; the lowest bit says up or down, late or early
UP, DOWN = LOWEST, LOWEST + 1


def altered(mechanism: str, original: int, raw: int, **settings: Any) -> int:
    entry = CATALOGUE[mechanism]
    values = {setting.name: setting.default for setting in entry.settings} | settings
    found = entry.alter(np.array([original]), np.array([raw], np.uint64), values)
    return int(found[0])


def days(text: str) -> int:
    return (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("day", "following", "previous"),
    [
        ("2025-07-18", "2025-07-21", "2025-07-17"),  # Friday
        ("2025-07-19", "2025-07-21", "2025-07-18"),  # Saturday
        ("2025-07-20", "2025-07-21", "2025-07-18"),  # Sunday
        ("2025-07-21", "2025-07-22", "2025-07-18"),  # Monday
        ("2025-12-31", "2026-01-01", "2025-12-30"),  # holidays are not known
        ("1900-01-01", "1900-01-02", "1899-12-29"),
        ("2024-02-28", "2024-02-29", "2024-02-27"),
    ],
)
def test_dates_go_to_the_neighbouring_weekday(day: str, following: str, previous: str) -> None:
    assert altered("date.next_session", days(day), 7) == days(following)
    assert altered("date.previous_session", days(day), 7) == days(previous)


@pytest.mark.parametrize(
    ("original", "raw", "expected"),
    [
        (1, UP, 2),
        (1, DOWN, 2),  # down would leave nothing
        (2, DOWN, 1),
        (100, UP, 101),
        (100, HIGHEST - 1, 105),
        (100, HIGHEST, 95),
        (500, DOWN, 495),
        (500, HIGHEST - 1, 525),
        (10**9, HIGHEST - 1, 1_050_000_000),
    ],
)
def test_quantities_move_by_one_to_five_percent_and_at_least_one(
    original: int, raw: int, expected: int
) -> None:
    assert altered("quantity.nudge", original, raw) == expected


@pytest.mark.parametrize(
    ("original", "raw", "expected"),
    [
        (1, DOWN, 2),
        (15400, UP, 15416),  # 0.1% of 154.00 is 0.154, rounded inwards
        (15400, HIGHEST, 15246),
        (10**9, HIGHEST - 1, 1_010_000_000),
    ],
)
def test_prices_move_by_a_tenth_to_one_percent_and_at_least_a_tick(
    original: int, raw: int, expected: int
) -> None:
    assert altered("price.nudge", original, raw) == expected


SECOND, MINUTE, DAY = 10**6, 60 * 10**6, 86_400 * 10**6


@pytest.mark.parametrize(
    ("original", "raw", "expected"),
    [
        (DAY // 2, UP, DAY // 2 + MINUTE),
        (DAY // 2, DOWN, DAY // 2 - MINUTE),
        (DAY // 2, HIGHEST - 1, DAY // 2 + 30 * MINUTE),
        (0, DOWN, MINUTE),  # midnight: earlier would be the day before
        (DAY - SECOND, UP, DAY - SECOND - MINUTE),  # later would be the day after
        (-SECOND, UP, -SECOND - MINUTE),  # 1969-12-31 23:59:59
        (-DAY, DOWN, -DAY + MINUTE),
    ],
)
def test_timestamps_move_by_a_minute_to_half_an_hour_within_the_day(
    original: int, raw: int, expected: int
) -> None:
    assert altered("trade_timestamp.delay", original, raw) == expected


def test_half_a_day_fits_from_any_second_of_the_day() -> None:
    for second in range(0, 86_400, 7):
        moved = altered("trade_timestamp.delay", second * SECOND, UP, min=43_200, max=43_200)
        assert 0 <= moved < DAY
        assert moved != second * SECOND


def test_the_catalogue_names_each_entry_by_its_field_and_explains_it() -> None:
    for name, entry in CATALOGUE.items():
        assert name == entry.name
        assert entry.field in FIELDS
        assert entry.sentence.endswith(".")
        assert " -> " in entry.example
    assert tuple(CATALOGUE) == NAMES
