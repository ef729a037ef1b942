"""Each mechanism by hand: what it makes of single values, and at the edges of its range."""

from __future__ import annotations

import numpy as np
import pytest
from by_hand import TICKERS, days, microseconds, outcomes

from tradegen import Scenario, load_market
from tradegen.core.blocks import Pairs
from tradegen.engine.context import BlockContext
from tradegen.mechanisms.catalogue import HOUSE
from tradegen.mechanisms.record_counts import fills

SECOND, MINUTE, DAY = 10**6, 60 * 10**6, 86_400 * 10**6


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
    assert outcomes("date.next_session", days(day)) == {days(following)}
    assert outcomes("date.previous_session", days(day)) == {days(previous)}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2025-07-08", "2025-08-07"),
        ("2025-12-01", "2025-01-12"),
        ("2025-01-12", "2025-12-01"),  # there is a month 12, and none past it
        ("2025-01-13", "2025-01-13"),
        ("1969-02-11", "1969-11-02"),
        ("2025-07-07", "2025-07-07"),  # the same date
        ("2025-07-21", "2025-07-21"),  # there is no month 21
        ("2024-02-29", "2024-02-29"),
    ],
)
def test_day_and_month_change_places_where_that_is_a_date(day: str, expected: str) -> None:
    assert outcomes("date.day_month_swap", days(day)) == {days(expected)}


def test_quantities_move_by_one_to_five_percent_and_stay_in_their_range() -> None:
    assert outcomes("quantity.nudge", 1) == {2}  # down would leave nothing
    assert outcomes("quantity.nudge", 10) == {9} or outcomes("quantity.nudge", 10) == {11}
    altered = outcomes("quantity.nudge", 400)
    assert min(altered) >= 380
    assert max(altered) <= 420
    assert {380 <= value <= 396 or 404 <= value <= 420 for value in altered} == {True}
    assert max(outcomes("quantity.nudge", 500)) < 500  # the largest there is can only go down
    # Ranges too narrow to hide in: a plain step, either way.
    alone = {"quantity_min": 100, "quantity_max": 100}
    assert outcomes("quantity.nudge", 100, alone) == {*range(95, 100), *range(101, 106)}


def test_prices_move_by_a_tenth_to_one_percent_and_stay_in_their_band() -> None:
    altered = outcomes("price.nudge", 15_400)
    assert all(15 <= abs(value - 15_400) <= 154 for value in altered)
    assert all(15_246 <= value <= 15_554 for value in altered)
    assert len(altered) > 100
    assert outcomes("price.nudge", 15_400, {"price_band": 0}, min=0.01, max=0.01) == {15_246, 15_554}


def test_ticks_are_one_to_five() -> None:
    assert outcomes("price.tick", 15_400, {"price_band": 0}) == {
        *range(15_395, 15_400),
        *range(15_401, 15_406),
    }
    assert all(1 <= abs(value - 15_400) <= 5 for value in outcomes("price.tick", 15_400))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(250, {25_000}), (300, {30_000, 3}), (100, {10_000, 1}), (1, {100})],
)
def test_lots_are_a_hundred_shares(value: int, expected: set[int]) -> None:
    assert outcomes("quantity.lot_scale", value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (250, {520, 205}),
        (100, {100}),  # a zero in front would vanish
        (110, {101}),
        (5, {5}),
        (77, {77}),
        (1234, {2134, 1324, 1243}),
        (10**9, {10**9}),
    ],
)
def test_neighbouring_digits_that_differ_change_places(value: int, expected: set[int]) -> None:
    assert outcomes("quantity.digit_swap", value) == expected
    assert outcomes("price.digit_swap", value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(250, {2250, 2550, 2500}), (7, {77}), (111, {1111}), (10**9, {11 * 10**9, 10**10})],
)
def test_one_digit_is_typed_twice(value: int, expected: set[int]) -> None:
    assert outcomes("quantity.extra_digit", value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (15_402, {15_400}),
        (15_403, {15_405, 15_400}),
        (15_450, {15_450, 15_500}),  # half a dollar goes up
        (2, {2}),  # nothing would be left
        (3, {5, 3}),
        (100, {100}),
    ],
)
def test_prices_round_to_five_cents_ten_cents_or_a_dollar(value: int, expected: set[int]) -> None:
    assert outcomes("price.rounding", value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(15_400, {154_000, 1_540}), (15_405, {154_050, 1_541}), (4, {40}), (5, {50, 1})],
)
def test_the_decimal_point_moves_one_place(value: int, expected: set[int]) -> None:
    assert outcomes("price.decimal_shift", value) == expected


def test_a_stale_price_is_that_of_the_trade_before_by_time_or_the_universes() -> None:
    clock = [microseconds(f"2025-07-21 10:00:0{second}") for second in (5, 3, 9, 3)]
    pairs = Pairs(
        ticker=np.array([0, 0, 0, 1]),
        buyer=np.zeros(4),
        seller=np.zeros(4),
        quantity=np.ones(4),
        price=np.array([15_410, 15_390, 15_420, 16_900]),
        side=np.zeros(4),
        date=np.zeros(4),
        trade_timestamp=np.array(clock),
    )
    context = BlockContext(Scenario(), load_market(TICKERS), pairs, 1, 1)
    # By time, the second pair is AAPL's first, then the first pair, then the third.
    assert context.previous_price.tolist() == [15_390, 15_400, 15_410, 16_895]


def test_delays_are_a_minute_to_half_an_hour_within_the_window() -> None:
    for text in ("2025-07-21 09:30:00", "2025-07-21 12:00:00", "2025-07-21 15:59:59"):
        altered = outcomes("trade_timestamp.delay", microseconds(text))
        assert all(MINUTE <= abs(value - microseconds(text)) <= 30 * MINUTE for value in altered)
        assert min(altered) >= microseconds("2025-07-21 09:30:00")
        assert max(altered) <= microseconds("2025-07-21 15:59:59")
        assert all(value % SECOND == 0 for value in altered)


def test_delays_never_cross_midnight() -> None:
    night = {"start": "23:59:50", "end": "00:00:10"}
    late = outcomes("trade_timestamp.delay", microseconds("2025-07-21 23:59:55"), night)
    assert max(late) < microseconds("2025-07-21 23:59:00")
    early = outcomes("trade_timestamp.delay", microseconds("2025-07-22 00:00:05"), night)
    assert min(early) >= microseconds("2025-07-22 00:01:05")
    for second in range(0, 86_400, 997):
        start = microseconds("2025-07-21 00:00:00")
        altered = outcomes(
            "trade_timestamp.delay",
            start + second * SECOND,
            {"start": "00:00:00", "end": "00:00:00"},
            min=43_200,
            max=43_200,
        )
        assert all(start <= value < start + DAY for value in altered)


@pytest.mark.parametrize(("precision", "least"), [("s", SECOND), ("ms", 50_000), ("us", 50_000)])
def test_a_clocks_skew_is_never_below_the_written_precision(precision: str, least: int) -> None:
    value = microseconds("2025-07-21 10:33:27")
    altered = outcomes("trade_timestamp.clock_skew", value, {"timestamp_precision": precision})
    assert all(least <= abs(shifted - value) <= 5 * SECOND for shifted in altered)
    tiny = outcomes(
        "trade_timestamp.clock_skew", value, {"timestamp_precision": precision}, min=1e-6, max=1e-6
    )
    assert all(abs(shifted - value) == max(least if precision == "s" else 1_000, 1_000) for shifted in tiny)


@pytest.mark.parametrize(
    ("text", "zones", "expected"),
    [
        ("2025-07-21 10:33:27", ("America/New_York", "Europe/London"), "2025-07-21 15:33:27"),
        (
            "2025-03-20 10:33:27",
            ("America/New_York", "Europe/London"),
            "2025-03-20 14:33:27",
        ),  # only one on DST
        ("2025-07-21 22:33:27", ("America/New_York", "Europe/London"), "2025-07-22 03:33:27"),
        ("2025-07-21 10:33:27", ("America/New_York", "America/Chicago"), "2025-07-21 09:33:27"),
        ("2025-07-21 10:33:27", ("Europe/London", "Asia/Kolkata"), "2025-07-21 15:03:27"),
        ("2025-07-21 10:33:27", ("Asia/Kathmandu", "UTC"), "2025-07-21 04:48:27"),
        # London's clocks go forward at 01:00 UTC, which is 06:45 in Kathmandu.
        ("2025-03-30 06:44:59", ("Asia/Kathmandu", "Europe/London"), "2025-03-30 00:59:59"),
        ("2025-03-30 06:45:00", ("Asia/Kathmandu", "Europe/London"), "2025-03-30 02:00:00"),
        # Monrovia was 44 minutes and 30 seconds behind UTC until 1972.
        ("1971-07-21 10:33:27", ("UTC", "Africa/Monrovia"), "1971-07-21 10:33:27"),
        ("2025-07-21 10:33:27", ("America/New_York", "America/Toronto"), "2025-07-21 10:33:27"),
    ],
)
def test_time_zones_are_whole_quarter_hours_apart(text: str, zones: tuple[str, str], expected: str) -> None:
    found = outcomes("trade_timestamp.timezone", microseconds(text), zone=zones[0], other_zone=zones[1])
    assert found == {microseconds(expected)}


def test_timestamps_are_cut_to_the_minute() -> None:
    assert outcomes("trade_timestamp.truncated", microseconds("2025-07-21 10:33:27.5")) == {
        microseconds("2025-07-21 10:33")
    }
    assert outcomes("trade_timestamp.truncated", microseconds("2025-07-21 10:33")) == {
        microseconds("2025-07-21 10:33")
    }


def test_names_become_others() -> None:
    assert outcomes("ticker.other", 1) == {0, 2, 3}
    assert outcomes("ticker.suffix", 1) == {5}
    assert outcomes("ticker.share_class", 1) == {2}
    assert outcomes("ticker.share_class", 2) == {1}
    assert outcomes("ticker.share_class", 0) == {0}
    # Buyer 2, seller 4, of brokers 0 to 4.
    assert outcomes("broker_id.other", 2) == {0, 1, 3}
    assert outcomes("contra_broker_id.other", 4) == {0, 1, 3}
    assert outcomes("broker_id.other", 2, {"brokers": 2}) == {2}
    assert outcomes("broker_id.swapped", 2) == {4}
    assert outcomes("order_type.flip", 0) == {1}


@pytest.mark.parametrize(
    ("number", "pairs", "first", "places"),
    [
        (21, 15, 21, range(2, 8)),  # ids 21 to 35: the last two digits could be another's
        (21, 1, 21, range(1, 8)),
        (1_234_567, 10**6, 1_000_000, range(6, 8)),
        (123_456_789, 1_000, 123_456_700, range(3, 9)),
    ],
)
def test_a_mistyped_id_differs_in_one_digit_that_tells_no_two_ids_apart(
    number: int, pairs: int, first: int, places: range
) -> None:
    # `outcomes` places the pairs from the first id on; the value is what counts.
    found = outcomes("trade_id.mistyped", number, {"pairs": pairs}, first_id=first)
    allowed = set()
    for place in places:
        digit = number // 10**place % 10
        allowed |= {number + (other - digit) * 10**place for other in range(10) if other != digit}
    if number >= 10**8:
        allowed = {value for value in allowed if len(str(value)) == len(str(number))}
    assert found == allowed


def test_ids_without_a_safe_digit_are_not_mistyped() -> None:
    assert outcomes("trade_id.mistyped", 21, {"pairs": 10**9}) == {21}


def test_records_are_missing_doubled_or_split() -> None:
    assert outcomes("record.missing", 1) == {0}
    assert outcomes("record.duplicate", 1) == {2}
    assert outcomes("record.split", 1) == {2, 3, 4, 5}
    assert outcomes("record.split", 1, min=3, max=3) == {3}


def test_fills_are_at_least_one_share_and_add_up() -> None:
    raw = np.random.default_rng(2).integers(0, 2**64 - 1, (4, 3_000), np.uint64, endpoint=True)
    quantity, count = np.resize([2, 5, 7, 1_000_000], 3_000), np.resize([2, 5, 3], 3_000)
    quantity = np.maximum(quantity, count)
    found = fills(quantity, count, raw)
    assert (found.sum(axis=0) == quantity).all()
    assert ((found > 0).sum(axis=0) == count).all()
    assert (found >= 0).all()


def test_codes_are_those_of_the_standards() -> None:
    by_field = {
        "price": ("DDEA", "2"),
        "quantity": ("DQUA", "15"),
        "date": ("DTRD", "3"),
        "trade_timestamp": ("", ""),
        "ticker": ("DSEC", "14"),
        "broker_id": ("", "8"),
        "contra_broker_id": ("", ""),
        "order_type": ("DELN", "5"),
        "trade_id": ("", ""),
    }
    for name, entry in HOUSE.items():
        if entry.field != "record":
            assert (entry.iso, entry.fix) == by_field[entry.field], name
    assert [HOUSE[f"record.{name}"].iso for name in ("missing", "duplicate", "split")] == [
        "CMIS",
        "PODU",
        "",
    ]
