"""What entries of the catalogue say of themselves, against values worked out by hand.

The tests of the catalogue believe an entry about what its alterations look like and which legs it can alter.
Here it is held against hand-worked values: a new mechanism adds its own in its own test.
"""

from __future__ import annotations

import pytest
from by_hand import LEG, recognises
from plausible import possible

from tradegen import Scenario
from tradegen.core.columns import FIELDS
from tradegen.mechanisms.catalogue import HOUSE

# By field, what no mechanism makes of anything.
NONSENSE = {
    "trade_id": "tid98765432", "ticker": "no such ticker", "broker_id": "BKR000",
    "contra_broker_id": "BKR000", "quantity": "987654321", "price": "98765.43", "order_type": "SHORT",
    "date": "1901-02-03", "trade_timestamp": "1901-02-03 04:05:06", "record": "99",
}  # fmt: skip


def test_the_catalogue_names_each_entry_by_its_field_and_explains_it() -> None:
    for name, entry in HOUSE.items():
        assert name == entry.name
        assert entry.field in FIELDS
        assert entry.sentence.endswith(".")
        assert entry.examples
        assert all(setting.unit and setting.about for setting in entry.settings)
        assert entry.needs is None or entry.needs.words


@pytest.mark.parametrize(
    ("mechanism", "columns"),
    [
        ("quantity.nudge", set()),  # the amount follows, as if nothing had happened
        ("quantity.lot_scale", {"amount"}),  # and is as large as the quantity
        ("record.split", {"amount"}),
        ("ticker.other", {"isin", "amount"}),  # both of the old ticker
        ("trade_timestamp.delay", {"booked"}),
        ("date.next_session", {"settles"}),
        ("broker_id.other", set()),
    ],
)
def test_an_entry_says_in_which_columns_of_a_scenarios_own_it_shows(
    mechanism: str, columns: set[str]
) -> None:
    own = [
        {"name": "isin", "kind": "code", "from": "isin"},
        {"name": "amount", "kind": "decimal", "places": 2, "product": ["quantity", "price"]},
        {"name": "settles", "kind": "date", "sessions_after": "date", "not_recomputed": 0.1},
        {"name": "booked", "kind": "timestamp", "after": "trade_timestamp"},
    ]
    entry = Scenario.load("us_equity_t1").replace(columns=own).catalogue[mechanism]
    seen = {group for one in entry.shows for group in one.groups}
    assert seen & {one["name"] for one in own} == columns


@pytest.mark.parametrize("mechanism", HOUSE)
def test_an_entry_recognises_its_examples_and_nothing_else(mechanism: str) -> None:
    field = HOUSE[mechanism].field
    for original, altered in HOUSE[mechanism].examples:
        assert recognises(mechanism, original, altered)
        assert not recognises(mechanism, original, original), "nothing is altered"
        assert not recognises(mechanism, original, NONSENSE[field])


@pytest.mark.parametrize("mechanism", HOUSE)
def test_an_entrys_examples_are_possible(mechanism: str) -> None:
    entry = HOUSE[mechanism]
    for original, _ in entry.examples:
        if entry.needs is None or entry.needs.chance is not None:
            assert possible(mechanism, LEG | {entry.field: original}) > 0


YES_AND_NO: list[tuple[str, str, list[str], list[str]]] = [
    # Mechanism, original; values that it makes of it, and values that it does not.
    ("quantity.nudge", "200", ["201", "199", "202", "210", "190"], ["211", "189", "100"]),
    ("quantity.nudge", "400", ["401", "404", "396", "420"], ["402", "403", "421"]),
    ("quantity.lot_scale", "300", ["30000", "3"], ["3000", "30", "301"]),
    ("quantity.lot_scale", "250", ["25000"], ["2", "3", "2500"]),
    ("quantity.digit_swap", "1234", ["2134", "1324", "1243"], ["4231", "1432", "1235", "124", "12340"]),
    ("quantity.extra_digit", "250", ["2250", "2550", "2500"], ["2350", "250", "22500", "2205"]),
    ("price.nudge", "100.00", ["100.01", "99.99", "100.10", "99.00"], ["100.02", "100.09", "101.01"]),
    ("price.tick", "154.00", ["154.01", "153.95"], ["154.06", "153.94"]),
    ("price.rounding", "154.03", ["154.05", "154.00"], ["154.10", "154.04", "155.00"]),
    ("price.rounding", "153.60", ["154.00"], ["153.50", "153.00", "153.61"]),
    ("price.decimal_shift", "154.05", ["1540.50", "15.40", "15.41"], ["15.42", "1.54", "15405.00"]),
    ("price.digit_swap", "154.02", ["514.02", "145.02", "150.42", "154.20"], ["104.52", "154.03"]),
    ("price.stale", "154.00", ["153.87"], ["153.88"]),
    ("date.next_session", "2025-07-18", ["2025-07-21"], ["2025-07-19", "2025-07-22", "2025-07-17"]),
    ("date.next_session", "2025-07-19", ["2025-07-21"], ["2025-07-20", "2025-07-22"]),
    ("date.previous_session", "2025-07-21", ["2025-07-18"], ["2025-07-20", "2025-07-17", "2025-07-22"]),
    ("date.previous_session", "2025-07-20", ["2025-07-18"], ["2025-07-19", "2025-07-21"]),
    ("date.day_month_swap", "2025-07-08", ["2025-08-07"], ["2025-08-08", "2026-08-07"]),
    (
        "trade_timestamp.delay",
        "2025-07-21 10:33:00",
        ["2025-07-21 10:34:00", "2025-07-21 10:03:00"],
        ["2025-07-21 10:33:59", "2025-07-21 11:03:01", "2025-07-22 10:34:00"],
    ),
    ("trade_timestamp.delay", "2025-07-21 23:59:30", ["2025-07-21 23:58:30"], ["2025-07-22 00:01:00"]),
    (
        "trade_timestamp.clock_skew",
        "2025-07-21 10:33:00",
        ["2025-07-21 10:33:01", "2025-07-21 10:32:55"],
        ["2025-07-21 10:32:54", "2025-07-21 10:34:00"],
    ),
    (
        "trade_timestamp.clock_skew",
        "2025-07-21 10:33:00.100",
        ["2025-07-21 10:33:00.150", "2025-07-21 10:32:55.100"],
        ["2025-07-21 10:33:00.149", "2025-07-21 10:32:55.099"],
    ),
    ("trade_timestamp.timezone", "2025-07-21 10:33:27", ["2025-07-21 15:33:27"], ["2025-07-21 14:33:27"]),
    # Only one of the two zones is on daylight saving time.
    ("trade_timestamp.timezone", "2025-03-20 10:33:27", ["2025-03-20 14:33:27"], ["2025-03-20 15:33:27"]),
    ("trade_timestamp.truncated", "2025-07-21 10:33:27.500", ["2025-07-21 10:33:00.000"],
     ["2025-07-21 10:33:27.000", "2025-07-21 10:34:00.000"]),
    ("trade_id.mistyped", "tid00000021", ["tid00000921", "tid00000020"], ["tid00000012", "tid0000021"]),
    ("ticker.other", "AAPL", ["MSFT", "KO"], ["AAPL.O", "XXXX"]),
    ("ticker.suffix", "AAPL", ["AAPL.O"], ["AAPL.N", "MSFT.O"]),
    ("ticker.share_class", "GOOGL", ["GOOG"], ["GOOGL.O", "MSFT"]),
    ("ticker.share_class", "BRK.B", ["BRK.A"], ["BRK"]),
    ("broker_id.other", "BKR005", ["BKR012", "BKR001"], ["BKR011", "BKR016"]),
    ("contra_broker_id.other", "BKR011", ["BKR012"], ["BKR005", "BKR016"]),
    ("broker_id.swapped", "BKR005", ["BKR011"], ["BKR012"]),
    ("order_type.flip", "SELL", ["BUY"], []),
    ("ticker.blank", "AAPL", [""], [" ", "AAPL", "nothing"]),
    ("quantity.blank", "250", [""], ["0", "250"]),
    ("trade_timestamp.blank", "2025-07-21 10:33:00", [""], ["2025-07-21 00:00:00"]),
    ("ticker.case", "BRK.B", ["brk.b"], ["Brk.B", "BRK.B"]),
    ("ticker.padded", "KO", ["KO ", " KO"], ["K O", "KO  ", " KO "]),
    ("ticker.truncated", "GOOGL", ["GOOG"], ["GOOGL", "GOO", "OOGL"]),
    ("broker_id.typo", "BKR005", ["KBR005", "BRK005", "BK0R05", "BKR050"], ["BKR500", "BKR055"]),
    ("contra_broker_id.truncated", "BKR011", ["BKR01"], ["BKR0", "KR011"]),
    ("order_type.typo", "SELL", ["ESLL", "SLEL"], ["SELL", "LLES"]),
    ("order_type.case", "BUY", ["buy"], ["Buy", "SELL", "sell"]),
    ("record.missing", "1", ["0"], ["2"]),
    ("record.duplicate", "1", ["2"], ["0", "3"]),
    ("record.split", "1", ["2", "5"], ["0", "6"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("mechanism", "original", "yes", "no"), YES_AND_NO, ids=lambda value: str(value)[:40]
)
def test_what_an_entry_recognises_is_right_by_hand(
    mechanism: str, original: str, yes: list[str], no: list[str]
) -> None:
    assert [altered for altered in yes if not recognises(mechanism, original, altered)] == []
    assert [altered for altered in no if recognises(mechanism, original, altered)] == []


def test_what_an_entry_recognises_goes_by_its_settings() -> None:
    assert recognises("price.nudge", "100.00", "120.00", min=0.1, max=0.2)
    assert not recognises("price.nudge", "100.00", "100.50", min=0.1, max=0.2)
    assert recognises("price.tick", "154.00", "154.09", min=9, max=9)
    # Whole seconds. The least is the one above 1.5.
    late = ("trade_timestamp.delay", "2025-07-21 10:33:00")
    assert not recognises(*late, "2025-07-21 10:33:01", min=1.5)
    assert recognises(*late, "2025-07-21 10:33:02", min=1.5)
    at = ("trade_timestamp.timezone", "2025-07-21 10:33:27")
    assert recognises(*at, "2025-07-21 23:33:27", other_zone="Asia/Tokyo")
    assert not recognises(*at, "2025-07-21 15:33:27", other_zone="Asia/Tokyo")
    assert not recognises("record.split", "1", "5", max=4)


# The chance that a leg can be altered, worked out by hand.
CHANCES: list[tuple[str, str, float]] = [
    ("quantity.digit_swap", "250", 1),
    ("quantity.digit_swap", "100", 0),  # a zero in front would vanish
    ("quantity.digit_swap", "110", 1),
    ("quantity.digit_swap", "77", 0),
    ("quantity.digit_swap", "5", 0),
    ("price.digit_swap", "0.50", 0),
    ("price.digit_swap", "10.01", 1),
    ("price.digit_swap", "11.11", 0),
    ("price.rounding", "154.02", 1),
    ("price.rounding", "154.05", 2 / 3),
    ("price.rounding", "154.10", 1 / 3),
    ("price.rounding", "154.00", 0),
    ("price.rounding", "0.03", 1 / 3),  # to 0.05: 0.10 and 1.00 would leave nothing
    ("price.rounding", "0.02", 0),
    ("date.day_month_swap", "2025-07-08", 1),
    ("date.day_month_swap", "2025-07-07", 0),
    ("date.day_month_swap", "2025-07-13", 0),
    ("trade_timestamp.truncated", "2025-07-21 10:33:00", 0),
    ("trade_timestamp.truncated", "2025-07-21 10:33:00.000", 0),
    ("trade_timestamp.truncated", "2025-07-21 10:33:00.001", 1),
    ("ticker.case", "7203", 0),
    ("ticker.case", "KO", 1),
    ("ticker.truncated", "F", 0),
    ("ticker.truncated", "KO", 1),
    ("ticker.typo", "AA", 0),
    ("ticker.typo", "AAP", 1),
]


@pytest.mark.parametrize(("mechanism", "original", "chance"), CHANCES)
def test_the_chance_that_a_leg_can_be_altered_is_right_by_hand(
    mechanism: str, original: str, chance: float
) -> None:
    assert possible(mechanism, LEG | {HOUSE[mechanism].field: original}) == pytest.approx(chance)


def test_a_leg_of_one_share_cannot_be_split_nor_a_companys_only_class_be_exchanged() -> None:
    needs = HOUSE["record.split"].needs
    assert needs
    assert needs.chance
    for quantity, settings, chance in (("1", {"min": 2}, 0), ("2", {"min": 2}, 1), ("3", {"min": 4}, 0)):
        assert needs.chance(LEG | {"quantity": quantity}, settings) == chance
    needs = HOUSE["ticker.share_class"].needs
    assert needs
    assert needs.chance
    assert [needs.chance(LEG | {"ticker": ticker}, {}) for ticker in ("AAPL", "GOOG", "BRK.A")] == [0, 1, 1]


TOGETHER: list[tuple[str, str, bool]] = [
    # Two mechanisms, and whether one leg can have both.
    ("quantity.nudge", "quantity.lot_scale", False),
    ("quantity.nudge", "price.nudge", True),
    ("date.next_session", "trade_timestamp.delay", True),
    ("broker_id.swapped", "contra_broker_id.other", False),
    ("broker_id.other", "contra_broker_id.other", False),
    ("broker_id.swapped", "order_type.flip", False),
    ("broker_id.other", "order_type.flip", True),
    ("record.missing", "price.tick", False),
    ("record.missing", "trade_id.mistyped", False),
    ("record.missing", "record.duplicate", False),
    ("record.duplicate", "quantity.nudge", True),
    ("record.split", "quantity.nudge", False),
    ("record.split", "quantity.extra_digit", False),
    ("record.split", "price.tick", True),
    ("ticker.other", "trade_id.mistyped", True),
    ("quantity.blank", "quantity.nudge", False),
    ("quantity.blank", "record.split", False),
    ("quantity.blank", "record.duplicate", True),
    ("price.blank", "record.missing", False),
    ("price.blank", "record.split", True),
    ("ticker.blank", "ticker.typo", False),
    ("broker_id.typo", "contra_broker_id.typo", False),
    ("broker_id.blank", "contra_broker_id.other", False),
    ("order_type.blank", "broker_id.swapped", False),
    ("order_type.blank", "broker_id.typo", True),
]


@pytest.mark.parametrize(("one", "other", "together"), TOGETHER)
def test_which_mechanisms_one_leg_can_have_together(one: str, other: str, together: bool) -> None:
    for first, second in ((one, other), (other, one)):
        assert HOUSE[first].conflicts(HOUSE[second]) != together


def test_the_brokers_that_are_swapped_are_two_fields_and_all_else_is_one() -> None:
    assert {name: entry.fields for name, entry in HOUSE.items() if len(entry.fields) > 1} == {
        "broker_id.swapped": ("broker_id", "contra_broker_id")
    }
