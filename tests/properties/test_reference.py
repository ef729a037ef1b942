"""The reference by hand: it takes a right answer key, and refuses each kind of damage to one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from reading import Lists, Row, rows
from reference import check_order, check_truth, check_values, clean, legs_by_id
from reference_tables import HEADER, TABLES, fresh


@pytest.mark.parametrize("name", TABLES)
def test_a_right_answer_key_passes(name: str) -> None:
    view, lists, truth = fresh(name)
    before = copy.deepcopy((lists, truth))
    pairs = check_truth(lists, truth, view)
    check_values(lists, "ms" if name == "systems" else "s")
    check_order(truth)
    assert pairs == clean(lists, truth, view)
    assert (lists, truth) == before


def test_the_clean_pairs_are_rebuilt_whatever_became_of_a_leg() -> None:
    columns = HEADER.split(",")
    buy = ("AAPL", "BKR001", "BKR002", "100", "10.00", "BUY", "2025-07-21", "2025-07-21 10:00:00")
    sell = ("AAPL", "BKR002", "BKR001", "100", "10.00", "SELL", "2025-07-21", "2025-07-21 10:00:00")
    quantities = {"tid00000003": "50", "tid00000006": "7"}
    expected = {}
    for number in range(1, 8):
        trade_id = f"tid{number:08d}"
        legs = [dict(zip(columns, (trade_id, *leg), strict=True)) for leg in (buy, sell)]
        for leg in legs:
            leg["quantity"] = quantities.get(trade_id, "100")
        expected[trade_id] = tuple(legs)
    assert clean(*fresh("records")[1:]) == expected


def test_a_leg_missing_from_a_second_list_is_the_others_mirror() -> None:
    view, lists, truth = fresh("counterparty")
    pairs = clean(lists, truth, view)
    assert pairs["tid00000009"][1] == {
        "trade_id": "tid00000009",
        "ticker": "AAPL",
        "broker_id": "BKR002",
        "contra_broker_id": "BKR001",
        "quantity": "100",
        "price": "10.00",
        "order_type": "SELL",
        "date": "2025-07-21",
        "trade_timestamp": "2025-07-21 10:00:00",
    }
    assert [leg["order_type"] for leg in pairs["tid00000008"]] == ["BUY", "SELL"]


def test_a_list_of_rows_stands_for_the_single_view() -> None:
    _, lists, _ = fresh("fields")
    two = lists["trades"][:2]
    assert legs_by_id(two) == {"tid00000021": (two[0], two[1])}


Damage = Callable[[dict[str, list[Row]], list[Row]], Any]


def put(where: str, row: int, **values: str) -> Damage:
    """Write other values into a row of a list, or of the truth."""
    return lambda lists, truth: (lists | {"truth": truth})[where][row].update(values)


def drop(where: str, row: int) -> Damage:
    return lambda lists, truth: (lists | {"truth": truth})[where].pop(row)


def add(where: str, row: int, **values: str) -> Damage:
    """Copy a row, with other values."""

    def change(lists: Lists, truth: list[Row]) -> None:
        listed = (lists | {"truth": truth})[where]
        listed.append(listed[row] | values)

    return change


def all_of(*damages: Damage) -> Damage:
    return lambda lists, truth: [damage(lists, truth) for damage in damages]


DAMAGES: list[tuple[str, Damage, str]] = [
    # Differences that nothing tells of, column by column.
    ("fields", put("trades", 0, ticker="MSFT"), "tid00000021 differs"),
    ("fields", put("trades", 0, broker_id="BKR006"), "tid00000021 differs"),
    ("fields", put("trades", 0, contra_broker_id="BKR006"), "tid00000021 differs"),
    ("fields", put("trades", 0, quantity="251"), "tid00000021 differs"),
    ("fields", put("trades", 1, price="154.01"), "tid00000021 differs"),
    ("fields", put("trades", 1, price="154.0"), "tid00000021 differs"),
    ("fields", put("trades", 1, date="2025-07-22"), "tid00000021 differs"),
    ("fields", put("trades", 1, trade_timestamp="2025-07-21 10:33:01"), "tid00000021 differs"),
    ("fields", put("trades", 1, order_type="BUY"), "tid00000021 has more than one record"),
    ("fields", put("trades", 1, trade_id="tid00000020"), "tid0000002[01] has only one leg"),
    ("systems", put("ours", 0, order_type="BUY"), "tid00000001 differs"),
    ("systems", put("ours", 0, broker_id="BKR002", contra_broker_id="BKR001"), "tid00000001 differs"),
    ("counterparty", put("sell", 0, order_type="BUY"), "tid00000008 differs"),
    # More differences than told, on the altered leg and on the other.
    ("fields", put("trades", 3, price="10.01"), "tid00000022 differs"),
    ("fields", put("trades", 2, price="10.01"), "tid00000022 differs"),
    ("fields", put("trades", 2, quantity="102"), "tid00000022 differs"),
    ("records", put("trades", 4, quantity="51"), "tid00000003 differs"),
    # Alterations that are not there.
    ("fields", put("trades", 3, quantity="100"), "tid00000022: quantity is 100 in the trades, 103"),
    ("fields", put("truth", 0, altered="100"), "tid00000022: the alteration of quantity vanished"),
    ("fields", put("truth", 0, altered="104"), "tid00000022: quantity is 103 in the trades, 104"),
    ("fields", put("truth", 4, altered="BRK.A"), "tid00000025: the alteration of ticker vanished"),
    ("fields", put("truth", 0, leg="BUY"), "tid00000022: quantity is 100 in the trades, 103"),
    ("fields", put("truth", 0, leg="OURS"), "tid00000022 has the leg"),
    ("systems", put("truth", 0, leg="SELL"), "tid00000002 has the leg"),
    ("fields", put("truth", 0, field="price"), "tid00000022: price is 10.00 in the trades, 103"),
    ("fields", put("truth", 0, field="colour"), "tid00000022 has the field 'colour'"),
    # Wrong originals.
    ("fields", put("truth", 0, original="101", delta="2"), "tid00000022 differs"),
    ("fields", put("truth", 1, original="40.0"), "tid00000023 differs"),
    ("fields", put("truth", 4, original="BRK.B"), "tid00000025 differs"),
    ("records", put("truth", 0, original="2", delta="-2"), "tid00000001 had 2 records"),
    ("records", put("truth", 3, original="BUY", altered="SELL"), "tid00000003"),
    ("records", put("truth", 6, original="tid00000006"), "tid00000005 is tid"),
    # Rows of the truth that are not there, or there twice, or of nobody.
    ("fields", drop("truth", 0), "tid00000022 differs"),
    ("fields", drop("truth", 2), "tid00000023 differs"),
    ("fields", drop("truth", 5), "tid00000026 differs"),
    ("records", drop("truth", 0), "tid00000001 has only one leg"),
    ("records", drop("truth", 2), "tid00000002 has 2 records of a leg; the truth says 1"),
    ("records", drop("truth", 3), "tid00000003"),
    ("records", drop("truth", 6), "tid00000[08]05 has only one leg"),
    ("records", drop("truth", 7), "tid00000006 has more than one record"),
    ("fields", add("truth", 0), "tid00000022 has quantity in the truth twice"),
    ("fields", add("truth", 0, trade_id="tid00000099"), "tid00000099 is in the truth and not in the trades"),
    ("fields", add("truth", 0, trade_id="tid00000021"), "tid00000021: quantity is 250 in the trades, 103"),
    # Both legs altered.
    (
        "fields",
        all_of(
            put("trades", 2, price="10.01"),
            add(
                "truth",
                0,
                leg="BUY",
                field="price",
                mechanism="price.nudge",
                original="10.00",
                altered="10.01",
            ),
        ),
        "tid00000022 is altered on both legs",
    ),
    # Records too few or too many.
    ("fields", drop("trades", 0), "tid00000021 has only one leg"),
    ("fields", all_of(drop("trades", 4), drop("trades", 4), drop("truth", 1), drop("truth", 1)), "5 pairs"),
    ("fields", drop("trades", 2), "tid00000022 has 0 records of the leg that is not altered"),
    ("fields", drop("trades", 3), "tid00000022 has 0 records of a leg; the truth says 1"),
    ("fields", add("trades", 0), "tid00000021 has more than one record"),
    ("fields", add("trades", 3), "tid00000022 has 2 records of a leg; the truth says 1"),
    ("fields", add("trades", 0, trade_id="tid00000077"), "tid00000077 has only one leg"),
    (
        "records",
        add("trades", 0, order_type="SELL", record_id="c" * 16),
        "tid00000001 has 1 records of a leg",
    ),
    ("records", drop("trades", 1), "tid00000002 has 1 records of a leg; the truth says 2"),
    ("records", add("trades", 1, record_id="c" * 16), "tid00000002 has 3 records of a leg; the truth says 2"),
    ("records", drop("trades", 6), "tid00000003 has 1 records of a leg; the truth says 2"),
    (
        "records",
        add("trades", 10, trade_id="tid00000905", record_id="c" * 16),
        "tid00000905 has only one leg",
    ),
    # Copies and fills that are none.
    ("records", put("trades", 3, price="10.02"), "tid00000002 has copies or fills that differ"),
    ("records", put("trades", 3, quantity="101"), "tid00000002 has copies that differ"),
    ("records", put("trades", 12, date="2025-07-22"), "tid00000006 has copies or fills that differ"),
    ("records", put("trades", 12, quantity="5"), "tid00000006 differs"),
    (
        "records",
        all_of(put("trades", 11, quantity="0"), put("trades", 12, quantity="5")),
        "tid00000006 has an empty fill",
    ),
    ("records", put("truth", 7, altered="2", delta="1"), "tid00000006 has 3 records of a leg"),
    ("records", put("truth", 2, mechanism="record.split"), "tid00000002 differs"),
    ("records", put("truth", 7, mechanism="record.duplicate"), "tid00000006 is record.duplicate in 3"),
    ("records", put("truth", 0, mechanism="record.split"), "tid00000001 is record.split in 0"),
    ("records", put("truth", 0, mechanism="record.lost"), "tid00000001 is record.lost in 0"),
    (
        "records",
        all_of(put("truth", 7, altered="6"), *(add("trades", 12, record_id=c * 16) for c in "bcd")),
        "tid00000006 is record.split in 6",
    ),
    # Flips and mistyped ids.
    ("records", put("trades", 7, order_type="BUY"), "tid00000004 is flipped and has records of both sides"),
    ("records", put("truth", 5, record_id="a000000000000001"), "tid00000004 has no record"),
    ("records", put("truth", 5, record_id=""), "tid00000004 has no record ''"),
    ("records", put("trades", 10, trade_id="tid00000806"), "tid00000805|tid00000806|tid00000005"),
    (
        "records",
        all_of(put("trades", 10, trade_id="tid00000004"), put("truth", 6, altered="tid00000004")),
        "tid0000000[45]",
    ),
    (
        "records",
        all_of(
            put("trades", 8, trade_id="tid00000805"),
            add("truth", 6, trade_id="tid00000004", original="tid00000004", leg="BUY"),
        ),
        "are mistyped alike",
    ),
    # What the truth says beside the values.
    ("fields", put("truth", 0, delta="2"), "tid00000022: quantity has the delta '2'; expected 3"),
    ("fields", put("truth", 0, delta="-3"), "expected 3"),
    ("fields", put("truth", 0, delta=""), "expected 3"),
    ("fields", put("truth", 1, delta="10"), "tid00000023: price has the delta '10'; expected 0.10"),
    ("fields", put("truth", 2, delta="24"), "tid00000023: date has the delta '24'; expected 1"),
    ("fields", put("truth", 3, delta="-1.5"), "expected -90"),
    ("fields", put("truth", 4, delta="0"), "tid00000025: ticker has the delta 0"),
    ("systems", put("truth", 0, delta="0"), "expected 0.375"),
    ("records", put("truth", 0, delta="1"), "tid00000001: record has the delta '1'; expected -1"),
    ("records", put("truth", 7, delta="3"), "expected 2"),
    ("fields", put("truth", 0, benign="true"), "tid00000022: quantity has benign true"),
    ("fields", put("truth", 0, benign=""), "tid00000022: quantity has benign "),
    ("fields", put("truth", 0, notional="1030.00"), "tid00000022 has the notional 1030.00; expected 1000.00"),
    ("fields", put("truth", 0, notional="1000"), "tid00000022 has the notional 1000; expected 1000.00"),
    ("fields", put("truth", 0, mechanism="price.nudge"), "tid00000022: price.nudge altered quantity"),
    (
        "fields",
        put("truth", 6, mechanism="contra_broker_id.other"),
        "tid00000026 has only one broker swapped",
    ),
    ("fields", put("truth", 0, extra="x"), "tid00000022 has"),
    ("fields", put("truth", 0, record_id="a" * 16), "record_id in trades or truth alone"),
    # Record ids.
    ("records", put("trades", 0, record_id="a000000000000002"), "a record_id is there twice"),
    ("records", put("truth", 0, record_id="a000000000000001"), "tid00000001 is missing and has the records"),
    ("records", put("truth", 2, record_id="a000000000000002"), "names the added copy for more than"),
    ("records", put("truth", 2, record_id="a000000000000003"), "tid00000002 names the records"),
    ("records", put("truth", 4, record_id="a000000000000007"), "tid00000003 names several records"),
    ("records", put("truth", 6, record_id="a00000000000000a"), "tid00000005 names the records"),
    ("records", lambda lists, truth: lists["trades"][0].pop("record_id"), "some rows have a record_id"),
    ("records", lambda lists, truth: truth[0].pop("record_id"), "record_id in trades or truth alone"),
    # Lists that are not the view's.
    ("counterparty", lambda lists, truth: lists.pop("sell"), "view counterparty has the lists"),
]


@pytest.mark.parametrize(
    ("name", "damage", "message"), DAMAGES, ids=[f"{number}-{row[2]}" for number, row in enumerate(DAMAGES)]
)
def test_each_damage_to_trades_or_truth_is_refused(name: str, damage: Damage, message: str) -> None:
    view, lists, truth = fresh(name)
    damage(lists, truth)
    with pytest.raises(AssertionError, match=message):
        check_truth(lists, truth, view)


def test_combinations_that_may_not_be_are_refused_however_right_their_values() -> None:
    view, lists, truth = fresh("counterparty")
    lists["buy"][0].update(broker_id="BKR002", contra_broker_id="BKR001")
    swapped = truth[0] | {"mechanism": "broker_id.swapped"}
    truth.append(swapped | {"field": "broker_id", "original": "BKR001", "altered": "BKR002"})
    truth.append(swapped | {"field": "contra_broker_id", "original": "BKR002", "altered": "BKR001"})
    with pytest.raises(AssertionError, match="tid00000008 is swapped and flipped"):
        check_truth(lists, truth, view)
    _, lists, truth = fresh("records")
    lists["trades"][14]["quantity"] = "4"
    more = {"field": "quantity", "mechanism": "quantity.nudge", "original": "7", "altered": "9"}
    truth.append(truth[7] | more)
    with pytest.raises(AssertionError, match="tid00000006 is split, of another quantity"):
        check_truth(lists, truth)
    view, lists, truth = fresh("counterparty")
    truth.append(
        truth[1] | {"field": "price", "mechanism": "price.nudge", "original": "9.00", "altered": "10.00"}
    )
    with pytest.raises(AssertionError, match="tid00000009"):
        check_truth(lists, truth, view)


def test_which_leg_was_flipped_is_known_from_the_record_id_alone() -> None:
    _, lists, truth = fresh("records")
    right = clean(lists, truth)["tid00000004"]
    assert [leg["broker_id"] for leg in right] == ["BKR001", "BKR002"]
    # The other leg's record: pairs that fit together as well, but not those there were.
    truth[5]["record_id"] = "a000000000000008"
    wrong = clean(lists, truth)["tid00000004"]
    assert [leg["broker_id"] for leg in wrong] == ["BKR002", "BKR001"]


# What lies within a tolerance, by field, hand-worked: 3 shares, 0.10 (25 bps of 40.00), a day, 90 seconds.
@pytest.mark.parametrize(
    ("field", "within", "beyond"),
    [
        ("quantity", 3, 2),
        ("price", {"absolute": 0.1}, {"absolute": 0.09}),
        ("price", {"ticks": 10}, {"ticks": 9}),
        ("price", {"bps": 25}, {"bps": 24.99}),
        ("date", 1, None),
        ("trade_timestamp", 90, 89.999999),
    ],
)
def test_a_difference_is_benign_within_its_tolerance_alone(field: str, within: Any, beyond: Any) -> None:
    _, lists, truth = fresh("fields")
    if field in ("price", "date"):
        # One of the two fields of 23 at a time: a benign difference stands alone.
        other = {"price": ("date", 2), "date": ("price", 1)}[field]
        lists["trades"][4][other[0]] = truth.pop(other[1])["original"]
    row = next(row for row in truth if row["field"] == field)
    check_truth(lists, truth, "single", {field: beyond} if beyond else {})
    with pytest.raises(AssertionError, match=f"{row['trade_id']}: {field} has benign false"):
        check_truth(lists, truth, "single", {field: within})
    row["benign"] = "true"
    check_truth(lists, truth, "single", {field: within})
    with pytest.raises(AssertionError, match=f"{row['trade_id']}: {field} has benign true"):
        check_truth(lists, truth, "single", {field: beyond} if beyond else {})


def test_a_benign_difference_beside_another_is_refused() -> None:
    _, lists, truth = fresh("fields")
    truth[1]["benign"] = "true"
    with pytest.raises(AssertionError, match="tid00000023 has a benign difference, and more"):
        check_truth(lists, truth, "single", {"price": {"ticks": 10}})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"quantity": "0"}, "quantity '0'"),
        ({"quantity": "-1"}, "quantity"),
        ({"quantity": "250.0"}, "quantity"),
        ({"quantity": "0250"}, "quantity"),
        ({"price": "0.00"}, "price"),
        ({"price": "-1.00"}, "price"),
        ({"price": "154"}, "price"),
        ({"price": "154.001"}, "price"),
        ({"price": "1.54e2"}, "price"),
        ({"order_type": "buy"}, "order_type"),
        ({"date": "2025-02-29"}, "day"),
        ({"date": "21.07.2025"}, "date"),
        ({"trade_timestamp": "2025-07-21 10:33"}, "trade_timestamp"),
        ({"trade_timestamp": "2025-07-21 10:33:00.000"}, "trade_timestamp"),
        ({"trade_id": "tid021"}, "trade_id"),
        ({"trade_id": "tid000000021"}, "trade_id"),
        ({"broker_id": "BKR5"}, "broker_id"),
        ({"broker_id": "BKR011"}, "trades with itself"),
        ({"ticker": ""}, "ticker"),
        ({"colour": "red"}, "other columns"),
    ],
)
def test_values_that_cannot_be_are_refused(values: Row, message: str) -> None:
    _, lists, _ = fresh("fields")
    lists["trades"][0].update(values)
    with pytest.raises((AssertionError, ValueError), match=message):
        check_values(lists)


def test_a_truth_out_of_order_is_refused() -> None:
    _, _, truth = fresh("records")
    for first, second in ((0, 1), (1, 2)):
        other = truth.copy()
        other[first], other[second] = other[second], other[first]
        with pytest.raises(AssertionError, match="out of order"):
            check_order(other)


def test_every_form_reads_alike_and_numbers_stay_as_they_are_written() -> None:
    expected = [
        {"trade_id": "tid00000001", "quantity": "100", "price": "10.10", "delta": "", "benign": "true"}
    ]
    record = '{"trade_id": "tid00000001", "quantity": 100, "price": 10.10, "delta": null, "benign": true}'
    assert rows("trade_id,quantity,price,delta,benign\ntid00000001,100,10.10,,true\n") == expected
    assert rows(f"[\n{record}\n]\n", "json") == expected
    assert rows(f"{record}\n", "ndjson") == expected
    assert rows("[]\n", "json") == rows("", "ndjson") == rows("trade_id\n") == []
    with pytest.raises(AssertionError, match="NaN is no JSON"):
        rows('[{"delta": NaN}]', "json")
    for text in (f"{record}, {record}\n", f"{record}\n\n{record}\n", "1\n", f"[{record}]\n"):
        with pytest.raises((AssertionError, ValueError, LookupError)):
            rows(text, "ndjson")


def test_a_layout_is_undone() -> None:
    layout = {
        "columns": {"trade_id": "TradeRef", "date": "Day"},
        "date_format": "%m/%d/%Y",
        "timestamp_format": "%d.%m.%Y %I:%M:%S.%f %p",
    }
    text = "TradeRef,Day,trade_timestamp\ntid00000001,07/21/2025,21.07.2025 01:02:03.045000 PM\n"
    for precision, moment in (("s", "13:02:03"), ("ms", "13:02:03.045"), ("us", "13:02:03.045000")):
        assert rows(text, "csv", layout, precision) == [
            {"trade_id": "tid00000001", "date": "2025-07-21", "trade_timestamp": f"2025-07-21 {moment}"}
        ]
