"""A score as people read it: plain text, frames and JSON; and what may be required of it."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
from score_cases import NOTHING, POOLED, SCORES, example

from tradegen import generate
from tradegen.errors import ScoringError
from tradegen.scoring import Outcome, Recall, Score, score
from tradegen.scoring.report import TABLES, share
from tradegen.scoring.requirements import requirement

# Text


def test_the_first_lines_are_the_answer() -> None:
    lines = str(example()).splitlines()
    assert lines[0] == "exact join: recall 0.900 (0.826 to 0.945), precision 0.882 (0.806 to 0.931), F1 0.891"
    assert lines[1] == (
        "90 of 100 mismatched pairs found, 10 false alarms among 900 quiet pairs, 2 unknown ids"
    )
    assert lines[2] == "fields named: recall 0.800, precision 0.863, F1 0.830; 88 of 110 mismatched fields"
    assert lines[3] == "by value: recall 0.950, precision 0.950; $9,501 of $10,000"
    assert lines[4] == ""


def test_mechanisms_come_with_what_was_found_least_first() -> None:
    lines = str(example()).splitlines()
    start = lines.index("By mechanism, least found first")
    assert lines[start + 1 : start + 5] == [
        "  mechanism              expected  found  missed  recall    95% interval",
        "  trade_timestamp.delay        20      0      20   0.000  0.000 to 0.161",
        "  price.nudge                  40     30      10   0.750  0.598 to 0.858",
        "  quantity.nudge               50     50       0   1.000  0.929 to 1.000",
    ]


def test_the_fields_named_in_place_of_others_are_listed_by_field() -> None:
    text = str(example())
    assert "  price       price 28, (not reported) 9, quantity 2\n" in text
    assert "  (clean)     price 9, (no field) 1\n" in text


@pytest.mark.parametrize(
    "sentence",
    [
        "10 pairs with several mismatched fields: all of them named in 5, some in 3, none in 2",
        "40 differences within tolerance, of which 4 were reported all the same (0.100)",
        "7 fields altered behind a mistyped id, 3 of them reported: counted neither way",
        "4 findings of 130 only repeat another one: counted once",
        "3 findings of 130 name no field",
        "94 of 96 pairs linked, 1 link between different trades, 2 with an unknown id",
        "3 links between trades that are alike in all but the id: counted neither way",
    ],
)
def test_what_is_counted_apart_is_said_in_a_sentence(sentence: str) -> None:
    assert f"  {sentence}\n" in f"{example()}\n"


def test_nothing_that_a_terminal_acts_on_gets_into_the_text() -> None:
    text = str(example())
    assert "2 ids are not in the data, such as tid99999999, '<script>\\x1b[31m': counted as false" in text
    assert "\x1b" not in text


@pytest.mark.slow
def test_a_mechanism_of_a_foreign_truth_reaches_no_page_and_no_figure_raw() -> None:
    batch = generate(pairs=20, seed=1, date="2025-07-21", mechanisms={"price.tick": 1})
    truth = batch.truth.astype({"mechanism": str}).assign(mechanism="price.\x1b[31mred")
    foreign = score(truth, truth[["trade_id", "field"]], trades=batch.trades)
    assert "\\x1b[31mred" in str(foreign)
    assert "\\x1b[31mred" in foreign.to_html()
    assert "\x1b" not in str(foreign) + foreign.to_html()


def test_a_score_of_nothing_has_no_tables() -> None:
    assert str(NOTHING).splitlines() == [
        "recall n/a, precision n/a, F1 n/a",
        "0 of 0 mismatched pairs found, 0 false alarms; without trades or manifest, not of how many",
        "the findings name no field: what follows is by pair alone",
    ]


def test_findings_without_fields_are_told_in_one_line_and_have_no_table_by_field() -> None:
    text = str(Score(Outcome(10, 9, 1, 0, 90)))
    assert text.count("name no field") == 1
    assert "By field" not in text


def test_a_pooled_score_shows_how_far_its_runs_lie_apart() -> None:
    text = str(POOLED)
    assert text.startswith("exact join: 3 runs pooled: recall 0.900 (")
    # 0.8, 0.9 and 1.0: a tenth apart.
    assert re.search(r"^  recall +0\.900 +0\.1000 +0\.800 +1\.000$", text, re.MULTILINE)
    assert "Spread over 3 runs" in text


@pytest.mark.parametrize("name", SCORES)
def test_no_line_is_wider_than_a_hundred_characters(name: str) -> None:
    lines = str(SCORES[name]).splitlines()
    assert max(map(len, lines)) <= 100
    assert not any(line != line.rstrip() for line in lines)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.000"),
        (0.0, "0.000"),
        (0.99996, "0.99996"),
        (0.0002, "0.0002"),
        (0.5, "0.500"),
        (0.9995, "0.9995"),
    ],
)
def test_a_share_is_only_one_or_zero_where_it_is(value: float, text: str) -> None:
    assert share(value) == text


def test_the_points_of_a_column_stand_below_each_other() -> None:
    group = {"price.nudge": Recall(100_000, 99_999), "quantity.nudge": Recall(10, 10)}
    lines = [line for line in str(Score(Outcome(), by={"mechanism": group})).splitlines() if ".nudge" in line]
    assert [line[: line.index(" to ")].split()[-2] for line in lines] == ["0.99999", "1.000"]
    assert len({re.search(r"[01]\.\d+", line[18:]).start() for line in lines}) == 1  # type: ignore[union-attr]


def test_an_interval_has_decimals_enough_to_tell_its_ends_apart() -> None:
    # n / (n + 1.96 squared), where all of n were found.
    assert str(Score(Outcome(100_000, 100_000))).startswith("recall 1.000 (0.99996 to 1.00000), ")


# Frames


def test_a_frame_by_mechanism_has_counts_recall_and_its_interval() -> None:
    frame = example().frame("mechanism")
    assert list(frame.columns) == ["expected", "found", "missed", "recall", "low", "high"]
    assert frame.loc["price.nudge"].round(3).tolist() == [40, 30, 10, 0.75, 0.598, 0.858]


def test_a_frame_by_notional_has_false_alarms_and_their_rate() -> None:
    row = example().frame("notional").loc["1,000 to 10,000"]
    assert (row["false_alarms"], row["quiet"]) == (10, 891)
    assert row["false_alarm_rate"] == pytest.approx(10 / 891)
    assert row["precision"] == pytest.approx(89 / 99)


def test_detection_has_a_row_for_each_range_in_which_something_differs() -> None:
    frame = example().frame("detection")
    assert frame[["size", "below", "expected", "recall"]].to_numpy().tolist() == [
        [0.01, 0.1, 10, 0.2],
        [0.1, 1.0, 20, 0.9],
        [1.0, 10.0, 10, 1.0],
    ]


def test_the_frame_of_the_sweep_keeps_tolerances_at_which_nothing_is_left() -> None:
    frame = example().frame("tolerance_sweep")
    assert frame["tolerance"].tolist() == list(example().tolerance_sweep[0].points)
    assert frame["recall"].isna().tolist() == [False, False, False, False, True]


def test_the_confusion_frame_is_whole_numbers() -> None:
    frame = example().frame("confusion")
    assert frame.loc["price", "quantity"] == 2
    assert frame.loc["quantity", "price"] == 0
    assert list(frame.columns)[-2:] == ["(no field)", "(not reported)"]


def test_runs_are_a_row_each() -> None:
    assert POOLED.frame("runs")["recall"].tolist() == [0.8, 0.9, 1.0]
    assert len(example().frame("runs")) == 1


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("by", TABLES)
def test_every_score_has_every_frame(name: str, by: str) -> None:
    assert isinstance(SCORES[name].frame(by), pd.DataFrame)


def test_an_unknown_table_is_refused_in_a_sentence() -> None:
    with pytest.raises(ScoringError, match=r"^by is 'mechanisms'; did you mean mechanism\?$"):
        example().frame("mechanisms")


# JSON


def test_the_json_holds_counts_and_measures_with_null_for_what_is_not_known() -> None:
    found = json.loads(example().to_json())
    assert found == example().to_dict()
    pairs = found["pairs"]
    assert (pairs["expected"], pairs["found"], pairs["missed"], pairs["reported"]) == (100, 90, 10, 102)
    assert pairs["recall"] == 0.9
    assert [round(end, 3) for end in pairs["recall_interval"]] == [0.826, 0.945]
    assert pairs["false_alarm_rate"] == pytest.approx(10 / 900)
    assert found["fields"]["quiet"] is None
    assert found["fields"]["false_alarm_rate"] is None
    assert found["tolerance_sweep"][0]["points"][-1]["recall"] is None
    assert found["runs"] == []


def test_the_json_of_a_pooled_score_has_its_runs_and_their_spread() -> None:
    found = POOLED.to_dict()
    assert [run["recall"] for run in found["runs"]] == [0.8, 0.9, 1.0]
    assert found["spread"]["recall"] == {
        "mean": pytest.approx(0.9),
        "standard_deviation": pytest.approx(0.1),
        "lowest": 0.8,
        "highest": 1.0,
    }


# Requirements


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("recall", "0.9"),
        ("false_alarm_rate", "0.0112"),
        ("recall.quantity.nudge", "1"),
        ("field_recall", "0.8"),
    ],
)
def test_a_requirement_that_is_just_reached_holds(name: str, value: str) -> None:
    assert requirement(name, value).missed(example()) is None


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("recall", "0.91", "recall is 0.9000, expected at least 0.91: 90 of 100 mismatched pairs found"),
        ("precision", "1", "precision is 0.8823, expected at least 1: 90 of 102 reported pairs right"),
        (
            "f1",
            "0.9",
            "f1 is 0.8910, expected at least 0.9: 90 of 100 mismatched pairs found, 102 pairs reported",
        ),
        (
            "false_alarm_rate",
            "0.01",
            "false_alarm_rate is 0.0112, expected at most 0.01: 10 of 900 pairs without a mismatch reported",
        ),
        (
            "recall.price.nudge",
            "0.9",
            "recall of price.nudge is 0.7500, expected at least 0.9: 30 of 40 truth rows found",
        ),
        (
            "recall.price.tick",
            "0",
            "recall of price.tick cannot be measured, expected at least 0: "
            "the truth has no mismatch by price.tick",
        ),
    ],
)
def test_a_requirement_that_is_missed_says_so(name: str, value: str, sentence: str) -> None:
    assert requirement(name, value).missed(example()) == sentence


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("recal", "0.9", r"measure 'recal' is unknown; did you mean recall\?"),
        ("recall.price.nuge", "0.9", r"mechanism 'price.nuge' is unknown; did you mean price.nudge\?"),
        ("recall", "99", "recall is required to be '99'; expected a share from 0 to 1"),
        ("recall", "nan", "recall is required to be 'nan'; expected a share from 0 to 1"),
    ],
)
def test_a_requirement_that_makes_no_sense_is_refused(name: str, value: str, sentence: str) -> None:
    with pytest.raises(ScoringError, match=f"^{sentence}$"):
        requirement(name, value)
