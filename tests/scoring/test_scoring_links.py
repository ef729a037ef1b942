"""Links between records, scored as pairs."""

from __future__ import annotations

import pandas as pd
import pytest
from scoring_files import TRADES, TRUTH, frame, said, scored, tid

from tradegen import score
from tradegen.scoring import Outcome, Recall, Score
from tradegen.scoring.score_counts import Links


def linked(*links: tuple[int, int], **others: object) -> Score:
    """The score of links alone."""
    ids = {"trade_id": [tid(one) for one, _ in links], "linked_trade_id": [tid(other) for _, other in links]}
    return scored(pd.DataFrame(ids, dtype=object), **others)


def links_of(found: Score) -> Links:
    assert found.links is not None
    return found.links


def test_findings_without_links_have_no_score_of_links() -> None:
    assert scored(said(1)).links is None


def test_every_pair_with_two_sides_is_to_be_linked() -> None:
    # All ten but 4, whose SELL is missing; 5 and 6 have two ids.
    every = [(n, n) for n in (1, 2, 3, 7, 8, 9, 10)] + [(5, 900005), (900006, 6)]
    found = linked(*every)
    assert links_of(found) == Links(Outcome(expected=9, found=9))


def test_a_link_is_no_report() -> None:
    found = linked((1, 1), (9, 9))
    assert found.pairs == Outcome(7, 0, 0, 0, 3)
    assert found.confusion["price"] == {"(not reported)": 1}


@pytest.mark.parametrize("link", [(5, 900005), (900005, 5)])
def test_a_right_link_between_two_ids_reports_the_pair_by_its_trade_id(link: tuple[int, int]) -> None:
    found = linked(link)
    assert links_of(found) == Links(Outcome(expected=9, found=1))
    # One of seven mismatched pairs, and of eight fields; nothing is said of the others.
    assert found.pairs == Outcome(7, 1, 0, 0, 3)
    assert found.fields == Outcome(expected=8, found=1)
    assert found.by["field"]["trade_id"] == Outcome(expected=2, found=1)
    assert found.by["mechanism"]["trade_id.mistyped"] == Recall(2, 1)
    assert found.records["orphan"] == Recall(2, 1)
    # The other mistyped pair, 6, has a price behind its id, and is in no cell.
    assert found.confusion["trade_id"] == {"trade_id": 1}
    # 3,000.00 dollars
    assert found.notional.found == 300_000


def test_a_right_link_behind_which_the_price_differs_too_names_the_id_alone() -> None:
    found = linked((900006, 6))
    assert found.fields == Outcome(expected=8, found=1)
    assert found.undecidable.found_behind_orphans == 0


def test_a_right_link_between_two_ids_that_names_a_field_names_the_id_as_well() -> None:
    found = scored(said((6, "price"), linked_trade_id=[tid(900006)]))
    assert found.pairs == Outcome(7, 1, 0, 0, 3)
    assert found.by["field"]["trade_id"] == Outcome(expected=2, found=1)
    assert found.undecidable.found_behind_orphans == 1


@pytest.mark.slow
def test_a_wrong_link_of_a_mistyped_id_reports_nothing() -> None:
    for link in ((900005, 6), (5, 900006), (900005, 900006)):
        found = linked(link)
        assert found.pairs == Outcome(7, 0, 0, 0, 3)
        assert found.fields is None


def test_a_link_that_names_a_field_is_a_report_too() -> None:
    found = scored(said((1, "price"), (9, ""), linked_trade_id=[tid(1), tid(9)]))
    assert found.pairs == Outcome(7, 1, 0, 0, 3)
    assert links_of(found) == Links(Outcome(9, 2))


def test_a_finding_without_a_link_among_links_says_that_the_record_has_no_partner() -> None:
    found = scored(said(4, 9, linked_trade_id=["", tid(9)]))
    assert found.pairs == Outcome(7, 1, 0, 0, 3)
    assert found.records["missing"] == Recall(1, 1)


def test_a_link_between_different_trades_is_a_false_alarm_and_one_to_an_unknown_id_is_unknown() -> None:
    found = linked((1, 2), (3, 77), (9, 9))
    assert links_of(found) == Links(Outcome(expected=9, found=1, false_alarms=1, unknown=1))
    assert found.input.examples == (tid(77),)
    # Nothing was reported, so that an unknown id lowers no precision but that of links.
    assert found.pairs.unknown == 0


def test_a_link_counts_once_in_whichever_direction_and_how_often_it_is_said() -> None:
    assert links_of(linked((1, 2), (2, 1), (1, 2), (9, 9), (9, 9))) == Links(Outcome(9, 1, 1))


def test_a_pair_without_a_partner_is_not_to_be_linked() -> None:
    assert links_of(linked((4, 4))) == Links(Outcome(9, 0))


# Pairs 9 and 10 as one trade done twice, in the same second.
TWINS = TRADES.replace(
    "tid00000010,AAPL,BKR001,BKR002,1000,1000.00,BUY,2025-07-21,2025-07-21 10:00:10",
    "tid00000010,AAPL,BKR001,BKR002,1,999.99,BUY,2025-07-21,2025-07-21 10:00:09",
)


def test_trades_with_a_record_alike_are_interchangeable() -> None:
    assert links_of(linked((9, 10), (1, 1))) == Links(Outcome(9, 1, 1))
    # The BUYs differ in nothing but ids: neither pair is to be linked, and the link is no false alarm.
    assert links_of(linked((9, 10), (1, 1), trades=frame(TWINS))) == Links(Outcome(7, 1), interchangeable=1)


def test_interchangeable_trades_that_are_linked_rightly_as_well_stay_to_be_linked() -> None:
    assert links_of(linked((9, 10), (9, 9), trades=frame(TWINS))) == Links(Outcome(8, 1), 1)


def test_records_are_alike_on_one_side_only_if_all_but_the_ids_is() -> None:
    other = TWINS.replace(
        "tid00000010,AAPL,BKR001,BKR002,1,999.99,BUY,2025-07-21,2025-07-21 10:00:09",
        "tid00000010,AAPL,BKR001,BKR002,1,999.99,BUY,2025-07-21,2025-07-21 10:00:10",
    )
    assert links_of(linked((9, 10), trades=frame(other))) == Links(Outcome(9, 0, 1))


def test_alike_in_two_lists_means_alike_within_one() -> None:
    # As two systems hold them, records of one trade are alike across the lists; of two trades, within one.
    def system(name: str, *records: tuple[int, str]) -> pd.DataFrame:
        row = "AAPL,BKR001,BKR002,10,{price},BUY,2025-07-21,2025-07-21 10:00:00,"
        header = TRADES.split("\n")[0]
        lines = [f"{tid(n)},{row.format(price=price)}{name}{n}" for n, price in records]
        return frame("\n".join([header, *lines]) + "\n")

    truth = frame(TRUTH.split("\n")[0] + "\n")
    links = pd.DataFrame({"trade_id": [tid(1), tid(1)], "linked_trade_id": [tid(2), tid(3)]})
    ours = system("a", (1, "5.00"), (2, "5.00"), (3, "6.00"))
    theirs = system("b", (1, "7.00"), (2, "8.00"), (3, "5.00"))
    found = score(truth, links, trades={"ours": ours, "theirs": theirs})
    # 1 and 2 are alike in our list; 1 of ours and 3 of theirs are, but these are two lists.
    assert links_of(found) == Links(Outcome(expected=1, found=0, false_alarms=1), interchangeable=1)


def test_without_trades_no_link_is_interchangeable() -> None:
    assert links_of(linked((9, 10), trades=None)) == Links(Outcome(9, 0, 1))


def test_where_the_extent_is_unknown_links_are_about_the_pairs_of_the_truth() -> None:
    # 1, 2, 3, 5, 6, 7 and 8 have two sides; 9 is not in the truth.
    found = linked((1, 1), (9, 9), (2, 9), trades=None, manifest=None)
    assert links_of(found) == Links(Outcome(expected=7, found=1, false_alarms=1))


@pytest.mark.parametrize("trades", [None, frame(TRADES)])
def test_links_by_either_id_of_a_mistyped_pair_are_right(trades: pd.DataFrame | None) -> None:
    assert links_of(linked((5, 900005), trades=trades)) == Links(Outcome(9, 1))
    assert links_of(linked((900005, 6), trades=trades)) == Links(Outcome(9, 0, 1))
