"""Scores of a run written by hand, with the numbers that must come out worked out beside them."""

from __future__ import annotations

import dataclasses
import math

import pandas as pd
import pytest
from scoring_files import MANIFEST, TRUTH, frame, said, scored, tid

from tradegen import ScoringError, pool, score
from tradegen.scoring import Amounts, Outcome, Recall
from tradegen.scoring.score_counts import Benign, Input, Several, Undecidable

TRUE = frame(TRUTH).query("benign == 'false'")


# --- by pair -----------------------------------------------------------------------------------------------


def test_a_perfect_matcher_scores_one_in_every_respect() -> None:
    found = scored(TRUE[["trade_id", "field"]])
    # Pairs 1, 2, 3, 4, 5, 6 and 8 are to be reported; 7, 9 and 10 are not.
    assert found.pairs == Outcome(expected=7, found=7, false_alarms=0, unknown=0, quiet=3)
    # Fields: 1 price, 2 quantity, 3 both, 4 record, 5 and 6 trade_id, 8 broker: 8. The price behind the
    # mistyped id of 6 counts neither way.
    assert found.fields == Outcome(expected=8, found=8)
    # 1,000 + 100 + 30,000 + 2,000 + 3,000 + 4,000 + 6,000 dollars
    assert found.notional == Amounts(expected=4_610_000, found=4_610_000, false_alarms=0)
    assert found.several == Several(all=1)
    assert found.benign == Benign(rows=1, reported=0)
    assert found.undecidable == Undecidable(0, 0, rows_behind_orphans=1, found_behind_orphans=1)
    assert (found.pairs.recall, found.pairs.precision, found.pairs.f1) == (1, 1, 1)


def test_no_findings_find_nothing_and_raise_no_alarm() -> None:
    found = scored(said())
    assert found.pairs == Outcome(expected=7, found=0, quiet=3)
    # Nothing is named, where something was to be named: that is no matcher that names no fields.
    assert found.fields == Outcome(expected=8)
    assert found.several == Several(none=1)
    assert found.notional == Amounts(4_610_000, 0, 0)
    assert found.by["mechanism"]["price.nudge"] == Recall(2, 0)
    assert found.confusion["price"] == {"(not reported)": 1}
    assert found.input == Input()
    assert math.isnan(found.pairs.precision)


def test_runs_are_pooled_with_all_that_was_to_be_named_in_them() -> None:
    perfect, silent = scored(TRUE[["trade_id", "field"]]), scored(said())
    found = pool([perfect, silent])
    assert found.pairs == Outcome(expected=14, found=7, quiet=6)
    assert found.fields == Outcome(expected=16, found=8)
    assert found.by["field"]["quantity"] == Outcome(expected=4, found=2)


def test_fields_are_not_known_of_all_runs_where_one_names_none() -> None:
    found = pool([scored(TRUE[["trade_id", "field"]]), scored(said(1, 2))])
    assert found.pairs == Outcome(expected=14, found=9, quiet=6)
    assert found.fields is None
    assert (found.by["field"], found.tolerance_sweep) == ({}, ())
    assert "the findings of some runs name no field" in str(found)


def test_only_scores_are_pooled() -> None:
    with pytest.raises(ScoringError, match=r"pool is given 1; expected what score\(\.\.\.\) returns"):
        pool([1])  # type: ignore[list-item]


def test_findings_of_another_run_are_suspected_where_only_the_truth_is_given() -> None:
    assert "findings of another run look like this" in str(score(TRUE, said(77, 78)))


def test_flagging_everything_finds_all_and_all_quiet_pairs_are_false_alarms() -> None:
    found = scored(said(*range(1, 11)))
    assert found.pairs == Outcome(expected=7, found=7, false_alarms=3, quiet=3)
    assert found.pairs.false_alarm_rate == 1
    assert found.pairs.precision == 0.7
    # 5,000.00 of pair 7, 999.99 of pair 9, 1,000,000.00 of pair 10
    assert found.notional.false_alarms == 100_599_999
    assert found.benign == Benign(rows=1, reported=1)
    assert found.by["mechanism"]["price.nudge"] == Recall(2, 2)
    assert found.confusion["(clean)"] == {"(no field)": 2}
    assert found.confusion["(benign)"] == {"(no field)": 1}
    # Which field it is, such findings do not say: right as pairs, neither right nor wrong as fields.
    assert found.fields is None
    assert found.several == Several()


def test_half_of_the_findings_find_half() -> None:
    found = scored(said(1, 3, 5, 9))
    # 1, 3 and 5 of seven, and a false alarm
    assert found.pairs == Outcome(7, 3, 1, 0, 3)
    assert found.pairs.recall == pytest.approx(3 / 7)
    assert found.pairs.precision == 0.75
    assert found.notional == Amounts(4_610_000, 100_000 + 3_000_000 + 300_000, 99_999)
    assert found.by["cause"] == {"(none)": Recall(5, 2), "spot": Recall(4, 2)}
    # Rows behind a mistyped id are left out: SELL has 1, 4 and the id of 6.
    assert found.by["leg"] == {"SELL": Recall(3, 1), "BUY": Recall(6, 3)}


def test_notional_bands_take_in_clean_pairs_where_the_trades_say_what_they_are_worth() -> None:
    found = scored(said(1, 3, 9, 10)).by["notional"]
    assert found == {
        "< 1,000": Outcome(1, 0, 1, 0, 1),  # 2; 9
        "1,000 to 10,000": Outcome(5, 1, 0, 0, 1),  # 1, 4, 5, 6, 8; 7. 1,000.00 itself belongs here
        "10,000 to 100,000": Outcome(1, 1, 0, 0, 0),  # 3
        "100,000 to 1,000,000": Outcome(0, 0, 0, 0, 0),
        ">= 1,000,000": Outcome(0, 0, 1, 0, 1),  # 10, exactly 1,000,000.00
    }


def test_without_trades_bands_and_amounts_do_not_claim_to_know_false_alarms() -> None:
    found = scored(said(1, 9, 7), trades=None)
    assert found.pairs == Outcome(7, 1, 2, 0, 3)
    assert found.notional == Amounts(4_610_000, 100_000, None)
    assert found.by["notional"]["< 1,000"] == Outcome(1, 0, 0, 0, None)


def test_without_a_manifest_the_trades_say_which_pairs_there_are() -> None:
    found = scored(said(1, 9, 77), manifest=None)
    assert found.pairs == Outcome(7, 1, 1, 1, 3)


def test_without_manifest_and_trades_ids_outside_the_truth_are_false_alarms() -> None:
    found = scored(said(1, 9, 77), manifest=None, trades=None)
    assert found.pairs == Outcome(7, 1, 2, 0, None)
    assert found.input.unknown == 0


def test_ids_that_are_not_in_the_data_are_counted_shown_and_lower_precision() -> None:
    found = scored(said(1, 2, 77, (99, "price"), (99, "date"), ("TRADE-7", "")))
    assert found.pairs == Outcome(7, 2, 0, 3, 3)
    assert found.pairs.precision == 0.4
    assert found.input == Input(6, 0, 4, 3, ("TRADE-7", tid(77), tid(99)))
    assert found.by["field"]["price"] == Outcome(expected=2, unknown=1)
    assert found.by["field"]["date"] == Outcome(unknown=1)


def test_findings_that_repeat_another_one_count_once() -> None:
    once, thrice = scored(said((1, "price"), (9, ""))), scored(said(*[(1, "price"), (9, "")] * 3))
    assert thrice.input == Input(6, 4, 3, 0)
    assert dataclasses.replace(thrice, input=once.input) == once


# --- by field ----------------------------------------------------------------------------------------------


def test_a_wrong_field_finds_the_pair_and_not_the_field() -> None:
    found = scored(said((1, "quantity"), (2, "quantity")))
    assert found.pairs == Outcome(7, 2, 0, 0, 3)
    assert found.fields == Outcome(expected=8, found=1, false_alarms=1)
    assert found.by["field"]["quantity"] == Outcome(expected=2, found=1, false_alarms=1)
    assert found.by["field"]["price"] == Outcome(expected=2)
    assert found.by["mechanism"]["price.nudge"] == Recall(2, 0)
    assert found.confusion["price"] == {"quantity": 1}


@pytest.mark.slow
def test_of_a_pair_with_two_fields_all_some_or_none_are_named() -> None:
    assert scored(said((3, "price"), (3, "quantity"), (3, "date"))).several == Several(all=1)
    assert scored(said((3, "price"), (3, "date"))).several == Several(some=1)
    assert scored(said((3, "date"))).several == Several(none=1)
    # Not reported at all: none. Reported, but without a field: left out.
    assert scored(said((1, "price"))).several == Several(none=1)
    assert scored(said((1, "price"), 3)).several == Several()


def test_a_fieldless_finding_adds_nothing_where_another_one_names_a_field() -> None:
    found = scored(said((3, "price"), 3))
    assert found.by["mechanism"]["quantity.extra_digit"] == Recall(1, 0)
    assert found.by["field"]["quantity"] == Outcome(expected=2)
    assert dataclasses.replace(found, input=Input()) == dataclasses.replace(
        scored(said((3, "price"))), input=Input()
    )


def test_a_pair_that_is_reported_without_a_field_is_neither_right_nor_wrong_by_field() -> None:
    found = scored(said(1, (2, "quantity")))
    assert found.fields == Outcome(expected=8, found=1)
    assert found.by["mechanism"]["price.nudge"] == Recall(2, 1)
    assert found.confusion["price"] == {"(no field)": 1}


def test_facing_brokers_name_each_other() -> None:
    for field in ("broker_id", "contra_broker_id"):
        found = scored(said((8, field)))
        assert found.by["field"] == {
            **dict.fromkeys(("trade_id", "quantity", "price"), Outcome(expected=2)),
            "broker_id": Outcome(expected=1, found=1),
            "record": Outcome(expected=1),
        }
        assert found.by["mechanism"]["broker_id.swapped"] == Recall(2, 2)
        assert found.confusion["broker_id"] == {"broker_id": 1}


def test_in_two_systems_brokers_are_two_fields() -> None:
    truth = frame(TRUTH.replace(",BUY,", ",OURS,").replace(",SELL,", ",THEIRS,"))
    found = score(truth, said((8, "broker_id")))
    assert found.by["field"]["broker_id"] == Outcome(expected=1, found=1)
    assert found.by["field"]["contra_broker_id"] == Outcome(expected=1)
    assert found.several == Several(some=1, none=1)


@pytest.mark.slow
def test_mistyped_and_missing_records_may_be_named_by_either_word() -> None:
    for word in ("trade_id", "record", "orphan", "missing"):
        found = scored(said((4, word), (5, word)))
        assert found.fields == Outcome(expected=8, found=2)
        assert found.by["mechanism"]["trade_id.mistyped"] == Recall(2, 1)
        assert found.by["mechanism"]["record.missing"] == Recall(1, 1)


def test_both_names_of_one_record_are_no_false_alarm() -> None:
    assert scored(said((4, "trade_id"), (4, "record"))).fields == Outcome(expected=8, found=1)


def test_either_id_of_a_mistyped_pair_means_the_pair() -> None:
    for ids in ((5,), (900005,), (5, 900005)):
        found = scored(said(*ids))
        assert found.pairs == Outcome(7, 1, 0, 0, 3)
        assert found.records["orphan"] == Recall(2, 1)
        assert found.input.unknown == 0


def test_an_id_mistyped_as_that_of_another_pair_means_the_other_pair() -> None:
    truth = frame(TRUTH.replace("tid00900005", "tid00000009"))
    found = score(truth, said(9), manifest=MANIFEST)
    assert found.pairs == Outcome(expected=7, found=0, false_alarms=1, quiet=3)


def test_a_field_behind_a_mistyped_id_counts_neither_way() -> None:
    found = scored(said((6, "price")))
    assert found.pairs == Outcome(7, 1, 0, 0, 3)
    assert found.fields == Outcome(expected=8)
    assert found.undecidable.found_behind_orphans == 1
    # A field of that pair that nothing is wrong with is a false alarm all the same.
    assert scored(said((6, "date"))).fields == Outcome(expected=8, false_alarms=1)


def test_a_benign_difference_is_a_false_alarm_by_pair_and_by_field() -> None:
    found = scored(said((7, "price")))
    assert found.pairs == Outcome(7, 0, 1, 0, 3)
    assert found.fields == Outcome(expected=8, false_alarms=1)
    assert found.benign == Benign(1, 1)
    assert found.confusion["(benign)"] == {"price": 1}
    # By another field it is a false alarm, too, and not this difference that was reported.
    assert scored(said((7, "date"))).benign == Benign(1, 0)


def test_a_benign_difference_beside_a_mismatch_is_a_false_alarm_by_field_alone() -> None:
    # With a tolerance of 0.60 the price of pair 1 is benign; of pair 3, price -1.00, it is not.
    # With 1.00 both are, and pair 3 stays to be reported for its quantity.
    found = scored(said((3, "price")), tolerances={"price": {"absolute": 1}})
    assert found.pairs == Outcome(6, 1, 0, 0, 4)
    assert found.by["field"]["price"] == Outcome(false_alarms=1)
    assert found.benign == Benign(4, 1)


def test_legs_are_counted_apart_and_those_of_records_not_at_all() -> None:
    found = scored(said((1, "price"), (2, ""), (3, "price"), (4, ""), leg=["SELL", "SELL", "BUY", "BUY"]))
    assert found.undecidable == Undecidable(legs_right=2, legs_wrong=1, rows_behind_orphans=1)


def test_records_are_counted_by_pair() -> None:
    found = scored(said((4, "price"), 5))
    assert found.records == {
        "missing": Recall(1, 1),
        "duplicate": Recall(),
        "split": Recall(),
        "orphan": Recall(2, 1),
    }


def test_names_of_columns_and_fields_are_mapped() -> None:
    theirs = pd.DataFrame({"Ref": [tid(1), tid(2)], "What": ["Px", "Qty"], "trade_id": ["x", "y"]})
    found = scored(
        theirs, columns={"trade_id": "Ref", "field": "What"}, fields={"price": "Px", "quantity": "Qty"}
    )
    assert found.fields == Outcome(expected=8, found=2)


def test_scores_add_up() -> None:
    one, other = scored(said((1, "price"), 9)), scored(said((3, "price"), (2, "date")))
    both = pool([one, other])
    assert both.pairs == one.pairs + other.pairs
    assert both.runs == (one, other)
