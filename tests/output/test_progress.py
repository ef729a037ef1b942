"""Progress: nothing for short runs, a line every half a minute where no one watches."""

from __future__ import annotations

import pytest

from tradegen.output import progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test sets."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_each_half_minute(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with progress.meter(1_000_000) as advance:
        for _ in range(9):
            clock[0] += 10
            advance(100_000)
    assert capsys.readouterr().err.splitlines() == [
        "tradegen: 300,000 of 1,000,000 pairs, 10,000 pairs/s, 1 min 10 s left",
        "tradegen: 600,000 of 1,000,000 pairs, 10,000 pairs/s, 0 min 40 s left",
        "tradegen: 900,000 of 1,000,000 pairs, 10,000 pairs/s, 0 min 10 s left",
    ]


def test_hours_left_are_told_as_hours(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with progress.meter(10**12) as advance:
        clock[0] += 60
        advance(10**10)
    assert "1 h 39 min left" in capsys.readouterr().err


def test_a_short_run_says_nothing(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with progress.meter(1_000) as advance:
        clock[0] += 1
        advance(1_000)
    assert capsys.readouterr().err == ""


def test_a_log_gets_a_line_each_half_minute_of_work_whose_size_is_not_known(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with progress.meter(None, "records") as advance:
        for _ in range(7):
            clock[0] += 10
            advance(1_000)
    assert capsys.readouterr().err.splitlines() == [
        "tradegen: 3,000 records so far",
        "tradegen: 6,000 records so far",
    ]
