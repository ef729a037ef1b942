"""Shares of mechanisms are told from what their differences look like."""

from __future__ import annotations

import pytest

from tradegen.desk.mixture import Look, Looks, estimated


def look(*names: str) -> Look:
    return "price", frozenset((name, leg) for name in names for leg in (0, 1))


NUDGE, ROUND, POINT = "price.nudge", "price.rounding", "price.decimal_shift"
# One nudge in ten ends on a round price by accident.
LOOKS: Looks = {
    (name, leg): shares
    for name, shares in {
        NUDGE: {look(NUDGE): 0.9, look(NUDGE, ROUND): 0.1},
        ROUND: {look(NUDGE, ROUND): 1.0},
        POINT: {look(POINT): 1.0},
    }.items()
    for leg in (0, 1)
}


def test_what_looks_like_rounding_by_accident_is_not_counted_as_rounding() -> None:
    found = estimated({look(NUDGE): 900, look(NUDGE, ROUND): 100}, LOOKS)
    assert found.shares == {NUDGE: 1.0}


def test_what_is_more_than_an_accident_is() -> None:
    # 900 of 1,000 nudges look like nudges: so 100 accidents, and the other 300 are rounded.
    found = estimated({look(NUDGE): 900, look(NUDGE, ROUND): 400}, LOOKS)
    assert found.shares == {
        NUDGE: pytest.approx(1000 / 1300, abs=1e-3),
        ROUND: pytest.approx(300 / 1300, abs=1e-3),
    }
    assert 0.005 < found.errors[ROUND] < 0.03


def test_one_difference_that_nothing_else_makes_is_believed() -> None:
    found = estimated({look(NUDGE): 180, look(NUDGE, ROUND): 20, look(POINT): 1}, LOOKS)
    assert found.shares[POINT] == pytest.approx(1 / 201, rel=0.05)


def test_the_list_that_is_wrong_is_told_where_differences_tell_it() -> None:
    one_way: Looks = {
        ("ticker.suffix", leg): {("ticker", frozenset({("ticker.suffix", leg)})): 1.0} for leg in (0, 1)
    }
    seen = {("ticker", frozenset({("ticker.suffix", leg)})): count for leg, count in ((0, 80), (1, 320))}
    found = estimated(seen, one_way)
    assert found.first_leg == pytest.approx(0.2, abs=1e-3)
    assert found.first_leg_error == pytest.approx(0.02, abs=0.005)


def test_mechanisms_that_only_the_list_tells_apart_have_half_each() -> None:
    late, early = (
        ("date", frozenset({("date.next_session", leg), ("date.previous_session", 1 - leg)}))
        for leg in (1, 0)
    )
    looks: Looks = {
        ("date.next_session", 1): {late: 1.0},
        ("date.next_session", 0): {early: 1.0},
        ("date.previous_session", 0): {late: 1.0},
        ("date.previous_session", 1): {early: 1.0},
    }
    found = estimated({late: 60, early: 40}, looks)
    assert found.shares == {
        "date.next_session": pytest.approx(0.5),
        "date.previous_session": pytest.approx(0.5),
    }
    assert found.alike == (("date.next_session", "date.previous_session"),)
    # Where the other differences say that theirs is wrong, these are no twins any more.
    sure = estimated({late: 60, early: 40}, looks, legs_seen=(0, 400))
    assert sure.shares["date.next_session"] == pytest.approx(0.6, abs=0.02)
